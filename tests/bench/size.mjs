/**
 * `npm run size`: what each example uploads, gzipped, as `wrangler deploy` would send it, and what a cold start costs. No account
 * is needed. 1 KB is 1,000 bytes.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "../../scripts/build.mjs";
import { at } from "../../scripts/lib/paths.mjs";
import { setup } from "../../scripts/setup.mjs";
import { bundle } from "./bundle.mjs";
import { columns } from "./columns.mjs";
import { installPeers } from "./contestants.mjs";
import { endAll } from "./processes.mjs";
import { areWithin, measureStarts, startsTable } from "./start.mjs";

/**
 * The most that an example may upload, in bytes. An example without a bar is shown only.
 * @type {Record<string, number>}
 */
const bars = { "no-auth": 230_000, "oauth-github": 429_000 };

/** Starts of each contestant. */
const ROUNDS = 15;

/** Measures every example and answers the exit code: 1 when one is over its bar. */
export async function main() {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, "no-build": { type: "boolean" } } });
  if (!values["no-build"]) {
    await setup();
    await build();
  }
  /** @type {Record<string, Size>} */
  const sizes = {};
  for (const name of await examples()) sizes[name] = await size(name);
  console.log(table(sizes));
  await installPeers();
  const starts = await measureStarts(ROUNDS);
  endAll();
  console.log(`\n${startsTable(starts)}`);
  if (values.json) console.log(JSON.stringify({ examples: sizes, starts }));
  const isOver = Object.entries(sizes).some(([name, { total_gz }]) => total_gz > bars[name]);
  return isOver || !areWithin(starts) ? 1 : 0;
}

/** Folders of `examples/` that can be deployed. */
async function examples() {
  const names = await readdir(at("examples"));
  return names.filter((name) => existsSync(config(name))).sort();
}

function config(/** @type {string} */ name) {
  return at("examples", name, "wrangler.toml");
}

/** @typedef {{ wasm_gz: number, js_gz: number, total_gz: number }} Size */

/**
 * Gzipped bytes of one example's upload: WebAssembly, and every other module.
 * @param {string} name
 * @returns {Promise<Size>}
 */
async function size(name) {
  const outdir = await mkdtemp(join(tmpdir(), "wicket-size-"));
  try {
    const sum = { wasm: 0, js: 0 };
    for (const file of await bundle(`examples/${name}`, config(name), outdir)) {
      sum[file.endsWith(".wasm") ? "wasm" : "js"] += gzipSync(await readFile(join(outdir, file)), { level: 9 }).length;
    }
    return { wasm_gz: sum.wasm, js_gz: sum.js, total_gz: sum.wasm + sum.js };
  } finally {
    await rm(outdir, { recursive: true });
  }
}

function table(/** @type {Record<string, Size>} */ sizes) {
  const lines = [["example", "wasm", "JavaScript", "total", "bar", ""]];
  for (const [name, { wasm_gz, js_gz, total_gz }] of Object.entries(sizes)) {
    const bar = bars[name];
    const verdict = bar === undefined ? "" : total_gz <= bar ? "within" : "OVER THE BAR";
    lines.push([
      name,
      kilobytes(wasm_gz),
      kilobytes(js_gz),
      kilobytes(total_gz),
      bar ? `≤ ${kilobytes(bar)}` : "",
      verdict,
    ]);
  }
  return `${columns(lines)}
Gzipped, as uploaded. 1 KB is 1,000 bytes.`;
}

function kilobytes(/** @type {number} */ bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
