// `npm run bench`: see tests/bench/bench.mjs.

import { main } from "../tests/bench/bench.mjs";
import { runAsScript } from "./lib/step.mjs";

await runAsScript(import.meta.url, async () => {
  process.exit(await main());
});
