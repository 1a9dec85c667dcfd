/** What clients send and what handlers do with it: values that JSON does not have, `null`, halves of characters, changes in place. */
import { McpServer, type StandardSchema } from "mcp-wicket";
import { fromJsonSchema } from "mcp-wicket/json-schema";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z46 from "zod";
import * as mini from "zod/mini";
import { z as z3 } from "zod3";
import * as z3v4 from "zod3/v4";
import * as z3mini from "zod3/v4-mini";
import * as z40 from "zod40";
import * as mini40 from "zod40/mini";
import * as z41 from "zod41";
import { type ToolList, type ToolResult, legacy, modern, post } from "../../harness/messages.ts";
import { callLegacy, callModern } from "./lib/asked.ts";
import { HOST, callTool, messageOf, serverOf, textOf } from "./lib/client.ts";

const url = `${HOST}/mcp`;
const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });

afterEach(() => vi.restoreAllMocks());

describe("values that JSON does not have", () => {
  test.each([
    ["zod 4.6", z46],
    ["zod 4.1", z41 as unknown as typeof z46],
    ["zod 4.0", z40 as unknown as typeof z46],
    ["zod/v4 of 3.25", z3v4 as unknown as typeof z46],
    ["zod 3", z3 as unknown as typeof z46],
  ])("%s: a date, a bigint, a set and a map are listed as what is sent, and arrive as what they are", async (_, z) => {
    const shape = { at: z.date(), big: z.bigint(), tags: z.set(z.string()), counts: z.map(z.string(), z.number()) };
    const fill = (server: McpServer) => {
      server.registerTool("plain", { inputSchema: { a: z.string() } }, ({ a }) => text(a));
      server.registerTool("odd", { inputSchema: shape }, ({ at, big, tags, counts }) =>
        text([at instanceof Date && at.getTime(), typeof big, big.toString(), [...tags], [...counts]]),
      );
      server.registerTool("custom", { inputSchema: { f: z.custom(), g: z.symbol().optional() } }, () => text("ran"));
    };
    const { result } = await messageOf<ToolList>(serverOf(fill)(modern(url, "tools/list")));
    expect(result.tools.map(({ name }) => name)).toEqual(["plain", "odd", "custom"]);
    expect(result.tools[1]?.inputSchema).toMatchObject({
      properties: {
        at: { type: "string", format: "date-time" },
        big: { anyOf: [{ type: "integer" }, { type: "string", pattern: "^-?\\d+$" }] },
        tags: { type: "array", items: { type: "string" }, uniqueItems: true },
        counts: { type: "array", items: { type: "array", minItems: 2, maxItems: 2 } },
      },
      required: ["at", "big", "tags", "counts"],
    });
    expect(result.tools[2]?.inputSchema).toMatchObject({ properties: { f: {}, g: { not: {} } } });
    const sent = { at: "2026-01-02T03:04:05Z", big: "12345678901234567890", tags: ["a"], counts: [["a", 1]] };
    const called = await callTool(serverOf(fill), "odd", sent);
    expect(textOf(called)).toBe('[1767323045000,"bigint","12345678901234567890",["a"],[["a",1]]]');
    expect(textOf(await callTool(serverOf(fill), "odd", { ...sent, at: "yesterday" }))).toContain("at");
    expect(textOf(await callTool(serverOf(fill), "odd", { ...sent, tags: ["a", "a"] }))).toContain("tags");
  });

  test.each<[string, StandardSchema]>([
    ["zod/mini 4.6", mini.object({ city: mini.string(), days: mini.optional(mini.int()) })],
    ["zod/mini 4.0", mini40.object({ city: mini40.string(), days: mini40.optional(mini40.int()) })],
    ["zod/v4-mini of 3.25", z3mini.object({ city: z3mini.string(), days: z3mini.optional(z3mini.int()) })],
  ])("%s is listed and called", async (_, inputSchema) => {
    const server = serverOf((s) => void s.registerTool("tool", { inputSchema }, (args) => text(args)));
    const { result } = await messageOf<ToolList>(server(modern(url, "tools/list")));
    expect(result.tools[0]?.inputSchema).toMatchObject({
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city"],
    });
    expect(textOf(await callTool(server, "tool", { city: "Bonn" }))).toBe('{"city":"Bonn"}');
    expect((await callTool(server, "tool", {})).isError).toBe(true);
  });
});

describe("one that cannot be listed", () => {
  const broken = (what: string): StandardSchema => ({
    "~standard": {
      version: 1,
      vendor: "broken",
      validate: (value) => ({ value }),
      jsonSchema: {
        input: () => {
          throw new Error(what);
        },
        output: () => ({}),
      },
    },
  });

  test("is named in the log with its member, listed as anything, and hides no other", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const { result } = await messageOf<ToolList>(
      serverOf((server) => {
        server.registerTool("first", { inputSchema: { when: broken("no words for it") } }, () => text(1));
        server.registerTool("second", { inputSchema: broken("nor for this") }, () => text(2));
        server.registerTool("third", { inputSchema: z46.string() as unknown as StandardSchema<object> }, () => text(3));
        server.registerTool("fourth", { _meta: { big: 5n } }, () => text(4));
        server.registerTool("last", {}, () => text(5));
      })(modern(url, "tools/list")),
    );
    expect(result.tools.map(({ name }) => name)).toEqual(["first", "second", "third", "last"]);
    expect(result.tools.map(({ inputSchema }) => inputSchema).slice(0, 2)).toMatchObject([
      { type: "object", properties: { when: {} } },
      { type: "object" },
    ]);
    const log = logged.mock.calls.map((call) => call.map(String).join(" "));
    expect(log).toEqual([
      expect.stringMatching(/inputSchema of the tool "first".*"when": no words for it/s),
      expect.stringMatching(/inputSchema of the tool "second".*nor for this/s),
      expect.stringMatching(/inputSchema of the tool "third".*Arguments are an object/s),
      expect.stringMatching(/The tool "fourth" cannot be listed/),
    ]);
  });
});

describe("a handler that changes what it was given", () => {
  const ask = { message: "Who?", requestedSchema: { type: "object" as const, properties: {} } };
  interface Changing {
    n: number;
    list: number[];
  }
  const schema = fromJsonSchema<Changing>({ type: "object", properties: { n: { type: "number" } } });
  const server = serverOf((made) => {
    made.registerTool("plain", { inputSchema: schema }, (args) => {
      args.n++;
      return text(args.n);
    });
    made.registerTool("meta", { inputSchema: schema }, (args, { _meta }) => {
      args.list.push(1);
      if (_meta) _meta.progressToken = "other";
      return { ...text(args.list), _meta: { a: 1 } };
    });
    made.registerTool("throw", { inputSchema: schema }, (args) => {
      args.list.length = 0;
      throw new Error("no");
    });
    made.registerTool("nested", { inputSchema: { any: z46.any() } }, ({ any }) => {
      (any as { a: number }).a = 2;
      return { ...text(any), _meta: {} };
    });
  });

  test("answers alike, however often it is called", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    for (let time = 0; time < 5; time++) {
      expect(textOf(await callTool(server, "plain", { n: 1 }))).toBe("2");
      expect(textOf(await callTool(server, "meta", { list: [] }))).toBe("[1]");
      expect((await callTool(server, "throw", { list: [1] })).isError).toBe(true);
      expect(textOf(await callTool(server, "nested", { any: { a: 1 } }))).toBe('{"a":2}');
    }
  });

  test("is run once for each round that it asks in", async () => {
    let runs = 0;
    const called = await callModern(
      serverOf((made) => {
        made.registerTool("ask", { inputSchema: schema }, async (args, { elicit, once }) => {
          runs++;
          args.n++;
          const list = await once("list", () => [1]);
          list.push(2);
          const { action } = await elicit(ask);
          return text([args.n, list, action]);
        });
      }),
      { name: "ask", arguments: { n: 1 } },
      () => ({ action: "accept", content: { empty: null } }),
      { url },
    );
    expect({ runs, text: textOf(called.result) }).toEqual({ runs: 2, text: '[2,[1,2],"accept"]' });
  });

  test("does not change what it has said before", async () => {
    const said = { at: 1 };
    const response = await serverOf((made) => {
      made.registerTool("log", {}, async ({ log }) => {
        const first = log("info", said);
        said.at = 2;
        await first;
        return text("done");
      });
    })(legacy(url, "tools/call", { name: "log" }));
    expect(await response.text()).toContain('"data":{"at":1}');
  });

  test("on older wires, too", async () => {
    const called = await callLegacy(
      (request) => server(request),
      { name: "plain", arguments: { n: 1 } },
      () => ({}),
      { url },
    );
    expect(textOf(called.result)).toBe("2");
  });
});

describe("half a surrogate pair", () => {
  const half = "a\ud800b";
  const whole = "😀 \\ud800";
  const server = serverOf((made) => {
    made.registerTool("text", { description: half }, () => ({ content: [{ type: "text", text: half + whole }] }));
    made.registerTool("slow", {}, () => ({ content: [{ type: "text", text: half }], _meta: { a: half } }));
    made.registerTool("throw", {}, () => {
      throw new z46.ZodError([]);
    });
    made.registerTool("echo", { inputSchema: { any: z46.any() } }, ({ any }) => ({
      content: [{ type: "text", text: Object.values(any as Record<string, string>).join() }],
    }));
    made.registerTool("say", {}, async ({ progress, log }) => {
      await progress(1, 2, half);
      await log("info", { [half]: half });
      return { content: [{ type: "text", text: half }] };
    });
    made.registerPrompt("prompt", { description: half }, () => ({
      messages: [{ role: "user", content: { type: "text", text: half } }],
    }));
  });

  test.each([
    ["a result", "tools/call", { name: "text" }],
    ["a result that is decided about", "tools/call", { name: "slow" }],
    ["what is said before it", "tools/call", { name: "say", _meta: { progressToken: 1 } }],
    ["what came from the client", "tools/call", { name: "echo", arguments: { any: { [half]: half } } }],
    ["a list", "tools/list", {}],
    ["a prompt", "prompts/get", { name: "prompt" }],
    ["a list of prompts", "prompts/list", {}],
  ])("%s has U+FFFD for it", async (_, method, params) => {
    for (const make of [modern, legacy]) {
      const body = await (await server(make(url, method, params))).text();
      expect(body).toContain("a\\ufffdb");
      expect(body.replaceAll("\\\\ud800", "")).not.toMatch(/\\ud[89a-f]/i);
      if ("name" in params && params.name === "text") expect(body).toContain("😀 \\\\ud800");
    }
  });

  test("in a text for the model or of an error breaks nothing", async () => {
    const { result } = await messageOf<ToolResult>(
      serverOf((made) => {
        made.registerTool("refuse", { inputSchema: { a: z46.string().refine(() => false, half) } }, () => text(1));
      })(legacy(url, "tools/call", { name: "refuse", arguments: { a: "x" } })),
    );
    expect(textOf(result)).toContain("a\ufffdb");
  });
});

describe("null is absent", () => {
  const server = serverOf((made) => {
    made.registerTool("tool", { title: null as never, _meta: null as never }, () => text("ran"));
    made.registerTool(
      "absent",
      {},
      () => ({ ...text("ran"), isError: null, _meta: null, structuredContent: undefined }) as never,
    );
    made.registerResource("one", "notes://one", { description: null as never }, () => ({
      contents: [{ uri: "notes://one", text: "x", mimeType: null as never }],
    }));
  });

  test("in what is sent", async () => {
    const revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
    for (const revision of revisions) {
      for (const params of [null, { cursor: null }, { cursor: "", _meta: null }]) {
        for (const list of ["tools/list", "resources/list"]) {
          const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: list, params });
          const response = await server(post(url, body, { headers: { "mcp-protocol-version": revision } }));
          expect(await response.json(), `${revision} ${list} ${body}`).toHaveProperty("result");
        }
      }
      const body = JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "tool", arguments: null },
      });
      const response = await server(post(url, body, { headers: { "mcp-protocol-version": revision } }));
      expect(textOf((await messageOf<ToolResult>(response)).result)).toBe('"ran"');
    }
  });

  test("in what is answered: no client gets a null where it knows none", async () => {
    for (const [method, params] of [
      ["tools/list", {}],
      ["tools/call", { name: "absent" }],
      ["resources/list", {}],
      ["resources/read", { uri: "notes://one" }],
    ] as const) {
      for (const make of [modern, legacy]) {
        expect(await (await server(make(url, method, params))).text(), method).not.toContain("null");
      }
    }
  });
});
