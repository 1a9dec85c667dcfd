// Skipping what is already built: a content hash of the inputs, kept beside the tools.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at } from "./paths.mjs";

/** Every file under `path` (a file or a folder of the repository), sorted, without what npm installed. */
export function filesUnder(path) {
  if (!existsSync(at(path))) return [];
  if (statSync(at(path)).isFile()) return [path];
  const names = readdirSync(at(path)).filter((name) => name !== "node_modules");
  return names.sort().flatMap((name) => filesUnder(join(path, name)));
}

function hashOf(paths, salt) {
  const hash = createHash("sha256").update(salt);
  for (const file of paths.flatMap(filesUnder)) hash.update(`\0${file}\0`).update(readFileSync(at(file)));
  return hash.digest("hex");
}

/** Calls `make` unless `outputs` exist and were made from the same `inputs`. `salt` is what else decides the result. */
export async function unlessUnchanged({ name, inputs, outputs, salt = "" }, make) {
  const stamp = at(".tools", "stamps", name);
  const hash = hashOf(inputs, salt);
  const unchanged =
    existsSync(stamp) && readFileSync(stamp, "utf8") === hash && outputs.every((path) => existsSync(at(path)));
  if (unchanged) return;
  await make();
  mkdirSync(at(".tools", "stamps"), { recursive: true });
  writeFileSync(stamp, hash);
}
