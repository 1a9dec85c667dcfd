/** The tables of docs/faults.md: what the tests have seen is what stands there. `npm run faults` writes them anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { at } from "../../harness/paths.ts";

const DOCUMENT = at("docs/faults.md");

/** Cells by title, row and column. */
export class Tables {
  readonly #columns: string[];
  readonly #first: string;
  readonly #cells = new Map<string, Map<string, Map<string, string>>>();

  /** `first` is the heading of the first column. */
  constructor(first: string, columns: string[]) {
    this.#first = first;
    this.#columns = columns;
  }

  /** Makes room for a cell, in the order of these calls. */
  row(title: string, row: string): Map<string, string> {
    const rows = this.#cells.get(title) ?? new Map<string, Map<string, string>>();
    this.#cells.set(title, rows);
    const cells = rows.get(row) ?? new Map<string, string>();
    rows.set(row, cells);
    return cells;
  }

  #rendered(title: string): string {
    const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
    const rows = [...(this.#cells.get(title) ?? [])].map(([row, cells]) =>
      line([row, ...this.#columns.map((column) => cells.get(column) ?? "")]),
    );
    return [line([this.#first, ...this.#columns]), `|${"---|".repeat(this.#columns.length + 1)}`, ...rows].join("\n");
  }

  /** False where a run was of a part alone. */
  get areWhole(): boolean {
    return [...this.#cells.values()].every((rows) => [...rows.values()].every((cells) => cells.size > 0));
  }

  /** All of them as the document has them. */
  get markdown(): string {
    return [...this.#cells.keys()].map((title) => `### ${title}\n\n${this.#rendered(title)}`).join("\n\n");
  }
}

const marks = (name: string) => [`<!-- ${name}: written by \`npm run faults\` -->`, `<!-- end of ${name} -->`] as const;

/** The part of the document of this name. */
export function documented(name: string): string {
  const [begin, end] = marks(name);
  return (readFileSync(DOCUMENT, "utf8").split(begin)[1]?.split(end)[0] ?? "").trim();
}

/** Writes it, where that is what the run is for. */
export function write(name: string, { markdown, areWhole }: Tables): void {
  if (process.env["FAULTS_WRITE"] === undefined || !areWhole) return;
  const [begin, end] = marks(name);
  const text = readFileSync(DOCUMENT, "utf8");
  const [before = "", after = ""] = [text.split(begin)[0], text.split(end)[1]];
  writeFileSync(DOCUMENT, `${before}${begin}\n\n${markdown}\n\n${end}${after}`);
}
