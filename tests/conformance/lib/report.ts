/** Judging what the suites found, and showing it. */
import type { Check, Scenario } from "./runs.ts";

export interface Verdict {
  passed: number;
  /** Why there was nothing to judge, where that is right. */
  notApplicable?: string;
  /** What is wrong, a line each. */
  failures: string[];
}

const say = ({ id, description, errorMessage, details, status }: Check): string =>
  `${status === "WARNING" ? "(should) " : ""}${id}: ${errorMessage ?? details?.message ?? details?.note ?? description ?? "no reason given"}`;

/** What a server should do counts like what it must do; and a scenario that judges nothing has not passed. */
export function verdictOf({ checks }: Scenario, notApplicable?: string): Verdict {
  const passed = checks.filter(({ status }) => status === "SUCCESS").length;
  const failures = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING").map(say);
  if (passed + failures.length > 0) return { passed, failures };
  if (notApplicable !== undefined && checks.length > 0) return { passed, failures, notApplicable };
  const reasons = checks.filter(({ status }) => status === "INFO" || status === "SKIPPED").slice(-1);
  return { passed: 0, failures: [`nothing was judged. ${reasons.map(say).join("; ")}`] };
}

/** One suite against one entry. */
export interface Column {
  suite: string;
  entry: string;
  verdicts: Map<string, Verdict>;
}

/** A table of scenario × entry for each suite, then each failure with its message. */
export function show(columns: Column[], notOffered: string[]): string {
  const lines: string[] = [];
  for (const suite of new Set(columns.map((column) => column.suite))) {
    const shown = columns.filter((column) => column.suite === suite);
    const names = [...new Set(shown.flatMap(({ verdicts }) => [...verdicts.keys()]))];
    const width = Math.max(...names.map(({ length }) => length));
    lines.push("", `${suite.padEnd(width)}  ${shown.map(({ entry }) => entry.padEnd(10)).join("")}`);
    for (const name of names) {
      const cells = shown.map(({ verdicts }) => cell(verdicts.get(name)).padEnd(10));
      lines.push(`${name.padEnd(width)}  ${cells.join("")}`.trimEnd());
    }
  }
  const failed = new Map<string, string[]>();
  for (const { suite, entry, verdicts } of columns) {
    for (const [name, { failures }] of verdicts) {
      for (const why of failures) {
        const line = `${suite}, ${name}: ${why}`;
        failed.set(line, [...(failed.get(line) ?? []), entry]);
      }
    }
  }
  const unjudged = columns.flatMap(({ suite, verdicts }) =>
    [...verdicts].flatMap(([name, { notApplicable }]) =>
      notApplicable ? [`– ${suite}, ${name}: ${notApplicable}`] : [],
    ),
  );
  if (unjudged.length > 0) lines.push("", ...new Set(unjudged));
  if (failed.size > 0) lines.push("");
  for (const [line, entries] of failed) lines.push(`✗ ${[...new Set(entries)].join(" ")}  ${line}`);
  if (notOffered.length > 0) lines.push("", `Extensions that are not offered: ${notOffered.join(", ")}`);
  return lines.join("\n");
}

function cell(verdict: Verdict | undefined): string {
  if (!verdict) return "–";
  const { passed, failures, notApplicable } = verdict;
  if (notApplicable !== undefined) return "–";
  return failures.length === 0 ? `${passed} ✓` : `${passed}/${passed + failures.length} ✗`;
}
