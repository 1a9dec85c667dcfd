// `npm run size`: see tests/bench/size.mjs.

import { main } from "../tests/bench/size.mjs";
import { runAsScript } from "./lib/step.mjs";

await runAsScript(import.meta.url, async () => {
  process.exit(await main());
});
