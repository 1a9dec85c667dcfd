/**
 * Clients that others wrote × the README's smallest server, one behind API keys, one behind a sign-in. Each cell
 * passes. The table stands in docs/interop.md, as in table.test.ts.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Sites, sites } from "./lib/sites.ts";
import { expectInDocument, tableOf } from "./lib/table.ts";
import { visitors } from "./lib/visitors/index.ts";
import type { Visited } from "./lib/visits.ts";

const COLUMNS = ["list", "call", "key", "sign in"] as const;
const WHO = { call: "The sum is ", key: "demo has ", "sign in": "ada has " };
const PATIENCE = { timeout: 180_000 };

const cells = new Map<string, string>();
let all: Sites;

beforeAll(async () => {
  all = await sites();
  return () => all.stop();
});

describe.each(visitors)("$title", ({ title, visit }) => {
  let open: Promise<Visited> | undefined;
  const passed = (column: string) => cells.set(`${title} ${column}`, "passed");

  test("list", PATIENCE, async () => {
    open ??= visit(all.open);
    expect((await open).tools).toEqual(["add"]);
    passed("list");
  });

  test.each(["call", "key", "sign in"] as const)("%s", PATIENCE, async (column) => {
    const visited = await (column === "call" ? (open ??= visit(all.open)) : visit(all[column]));
    expect(visited).toEqual({ tools: ["add"], answer: `${WHO[column]}42` });
    passed(column);
    expect(all["sign in"].person.troubles.splice(0)).toEqual([]);
  });
});

test("the table in the documentation is this one", () => {
  const titles = visitors.map(({ title }) => title);
  expectInDocument("The smallest server, a key, and a sign-in", tableOf(titles, COLUMNS, cells));
});
