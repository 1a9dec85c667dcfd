/** Behind a router, in a test, in a proxy: with as much of a context as there is, and requests of their making. */
import { env } from "cloudflare:workers";
import { APIKeyVerifier, OAuthProvider } from "mcp-wicket/oauth";
import { type AppFetch, McpServer, type RequestContext, createMcpHandler, protect } from "mcp-wicket/jwt";
import { describe, expect, test, vi } from "vitest";
import { type Message, type ToolResult, initialize, legacy, modern } from "../../harness/messages.ts";
import { Placed } from "./app/agents.ts";
import { Plain } from "./app/agents.ts";
import { HOST, messageOf, textOf } from "./lib/client.ts";

const handler = createMcpHandler(({ props }) => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  server.registerTool("who", {}, (context) => {
    const user = (props as { user?: string } | undefined)?.user ?? "nobody";
    return { content: [{ type: "text", text: `${user} ${String(context.signal.aborted)}` }] };
  });
  return server;
});
const who = () => modern(`${HOST}/mcp`, "tools/call", { name: "who" });

/** What routers pass on: Hono's `c.executionCtx`, what a test writes, or nothing. */
const contexts: [string, RequestContext | undefined, string][] = [
  ["waitUntil and props", { waitUntil() {}, props: { user: "ann" } }, "ann"],
  ["props alone", { props: { user: "ann" } }, "ann"],
  ["an empty object", {}, "nobody"],
  ["nothing", undefined, "nobody"],
  ["Hono's", { waitUntil() {}, passThroughOnException() {}, props: {} }, "nobody"],
];

test.each(contexts)(
  "with %s for a context, a handler, an agent and a guarded endpoint answer",
  async (_, ctx, user) => {
    const { result } = await messageOf<ToolResult>(handler(who(), {}, ctx));
    expect(textOf(result)).toBe(`${user} false`);
    const agent = await Plain.serve("/mcp").fetch(modern(`${HOST}/mcp`, "tools/list"), env, ctx);
    expect(agent.status).toBe(200);
    const session = await handler(initialize(`${HOST}/mcp`), env, ctx);
    expect((await messageOf<{ capabilities: object }>(session)).result.capabilities).toHaveProperty("logging");
    const guarded = protect(new APIKeyVerifier({ keys: () => null }), handler);
    expect((await guarded.fetch(who(), {}, ctx)).status).toBe(401);
  },
);

test("an agent in its object finds it by such a context, too", async () => {
  const served = Placed.serve("/mcp");
  for (const ctx of [{}, undefined, { waitUntil() {}, props: {} }]) {
    const response = await served.fetch(modern(`${HOST}/mcp`, "tools/list"), env, ctx);
    expect(response.status).toBe(200);
    expect((await messageOf<{ tools: object[] }>(response)).result.tools.length).toBeGreaterThan(0);
  }
});

test("handlers of the app's own may answer at once", async () => {
  const atOnce: AppFetch = () => new Response("a page");
  const guarded = protect(new APIKeyVerifier({ keys: () => null }), handler, { defaultHandler: atOnce });
  expect(await (await guarded.fetch(new Request(`${HOST}/page`), {})).text()).toBe("a page");
  const provider = new OAuthProvider({
    apiHandlers: { "/mcp": handler, "/api": atOnce },
    defaultHandler: { identify: () => null, fetch: atOnce },
  });
  expect(await (await provider.fetch(new Request(`${HOST}/page`), {}, {})).text()).toBe("a page");
});

describe("a request of somebody's making", () => {
  const { signal } = new AbortController();
  const ask = () => legacy(`${HOST}/mcp`, "ping", {}, { revision: null, signal });

  test.each([
    ["in the Worker", Plain.serve("/mcp").fetch],
    ["in an object", Placed.serve("/mcp").fetch],
  ])("may have a signal of its own: an agent %s", async (_, fetch) => {
    expect(ask().signal.aborted).toBe(false);
    const response = await fetch(ask(), env, {});
    expect(await messageOf(response)).toMatchObject({ result: {} });
    const copy = new Request(ask(), { signal: new AbortController().signal });
    expect((await fetch(copy, env, {})).status).toBe(200);
  });

  test.each([
    ["a handler", handler],
    ["an agent in the Worker", Plain.serve("/mcp").fetch],
    ["an agent in an object", Placed.serve("/mcp").fetch],
  ])("whose body was read before says what to do: %s", async (_, fetch) => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      for (const [length, read] of [
        [true, (request: Request) => request.text()],
        [false, (request: Request) => request.json()],
      ] as const) {
        const request = modern(`${HOST}/mcp`, "tools/list");
        if (length) request.headers.set("content-length", String((await request.clone().text()).length));
        const text = await read(request);
        const response = await fetch(request, env, {});
        expect(response.status).toBe(500);
        expect((await response.json<Message>()).error.message).toContain("new Request(request, { body: text })");
        expect(said).toHaveBeenCalledWith(expect.stringContaining("was read already"));
        const body = typeof text === "string" ? text : JSON.stringify(text);
        expect((await fetch(new Request(request, { body }), env, {})).status, "as it says").toBe(200);
      }
    } finally {
      said.mockRestore();
    }
  });
});

test("a class that is not there is looked for in silence", async () => {
  const said = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    class Unexported extends Plain {}
    const response = await Unexported.serve("/mcp").fetch(initialize(`${HOST}/mcp`), env, {});
    expect(response.status).toBe(200);
    expect(said.mock.calls.filter(([text]) => String(text).includes("exports"))).toEqual([]);
  } finally {
    said.mockRestore();
  }
});
