// `npm run build [-- --only=mcp]`: Rust to `build/<name>/` (one wasm module per feature set), then `js/` to `dist/`.
// What has not changed since the last build is left alone.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { buildCreatePackage } from "./lib/create-package.mjs";
import { filesUnder, unlessUnchanged } from "./lib/inputs.mjs";
import { at, cargoBin, npmBin } from "./lib/paths.mjs";
import { runAsScript, step } from "./lib/step.mjs";
import { setup } from "./setup.mjs";

const modules = [
  { name: "mcp", features: [] },
  { name: "jwt", features: ["jwt"] },
  { name: "oauth", features: ["oauth"] },
  { name: "probe", features: ["probe", "jwt"] },
];

const RUST_INPUTS = ["src", "Cargo.toml", "Cargo.lock", "scripts/build.mjs"];
const WASM_FILES = ["index.js", "index_bg.wasm"];

/** `WICKET_BUILD=fast`: the profile `fast` of Cargo.toml, for the loop of editing and testing. Never what is published. */
const isFast = () => process.env.WICKET_BUILD === "fast";

/** Keeps the paths of this machine out of what is published; they would also make every machine's build differ. */
function flagsForRust() {
  const crates = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  // Where the component rust-src is installed, paths of the standard library are those of this machine as well.
  const rustup = process.env.RUSTUP_HOME ?? join(homedir(), ".rustup");
  const remapped = Object.entries({ [crates]: "crates", [rustup]: "rustup" }).filter(([path]) => !/\s/.test(path));
  const remap = remapped.map(([path, name]) => `--remap-path-prefix=${path}=${name}`); // flags are split at spaces
  return [process.env.RUSTFLAGS, ...remap].filter(Boolean).join(" ");
}

async function buildWasm({ name, features }) {
  const outputs = WASM_FILES.map((file) => join("build", name, file));
  await unlessUnchanged(
    { name, inputs: RUST_INPUTS, outputs, salt: `${features.join()}${isFast() ? " fast" : ""}` },
    async () => {
      mkdirSync(at("build", name), { recursive: true });
      const made = mkdtempSync(at("build", ".making-"));
      try {
        const options = ["--locked", ...(features.length ? [`--features=${features}`] : [])];
        const profile = isFast() ? ["--profile", "fast", "--no-opt"] : ["--release"];
        const args = [...profile, "--out-dir", made.slice(at("").length), ".", ...options];
        await step(
          `Building the wasm module "${name}" (about 1 minute the first time)`,
          cargoBin("worker-build"),
          args,
          {
            // As for backtraces: what matters is the compiler's own message.
            env: { RUST_BACKTRACE: "0", RUSTFLAGS: flagsForRust() },
          },
        );
        const wasm = join(made, "index_bg.wasm");
        if (!isFast()) await optimize(wasm);
        for (const file of WASM_FILES) copyFileSync(join(made, file), at("build", name, file));
      } finally {
        rmSync(made, { recursive: true, force: true });
      }
    },
  );
}

async function optimize(wasm) {
  // Function names are an eighth of the upload and nothing reads them. The first kilobyte of memory is the far end of
  // the stack, which nothing points into: knowing that makes addresses shorter.
  const passes = ["--strip-debug", "--strip-producers", "-Os", "--low-memory-unused"];
  await step("Leaving out its debug names", npmBin("wasm-opt"), [wasm, ...passes, "-o", wasm]);
}

async function buildJs() {
  const inputs = ["js", "create/package.json", "tsconfig.json", "package.json", "scripts/build.mjs"];
  await unlessUnchanged(
    { name: "dist", inputs, outputs: ["dist/entry/index.js", "dist/entry/index.d.ts", "create/dist/create/main.js"] },
    async () => {
      const started = Date.now();
      await step("Compiling js/ (a few seconds)", npmBin("node"), [
        at("node_modules/typescript/bin/tsc"),
        "-p",
        "tsconfig.json",
      ]);
      const stale = filesUnder("dist").filter((file) => statSync(at(file)).mtimeMs < started - 1000);
      for (const file of stale) rmSync(at(file));
      await buildCreatePackage();
    },
  );
}

/** Builds everything, or the wasm modules named in `only`. */
export async function build({ only = modules.map(({ name }) => name) } = {}) {
  for (const module of modules.filter(({ name }) => only.includes(name))) await buildWasm(module);
  if (existsSync(at("tsconfig.json"))) await buildJs();
}

await runAsScript(import.meta.url, async () => {
  const only = process.argv.find((arg) => arg.startsWith("--only="));
  await setup();
  await build(only && { only: only.slice("--only=".length).split(",") });
});
