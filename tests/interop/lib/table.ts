/** The tables of clients and what they do, as docs/interop.md has them. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import { at } from "../../harness/paths.ts";

const FILE = at("docs/interop.md");

/** The table with its notes; `cells` by client and column: "passed", or the client's words. */
export function tableOf(clients: string[], columns: readonly string[], cells: Map<string, string>): string {
  const notes: string[] = [];
  const noteOf = (quote: string) => {
    if (!notes.includes(quote)) notes.push(quote);
    return `${notes.indexOf(quote) + 1})`;
  };
  const rows = clients.map((client) => [
    client,
    ...columns.map((column) => {
      const cell = cells.get(`${client} ${column}`);
      if (cell === undefined) return "✗";
      return cell === "passed" ? "✓" : noteOf(cell);
    }),
  ]);
  const all = [["client", ...columns], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all;
  const quoted = notes.map((note, at) => `${at + 1}. ${note.replaceAll("`", "'").replace(/([{}<>])/g, "\\$1")}`);
  return [
    line(head),
    line(widths.map((width) => "-".repeat(width))),
    ...body.map(line),
    ...(quoted.length > 0 ? ["", ...quoted] : []),
  ].join("\n");
}

/** The table stands in the document, below this heading. `npm run interop` writes it there. */
export function expectInDocument(heading: string, table: string): void {
  console.log(table);
  const document = readFileSync(FILE, "utf8");
  const section = new RegExp(`(\n## ${heading}\n[^|]*\n)\\|[\\s\\S]*?(?=\n\n##|\n\n[^|0-9]|\n$)`);
  expect(document, `${FILE} has no table below "${heading}"`).toMatch(section);
  const anew = document.replace(section, (_, head: string) => head + table);
  if (process.env.WRITE_TABLE) writeFileSync(FILE, anew);
  expect(readFileSync(FILE, "utf8")).toBe(anew);
}
