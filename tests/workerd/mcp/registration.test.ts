/** Registering tools: every form of `tool` and `registerTool`, and every form of a schema. */
import { McpServer, WicketError } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";
import { type ToolList, modern } from "../../harness/messages.ts";
import { type Answering, HOST, callTool, messageOf, serverOf, textOf } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });

async function listed(answering: Answering) {
  const { result } = await messageOf<ToolList>(answering(modern(`${HOST}/mcp`, "tools/list")));
  return result.tools;
}

const argumentsOf = async (answering: Answering, args: Record<string, unknown>): Promise<unknown> =>
  JSON.parse(textOf(await callTool(answering, "tool", args)) ?? "");

const NO_ARGUMENTS = { type: "object", properties: {}, additionalProperties: false };
const A_NUMBER = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };

describe("the forms of registering", () => {
  const shape = { a: z.number() };
  const annotations = { readOnlyHint: true };

  test.each<[string, (server: McpServer) => unknown, object]>([
    ["tool(name, handler)", (s) => s.tool("tool", () => text(1)), { inputSchema: NO_ARGUMENTS }],
    [
      "tool(name, description, handler)",
      (s) => s.tool("tool", "Does it", () => text(1)),
      { description: "Does it", inputSchema: NO_ARGUMENTS },
    ],
    ["tool(name, shape, handler)", (s) => s.tool("tool", shape, ({ a }) => text(a)), { inputSchema: A_NUMBER }],
    [
      "tool(name, description, shape, handler)",
      (s) => s.tool("tool", "Does it", shape, ({ a }) => text(a)),
      { description: "Does it", inputSchema: A_NUMBER },
    ],
    [
      "tool(name, shape, annotations, handler)",
      (s) => s.tool("tool", shape, annotations, ({ a }) => text(a)),
      { annotations, inputSchema: A_NUMBER },
    ],
    [
      "tool(name, description, shape, annotations, handler)",
      (s) => s.tool("tool", "Does it", shape, annotations, ({ a }) => text(a)),
      { description: "Does it", annotations, inputSchema: A_NUMBER },
    ],
    [
      "registerTool with everything",
      (s) =>
        s.registerTool(
          "tool",
          {
            title: "Tool",
            description: "Does it",
            inputSchema: shape,
            annotations,
            icons: [{ src: "https://example.com/i.png" }],
            _meta: { "example.com/x": 1 },
          },
          ({ a }) => text(a),
        ),
      {
        title: "Tool",
        description: "Does it",
        annotations,
        icons: [{ src: "https://example.com/i.png" }],
        _meta: { "example.com/x": 1 },
        inputSchema: A_NUMBER,
      },
    ],
  ])("%s", async (_form, register, announced) => {
    const server = serverOf((made) => void register(made));
    expect(await listed(server)).toEqual([{ name: "tool", ...announced }]);
    expect(await argumentsOf(server, { a: 1 })).toBe(1);
  });

  test("tool(name, annotations, handler) has annotations and no arguments", async () => {
    const server = serverOf((made) => void made.tool("tool", annotations, () => text(1)));
    expect(await listed(server)).toEqual([{ name: "tool", annotations, inputSchema: NO_ARGUMENTS }]);
  });

  test("registering answers with the tool", () => {
    const tool = new McpServer({ name: "test", version: "1.0.0" }).registerTool("tool", {}, () => text(1));
    expect(tool).toMatchObject({ name: "tool", enabled: true });
  });
});

describe("schemas", () => {
  const echo = (inputSchema: z.ZodObject | Record<string, z.ZodType>) =>
    serverOf((made) => void made.registerTool("tool", { inputSchema }, (args) => text(args)));

  test.each([
    ["a shape", { a: z.number(), b: z.string().optional(), c: z.string().default("c"), d: z.null().nullish() }],
    [
      "an object",
      z.object({ a: z.number(), b: z.string().optional(), c: z.string().default("c"), d: z.null().nullish() }),
    ],
  ])("%s: optional members may be absent, defaults are filled in", async (_form, schema) => {
    const server = echo(schema);
    const [tool] = await listed(server);
    expect(tool?.inputSchema).toMatchObject({ type: "object", required: ["a"], properties: { c: { default: "c" } } });
    expect(await argumentsOf(server, { a: 1 })).toEqual({ a: 1, c: "c" });
    expect(await argumentsOf(server, { a: 1, b: "b", c: "C", d: null })).toEqual({ a: 1, b: "b", c: "C", d: null });
  });

  test("a handler gets what the schema makes of its arguments, the list says what it takes", async () => {
    const server = echo({ when: z.coerce.number(), word: z.string().transform((word) => word.length) });
    const [tool] = await listed(server);
    expect(tool?.inputSchema.properties).toMatchObject({ word: { type: "string" } });
    expect(await argumentsOf(server, { when: "7", word: "four" })).toEqual({ when: 7, word: 4 });
  });

  test("members that no schema names are dropped by a shape and an object, kept by a loose object", async () => {
    expect(await argumentsOf(echo({ a: z.number() }), { a: 1, x: 2 })).toEqual({ a: 1 });
    expect(await argumentsOf(echo(z.object({ a: z.number() })), { a: 1, x: 2 })).toEqual({ a: 1 });
    expect(await argumentsOf(echo(z.looseObject({ a: z.number() })), { a: 1, x: 2 })).toEqual({ a: 1, x: 2 });
  });

  test("a strict object refuses them, and the list says so", async () => {
    const server = echo(z.strictObject({ a: z.number() }));
    expect((await listed(server))[0]?.inputSchema).toMatchObject({ additionalProperties: false });
    const result = await callTool(server, "tool", { a: 1, x: 2 });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/^Invalid arguments for the tool "tool": .*"x"/);
  });

  test("nested objects, arrays, enumerations and unions are described and checked", async () => {
    const server = echo({
      list: z.array(z.object({ kind: z.enum(["x", "y"]) })).min(1),
      either: z.union([z.string(), z.number()]),
    });
    const [tool] = await listed(server);
    expect(tool?.inputSchema.properties).toMatchObject({
      list: { type: "array", minItems: 1, items: { properties: { kind: { enum: ["x", "y"] } } } },
      either: { anyOf: [{ type: "string" }, { type: "number" }] },
    });
    const result = await callTool(server, "tool", { list: [{ kind: "z" }], either: 1 });
    expect(textOf(result)).toMatch(/^Invalid arguments for the tool "tool": list\.0\.kind: /);
  });

  test("every argument that is wrong is named", async () => {
    const result = await callTool(echo({ a: z.number(), b: z.string() }), "tool", { a: "one" });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/a: Invalid input: expected number, received string; b: Invalid input/);
  });

  test("a check that waits is waited for", async () => {
    const even = z.number().refine(async (n) => (await Promise.resolve(n)) % 2 === 0, "must be even");
    expect(await argumentsOf(echo({ a: even }), { a: 2 })).toEqual({ a: 2 });
    expect(textOf(await callTool(echo({ a: even }), "tool", { a: 1 }))).toContain("a: must be even");
  });

  test("arguments named like members of every object are arguments", async () => {
    const server = echo({ ["__proto__"]: z.number(), constructor: z.number(), toString: z.string().optional() });
    const args = JSON.parse('{"__proto__":1,"constructor":2}') as Record<string, unknown>;
    const result = await callTool(server, "tool", args);
    expect(textOf(result)).toBe('{"__proto__":1,"constructor":2}');
    expect(textOf(await callTool(server, "tool", {}))).toContain("constructor: Invalid input");
  });

  test("zod mini is a schema library like any other", async () => {
    const inputSchema = { a: mini.number(), b: mini.optional(mini.string()) };
    const server = serverOf(
      (made) => void made.registerTool("tool", { inputSchema }, ({ a, b }) => text([a, b ?? null])),
    );
    expect(await argumentsOf(server, { a: 1 })).toEqual([1, null]);
  });

  test("a library without JSON Schema is told what to do when the tools are listed", async () => {
    const { validate, version } = z.number()["~standard"];
    const bare = { "~standard": { validate, version, vendor: "valibot" } };
    const server = serverOf((made) => void made.registerTool("tool", { inputSchema: { bare } }, (args) => text(args)));
    expect(await argumentsOf(server, { bare: 1 })).toEqual({ bare: 1 });
    const { value, log } = await logOf(() => listed(server));
    expect(value[0]?.inputSchema).toMatchObject({ properties: { bare: {} }, required: ["bare"] });
    expect(log).toContain('inputSchema of the tool "tool"');
    expect(log).toContain('Wrap the schema with toStandardJsonSchema(…) of "@valibot/to-json-schema".');
  });

  test("a schema that throws on what is absent spoils neither the list nor the other tools", async () => {
    const trimmed = z.preprocess((value) => (value as string).trim(), z.string());
    const server = echo({ trimmed, other: z.number().optional() });
    expect((await listed(server))[0]?.inputSchema.required).toEqual(["trimmed"]);
    expect(await argumentsOf(server, { trimmed: " a " })).toEqual({ trimmed: "a" });
    const { value, log } = await logOf(() => callTool(server, "tool", {}));
    expect(value.isError).toBe(true);
    expect(log).toContain("TypeError");
  });
});

describe("tools without arguments", () => {
  test("take an absent and an empty `arguments`, and get the context as their first argument", async () => {
    const server = serverOf((made) => {
      made.registerTool("tool", {}, (context) => text(context.requestId));
    });
    expect(await argumentsOf(server, {})).toBe(1);
    const absent = modern(`${HOST}/mcp`, "tools/call", { name: "tool" }, { id: "no-arguments" });
    const { result } = await messageOf<{ content: object[] }>(server(absent));
    expect(result.content).toEqual([{ type: "text", text: '"no-arguments"' }]);
  });

  test("with an empty shape get empty arguments", async () => {
    const server = serverOf((made) => void made.registerTool("tool", { inputSchema: {} }, (args) => text(args)));
    expect(await argumentsOf(server, { more: 1 })).toEqual({});
  });
});

describe("changing what is registered", () => {
  const names = async (change: (server: McpServer) => void) => {
    const server = serverOf((made) => {
      made.registerTool("one", {}, () => text(1));
      made.registerTool("two", {}, () => text(2));
      change(made);
    });
    return { server, names: (await listed(server)).map(({ name }) => name) };
  };

  test("a disabled tool is neither listed nor called, until it is enabled", async () => {
    const off = await names((server) => server.tools.get("one")?.disable());
    expect(off.names).toEqual(["two"]);
    await expect(callTool(off.server, "one")).rejects.toThrow('Unknown tool \\"one\\".');
    const on = await names((server) => {
      server.tools.get("one")?.disable();
      server.tools.get("one")?.enable();
    });
    expect(on.names).toEqual(["one", "two"]);
  });

  test("a removed tool is gone, and its name is free", async () => {
    const gone = await names((server) => {
      server.tools.get("one")?.remove();
      server.registerTool("one", { description: "again" }, () => text("again"));
    });
    expect(gone.names).toEqual(["two", "one"]);
    expect(textOf(await callTool(gone.server, "one"))).toBe('"again"');
  });

  test("a tool that is removed twice does not take the next of its name along", async () => {
    const { names: left } = await names((server) => {
      const one = server.tools.get("one");
      one?.remove();
      server.registerTool("one", {}, () => text("again"));
      one?.remove();
    });
    expect(left).toEqual(["two", "one"]);
  });
});

describe("mistakes are said in plain words", () => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  const handler = () => text(1);
  server.registerTool("taken", {}, handler);

  test.each<[string, () => unknown, string, string]>([
    [
      "a name twice",
      () => server.registerTool("taken", {}, handler),
      "ERR_DUPLICATE",
      'The tool "taken" is already registered.',
    ],
    ["no name", () => server.registerTool("", {}, handler), "ERR_ARGUMENT", "A tool needs a name."],
    [
      "no handler",
      () => server.registerTool("new", {}, undefined as never),
      "ERR_ARGUMENT",
      'The tool "new" needs a handler.',
    ],
    [
      "no schema",
      () => server.registerTool("new", { inputSchema: { a: "number" } as never }, handler as never),
      "ERR_SCHEMA",
      'inputSchema of the tool "new" is neither a schema nor an object of schemas.',
    ],
    [
      "no version",
      () => new McpServer({ name: "test" } as never),
      "ERR_ARGUMENT",
      'A server needs a name and a version: new McpServer({ name: "my-server", version: "1.0.0" }).',
    ],
  ])("%s", (_mistake, make, code, message) => {
    const caught = (() => {
      try {
        return make();
      } catch (error) {
        return error;
      }
    })();
    expect(caught).toBeInstanceOf(WicketError);
    expect(caught).toMatchObject({ code, message });
  });

  test.each(["http://example.com/a.png", "javascript:alert(1)", "/a.png", "", undefined])("icons of %s", (src) => {
    const icons = [{ src: "https://example.com/a.png" }, { src: src as string }];
    const wrong = {
      code: "ERR_ARGUMENT",
      message: expect.stringContaining("neither an https URL nor a data URL") as string,
    };
    const info = { name: "test", version: "1.0.0" };
    const register = [
      () => new McpServer({ ...info, icons }),
      () => server.registerTool("new", { icons }, handler),
      () => server.registerPrompt("new", { icons }, () => ({ messages: [] })),
      () => server.registerResource("new", "a://b", { icons }, () => ({ contents: [] })),
    ];
    for (const one of register) expect(one).toThrow(expect.objectContaining(wrong) as Error);
  });

  const prompt = (argument: z.ZodType) => () =>
    new McpServer({ name: "test", version: "1.0.0" }).registerPrompt("one", { argsSchema: { argument } }, () => ({
      messages: [],
    }));

  test.each([z.number(), z.literal(5), z.enum({ One: 1 }), z.boolean(), z.never(), z.object({})])(
    "a prompt's argument that no text satisfies: $def.type",
    (schema) => {
      expect(prompt(schema)).toThrow(expect.objectContaining({ code: "ERR_SCHEMA" }) as Error);
    },
  );

  test.each([
    z.string(),
    z.literal([5, "a"]),
    z.enum(["a"]),
    z.coerce.number(),
    z.stringbool(),
    z.any(),
    z.coerce.date(),
  ])("a prompt's argument that texts satisfy: $def.type", (schema) => {
    expect(prompt(schema)).not.toThrow();
  });

  test("a mistake leaves nothing behind", () => {
    expect([...server.tools.keys()]).toEqual(["taken"]);
  });
});
