// `npm run conformance`: the official conformance suites, see tests/conformance/run.ts.

import { build } from "./build.mjs";
import { runConformance } from "./lib/runners.mjs";
import { runAsScript } from "./lib/step.mjs";
import { setup } from "./setup.mjs";

await runAsScript(import.meta.url, async () => {
  await setup();
  await build();
  const { failed } = await runConformance();
  process.exitCode = failed === 0 ? 0 : 1;
});
