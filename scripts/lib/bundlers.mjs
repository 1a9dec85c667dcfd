// The bundlers and frameworks of the bundler tests, at the versions of tests/bundlers/package.json.

import { rmSync } from "node:fs";
import { unlessUnchanged } from "./inputs.mjs";
import { at } from "./paths.mjs";
import { step } from "./step.mjs";

const FOLDER = "tests/bundlers";

/** Makes sure that all are there. */
export async function ensureBundlers() {
  const inputs = [`${FOLDER}/package-lock.json`];
  const outputs = [`${FOLDER}/node_modules/.package-lock.json`];
  await unlessUnchanged({ name: "bundlers", inputs, outputs }, async () => {
    rmSync(at(FOLDER, "node_modules"), { recursive: true, force: true });
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await step("Installing bundlers and frameworks (1 minute, once)", "npm", [
      "ci",
      "--prefix",
      at(FOLDER),
      ...options,
    ]);
  });
  return {};
}
