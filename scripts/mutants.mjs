// `npm run mutants`, or `npm run mutants -- WORD…` for those whose name (`src/oauth/client/mod.rs:12:3: replace … in …`) has
// one of the words: the core suite against the mutants that cargo-mutants lists. See docs/mutants.md.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { at, cargoBin, root, toolEnv } from "./lib/paths.mjs";
import { Failure, runAsScript, step } from "./lib/step.mjs";

const CARGO_MUTANTS = "27.1.0";

async function install() {
  if (existsSync(cargoBin("cargo-mutants"))) return;
  const target = at(".tools", "mutants-target");
  await step(
    "Installing cargo-mutants (about 2 minutes, once)",
    "cargo",
    ["install", `cargo-mutants@${CARGO_MUTANTS}`, "--locked", "--debug", "--root", at(".tools")],
    { env: { CARGO_TARGET_DIR: target } },
  );
  rmSync(target, { recursive: true, force: true });
}

await runAsScript(import.meta.url, async () => {
  await install();
  const env = {
    ...toolEnv,
    CARGO_MUTANTS: cargoBin("cargo-mutants"),
    CARGO_TARGET_DIR: at("target", "mutants", "tool"),
  };
  const args = ["run", "--quiet", "--locked", "--manifest-path", at("tests", "mutants", "Cargo.toml"), "--"];
  const { status } = spawnSync("cargo", [...args, ...process.argv.slice(2)], { cwd: root, env, stdio: "inherit" });
  if (status !== 0) throw new Failure(`The run of mutants ended with code ${status}.`);
});
