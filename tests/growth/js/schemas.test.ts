/** The same of what JavaScript reads: arguments by their schemas, headers, texts on their way out. Counted by `counting.ts`. */
import { workOf } from "./counting.ts";
// What counts has begun before anything of this is compiled.
import { describe as group, expect, test } from "vitest";
import { z } from "zod";
import { fromJsonSchema } from "../../../js/entry/json-schema.ts";
import { textsFor } from "../../../js/pages/copy.ts";
import { cleaned, lineOf } from "../../../js/common/refusals.ts";
import { checkArguments, describe } from "../../../js/mcp/server/schema/schema.ts";
import { frame } from "../../../js/http/sse.ts";
import { wellFormed } from "../../../js/boundary/well-formed.ts";

const ABOUT_TWICE = 2.5;

const many = <T>(size: number, make: (at: number) => T): T[] => Array.from({ length: size }, (_, at) => make(at));

/** `value` within so many others. */
const within = (depth: number, value: unknown = {}): unknown =>
  Array.from({ length: depth }).reduce((inner) => ({ a: inner }), value);

function checked(schema: Record<string, unknown>, make: (size: number) => unknown) {
  const standard = fromJsonSchema(schema);
  return (size: number) => {
    const value = make(size);
    return () => standard["~standard"].validate(value);
  };
}

const wrong = (schema: z.ZodType, make: (size: number) => unknown) => (size: number) => {
  const value = make(size);
  return () => {
    const { issues } = checkArguments({ a: schema }, { a: value }) as { issues?: never[] };
    return describe(issues ?? []);
  };
};

const UNIQUE = { type: "array", uniqueItems: true };

const ROWS: Record<string, [most: number, ready: (size: number) => () => unknown]> = {
  "a list in which nothing is twice": [20_000, checked(UNIQUE, (size) => many(size, (at) => at))],
  "a list in which the last is the last but one": [
    20_000,
    checked(UNIQUE, (size) => many(size, (at) => Math.min(at, size - 2))),
  ],
  "a list of objects that are nearly alike": [
    5_000,
    checked(UNIQUE, (size) => many(size, (at) => ({ a: 1, b: { c: at } }))),
  ],
  "many lists, each with something twice": [
    4_000,
    checked({ type: "array", items: UNIQUE }, (size) => many(size, (at) => [at, at])),
  ],
  "a list of which nothing fits": [
    20_000,
    checked({ type: "array", items: { type: "string" } }, (size) => many(size, (at) => at)),
  ],
  "members that may not be there": [
    5_000,
    checked({ type: "object", additionalProperties: false }, (size) =>
      Object.fromEntries(many(size, (at) => [at, at])),
    ),
  ],
  "nested lists": [
    20_000,
    checked({ $defs: { a: { type: "array", items: { $ref: "#/$defs/a" } } }, $ref: "#/$defs/a" }, (size) =>
      many(size / 50, () => many(50, () => [])),
    ),
  ],
  "a string by its format": [
    20_000,
    checked({ type: "string", format: "uri" }, (size) => `http://${"a".repeat(size)}!`),
  ],
  "zod: a list of which nothing fits": [20_000, wrong(z.array(z.string()), (size) => many(size, (at) => at))],
  "zod: dates, sets and maps": [
    1_600, // more are not tried
    wrong(z.set(z.date()), (size) => many(size, (at) => new Date(at * 1000).toISOString())),
  ],
  "zod: members that may not be there": [
    5_000,
    wrong(z.strictObject({}), (size) => Object.fromEntries(many(size, (at) => [at, at]))),
  ],
  "Accept-Language": [20_000, (size) => () => textsFor("de;q=0.1,".repeat(size / 9), { languages: { de: {} } })],
  "a line of the log": [20_000, (size) => () => lineOf({ a: "\u202e".repeat(size), b: many(size, (at) => at) })],
  "what goes to audit": [20_000, (size) => () => cleaned({ a: many(size, (at) => ({ at })) })],
  "an event of many lines": [20_000, (size) => () => frame("message", "\r\n".repeat(size / 2))],
  "text with halves of characters": [20_000, (size) => () => wellFormed(JSON.stringify("\ud800".repeat(size / 6)))],
};

test.each(Object.entries(ROWS))("%s: twice the input is about twice the work", (_, [most, ready]) => {
  const [one = 0, two = 0, four = 0] = [most / 4, most / 2, most].map((size) => {
    const run = ready(size);
    run(); // once before, so that what is made once is made
    return workOf(run);
  });
  expect(one).toBeGreaterThan(0);
  expect([two / one, four / two].filter((growth) => growth > ABOUT_TWICE)).toEqual([]);
});

group("what would take for ever is refused", () => {
  const recursive = { type: "object", properties: { a: { $ref: "#/$defs/a" } } };
  const branches = {
    anyOf: [
      { ...recursive, required: ["b"] },
      { ...recursive, required: ["c"] },
    ],
  };

  test("schemas that lead to themselves in several branches", () => {
    const validate = checked({ $defs: { a: branches }, $ref: "#/$defs/a" }, (depth) => within(depth));
    expect(validate(120)()).toMatchObject({ issues: [{ message: expect.stringContaining("send less") as string }] });
    expect(validate(3)()).toMatchObject({
      issues: expect.arrayContaining([{ message: expect.stringContaining('"b"') as string, path: [] }]) as unknown,
    });
  });

  test("a URL that is none", () => {
    const validate = checked({ type: "string", format: "url" }, (size) => `http://${"a".repeat(size)}!`);
    expect(validate(10_000)()).toMatchObject({ value: expect.any(String) as string });
    expect(fromJsonSchema({ type: "string", format: "url" })["~standard"].validate("no URL")).toMatchObject({
      issues: [{}],
    });
  });

  test("errors in more places than the stack holds", () => {
    const schema = { type: "object", properties: { a: { type: "array", items: { type: "string" } } } };
    expect(checked(schema, (size) => ({ a: many(size, (at) => at) }))(300_000)()).toMatchObject({
      issues: expect.any(Array) as unknown[],
    });
  });
});

group("what is there twice", () => {
  const duplicates = (value: unknown, schema: Record<string, unknown> = UNIQUE) => {
    const checked = fromJsonSchema(schema)["~standard"].validate(value) as { issues?: { message: string }[] };
    return checked.issues?.map(({ message }) => message) ?? [];
  };

  test.each([
    [
      [1, 2, 1],
      [0, 2],
    ],
    [
      ["a", "b", "b"],
      [1, 2],
    ],
    [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [0, 1],
    ],
    [
      [[], [], [1]],
      [0, 1],
    ],
    [
      [null, 0, null],
      [0, 2],
    ],
  ])("%j: at %j", (list, at) => {
    expect(duplicates(list)).toEqual([`Duplicate items at indexes ${at.join(" and ")}.`]);
  });

  test.each([
    [[1, "1", true, "true", null, "null"]],
    [[[1], ["1"], [[1]]]],
    [[{ a: 1 }, { a: 2 }, { b: 1 }, [1]]],
    ["aa"],
    [{}],
  ])("%j has nothing twice", (list) => {
    expect(duplicates(list, { uniqueItems: true })).toEqual([]);
  });

  test("is told for each of many lists, and what is not to be unique is in nobody's way", () => {
    const rows = many(2000, (at) => ({ tags: [at, at + 1], scores: [at, at, 0] }));
    const schema = { type: "array", items: { properties: { tags: UNIQUE, scores: { type: "array" } } } };
    expect(duplicates(rows, schema)).toEqual([]);
    expect(duplicates([...rows, { tags: [1, 1] }], schema)).toHaveLength(1);
  });

  test("counts where a schema says so, and nowhere else", () => {
    const schema = { properties: { unique: UNIQUE, not: { not: UNIQUE }, uniqueItems: true, any: {} } };
    const of = (unique: unknown[], not: unknown[]) =>
      duplicates({ unique, not, any: [1, 1], uniqueItems: [1, 1] }, schema).length;
    expect([of([1], [1, 1]), of([1, 1], [1, 1]), of([1], [1])]).toEqual([0, 1, 1]);
  });
});

test("no answer about arguments that do not fit grows with them", () => {
  const issues = many(1000, (at) => ({ message: "x".repeat(5000), path: [at] }));
  const text = describe(issues);
  expect(text.length).toBeLessThan(12_000);
  expect(text).toMatch(/; and 980 more$/);
});
