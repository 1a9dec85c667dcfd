// `npm run faults`: the fault run, which writes the tables in docs/faults.md anew.

import { build } from "./build.mjs";
import { runVitest } from "./lib/runners.mjs";
import { runAsScript } from "./lib/step.mjs";
import { setup } from "./setup.mjs";

await runAsScript(import.meta.url, async () => {
  await setup();
  await build();
  const args = ["--config", "vitest.node.config.ts", "--dir", "tests/faults"];
  const { failed } = await runVitest(args, { FAULTS_WRITE: "1" });
  process.exitCode = failed === 0 ? 0 : 1;
});
