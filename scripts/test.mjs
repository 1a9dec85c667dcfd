// `npm test`: the whole truth. `npm run test:NAME` runs one suite. Every suite runs, also after one has failed,
// and the last line is the sum: `N passed, N failed`.
// `npm run test:NAME -- WORDS…` runs the tests of that suite whose file (Rust: whose name) has one of the words;
// on modules that are built in seconds (`WICKET_BUILD=fast`); whole suites test what is shipped.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { build } from "./build.mjs";
import { buildDocs } from "./docs.mjs";
import { ensureBrowser } from "./lib/browser.mjs";
import { ensureBundlers } from "./lib/bundlers.mjs";
import { ensureClients } from "./lib/clients.mjs";
import { fuzzChecks, hasNightly } from "./lib/fuzz.mjs";
import { ensureCounted } from "./lib/growth.mjs";
import { checkCircles, checkFreshClone } from "./lib/imports.mjs";
import { filesUnder } from "./lib/inputs.mjs";
import { checkNamed } from "./lib/lessons.mjs";
import { checkLockFile } from "./lib/lock-file.mjs";
import { at, npmBin } from "./lib/paths.mjs";
import { runCargoTest, runChecks, runConformance, runVitest } from "./lib/runners.mjs";
import { Failure, runAsScript } from "./lib/step.mjs";
import { checkWaits } from "./lib/waits.mjs";
import { checkWorkflows } from "./lib/workflows.mjs";
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
    (file) => basename(file) === "tsconfig.json" && !file.includes("/.svelte-kit/"),
  );

async function lint() {
  await built().catch(() => {}); // the examples and tests are checked against the built declarations
  return runChecks([
    ["Rust's format", "cargo", ["fmt", "--check"]],
    clippy("on this machine", "--all-targets", "--all-features"),
    clippy("as shipped", ...WASM),
    ...["jwt", "oauth"].map((name) => clippy(`as WebAssembly with ${name}`, `--features=${name}`, ...WASM)),
    clippy("as WebAssembly with all features", "--all-features", ...WASM),
    npmTool("js/boundary/twins.ts is what the Rust types say", "../scripts/twins.mjs", "--check"),
    npmTool("ESLint", "eslint/bin/eslint.js", "--max-warnings=0", "."),
    npmTool("Prettier", "prettier/bin/prettier.cjs", "--check", "."),
    ...typescriptProjects().map((file) =>
      npmTool(`TypeScript, ${dirname(file)}`, "typescript/bin/tsc", "--noEmit", "-p", file),
    ),
    ["The lock files are complete", checkLockFile],
    ["Nothing that was built is committed", nothingBuiltIsCommitted],
    ["No file of js/ imports itself by way of others", checkCircles],
    ["What runs on a fresh clone needs no package", checkFreshClone],
    ["Every test file belongs to a suite", everyTestHasASuite],
    ["No test waits for a while without a reason", checkWaits],
    ["The tests that docs/security-tests.md names exist", () => checkNamed("docs/security-tests.md", 25)],
    ["Every path that the documents name exists", checkPaths],
    ["The documentation builds, and none of its links is broken", buildDocs],
    ["What CI runs exists, pinned and with no more rights than it needs", checkWorkflows],
    ["The tests that docs/protocol-tests.md names exist", () => checkNamed("docs/protocol-tests.md", 100)],
  ]);
}

/** A suite of tests that run in Node against what is built, as a rule in the folder of its name. */
const nodeSuite = (name, prepare = async () => ({}), folder = `tests/${name}`) => ({
  name,
  folder,
  run: async () => runVitest(["--config", "vitest.node.config.ts", "--dir", folder, ...words], await prepare()),
});

/** A suite's name, and the words that choose among its tests. */
const [suiteName, ...words] = process.argv.slice(2);
// Whoever chooses tests is in the loop of editing and testing; whole suites test what is shipped.
if (words.length > 0) process.env.WICKET_BUILD ??= "fast";

const everySuite = [
  { name: "lint", run: lint },
  { name: "core", run: () => runCargoTest(["--locked", "--all-features", ...words]) },
  { name: "fuzz", available: hasNightly, run: () => runChecks(fuzzChecks()) },
  nodeSuite("growth", async () => ({ COUNTED: await ensureCounted() })),
  { name: "build", run: () => runChecks([["The build", () => built()]]) },
  { name: "worker", folder: "tests/workerd/mcp", run: () => runVitest(["--config", "vitest.config.ts", ...words]) },
  {
    name: "oauth",
    folder: "tests/workerd/oauth",
    modules: ["oauth"],
    run: () => runVitest(["--config", "vitest.oauth.config.ts", ...words]),
  },
  nodeSuite("wire", undefined, "tests/sockets/mcp"),
  nodeSuite("seed"),
  nodeSuite("interop", ensureClients),
  nodeSuite("oauth-e2e", undefined, "tests/sockets/oauth"),
  nodeSuite("faults"),
  { name: "conformance", folder: "tests/conformance", run: runConformance },
  nodeSuite("browser", async () => ({ CHROMIUM: await ensureBrowser() })),
  nodeSuite("packaging"),
  { ...nodeSuite("bundlers", ensureBundlers), alone: true },
];
const suites = everySuite.filter(
  ({ folder, available = () => true }) => (!folder || existsSync(at(folder))) && available(),
);

/** Folders into which tools write, wherever they are. */
const BUILT = /(^|\/)(target|node_modules|dist|\.wrangler|\.tools)\//;

function nothingBuiltIsCommitted() {
  const files = execFileSync("git", ["ls-files"], { cwd: at(""), encoding: "utf8" }).split("\n");
  const built = files.filter((file) => BUILT.test(file));
  if (built.length > 0)
    throw new Failure(`${built.length} files were built, ${built[0]} among them. Add their folder to .gitignore.`);
}

/** Fails if a document names a path of this repository that does not exist. */
function checkPaths() {
  const documents = ["CONTRIBUTING.md", "README.md", "SECURITY.md", ...filesUnder("docs")];
  const missing = documents.filter((file) => file.endsWith(".md")).flatMap((file) => missingPaths(file));
  if (missing.length > 0) throw new Failure(`These name what does not exist: ${missing.join(", ")}`);
}

/** Files of the projects that `npm create mcp-wicket` makes, and of an app with SvelteKit. */
const OF_PROJECTS = ["src/index.ts", "src/development.ts", "src/routes/mcp/"];

function missingPaths(file) {
  const text = readFileSync(at(file), "utf8");
  const named = text.match(/(?<![\w@/.-])(?:src|js|tests|scripts|docs|fuzz|examples)\/[\w./-]*[\w/]/g) ?? [];
  return [...new Set(named)]
    .filter((path) => !OF_PROJECTS.includes(path) && !existsSync(at(path)))
    .map((path) => `${file}: ${path}`);
}

function everyTestHasASuite() {
  const strays = filesUnder("tests").filter(
    (file) => /\.(test|spec)\.\w+$/.test(file) && !suites.some(({ folder }) => folder && file.startsWith(`${folder}/`)),
  );
  if (strays.length > 0) throw new Failure(`No suite runs these: ${strays.join(", ")}. Add one to scripts/test.mjs.`);
}

let building;
/** Builds once, however many suites ask, and shows once what is wrong: the modules in `only`, or all. */
const built = (only) =>
  (building ??= build({ only }).catch((error) => {
    console.error(error instanceof Failure ? error.message : error);
    throw new Failure("The build has failed, see above.");
  }));

async function runSuite({ name, run, folder, modules }) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  let counts;
  try {
    if (folder) await built(modules);
    counts = await run();
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    counts = { passed: 0, failed: 1 };
  }
  return { name, ...counts, seconds: Math.round((Date.now() - started) / 1000) };
}

/** How many suites run at a time. Most wait for others more than they compute. */
const AT_A_TIME = 2;

/** Runs a suite in a process of its own, and shows its output once it has ended. */
async function runApart({ name }) {
  const started = Date.now();
  const child = spawn(npmBin("node"), [at("scripts/test.mjs"), name], { stdio: ["ignore", "pipe", "pipe"] });
  const chunks = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => chunks.push(chunk));
  const [code] = await once(child, "close");
  const output = Buffer.concat(chunks).toString();
  process.stdout.write(output);
  const [, passed = 0, failed = 1] =
    /^(\d+) passed, (\d+) failed\s*$/m.exec(output.slice(output.lastIndexOf("\n\n"))) ?? [];
  const unexplained = code !== 0 && Number(failed) === 0 ? 1 : 0;
  const seconds = Math.round((Date.now() - started) / 1000);
  return { name, passed: Number(passed), failed: Number(failed) + unexplained, seconds };
}

/** All suites but those that run `alone`, the longest first; what most of them need is built before. */
async function runAll() {
  const results = [await runSuite(suites.find(({ name }) => name === "build"))];
  const waiting = suites
    .filter(({ name, alone }) => name !== "build" && !alone)
    .sort((one, other) => longest(one) - longest(other));
  const lane = async () => {
    for (let suite = waiting.shift(); suite; suite = waiting.shift()) {
      console.log(`\n${suite.name} has begun`);
      results.push(await runApart(suite));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
  return results;
}

const LONGEST_FIRST = ["worker", "lint", "interop", "oauth", "wire", "browser", "core"];
function longest({ name }) {
  const place = LONGEST_FIRST.indexOf(name);
  return place < 0 ? LONGEST_FIRST.length : place;
}

function chosen(name) {
  const suite = suites.find((suite) => suite.name === name);
  if (suite) return suite;
  const known = suites.map(({ name }) => name);
  throw new Failure(`There is no suite "${name}". There are: ${known.join(", ")}`);
}

await runAsScript(import.meta.url, async () => {
  const suite = suiteName === undefined ? undefined : chosen(suiteName);
  await setup();
  const results = suite ? [await runSuite(suite)] : await runAll();

  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log("");
  for (const { name, passed, failed, seconds } of results) {
    console.log(`${name.padEnd(10)} ${passed} passed, ${failed} failed (${seconds} s)`);
  }
  process.exitCode = sum("failed") === 0 && sum("passed") > 0 ? 0 : 1;
  console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
});
