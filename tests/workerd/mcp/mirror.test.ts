/** Arguments that headers mirror, in tools of every kind of schema. */
import { toStandardJsonSchema } from "@valibot/to-json-schema";
import type { InputSchema, StandardSchema } from "mcp-wicket";
import { fromJsonSchema } from "mcp-wicket/json-schema";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type ToolResult, legacy, modern } from "../../harness/messages.ts";
import { HOST, messageOf, serverOf } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const url = `${HOST}/mcp`;
const header = { "x-mcp-header": "Region" };
const serverWith = (inputSchema: InputSchema) => {
  let runs = 0;
  const server = serverOf((made) => {
    made.registerTool("tool", { inputSchema: inputSchema as StandardSchema }, () => {
      runs++;
      return { content: [] };
    });
  });
  const call = async (args: object, headers: Record<string, string> = {}) => {
    runs = 0;
    const response = await server(modern(url, "tools/call", { name: "tool", arguments: args }, { headers }));
    const { status } = response;
    const message = await messageOf<ToolResult>(response);
    return { status, runs, code: "error" in message ? message.error.code : undefined };
  };
  return { server, call };
};

describe.each<[string, InputSchema]>([
  ["zod 4", z.object({ region: z.string().meta(header) })],
  ["zod 4, a shape", { region: z.string().meta(header) }],
  ["zod 4, optional", { region: z.string().meta(header).optional() }],
  ["zod 4, meta outside", { region: z.string().optional().meta(header) }],
  ["JSON Schema", fromJsonSchema({ type: "object", properties: { region: { type: "string", ...header } } })],
  ["valibot", toStandardJsonSchema(v.object({ region: v.pipe(v.string(), v.metadata(header)) }))],
])("%s", (_library, schema) => {
  const { call, server } = serverWith(schema);

  test("the tool runs if header and argument agree, and only then", async () => {
    expect(await call({ region: "eu" }, { "mcp-param-region": "eu" })).toMatchObject({ status: 200, runs: 1 });
    expect(await call({ region: "é" }, { "MCP-PARAM-REGION": "=?base64?w6k=?=" })).toMatchObject({
      status: 200,
      runs: 1,
    });
    for (const headers of [{}, { "mcp-param-region": "us" }, { "mcp-param-region": "=?base64?w6k?=" }]) {
      expect(await call({ region: "eu" }, headers as Record<string, string>)).toEqual({
        status: 400,
        runs: 0,
        code: -32020,
      });
    }
    expect(await call({}, { "mcp-param-region": "eu" })).toEqual({ status: 400, runs: 0, code: -32020 });
  });

  test("older revisions have no such headers", async () => {
    const asked = legacy(url, "tools/call", { name: "tool", arguments: { region: "eu" } });
    expect((await messageOf<ToolResult>(server(asked))).result.content).toEqual([]);
  });
});

test("arguments deep inside and of other types are mirrored too", async () => {
  const { call } = serverWith({
    deep: z.object({ n: z.number().int().meta({ "x-mcp-header": "N" }), f: z.boolean().meta({ "x-mcp-header": "F" }) }),
  });
  const args = { deep: { n: 42, f: true } };
  expect(await call(args, { "mcp-param-n": "42.0", "mcp-param-f": "true" })).toMatchObject({ status: 200, runs: 1 });
  expect(await call(args, { "mcp-param-n": "41", "mcp-param-f": "true" })).toMatchObject({ status: 400, runs: 0 });
  expect(await call(args, { "mcp-param-n": "42" })).toMatchObject({ status: 400, runs: 0 });
});

test.each<[string, z.ZodType]>([
  ["an array's items", z.array(z.string().meta(header))],
  ["a choice", z.union([z.string().meta(header), z.number()])],
  ["an object", z.object({}).meta(header)],
  ["a number", z.number().meta(header)],
  ["a name that is none", z.string().meta({ "x-mcp-header": "a b" })],
])("a declaration on %s is refused when the tools are listed or called", async (_where, schema) => {
  const { server, call } = serverWith({ a: schema });
  const { value, log } = await logOf(() => messageOf(server(modern(url, "tools/list"))));
  expect(value.result).toMatchObject({ tools: [] });
  expect(log).toMatch(/The tool "\w+" cannot be listed.*x-mcp-header/s);
  const called = await logOf(() => call({ a: "x" }));
  expect(called.value.runs).toBe(0);
});
