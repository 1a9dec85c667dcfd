/** Schemas that are written as JSON Schema. */
import { type McpServer, WicketError } from "mcp-wicket";
import { type JsonSchema, fromJsonSchema } from "mcp-wicket/json-schema";
import { describe, expect, test } from "vitest";
import { type ToolList, modern } from "../../harness/messages.ts";
import { HOST, callTool, messageOf, serverOf, textOf } from "./lib/client.ts";

const echo = (schema: JsonSchema) =>
  serverOf((server: McpServer) => {
    server.registerTool("tool", { inputSchema: fromJsonSchema(schema) }, (args) => ({
      content: [{ type: "text", text: JSON.stringify(args) }],
    }));
  });

const OBJECT = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };

test("a list has the schema as it is written, a keyword as unknown as it may be", async () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: { b: { $anchor: "b", type: "string" } },
    properties: { b: { $ref: "#b" }, c: { "x-own": [1] } },
    allOf: [{ anyOf: [{ required: ["b"] }, { required: ["c"] }] }],
    if: { required: ["b"] },
    then: { maxProperties: 1 },
    additionalProperties: false,
  };
  const { result } = await messageOf<ToolList>(echo(schema)(modern(`${HOST}/mcp`, "tools/list")));
  expect(result.tools[0]?.inputSchema).toEqual(schema);
  expect(Object.keys(schema)).toEqual(Object.keys(result.tools[0]?.inputSchema ?? {}));
});

test.each<[string, JsonSchema, object[], object[]]>([
  ["types", OBJECT, [{ a: 1 }, { a: 1.5, b: 2 }], [{}, { a: "1" }, { a: null }]],
  [
    "additionalProperties",
    { ...OBJECT, additionalProperties: false },
    [{ a: 1 }],
    [{ a: 1, b: 1 }, JSON.parse('{"a":1,"__proto__":1}') as object],
  ],
  [
    "$ref, $defs and $anchor",
    { ...OBJECT, $defs: { n: { $anchor: "n", minimum: 3 } }, allOf: [{ properties: { a: { $ref: "#n" } } }] },
    [{ a: 3 }],
    [{ a: 2 }],
  ],
  [
    "if, then, else",
    { type: "object", if: { required: ["a"] }, then: { required: ["b"] }, else: { required: ["c"] } },
    [{ a: 1, b: 1 }, { c: 1 }],
    [{ a: 1 }, {}, { b: 1 }],
  ],
  [
    "a schema that holds itself",
    { type: "object", properties: { next: { $ref: "#" }, v: { type: "integer" } }, required: ["v"] },
    [{ v: 1, next: { v: 2, next: { v: 3 } } }],
    [{ v: 1, next: { v: 2, next: { v: "3" } } }],
  ],
  [
    "unevaluatedProperties",
    { type: "object", allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
    [{ a: 1 }, {}],
    [{ b: 1 }],
  ],
  [
    "prefixItems",
    { type: "object", properties: { t: { prefixItems: [{ type: "string" }], items: false } } },
    [{ t: ["a"] }],
    [{ t: [1] }, { t: ["a", "b"] }],
  ],
  [
    "names that every object has",
    { type: "object", properties: { constructor: { type: "number" } }, required: ["toString"] },
    [{ toString: 1 }, { toString: 1, constructor: 1 }],
    [{}, { toString: 1, constructor: "x" }],
  ],
])("%s", async (_keyword, schema, right, wrong) => {
  for (const args of right) {
    const result = await callTool(echo(schema), "tool", args as Record<string, unknown>);
    expect(JSON.parse(textOf(result) ?? ""), JSON.stringify(args)).toEqual(args);
  }
  for (const args of wrong) {
    const result = await callTool(echo(schema), "tool", args as Record<string, unknown>);
    expect(result.isError, JSON.stringify(args)).toBe(true);
    expect(textOf(result)).toMatch(/^Invalid arguments for the tool "tool": /);
  }
});

test("what is wrong is said with its place", async () => {
  const schema = { type: "object", properties: { list: { items: { properties: { "a/b": { type: "number" } } } } } };
  const result = await callTool(echo(schema), "tool", { list: [{}, { "a/b": "x" }] });
  expect(textOf(result)).toBe(
    'Invalid arguments for the tool "tool": list.1.a/b: Instance type "string" is invalid. Expected "number".',
  );
});

test("older dialects are read as what they are", async () => {
  const draft7 = { $schema: "http://json-schema.org/draft-07/schema#", type: "object" };
  const tuple = { ...draft7, properties: { t: { items: [{ type: "string" }], additionalItems: false } } };
  expect((await callTool(echo(tuple), "tool", { t: ["a"] })).isError).toBeUndefined();
  expect((await callTool(echo(tuple), "tool", { t: ["a", "b"] })).isError).toBe(true);
});

test("the same object gives the same schema", () => {
  expect(fromJsonSchema(OBJECT)).toBe(fromJsonSchema(OBJECT));
});

describe("mistakes are said when the schema is made", () => {
  const at = (schema: unknown) => ({ type: "object", properties: { a: schema } });
  const mirrored = (schema: object) => ({ ...schema, "x-mcp-header": "Region" });
  const text = { type: "string" };
  test.each<[string, JsonSchema, string]>([
    ["no object", [] as never, "A JSON Schema must be an object."],
    ["an unknown dialect", { $schema: "https://example.com/own" }, "Unknown dialect https://example.com/own"],
    ["a reference to elsewhere", at({ $ref: "https://example.com/x.json" }), "leads outside the schema"],
    ["a reference to nothing", at({ $ref: "#/$defs/none" }), "leads outside the schema"],
    ["$dynamicRef", at({ $dynamicRef: "#x" }), "`$dynamicRef` is not supported"],
    ["a mirrored object", at(mirrored({ type: "object" })), "a is not a string, integer or boolean"],
    ["a mirrored number", at(mirrored({ type: "number" })), "a is not a string, integer or boolean"],
    ["a mirrored argument without a type", at(mirrored({})), "a is not a string, integer or boolean"],
    [
      "mirrored items",
      at({ items: mirrored(text) }),
      'a.items is not an argument that is reached through "properties" only',
    ],
    ["a mirrored choice", { anyOf: [at(mirrored(text))] }, "is not an argument that is reached"],
    ["a mirrored definition", { $defs: { a: mirrored(text) } }, "$defs.a is not an argument"],
    ["a mirrored root", mirrored({ type: "object" }), "the schema itself is not an argument"],
    ["no header name", at({ ...text, "x-mcp-header": "My Region" }), "the name at a is not a header name"],
    ["an empty header name", at({ ...text, "x-mcp-header": "" }), "the name at a is not a header name"],
    ["a header name that is no string", at({ ...text, "x-mcp-header": true }), "the name at a is not a header name"],
    [
      "one header name for two arguments",
      { type: "object", properties: { a: mirrored(text), b: { ...text, "x-mcp-header": "REGION" } } },
      'the header "region" is duplicated',
    ],
  ])("%s", (_mistake, schema, message) => {
    expect(() => fromJsonSchema(schema)).toThrow(WicketError);
    expect(() => fromJsonSchema(schema)).toThrow(message);
  });

  test("what only looks like the keyword is none", () => {
    expect(fromJsonSchema(at({ enum: [{ "x-mcp-header": 5 }] }))).toBeDefined();
  });
});
