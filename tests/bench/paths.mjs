/** Where things are. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

export const bench = fileURLToPath(new URL(".", import.meta.url));
export const root = fileURLToPath(new URL("../..", import.meta.url));
export const out = join(bench, "out");
export const peers = join(bench, "peers");
export const workerd = join(root, "node_modules/workerd/bin/workerd");

/** wrangler wants Node 22 or later; the one among the development dependencies is. */
const bundled = join(root, "node_modules/.bin/node");
export const node = existsSync(bundled) ? bundled : process.execPath;
