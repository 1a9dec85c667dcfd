// The official Python client, in an environment of its own under .tools/python.

import { existsSync, rmSync } from "node:fs";
import { at } from "./paths.mjs";
import { step } from "./step.mjs";

const VERSION = "2.3.0";

/** The path of a Python that has the client. */
export async function ensurePython() {
  const folder = at(".tools", "python");
  const python = at(".tools", "python", "bin", "python");
  const installed = existsSync(at(".tools", "python", `mcp-${VERSION}`));
  if (!installed) {
    rmSync(folder, { recursive: true, force: true });
    await step("Making a Python environment (a few seconds)", "python3", ["-m", "venv", folder]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `mcp==${VERSION}`];
    await step("Installing the official Python client (about 20 seconds, once)", python, pip);
    const mark = `open(r"${at(".tools", "python", `mcp-${VERSION}`)}", "w").close()`;
    await step("Noting its version", python, ["-c", mark]);
  }
  return python;
}
