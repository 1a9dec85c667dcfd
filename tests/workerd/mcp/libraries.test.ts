/** Schemas of the libraries that people use: each checks by itself, and each says what it takes in a list. */
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import { type } from "arktype";
import { type InputSchema, type McpServer, type StandardSchema, completable } from "mcp-wicket";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { z as z3 } from "zod3";
import { type ToolList, modern } from "../../harness/messages.ts";
import { HOST, callTool, messageOf, serverOf, textOf } from "./lib/client.ts";

const serverWith = (inputSchema: InputSchema) =>
  serverOf((server: McpServer) => {
    server.registerTool("tool", { inputSchema: inputSchema as StandardSchema }, (args) => ({
      content: [{ type: "text", text: JSON.stringify(args) }],
    }));
  });

async function inputOf(inputSchema: InputSchema): Promise<Record<string, unknown>> {
  const { result } = await messageOf<ToolList>(serverWith(inputSchema)(modern(`${HOST}/mcp`, "tools/list")));
  return result.tools[0]?.inputSchema ?? {};
}

describe.each<[string, InputSchema]>([
  ["zod 4", z.object({ city: z.string().min(1), days: z.number().int().optional() })],
  ["zod 4, a shape", { city: z.string().min(1), days: z.number().int().optional() }],
  ["zod 3", z3.object({ city: z3.string().min(1), days: z3.number().int().optional() })],
  ["zod 3, a shape", { city: z3.string().min(1), days: z3.number().int().optional() }],
  [
    "valibot",
    toStandardJsonSchema(
      v.object({ city: v.pipe(v.string(), v.minLength(1)), days: v.optional(v.pipe(v.number(), v.integer())) }),
    ),
  ],
  ["arktype", type({ city: "string >= 1", "days?": "number.integer" })],
])("%s", (_library, schema) => {
  test("says what it takes", async () => {
    const { type: kind, properties, required } = await inputOf(schema);
    expect({ kind, properties, required }).toMatchObject({
      kind: "object",
      properties: { city: { type: "string", minLength: 1 }, days: { type: "integer" } },
      required: ["city"],
    });
  });

  test("checks", async () => {
    const server = serverWith(schema);
    expect(textOf(await callTool(server, "tool", { city: "Bonn", days: 2 }))).toBe('{"city":"Bonn","days":2}');
    for (const wrong of [{}, { city: "" }, { city: 5 }, { city: "Bonn", days: 1.5 }]) {
      const result = await callTool(server, "tool", wrong);
      expect(result.isError, JSON.stringify(wrong)).toBe(true);
      expect(textOf(result)).toMatch(/^Invalid arguments for the tool "tool": (city|days)/);
    }
  });
});

test.each<[string, z3.ZodTypeAny, object]>([
  [
    "string",
    z3.string().email().max(9).describe("Mail"),
    { type: "string", format: "email", maxLength: 9, description: "Mail" },
  ],
  ["pattern", z3.string().regex(/^a+$/), { type: "string", pattern: "^a+$" }],
  ["pattern with flags", z3.string().regex(/^a+$/i), { type: "string", pattern: "^[aA]+$" }],
  [
    "number",
    z3.number().gt(1).lte(5).multipleOf(0.5),
    { type: "number", exclusiveMinimum: 1, maximum: 5, multipleOf: 0.5 },
  ],
  ["boolean", z3.boolean(), { type: "boolean" }],
  ["null", z3.null(), { type: "null" }],
  ["literal", z3.literal("x"), { const: "x" }],
  ["enum", z3.enum(["a", "b"]), { type: "string", enum: ["a", "b"] }],
  ["native enum", z3.nativeEnum({ A: 0, B: "b", 0: "A" } as const), { enum: [0, "b"] }],
  [
    "array",
    z3.array(z3.string()).min(1).max(3),
    { type: "array", items: { type: "string" }, minItems: 1, maxItems: 3 },
  ],
  [
    "tuple",
    z3.tuple([z3.string(), z3.number()]),
    {
      type: "array",
      prefixItems: [{ type: "string" }, { type: "number" }],
      items: { anyOf: [{ type: "string" }, { type: "number" }] },
      minItems: 2,
      maxItems: 2,
    },
  ],
  ["record", z3.record(z3.number()), { type: "object", additionalProperties: { type: "number" } }],
  ["union", z3.union([z3.string(), z3.number()]), { anyOf: [{ type: "string" }, { type: "number" }] }],
  [
    "discriminated union",
    z3.discriminatedUnion("k", [z3.object({ k: z3.literal(1) }), z3.object({ k: z3.literal(2) })]),
    {
      anyOf: [
        { type: "object", properties: { k: { const: 1 } }, required: ["k"] },
        { type: "object", properties: { k: { const: 2 } }, required: ["k"] },
      ],
    },
  ],
  ["intersection", z3.intersection(z3.string(), z3.any()), { allOf: [{ type: "string" }, {}] }],
  ["nullable", z3.string().nullable(), { anyOf: [{ type: "string" }, { type: "null" }] }],
  ["default", z3.string().default("x"), { type: "string", default: "x" }],
  ["refinement", z3.string().refine(() => true), { type: "string" }],
  ["transformation", z3.string().transform(Number), { type: "string" }],
  ["preprocessing", z3.preprocess(Number, z3.number()), { anyOf: [{ type: "number" }, {}] }],
  ["pipe", z3.string().pipe(z3.coerce.number()), { type: "string" }],
  ["strict object", z3.strictObject({}), { type: "object", properties: {}, additionalProperties: false }],
  ["any", z3.any(), {}],
])("zod 3: %s", async (_kind, schema, json) => {
  expect((await inputOf(z3.object({ a: schema }))).properties).toEqual({ a: json });
});

test("zod 3: a schema that holds itself comes to an end", async () => {
  interface Tree {
    next?: Tree | undefined;
  }
  const tree: z3.ZodType<Tree> = z3.object({ next: z3.lazy(() => tree).optional() });
  expect(JSON.stringify(await inputOf(z3.object({ tree })))).toContain('"next"');
});

test("zod 3: what may be absent is not required", async () => {
  const { required } = await inputOf(
    z3.object({
      a: z3.string(),
      b: z3.string().optional(),
      c: z3.string().default("c"),
      d: z3.unknown(),
      e: z3.string().nullable(),
      f: z3
        .string()
        .refine(() => true)
        .optional(),
    }),
  );
  expect(required).toEqual(["a", "e"]);
});

test("a union of objects is announced as an object", async () => {
  const schema = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]);
  expect(await inputOf(schema)).toMatchObject({ type: "object", anyOf: [{}, {}] });
});

test("completable gives back the schema that it was given", () => {
  const schema = z.string();
  expect(completable(schema, () => [])).toBe(schema);
});
