/** Whatever `initialize` and `server/discover` announce works with what this very Worker has. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { McpServer, type McpServerOptions, ResourceTemplate, completable, createMcpHandler } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { initialize, legacy, modern } from "../../harness/messages.ts";
import { type Answering, HOST, begin, messageOf } from "./lib/client.ts";
import { watched } from "./lib/schema.ts";

type Capabilities = Record<string, { listChanged?: boolean; subscribe?: boolean } | undefined>;

const url = `${HOST}/mcp`;
const ERAS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/** What a Worker has: objects, or nothing but its name, main file and date. */
const workers: Record<string, () => [unknown, ExecutionContext]> = {
  "with an object class": () => [env, createExecutionContext()],
  "without any object": () => [{}, { waitUntil() {}, passThroughOnException() {}, exports: {} } as never],
};

/** The README's smallest server, one with everything, and one that declares all it can think of. */
const servers: Record<string, [McpServerOptions, (server: McpServer) => void]> = {
  smallest: [{}, addTool],
  "one that has nothing": [{}, () => {}],
  "one with everything": [{}, addAll],
  "one that declares everything": [
    {
      capabilities: {
        logging: {},
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        experimental: { more: {} },
        ...({ tasks: { list: {} } } as object),
      },
    },
    addTool,
  ],
};

function addTool(server: McpServer) {
  server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, async ({ a, b }, { log }) => {
    await log("warning", "adding");
    return { content: [{ type: "text", text: String(a + b) }] };
  });
}

function addAll(server: McpServer) {
  addTool(server);
  server.registerResource("readme", "file:///readme", {}, (uri) => ({ contents: [{ uri: uri.href, text: "read" }] }));
  const template = new ResourceTemplate("file:///{name}", { list: undefined, complete: { name: () => ["a"] } });
  server.registerResource("file", template, {}, (uri) => ({ contents: [{ uri: uri.href, text: "file" }] }));
  server.registerPrompt("greet", { argsSchema: { name: completable(z.string(), () => ["ada"]) } }, ({ name }) => ({
    messages: [{ role: "user", content: { type: "text", text: `Hello ${name}` } }],
  }));
}

/** What has to be answered with a result where a capability is announced. */
const CALLS: Record<string, [method: string, params: Record<string, unknown>][]> = {
  tools: [["tools/list", {}]],
  prompts: [["prompts/list", {}]],
  resources: [
    ["resources/list", {}],
    ["resources/templates/list", {}],
  ],
  logging: [["logging/setLevel", { level: "error" }]],
  completions: [],
  experimental: [],
};
const SUBSCRIBE: [string, Record<string, unknown>][] = [
  ["resources/subscribe", { uri: "file:///readme" }],
  ["resources/unsubscribe", { uri: "file:///readme" }],
];

for (const [has, surroundings] of Object.entries(workers)) {
  describe(`a Worker ${has}`, () => {
    for (const [kind, [about, fill]] of Object.entries(servers)) {
      const handler = createMcpHandler(() => {
        const server = new McpServer({ name: "test", version: "1.0.0" }, about);
        fill(server);
        return server;
      });
      const answering: Answering = watched((request) => handler(request, ...surroundings()));

      test.each(ERAS)(`${kind}: what it announces on %s works`, async (version) => {
        const begun = await answering(initialize(url, {}, version));
        const session = String(begun.headers.get("mcp-session-id"));
        const { capabilities } = (await messageOf<{ capabilities: Capabilities }>(begun)).result;
        for (const [name, announced] of Object.entries(capabilities)) {
          expect(Object.keys(CALLS), "known to this test").toContain(name);
          const calls = [...(CALLS[name] ?? []), ...(announced?.subscribe ? SUBSCRIBE : [])];
          for (const [method, params] of calls) {
            const message = await messageOf(answering(legacy(url, method, params, { session, revision: version })));
            expect(message, method).toHaveProperty("result");
          }
        }
        const hears = Object.values(capabilities).some((announced) => announced?.listChanged);
        const headers = { accept: "text/event-stream", "mcp-session-id": session };
        const stream = await answering(new Request(url, { headers }));
        expect(stream.status).toBe(has === "with an object class" ? 200 : 405);
        if (hears) expect(stream.status).toBe(200);
        await stream.body?.cancel();
      });

      test(`${kind}: what it announces by server/discover works`, async () => {
        const discovered = await messageOf<{ capabilities: Capabilities }>(
          answering(modern(url, "server/discover", {})),
        );
        for (const name of Object.keys(discovered.result.capabilities)) {
          if (name === "logging") continue; // there each request names its level
          for (const [method, params] of CALLS[name] ?? []) {
            expect(await messageOf(answering(modern(url, method, params))), method).toHaveProperty("result");
          }
        }
      });
    }
  });
}

describe("a Worker without any object", () => {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "test", version: "1.0.0" });
    addTool(server);
    return server;
  });
  const answering: Answering = watched((request) =>
    handler(request, ...(workers["without any object"]?.() ?? raise())),
  );

  test("has no method that needs one, and says so", async () => {
    const session = await begin(answering, url);
    for (const [method, params] of [...(CALLS.logging ?? []), ...SUBSCRIBE]) {
      const { error } = await messageOf(answering(legacy(url, method, params, { session })));
      expect(error.code, method).toBe(-32601);
      expect(error.message).toContain("no Durable Object");
    }
  });

  test("sends no log messages to sessions, whose level it cannot keep, and those that a request names", async () => {
    const session = await begin(answering, url);
    const params = { name: "add", arguments: { a: 1, b: 2 } };
    const told = await (await answering(legacy(url, "tools/call", params, { session }))).text();
    expect(told).toContain('"text":"3"');
    expect(told).not.toContain("notifications/message");
    const meta = { "io.modelcontextprotocol/logLevel": "debug" };
    const named = await (await answering(modern(url, "tools/call", { ...params, _meta: meta }))).text();
    expect(named).toContain("notifications/message");
  });
});

const raise = (): never => {
  throw new Error("no such Worker");
};
