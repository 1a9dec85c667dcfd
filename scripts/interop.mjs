// `npm run interop`: runs the clients against their servers and writes their tables, docs/interop.md.

import { build } from "./build.mjs";
import { ensureClients } from "./lib/clients.mjs";
import { runVitest } from "./lib/runners.mjs";
import { runAsScript } from "./lib/step.mjs";
import { setup } from "./setup.mjs";

await runAsScript(import.meta.url, async () => {
  await setup();
  await build();
  const args = ["--config", "vitest.node.config.ts", "--dir", "tests/interop", "table"];
  const { failed } = await runVitest(args, { ...(await ensureClients()), WRITE_TABLE: "1" });
  process.exitCode = failed === 0 ? 0 : 1;
});
