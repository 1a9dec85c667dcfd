/** From a contestant's source to the bundle that would be deployed. */
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { at } from "../../scripts/lib/paths.mjs";
import { step } from "../../scripts/lib/step.mjs";
import { bundle } from "./bundle.mjs";
import { compatibilityDate } from "./workerd.mjs";

/** @typedef {import("./rows.mjs").Contestant} Contestant */
/** @typedef {import("./workerd.mjs").Program} Program */

const out = at("tests/bench/out");
const peers = at("tests/bench/peers");

/** @type {Map<string, Promise<Program>>} */
const programs = new Map();

/**
 * Bundles a contestant, once in a run.
 * @param {Contestant} contestant
 * @returns {Promise<Program>}
 */
export function program(contestant) {
  const known = programs.get(contestant.id);
  if (known) return known;
  const fresh = prepare(contestant);
  programs.set(contestant.id, fresh);
  return fresh;
}

/** @returns {Promise<Program>} */
async function prepare(/** @type {Contestant} */ { id, main, flags = [], objects = [], vars = {} }) {
  const folder = join(out, id);
  const allFlags = ["enable_request_signal", ...flags];
  const config = {
    name: id,
    main: at("tests/bench", main),
    compatibility_date: compatibilityDate,
    compatibility_flags: allFlags,
    alias: { "cloudflare:email": join(peers, "cloudflare-email.js") },
    durable_objects: { bindings: objects.slice(0, 1).map((name) => ({ name: "MCP_OBJECT", class_name: name })) },
    migrations: objects.length ? [{ tag: "v1", new_sqlite_classes: objects }] : [],
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "wrangler.json"), JSON.stringify(config, null, 2));
  const bundled = join(folder, "bundle");
  const modules = await bundle(id, join(folder, "wrangler.json"), bundled);
  return { folder: bundled, modules, flags: allFlags, objects, vars };
}

/**
 * A Worker of one file, which needs no bundling.
 * @param {string} id
 * @param {string} source
 * @returns {Promise<Program>}
 */
export async function singleFile(id, source) {
  const folder = join(out, id);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "index.js"), source);
  return { folder, modules: ["index.js"], flags: ["enable_request_signal"], objects: [], vars: {} };
}

/** Installs the peers from their own lock file, unless that was done. They are no dependency of the package. */
export async function installPeers() {
  const written = (/** @type {string} */ file) =>
    stat(join(peers, file)).then(
      (s) => s.mtimeMs,
      () => 0,
    );
  if ((await written("node_modules/.package-lock.json")) > (await written("package-lock.json"))) return;
  const options = ["--prefix", peers, "--ignore-scripts", "--no-audit", "--no-fund"];
  // Not `npm ci`: the lock file lacks what the registry at hand does not have for other systems.
  await step("Installing the benchmark's peers", "npm", ["install", "--no-save", ...options]);
}
