// `npm test`: the whole truth. `npm run test:NAME` runs one suite. Every suite runs, also after one has failed,
// and the last line is the sum: `N passed, N failed`.
// `npm run test:NAME -- WORDS…` runs the tests of that suite whose file (Rust: whose name) has one of the words;
// with `WICKET_BUILD=fast` what they need is built in seconds.

import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { build } from "./build.mjs";
import { ensureBrowser } from "./lib/browser.mjs";
import { ensureClients } from "./lib/clients.mjs";
import { fuzzChecks, hasNightly } from "./lib/fuzz.mjs";
import { ensureCounted } from "./lib/growth.mjs";
import { filesUnder } from "./lib/inputs.mjs";
import { checkNamed } from "./lib/lessons.mjs";
import { checkLockFile } from "./lib/lock-file.mjs";
import { at, npmBin } from "./lib/paths.mjs";
import { runCargoTest, runChecks, runConformance, runVitest } from "./lib/runners.mjs";
import { Failure, runAsScript } from "./lib/step.mjs";
import { setup } from "./setup.mjs";

const npmTool = (title, path, ...args) => [title, npmBin("node"), [at("node_modules", path), ...args]];
const clippy = (title, ...args) => [
  `Clippy, ${title}`,
  "cargo",
  ["clippy", "--locked", ...args, "--", "-D", "warnings"],
];
const WASM = ["--target", "wasm32-unknown-unknown"];

const typescriptProjects = () =>
  ["tsconfig.json", ...filesUnder("examples"), ...filesUnder("tests")].filter(
    (file) => basename(file) === "tsconfig.json",
  );

async function lint() {
  await built().catch(() => {}); // the examples and tests are checked against the built declarations
  return runChecks([
    ["Rust's format", "cargo", ["fmt", "--check"]],
    clippy("on this machine", "--all-targets", "--all-features"),
    clippy("as shipped", ...WASM),
    ...["jwt", "oauth"].map((name) => clippy(`as WebAssembly with ${name}`, `--features=${name}`, ...WASM)),
    clippy("as WebAssembly with all features", "--all-features", ...WASM),
    npmTool("ESLint", "eslint/bin/eslint.js", "--max-warnings=0", "."),
    npmTool("Prettier", "prettier/bin/prettier.cjs", "--check", "."),
    ...typescriptProjects().map((file) =>
      npmTool(`TypeScript, ${dirname(file)}`, "typescript/bin/tsc", "--noEmit", "-p", file),
    ),
    ["The lock files are complete", checkLockFile],
    ["Every test file belongs to a suite", everyTestHasASuite],
    ["The tests that docs/security-tests.md names exist", () => checkNamed("docs/security-tests.md", 25)],
    ["The tests that docs/protocol-tests.md names exist", () => checkNamed("docs/protocol-tests.md", 100)],
  ]);
}

/** A suite of tests that run in Node against what is built, in the folder of its name. */
const nodeSuite = (name, prepare = async () => ({})) => ({
  name,
  folder: `tests/${name}`,
  run: async () =>
    runVitest(["--config", "vitest.node.config.ts", "--dir", `tests/${name}`, ...words], await prepare()),
});

const [suiteNames, words] = split(process.argv.slice(2));

/** The names of suites, and after the first one the words that choose among its tests. */
function split([name, ...words]) {
  return [name === undefined ? [] : [name], words];
}

const everySuite = [
  { name: "lint", run: lint },
  { name: "core", run: () => runCargoTest(["--locked", "--all-features", ...words]) },
  { name: "fuzz", available: hasNightly, run: () => runChecks(fuzzChecks()) },
  nodeSuite("growth", async () => ({ COUNTED: await ensureCounted() })),
  { name: "build", run: () => runChecks([["The build", built]]) },
  { name: "worker", folder: "tests/worker", run: () => runVitest(["--config", "vitest.config.ts", ...words]) },
  { name: "oauth", folder: "tests/oauth", run: () => runVitest(["--config", "vitest.oauth.config.ts", ...words]) },
  nodeSuite("wire"),
  nodeSuite("seed"),
  nodeSuite("interop", ensureClients),
  nodeSuite("oauth-e2e"),
  nodeSuite("faults"),
  { name: "conformance", folder: "tests/conformance", run: runConformance },
  nodeSuite("browser", async () => ({ CHROMIUM: await ensureBrowser() })),
  nodeSuite("packaging"),
];
const suites = everySuite.filter(
  ({ folder, available = () => true }) => (!folder || existsSync(at(folder))) && available(),
);

function everyTestHasASuite() {
  const strays = filesUnder("tests").filter(
    (file) => /\.(test|spec)\.\w+$/.test(file) && !suites.some(({ folder }) => folder && file.startsWith(`${folder}/`)),
  );
  if (strays.length > 0) throw new Failure(`No suite runs these: ${strays.join(", ")}. Add one to scripts/test.mjs.`);
}

let building;
/** Builds once, however many suites ask, and shows once what is wrong. */
const built = () =>
  (building ??= build().catch((error) => {
    console.error(error instanceof Failure ? error.message : error);
    throw new Failure("The build has failed, see above.");
  }));

async function runSuite({ name, run, folder }) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  let counts;
  try {
    if (folder) await built();
    counts = await run();
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    counts = { passed: 0, failed: 1 };
  }
  return { name, ...counts, seconds: Math.round((Date.now() - started) / 1000) };
}

function chosen(names) {
  const known = suites.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Failure(`There is no suite "${unknown[0]}". There are: ${known.join(", ")}`);
  return names.length > 0 ? suites.filter(({ name }) => names.includes(name)) : suites;
}

await runAsScript(import.meta.url, async () => {
  const wanted = chosen(suiteNames);
  await setup();
  const results = [];
  for (const suite of wanted) results.push(await runSuite(suite));

  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log("");
  for (const { name, passed, failed, seconds } of results) {
    console.log(`${name.padEnd(10)} ${passed} passed, ${failed} failed (${seconds} s)`);
  }
  process.exitCode = sum("failed") === 0 && sum("passed") > 0 ? 0 : 1;
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
});
