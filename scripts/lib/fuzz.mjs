// The fuzz targets under libFuzzer. It needs a nightly compiler; where there is none, the same targets still run in the
// suite "core" (tests/core/fuzz.rs).

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, cargoBin } from "./paths.mjs";
import { step } from "./step.mjs";

const CARGO_FUZZ = "0.13.2";
const RUNS = 20_000;

export function hasNightly() {
  try {
    return /^nightly-/m.test(execFileSync("rustup", ["toolchain", "list"], { encoding: "utf8" }));
  } catch {
    return false;
  }
}

async function installCargoFuzz() {
  if (existsSync(cargoBin("cargo-fuzz"))) return;
  const target = at(".tools", "fuzz-target");
  const options = ["--locked", "--debug", "--root", at(".tools"), "--config", "profile.dev.debug=0"];
  await step(
    "Installing cargo-fuzz (about 1 minute, once)",
    "cargo",
    ["install", `cargo-fuzz@${CARGO_FUZZ}`, ...options],
    {
      env: { CARGO_TARGET_DIR: target },
    },
  );
  rmSync(target, { recursive: true, force: true });
}

const cargoFuzz = (title, ...args) => step(title, "cargo", ["fuzz", ...args], { env: { RUSTUP_TOOLCHAIN: "nightly" } });

async function smoke(target) {
  const found = mkdtempSync(join(tmpdir(), "mcp-wicket-fuzz-"));
  try {
    // What it finds on the way goes to the first folder; the seeds are read only.
    const corpora = [found, at("fuzz", "corpus", target)];
    await cargoFuzz(`Fuzzing ${target}`, "run", target, ...corpora, "--", `-runs=${RUNS}`, "-seed=1", "-timeout=5");
  } finally {
    rmSync(found, { recursive: true, force: true });
  }
}

/** One check for each target, after one for their build. */
export function fuzzChecks() {
  const targets = readdirSync(at("fuzz", "fuzz_targets")).map((file) => file.replace(/\.rs$/, ""));
  const build = async () => {
    await installCargoFuzz();
    await cargoFuzz("Building the fuzz targets (about 1 minute the first time)", "build");
  };
  return [["The fuzz targets build", build], ...targets.map((target) => [`Fuzzing ${target}`, () => smoke(target)])];
}
