/**
 * `npm run conformance`: the official suites against the fixture server, by each of its entries, every message held
 * against the schemas. Its last line is `N passed, N failed`.
 */
import { at } from "../harness/paths.ts";
import { watched } from "../harness/proxy.ts";
import { start } from "../harness/workerd.ts";
import { type Column, show, verdictOf } from "./lib/report.ts";
import { extensionScenarios, runSuite, suites } from "./lib/runs.ts";

const ENTRIES = ["/mcp", "/agent", "/kept"];

const extensions = await extensionScenarios();
const server = await start(at("tests/conformance/everything/wrangler.toml"));
const columns: Column[] = [];
const notOffered = new Set<string>();

async function judge(entry: string): Promise<void> {
  const proxy = await watched(server.url);
  for (const suite of suites) {
    const scenarios = await runSuite(suite, proxy.url + entry);
    const asked = scenarios.filter(({ name }) => !extensions.has(name));
    for (const { name } of scenarios) if (extensions.has(name)) notOffered.add(name);
    const verdicts = new Map(
      asked.map((scenario) => [scenario.name, verdictOf(scenario, suite.notApplicable?.[scenario.name])]),
    );
    columns.push({ suite: suite.title, entry, verdicts });
  }
  const faults = [...new Set(proxy.faults)];
  const verdict = { passed: faults.length > 0 ? 0 : 1, failures: faults };
  columns.push({ suite: "Official schemas", entry, verdicts: new Map([["every message", verdict]]) });
  console.log(`${entry}: ${proxy.messages()} messages held against the schemas, ${proxy.faults.length} not allowed`);
  await proxy.stop();
}

await Promise.all(ENTRIES.map(judge)); // they mostly wait
await server.stop();

console.log(show(columns, [...notOffered]));
const verdicts = columns.flatMap((column) => [...column.verdicts.values()]);
const passed = verdicts.reduce((sum, verdict) => sum + verdict.passed, 0);
const failed = verdicts.reduce((sum, { failures }) => sum + failures.length, 0);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
