/** `npm run bench`: see tests/bench/bench.mjs. */
import { main } from "../tests/bench/bench.mjs";

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
