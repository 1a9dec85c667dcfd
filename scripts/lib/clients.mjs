// The clients of the interop tests: programs from npm (tests/interop/clients), Python's (tests/interop/python), a browser.

import { rmSync } from "node:fs";
import { ensureBrowser } from "./browser.mjs";
import { unlessUnchanged } from "./inputs.mjs";
import { at } from "./paths.mjs";
import { ensurePython } from "./python.mjs";
import { step } from "./step.mjs";

const FOLDER = "tests/interop/clients";

/** Makes sure that all are there; gives the variables by which the tests find them. */
export async function ensureClients() {
  const [FASTMCP, MCP_USE, CHROMIUM] = [
    await ensurePython("fastmcp"),
    await ensurePython("mcp-use"),
    await ensureBrowser(),
  ];
  const inputs = [`${FOLDER}/package-lock.json`];
  const outputs = [`${FOLDER}/node_modules/.package-lock.json`];
  await unlessUnchanged({ name: "clients", inputs, outputs }, async () => {
    rmSync(at(FOLDER, "node_modules"), { recursive: true, force: true });
    // No scripts: what they would build or fetch, no test needs.
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await step("Installing MCP clients (1 GB, about 2 minutes, once)", "npm", [
      "ci",
      "--prefix",
      at(FOLDER),
      ...options,
    ]);
  });
  return { FASTMCP, MCP_USE, CHROMIUM };
}
