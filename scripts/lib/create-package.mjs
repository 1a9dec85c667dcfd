// The package create-mcp-wicket: the part of `dist/` that makes projects, and the licences, beside its package.json.

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { importReader } from "./imports.mjs";
import { at } from "./paths.mjs";

const MAIN = "create/main.js";

/** Copies what `dist/create/main.js` imports, directly or not, with its source maps, to `create/dist`. */
export async function buildCreatePackage() {
  const importsOf = await importReader();
  const files = [MAIN];
  for (const file of files) {
    const inside = importsOf(join("dist", file)).filter((name) => name.startsWith("."));
    for (const other of inside.map((name) => join(dirname(file), name))) if (!files.includes(other)) files.push(other);
  }
  rmSync(at("create/dist"), { recursive: true, force: true });
  for (const file of files) {
    mkdirSync(dirname(at("create/dist", file)), { recursive: true });
    for (const name of [file, `${file}.map`]) copyFileSync(at("dist", name), at("create/dist", name));
  }
  for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(at(licence), at("create", licence));
}
