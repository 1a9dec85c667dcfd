/** The table of clients and operations, as docs/interop.md has it. */
import { OPERATIONS } from "./operations.ts";

/** The document; `cells` by client and operation: "passed", or the client's words. */
export function written(clients: string[], cells: Map<string, string>): string {
  const notes: string[] = [];
  const noteOf = (quote: string) => {
    if (!notes.includes(quote)) notes.push(quote);
    return `${notes.indexOf(quote) + 1})`;
  };
  const rows = clients.map((client) => [
    client,
    ...OPERATIONS.map((operation) => {
      const cell = cells.get(`${client} ${operation}`);
      if (cell === undefined) return "✗";
      return cell === "passed" ? "✓" : noteOf(cell);
    }),
  ]);
  const all = [["client", ...OPERATIONS], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all;
  return [
    "# Clients that the tests run against it",
    "",
    "Every cell is a test: `npm run test:interop`. The server is the fixture of the conformance suite, and each message that",
    "it sends on the way is held against the official schemas. ✓ passed; a number quotes what the client cannot do.",
    "",
    line(head),
    line(widths.map((width) => "-".repeat(width))),
    ...body.map(line),
    "",
    ...notes.map((note, at) => `${at + 1}. ${note.replaceAll("`", "'").replace(/([{}<>])/g, "\\$1")}`),
    "",
  ].join("\n");
}
