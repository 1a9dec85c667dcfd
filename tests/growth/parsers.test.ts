/**
 * No parser of what strangers send takes more than in proportion to it. Work is counted, not timed: calls of functions, turns
 * of loops and bytes that are moved, in the WebAssembly of `main.rs` (see `scripts/lib/growth.mjs`). A parser that is missing
 * gets a row there.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** A logarithm may be on top: what is sorted, and trees of names. */
const ABOUT_TWICE = 2.5;

interface Exports {
  memory: WebAssembly.Memory;
  growth_rows(): number;
  growth_name(row: number): number;
  growth_name_length(row: number): number;
  growth_most(row: number): number;
  growth_ready(row: number, size: number): void;
  growth_run(): void;
}

let work = 0;
const module = new WebAssembly.Module(readFileSync(process.env.COUNTED ?? ""));
const imports: Record<string, Record<string, () => void>> = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = () => {
    if (name !== "log_execution") throw new Error(`${from} ${name} is not there`);
    work++;
  };
}
const table = instance();

/** One whose memory nobody has used. */
function instance(): Exports {
  return new WebAssembly.Instance(module, imports).exports as unknown as Exports;
}

/** What the parser of this row does with an input of this size. */
function workOf(row: number, size: number): number {
  const counted = instance();
  counted.growth_ready(row, size);
  work = 0;
  counted.growth_run();
  return work;
}

const nameOf = (row: number) =>
  new TextDecoder().decode(new Uint8Array(table.memory.buffer, table.growth_name(row), table.growth_name_length(row)));

test.each(Array.from({ length: table.growth_rows() }, (_, row) => [nameOf(row), row] as const))(
  "%s: twice the input is about twice the work",
  (_, row) => {
    const most = table.growth_most(row);
    const [one, two, four] = [most / 4, most / 2, most].map((size) => workOf(row, Math.floor(size)));
    expect(one).toBeGreaterThan(0);
    expect([(two ?? 0) / (one ?? 1), (four ?? 0) / (two ?? 1)].filter((growth) => growth > ABOUT_TWICE)).toEqual([]);
    // It counts the same each time.
    expect(workOf(row, most)).toBe(four);
  },
);
