// The Python clients, in environments of their own under .tools: what is installed stands in tests/interop/python/NAME.txt.

import { rmSync } from "node:fs";
import { unlessUnchanged } from "./inputs.mjs";
import { at } from "./paths.mjs";
import { step } from "./step.mjs";

/** The path of a Python that has the packages of `tests/interop/python/NAME.txt`. */
export async function ensurePython(name) {
  const folder = `.tools/python-${name}`;
  const python = at(folder, "bin", "python");
  const requirements = `tests/interop/python/${name}.txt`;
  const changed = { name: `python-${name}`, inputs: [requirements], outputs: [`${folder}/bin/python`] };
  await unlessUnchanged(changed, async () => {
    rmSync(at(folder), { recursive: true, force: true });
    await step(`Making a Python environment for ${name} (a few seconds)`, "python3", ["-m", "venv", at(folder)]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", at(requirements)];
    await step(`Installing ${name} (about 20 seconds, once)`, python, pip);
  });
  return python;
}
