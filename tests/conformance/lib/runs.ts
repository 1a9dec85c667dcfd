/** The official conformance suites, and what they find: each is run as its own command, and leaves files behind. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at } from "../../harness/paths.ts";

export interface Suite {
  title: string;
  /** The package that holds it. */
  packageName: string;
  options: string[];
  /** Scenarios that find nothing to judge, and why that is right; there must be nothing else to them. */
  notApplicable?: Record<string, string>;
}

const NEWEST = "@modelcontextprotocol/conformance";

/** What is asked of every entry. The requirement sets bring their pending scenarios along. */
export const suites: Suite[] = [
  {
    title: "0.1.16, all",
    packageName: "conformance-0.1",
    options: ["--suite", "all"],
    notApplicable: { "server-sse-polling": "it speaks 2025-03-26, and polling came with 2025-11-25: see alpha.12" },
  },
  { title: "alpha.12, 2025-06-18", packageName: NEWEST, options: ["--suite", "all", "--spec-version", "2025-06-18"] },
  { title: "alpha.12, 2025-11-25", packageName: NEWEST, options: ["--requirements", "2025-11-25"] },
  { title: "alpha.12, 2026-07-28", packageName: NEWEST, options: ["--requirements", "2026-07-28"] },
];

export interface Check {
  id: string;
  status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  description?: string;
  errorMessage?: string;
  details?: { message?: string; note?: string };
}

export interface Scenario {
  name: string;
  checks: Check[];
}

const command = (packageName: string, ...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    const script = at("node_modules", packageName, "dist/index.js");
    const options = { cwd: tmpdir(), maxBuffer: 64 * 1024 * 1024 };
    // Its exit code tells no more than the files do: a scenario that leaves none is one that failed.
    execFile(process.execPath, [script, ...args], options, (_error, stdout, stderr) => resolve(stdout + stderr));
  });

/** Runs `suite` against `url`. */
export async function runSuite({ packageName, options }: Suite, url: string): Promise<Scenario[]> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-conformance-"));
  try {
    const expected = at("tests/conformance/expected-failures.yml");
    const args = ["server", "--url", url, ...options, "--expected-failures", expected, "-o", folder];
    const output = await command(packageName, ...args);
    const names = [...output.matchAll(/^=== Running scenario: (\S+) ===$/gm)].map(([, name = ""]) => name);
    if (names.length === 0) throw new Error(`${packageName} ran nothing:\n${output}`);
    const folders = readdirSync(folder);
    return names.map((name) => {
      const made = folders.find((it) => it.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT.*$/, "") === name);
      const file = made && join(folder, made, "checks.json");
      const checks = file && existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Check[]) : [];
      return { name, checks };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The scenarios of extensions, which a server need not have. */
export async function extensionScenarios(): Promise<Set<string>> {
  const listed = await command(NEWEST, "list");
  return new Set([...listed.matchAll(/^ {2}- (\S+) \[extension\]$/gm)].map(([, name = ""]) => name));
}
