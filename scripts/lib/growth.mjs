// `tests/growth/` as WebAssembly that counts what it does: each call of a function and each turn of a loop, the standard
// library's included, and each byte that is copied or set. The count is the same on every machine.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { unlessUnchanged } from "./inputs.mjs";
import { at, npmBin } from "./paths.mjs";
import { step } from "./step.mjs";

const COUNTED = join("build", "growth", "counted.wasm");
const BUILT = join("target", "wasm32-unknown-unknown", "fast", "examples", "growth.wasm");
const INPUTS = ["src", "tests/growth", "tests/core/world.rs", "Cargo.toml", "Cargo.lock", "scripts/lib/growth.mjs"];

/** What Rust compiles to; the copying of memory is made a loop, which is then counted as any other. */
const FEATURES = ["bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int"];
const MORE_FEATURES = ["reference-types", "sign-ext"];
const PASSES = ["--llvm-memory-copy-fill-lowering", "--log-execution"];

/** Builds it, and says where it is. */
export async function ensureCounted() {
  await unlessUnchanged({ name: "growth", inputs: INPUTS, outputs: [COUNTED] }, async () => {
    const target = ["--target", "wasm32-unknown-unknown", "--profile", "fast"];
    await step("Building the parsers to be counted (about 1 minute the first time)", "cargo", [
      ...["build", "--locked", "--example", "growth", "--features", "oauth"],
      ...target,
    ]);
    mkdirSync(at("build", "growth"), { recursive: true });
    copyFileSync(at(BUILT), at(COUNTED));
    const features = [...FEATURES, ...MORE_FEATURES].map((name) => `--enable-${name}`);
    await step("Counting what they do", npmBin("wasm-opt"), [at(COUNTED), ...features, ...PASSES, "-o", at(COUNTED)]);
  });
  return at(COUNTED);
}
