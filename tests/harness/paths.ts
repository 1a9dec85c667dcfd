/** Where things are. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A path inside the repository. */
export const at = (...parts: string[]): string => join(root, ...parts);

export const wrangler = at("node_modules/wrangler/bin/wrangler.js");

/** The runtime that wrangler runs Workers with. */
export const workerd = ((): string => {
  const require = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
  return join(require.resolve("workerd/package.json"), "../bin/workerd");
})();
