/**
 * What a list says of a tool's arguments is what the tool takes: schemas that are made up here, and values that fit them or
 * nearly, are given to validators that others wrote (drafts 2020-12 and 7) and to the tool's own check.
 */
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z46 from "zod";
import * as mini from "zod/mini";
import { z as z3 } from "zod3";
import * as z3v4 from "zod3/v4";
import * as z40 from "zod40";
import * as mini40 from "zod40/mini";
import * as z41 from "zod41";
import { fromJsonSchema } from "../../../js/entry/json-schema.ts";
import { checkArguments, inputOf, resultOf } from "../../../js/mcp/server/schema/schema.ts";
import type { InputSchema } from "../../../js/mcp/server/schema/standard.ts";

/** As strict as it comes, but for words that are strict about how a schema is written. */
const ajv2020 = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false });
/** As the official SDK's client has it. */
const ajv07 = new Ajv({ strict: false });
addFormats(ajv2020);
addFormats(ajv07);

type Z = typeof z46;
const zods: [string, Z, boolean][] = [
  ["zod 4.6", z46, true],
  ["zod 4.1", z41 as unknown as Z, true],
  ["zod 4.0", z40 as unknown as Z, true],
  ["zod/v4 of 3.25", z3v4 as unknown as Z, true],
  ["zod 3", z3 as unknown as Z, false],
];

interface Verdicts {
  text: string;
  draft2020: (value: unknown) => boolean;
  draft07: (value: unknown) => boolean;
  tool: (value: Record<string, unknown>) => Promise<boolean>;
}

function verdictsOf(schema: InputSchema): Verdicts {
  const { text, wrong } = inputOf(schema);
  expect(wrong, "nothing is left out").toBeUndefined();
  const json = JSON.parse(text) as Record<string, unknown>;
  const [draft2020, draft07] = [ajv2020.compile(json), ajv07.compile(json)];
  return {
    text,
    draft2020: (value) => draft2020(value),
    draft07: (value) => draft07(value),
    tool: async (value) => !(await checkArguments(schema, value)).issues,
  };
}

async function agree(schema: InputSchema, values: Record<string, unknown>[]): Promise<void> {
  const { text, draft2020, draft07, tool } = verdictsOf(schema);
  // Draft 7 has no words for some of it, and must not refuse what is taken.
  const isSame = !/"(?:prefixItems|unevaluatedItems)"/.test(text);
  for (const value of values) {
    const about = `${JSON.stringify(value)} under ${text}`;
    const takes = await tool(JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
    if (!isLoose || takes) expect(draft2020(value), `draft 2020-12: ${about}`).toBe(takes);
    if ((isSame && !isLoose) || takes) expect(draft07(value), `draft 7: ${about}`).toBe(takes);
  }
}

/** A schema, and values that fit it. */
interface Made {
  schema: z46.ZodType;
  fitting: () => unknown;
}
type Gen = fc.GeneratorValue;

const TEXTS = ["", "a", "b", "abc", "aBc", " a ", "  ", "abcdef", "5", "-1.5", "x y", "ann@example.com", "x\ny"];
const FORMATTED = {
  email: ["ann@example.com", "a.b+c@d.example"],
  uuid: ["123e4567-e89b-42d3-a456-426614174000"],
  date: ["2026-01-02", "2024-02-29"],
  datetime: ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678Z"],
  time: ["03:04:05", "03:04"],
  ipv4: ["127.0.0.1"],
  base64: ["", "YQ==", "YWI=", "YWJj"],
};
const NUMBERS = [0, 1, -1, 2, 3, 5, 6, 10, 1.5, -2.5, 100, 2 ** 53 - 1, 1e300];
const KEYS = ["a", "b", "c", "d/e", "~f", "g h", "$ref", "__proto__x", "é"];
const ANY: unknown[] = [
  ...TEXTS,
  ...Object.values(FORMATTED).flat(),
  ...NUMBERS,
  true,
  false,
  null,
  [],
  {},
  [1],
  ["a", "b"],
  { a: 1 },
];

/** True once a schema says what JSON Schema has no words for: then more is listed than is taken. */
let isLoose = false;
function loosely(made: Made): Made {
  isLoose = true;
  return made;
}

function make(z: Z, is4: boolean, g: Gen, depth: number): Made {
  const of = <T>(...all: T[]): T => all[g(fc.nat, { max: all.length - 1 })] as T;
  const chance = () => g(fc.boolean);
  const upTo = (most: number) => g(fc.nat, { max: most });
  const inner = () => make(z, is4, g, depth - 1);
  const object = (): { shape: Record<string, z46.ZodType>; fitting: () => Record<string, unknown> } => {
    const keys = [...new Set(Array.from({ length: upTo(3) }, () => of(...KEYS)))];
    const members = keys.map((key) => {
      const { schema, fitting } = inner();
      const kind = of("", "", "optional", "default", "nullish");
      if (kind === "optional") return { key, schema: schema.optional(), fitting, mayLack: true };
      if (kind === "nullish") return { key, schema: schema.nullish(), fitting, mayLack: true };
      if (kind === "default") return { key, schema: schema.default("x" as never), fitting, mayLack: true };
      return { key, schema, fitting, mayLack: false };
    });
    const shape = Object.fromEntries(members.map(({ key, schema }) => [key, schema]));
    const fitting = () =>
      Object.fromEntries(
        members.filter(({ mayLack }) => !mayLack || chance()).map(({ key, fitting }) => [key, fitting()]),
      );
    return { shape, fitting };
  };
  const leaves: (() => Made)[] = [
    () => ({ schema: z.string(), fitting: () => of(...TEXTS) }),
    () => {
      const least = upTo(3);
      return {
        schema: z
          .string()
          .min(least)
          .max(least + upTo(4)),
        fitting: () => of(...TEXTS),
      };
    },
    () => ({
      schema: z
        .string()
        .trim()
        .min(upTo(3))
        .max(3 + upTo(3)),
      fitting: () => of(...TEXTS),
    }),
    () => loosely({ schema: z.string().min(1).toLowerCase().max(2), fitting: () => of("a", "AB") }),
    () => loosely({ schema: z.string().regex(/^a/m), fitting: () => of("a", "b\na") }),
    () => loosely({ schema: z.string().refine((text) => text.length !== 1), fitting: () => of(...TEXTS) }),
    () => ({
      schema: z.string().regex(of(/^[a-c]+$/, /^[a-c]+$/i, /b\-?c/, /x.y/s, /^\p{L}*$/u)),
      fitting: () => of(...TEXTS),
    }),
    () => ({ schema: z.string().startsWith("a").includes("b"), fitting: () => of("ab", "a.b", "abc") }),
    () => ({ schema: z.string().endsWith("c"), fitting: () => of("abc", "c\n") }),
    () => ({ schema: z.string().email(), fitting: () => of(...FORMATTED.email) }),
    () => ({ schema: z.string().uuid(), fitting: () => of(...FORMATTED.uuid) }),
    () => ({ schema: z.string().base64(), fitting: () => of(...FORMATTED.base64) }),
    () => ({ schema: z.string().datetime(), fitting: () => of(...FORMATTED.datetime) }),
    () => ({ schema: z.string().date(), fitting: () => of(...FORMATTED.date) }),
    () => ({ schema: z.string().time(), fitting: () => of(...FORMATTED.time) }),
    () => ({ schema: z.number(), fitting: () => of(...NUMBERS) }),
    () => ({
      schema: z
        .number()
        .int()
        .min(of(-1, 0, 2)),
      fitting: () => of(...NUMBERS),
    }),
    () => ({
      schema: z
        .number()
        .gt(of(-1, 0))
        .lte(of(5, 10))
        .multipleOf(of(1, 2, 3)),
      fitting: () => of(...NUMBERS),
    }),
    () => ({ schema: z.number().positive().max(3), fitting: () => of(...NUMBERS) }),
    () => ({ schema: z.boolean(), fitting: chance }),
    () => ({ schema: z.null(), fitting: () => null }),
    () => ({ schema: z.any(), fitting: () => of(...ANY) }),
    () => ({ schema: z.unknown(), fitting: () => of(...ANY) }),
    () => ({
      schema: z.literal(of<string | number | boolean | null>("a", 1, true, null)),
      fitting: () => of<string | number | boolean | null>("a", 1, true, null),
    }),
    () => ({ schema: z.enum(["a", "b"]), fitting: () => of("a", "b") }),
    () => ({ schema: z.nativeEnum({ A: 0, B: "b", 0: "A" } as const), fitting: () => of<unknown>(0, "b") }),
    () => ({ schema: z.date(), fitting: () => of(...FORMATTED.datetime) }),
    () => ({ schema: z.bigint(), fitting: () => of<unknown>(5, -1, "12345678901234567890") }),
    () => ({ schema: z.never(), fitting: () => null }),
    () => ({ schema: z.undefined(), fitting: () => null }),
    () => ({ schema: z.nan(), fitting: () => null }),
    () => ({ schema: z.coerce.string(), fitting: () => of(...ANY) }),
    () => ({ schema: z.coerce.boolean(), fitting: () => of(...ANY) }),
    () => ({ schema: z.coerce.number(), fitting: () => of<unknown>("5", "x", 5, true, null, "-1.5", {}) }),
    () => ({ schema: z.string().transform(String), fitting: () => of(...TEXTS) }),
    () => ({
      schema: z.string().pipe(z.coerce.number().or(z.string()) as unknown as z46.ZodString),
      fitting: () => of(...TEXTS),
    }),
    () => ({ schema: z.preprocess(String, z.string()), fitting: () => of(...ANY) }),
    () => ({ schema: z.number().catch(0), fitting: () => of(...ANY) }),
  ];
  if (depth <= 0) return of(...leaves)();
  const branches: (() => Made)[] = [
    ...leaves.slice(0, 6),
    () => {
      const { shape, fitting } = object();
      const kind = of("strip", "strict", "loose", "catchall");
      const base = z.object(shape);
      const rest = kind === "catchall" ? inner() : undefined;
      const schema =
        kind === "strict"
          ? base.strict()
          : kind === "loose"
            ? base.passthrough()
            : rest
              ? base.catchall(rest.schema)
              : base;
      const more = () => (chance() ? { more: rest && chance() ? rest.fitting() : 5 } : {});
      return { schema, fitting: () => ({ ...fitting(), ...more() }) };
    },
    () => {
      const { schema, fitting } = inner();
      const [least, most] = [upTo(2), 2 + upTo(2)];
      return { schema: z.array(schema).min(least).max(most), fitting: () => Array.from({ length: upTo(4) }, fitting) };
    },
    () => {
      const items = Array.from({ length: 1 + upTo(2) }, inner);
      const schemas = items.map(({ schema }) => schema) as [z46.ZodType];
      const fitting = () => items.slice(0, items.length - (upTo(5) === 0 ? 1 : 0)).map(({ fitting }) => fitting());
      return { schema: z.tuple(schemas), fitting: () => [...fitting(), ...(upTo(5) === 0 ? ["more"] : [])] };
    },
    () => {
      const { schema, fitting } = inner();
      return {
        schema: z.record(z.string(), schema),
        fitting: () => ({ [of(...KEYS)]: fitting(), [of(...KEYS)]: fitting() }),
      };
    },
    () => {
      const { schema, fitting } = inner();
      const names = z.string().regex(/^[a-c]$/);
      return { schema: z.record(names, schema), fitting: () => ({ [of("a", "b", "zz")]: fitting() }) };
    },
    () => {
      const options = [inner(), inner()];
      const schemas = options.map(({ schema }) => schema) as [z46.ZodType, z46.ZodType];
      return { schema: z.union(schemas), fitting: () => of(...options).fitting() };
    },
    () => {
      const [one, other] = [object(), object()];
      const option = (k: string, shape: object) => z.object({ ...shape, k: z.literal(k) });
      const schema = z.discriminatedUnion("k", [option("x", one.shape), option("y", other.shape)]);
      return {
        schema,
        fitting: () => (chance() ? { ...one.fitting(), k: "x" } : { ...other.fitting(), k: of("y", "z") }),
      };
    },
    () => {
      const sides = ["l", "r"].map((prefix) => {
        const object = z.object({ [prefix]: z.string(), [`${prefix}o`]: z.number().optional() });
        return of(object, object.strict(), object.passthrough());
      }) as unknown as [z46.ZodType, z46.ZodType];
      const fitting = () => ({ l: "x", r: "y", ...(chance() && { lo: 1 }), ...(upTo(4) === 0 && { more: 1 }) });
      return { schema: z.intersection(...sides), fitting };
    },
    () => {
      const { schema, fitting } = inner();
      return { schema: schema.nullable(), fitting: () => (chance() ? null : fitting()) };
    },
    () => {
      const { schema, fitting } = inner();
      return { schema: schema.describe("Said of it."), fitting };
    },
    () => {
      const { schema, fitting } = inner();
      return { schema: z.lazy(() => schema), fitting };
    },
    () => ({ schema: z.set(z.string().min(1)).min(1), fitting: () => of(["a"], ["a", "b"], ["a", "a"], [], [""]) }),
    () => ({
      schema: z.map(z.string(), z.number()),
      fitting: () => of<unknown>([["a", 1]], [], [["a", "x"]], [["a"]], { a: 1 }),
    }),
    () => ({ schema: z.array(z.date()), fitting: () => of(FORMATTED.datetime, ["x"], []) }),
    () => ({ schema: z.union([z.number(), z.date()]), fitting: () => of<unknown>(1, FORMATTED.datetime[0], "x") }),
  ];
  if (is4) {
    branches.push(
      () => ({
        schema: z.record(z.enum(["a", "b"]), z.number()),
        fitting: () => of({ a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2, c: 3 }),
      }),
      () => ({ schema: z.int().min(1), fitting: () => of(...NUMBERS) }),
      () => ({ schema: z.email(), fitting: () => of(...FORMATTED.email) }),
      () => ({ schema: z.iso.time(), fitting: () => of(...FORMATTED.time) }),
      () => ({ schema: z.ipv4(), fitting: () => of(...FORMATTED.ipv4) }),
      () => ({ schema: z.literal(["a", 1, null]), fitting: () => of<unknown>("a", 1, null, "b") }),
      () => ({ schema: z.stringFormat("abc", /^[abc]*$/), fitting: () => of(...TEXTS) }),
      () => ({ schema: z.templateLiteral(["a", z.number()]), fitting: () => of("a1", "a", "a-1.5") }),
      () => ({
        schema: z.tuple([z.string(), z.string().optional()]),
        fitting: () => of(["a"], ["a", "b"], [], ["a", 5]),
      }),
      () => ({ schema: z.tuple([z.string()], z.number()), fitting: () => of(["a"], ["a", 5], ["a", "b"], [5]) }),
      () => ({ schema: z.string().prefault("x"), fitting: () => of(...TEXTS) }),
    );
  }
  return of(...branches)();
}

describe.each(zods)("%s", (_name, z, is4) => {
  test("a list says just what its tool takes, whatever is registered", async () => {
    const property = fc.asyncProperty(fc.gen(), async (g) => {
      isLoose = false;
      const members = Object.fromEntries(KEYS.slice(0, 3).map((key) => [key, make(z, is4, g, 2)]));
      const shape = Object.fromEntries(Object.entries(members).map(([key, { schema }]) => [key, schema]));
      const values = Array.from({ length: 8 }, () => {
        const value = Object.fromEntries(Object.entries(members).map(([key, { fitting }]) => [key, fitting()]));
        const odd = KEYS[g(fc.nat, { max: 4 })] as string;
        if (odd in members) value[odd] = ANY[g(fc.nat, { max: ANY.length - 1 })];
        if (g(fc.nat, { max: 4 }) === 0) Reflect.deleteProperty(value, KEYS[g(fc.nat, { max: 2 })] as string);
        return value;
      });
      await agree(shape, values);
      await agree(z.object(shape), values);
    });
    await fc.assert(property, { seed: 13, numRuns: Number(process.env.RUNS ?? 40) });
  });
});

/** Each of these is a shape, and the same as an object. */
describe.each(zods)("%s", (_name, z, is4) => {
  const both = async (shape: Record<string, z46.ZodType>, values: Record<string, unknown>[]) => {
    await agree(shape, values);
    await agree(z.object(shape), values);
  };
  const listed = (shape: Record<string, z46.ZodType>) => inputOf(shape).text;

  test("a schema that holds itself", async () => {
    interface Tree {
      name: string;
      children?: Tree[] | undefined;
    }
    const tree: z46.ZodType<Tree> = z.object({
      name: z.string(),
      children: z.array(z.lazy(() => tree)).optional(),
    });
    const values = [
      { tree: { name: "a" } },
      { tree: { name: "a", children: [{ name: "b", children: [{ name: "c", children: [] }] }] } },
      { tree: { name: "a", children: [{ name: "b", children: [{ name: 5 }] }] } },
      { tree: { name: "a", children: [{}] } },
    ];
    isLoose = false;
    await both({ tree }, values);
    await both({ "a/b ~c": z.array(tree) }, [{ "a/b ~c": [values[1]?.tree] }, { "a/b ~c": [values[2]?.tree] }]);
    await both({ one: tree, other: tree }, [{ one: { name: "a" }, other: { name: 5 } }]);
    await agree(tree, [
      { name: "a", children: [{ name: "b" }] },
      { name: "a", children: [5] },
    ]);
  });

  test("schemas that hold each other, and any JSON", async () => {
    const even: z46.ZodType = z.object({ odd: z.lazy(() => odd).optional() }).strict();
    const odd: z46.ZodType = z.object({ even: z.lazy(() => even).nullable() }).strict();
    isLoose = false;
    await both({ even }, [
      { even: {} },
      { even: { odd: { even: { odd: { even: null } } } } },
      { even: { odd: { even: { even: 1 } } } },
    ]);
    const json: z46.ZodType = z.lazy(() =>
      z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
    );
    await both({ json }, [{ json: { a: [1, { b: null }] } }, { json: [[[["x"]]]] }, {}]);
    expect(listed({ json }).length).toBeLessThan(1000);
  });

  test("a schema that makes itself anew comes to an end", () => {
    const endless = (): z46.ZodType =>
      z.object({ next: z.lazy(endless).optional(), other: z.lazy(endless).optional() });
    expect(listed({ endless: endless() }).length).toBeLessThan(1e6);
  });

  test("a schema in many places is written once", async () => {
    const person = z.object(
      Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((key) => [key, z.string().describe("x".repeat(50))])),
    );
    const good = Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((key) => [key, key]));
    const shape = { one: person, list: z.array(person), all: z.object({ one: person, other: person.optional() }) };
    isLoose = false;
    await both(shape, [
      { one: good, list: [good], all: { one: good } },
      { one: good, list: [{}], all: { one: good } },
      { one: good, list: [], all: { one: good, other: {} } },
    ]);
    let deep: z46.ZodType = person;
    for (let level = 0; level < 20; level++) deep = z.object({ left: deep, right: deep });
    expect(inputOf(z.object({ deep }) as InputSchema).text.length).toBeLessThan(10_000);
  });

  test("what no client can send is said to fit nothing", async () => {
    isLoose = false;
    await both(
      { never: z.never().optional(), void: z.void(), nan: z.nan().optional() },
      is4 ? [{ nan: 5 }] : [{}, { nan: 5 }],
    );
  });

  test("what a result has to be is what is sent of it", () => {
    const shape = { at: z.date(), text: z.string().transform(Number), n: z.number().default(5) };
    const { text } = resultOf(z.object(shape));
    const fits = ajv07.compile(JSON.parse(text) as object);
    expect(fits(JSON.parse(JSON.stringify({ at: new Date(), text: "5", more: 1 }))), text).toBe(true);
    expect(fits({ at: 5, text: "5" }), text).toBe(false);
  });
});

test("zod 4.6: a schema that holds itself by a getter", async () => {
  const node = z46.object({
    value: z46.string(),
    get next() {
      return node.optional();
    },
  });
  isLoose = false;
  const values = [
    { value: "a", next: { value: "b" } },
    { value: "a", next: {} },
  ];
  await agree(node, values);
  await agree(
    { node },
    values.map((node) => ({ node })),
  );
});

test.each([
  ["zod/mini 4.6", mini],
  ["zod/mini 4.0", mini40 as unknown as typeof mini],
])("%s", async (_name, m) => {
  isLoose = false;
  const shape = {
    name: m.string().check(m.minLength(1), m.regex(/^[a-z]+$/i)),
    at: m.optional(m.date()),
    count: m._default(m.int().check(m.positive()), 1),
    kind: m.nullable(m.enum(["a", "b"])),
  };
  const good = { name: "Ann", at: "2026-01-02T03:04:05Z", count: 2, kind: null };
  const values = [
    good,
    { ...good, name: "" },
    { ...good, at: "x" },
    { ...good, count: 0 },
    { name: "a", kind: "a" },
    { name: "a" },
  ];
  await agree(shape, values);
  await agree(m.object(shape), values);
});

test("a schema in JSON Schema keeps its references as a member", async () => {
  isLoose = false;
  const tree = fromJsonSchema({
    $ref: "#/$defs/tree",
    $defs: {
      tree: {
        type: "object",
        properties: { $ref: { type: "string" }, next: { $ref: "#/$defs/tree" } },
        required: ["$ref"],
        examples: [{ $ref: "#/$defs/tree" }],
      },
    },
  });
  const values = [
    { $ref: "a", next: { $ref: "b" } },
    { $ref: "a", next: {} },
    { $ref: "a", next: { $ref: "b", next: { $ref: 5 } } },
  ];
  await agree(
    { tree },
    values.map((tree) => ({ tree })),
  );
  await agree(tree, values);
});
