// `npm run setup`: installs what the other scripts need, into this repository. Silent when there is nothing to do.
// It runs before `npm ci`, so it is plain Node 20 without dependencies.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { at, cargoBin, npmBin } from "./lib/paths.mjs";
import { Failure, runAsScript, step } from "./lib/step.mjs";

const WASM_TARGET = "wasm32-unknown-unknown";
const WORKER_BUILD = "0.8.7";

/** The wasm-bindgen command must have exactly the version of the crate. */
const wasmBindgenVersion = () => /^wasm-bindgen = .*"=([\d.]+)"/m.exec(readFileSync(at("Cargo.toml"), "utf8"))[1];

function checkPrerequisites() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Failure(
      `Node ${process.versions.node} is too old. Install Node 20 or newer from nodejs.org, then try again.`,
    );
  }
  try {
    return execFileSync("rustc", ["--print", "sysroot"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    throw new Failure(
      "Rust is missing: mcp-wicket is built from Rust. Install it with rustup (see rustup.rs), open a new terminal, then try again.",
    );
  }
}

/** The Rust parts which a minimal toolchain lacks: the wasm target, and the formatter and linter that the tests run. */
async function installRustParts(sysroot) {
  const missing = (...path) => !existsSync(join(sysroot, ...path));
  const rustup = (title, ...args) =>
    step(title, "rustup", args).catch((error) => {
      throw new Failure(
        `${error.message}\nIf your Rust did not come from rustup, install "${args.at(-1)}" the way it did.`,
      );
    });
  if (missing("lib", "rustlib", WASM_TARGET)) {
    await rustup("Installing Rust's WebAssembly target (a few seconds)", "target", "add", WASM_TARGET);
  }
  for (const [component, binary] of [
    ["rustfmt", "rustfmt"],
    ["clippy", "cargo-clippy"],
  ]) {
    if (missing("bin", binary))
      await rustup(`Installing Rust's ${component} (a few seconds)`, "component", "add", component);
  }
}

async function installWasmTools() {
  const tools = [
    ["worker-build", WORKER_BUILD],
    ["wasm-bindgen-cli", wasmBindgenVersion()],
  ];
  const records = at(".tools", ".crates.toml");
  const installed = existsSync(records) ? readFileSync(records, "utf8") : "";
  const ready = tools.every(([name, version]) => installed.includes(`"${name} ${version} (`));
  if (ready && existsSync(cargoBin("worker-build")) && existsSync(cargoBin("wasm-bindgen"))) return;

  const packages = tools.map(([name, version]) => `${name}@${version}`);
  const options = ["--locked", "--debug", "--root", at(".tools"), "--config", "profile.dev.debug=0"];
  const target = at(".tools", "target");
  await step(
    "Installing worker-build and wasm-bindgen (about 4 minutes, once)",
    "cargo",
    ["install", ...packages, ...options],
    {
      env: { CARGO_TARGET_DIR: target },
      progress: (output) => `${output.match(/^ *Compiling /gm)?.length ?? 0} crates compiled`,
    },
  );
  rmSync(target, { recursive: true, force: true });
}

/** Compares what npm has installed with what the lock file says, package by package. */
function npmPackagesAreCurrent() {
  const installedLock = at("node_modules", ".package-lock.json");
  if (!existsSync(installedLock) || !existsSync(npmBin("node"))) return false;
  const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const installed = packages(installedLock);
  return Object.entries(packages(at("package-lock.json"))).every(
    ([path, wanted]) => path === "" || (installed[path] ? installed[path].version === wanted.version : wanted.optional),
  );
}

async function installNpmPackages() {
  if (npmPackagesAreCurrent()) return;
  const options = ["--no-audit", "--no-fund", "--loglevel=error"];
  await step("Installing npm packages (about 1 minute)", "npm", ["ci", ...options]);
}

/** The examples are projects of their own, which find this package among their packages. */
function linkOwnPackage() {
  const link = at("node_modules", "mcp-wicket");
  if (!existsSync(link)) symlinkSync("..", link);
}

export async function setup() {
  const sysroot = checkPrerequisites();
  await Promise.all([installNpmPackages(), installRustParts(sysroot), installWasmTools()]);
  linkOwnPackage();
}

await runAsScript(import.meta.url, setup);
