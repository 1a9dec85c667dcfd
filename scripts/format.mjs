// `npm run format`: puts everything into the form that `npm run test:lint` asks for, as far as tools can.

import { completeLockFile } from "./lib/lock-file.mjs";
import { at, npmBin } from "./lib/paths.mjs";
import { runAsScript, step } from "./lib/step.mjs";
import { setup } from "./setup.mjs";

await runAsScript(import.meta.url, async () => {
  await setup();
  const npmTool = (title, path, ...args) => step(title, npmBin("node"), [at("node_modules", path), ...args]);
  completeLockFile();
  await step("Formatting Rust", "cargo", ["fmt"]);
  const eslint = npmTool("Fixing what ESLint can", "eslint/bin/eslint.js", "--fix", ".");
  const complaint = await eslint.catch((error) => error);
  await npmTool("Formatting the rest", "prettier/bin/prettier.cjs", "--write", ".");
  if (complaint instanceof Error) throw complaint;
});
