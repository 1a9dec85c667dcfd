// `node scripts/trim.mjs FOLDER`: leaves out of a build what nobody uses. The crate `worker` and those below it export
// classes (Cloudflare's bindings, streams), which worker-build passes on with all that they call. What stays is `Core`, and
// what it needs. It takes what worker-build writes with `NO_MINIFY`.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { npmBin } from "./lib/paths.mjs";

const [js, wasm, graph] = ["index.js", "index_bg.wasm", "graph.json"].map((file) => join(process.argv[2], file));

/** The code of which what a class does when it is loaded counts for that class alone. */
function withoutSideEffects(code) {
  return code
    .replaceAll(/^if \(Symbol\.dispose\) (?!Core\.).*\n/gm, "")
    .replaceAll(/new (?:FinalizationRegistry|Proxy)\(/g, "/* @__PURE__ */ $&");
}

/** `Core` and what it needs of `code`. */
async function shaken(code, { minify = false } = {}) {
  const whole = {
    name: "whole",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^whole$/ }, () => ({ path: "whole", namespace: "whole" }));
      onLoad({ filter: /^whole$/, namespace: "whole" }, () => ({ contents: code }));
    },
  };
  const entry = { contents: 'export { Core } from "whole";' };
  const external = ["./index_bg.wasm", "cloudflare:*"];
  const made = await build({
    stdin: entry,
    plugins: [whole],
    bundle: true,
    format: "esm",
    external,
    minify,
    write: false,
  });
  return made.outputFiles[0].text;
}

/** The names that the module imports or exports. */
function named(kind) {
  return new Set(WebAssembly.Module[kind](new WebAssembly.Module(readFileSync(wasm))).map(({ name }) => name));
}

/** The code without the functions that the module does not import; they are the members of one object. */
function withoutImports(code) {
  const imported = named("imports");
  const member = /^ {6}(__wb\w+): (?:function\([^]*?^ {6}\}|.*),?$\n/gm;
  return code.replaceAll(member, (text, name) => (imported.has(name) ? text : ""));
}

/** Leaves out of the module what the code does not name. */
function exportOnlyWhatIsUsedBy(code) {
  const used = new Set(Array.from(code.matchAll(/\bwasm\.(\w+)/g), ([, name]) => name));
  const nodes = Array.from(named("exports"), (name) => ({ name, export: name, ...(used.has(name) && { root: true }) }));
  writeFileSync(graph, JSON.stringify(nodes));
  execFileSync(npmBin("wasm-metadce"), [wasm, `--graph-file=${graph}`, "--debuginfo", "-o", wasm], { stdio: "pipe" });
  rmSync(graph);
}

let code = withoutSideEffects(readFileSync(js, "utf8"));
// Each half that loses something can take away the use of something in the other.
for (let before = Infinity; code.length < before;) {
  before = code.length;
  code = withoutImports(await shaken(code));
  exportOnlyWhatIsUsedBy(code);
}
writeFileSync(js, await shaken(code, { minify: true }));
