/** What is given out at one endpoint is of that endpoint, and of the caller whom the props name. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { McpServer, createMcpHandler } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import { type ToolResult, initialize, legacy, modern } from "../../harness/messages.ts";
import { HOST, begin, messageOf, textOf, worker } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";
import { EventReader } from "./lib/stream.ts";

describe("at another endpoint of the same Worker", () => {
  test.each([
    ["/plain", "/plain-open"],
    ["/placed", "/stateful"],
    ["/plain", "/placed"],
    ["/asking", "/asking-agent"],
  ])("a session of %s is none at %s", async (one, other) => {
    const session = await begin(worker, HOST + one);
    const ping = async (url: string) => (await worker(legacy(url, "ping", {}, { session }))).status;
    expect(await ping(HOST + one)).toBe(200);
    expect(await ping(HOST + other)).toBe(404);
    // A server may have several names.
    expect(await ping(`https://other.example.com${one}`)).toBe(200);
  });

  test("a session of HTTP+SSE is none at another stream's endpoint", async () => {
    const accept = { accept: "text/event-stream" };
    const stream = new EventReader(await worker(new Request(`${HOST}/plain-sse`, { headers: accept })));
    const url = new URL((await stream.next())?.data ?? "", HOST);
    const ping = async (path: string) =>
      (await worker(legacy(`${HOST}${path}/message${url.search}`, "ping", {}, { revision: null }))).status;
    expect(await ping("/plain-sse")).toBe(202);
    expect(await ping("/placed-sse")).toBe(404);
    expect(await ping("/asking-sse")).toBe(404);
    await stream.close();
  });

  test("the state of a round is refused", async () => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } } };
    const call = (path: string, more: object = {}) =>
      messageOf<ToolResult & { requestState: string }>(
        worker(modern(HOST + path, "tools/call", { name: "greet", _meta, ...more })),
      );
    const { requestState } = (await call("/asking")).result;
    const inputResponses = { "elicit-1": { action: "accept", content: { name: "Ann" } } };
    const { error } = await call("/asking-agent", { inputResponses, requestState });
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("requestState") as string });
    expect(textOf((await call("/asking", { inputResponses, requestState })).result)).toContain("Ann");
  });
});

describe("props by which the app says who is calling", () => {
  class User {
    readonly #id: string;
    constructor(id: string) {
      this.#id = id;
    }
    get id(): string {
      return this.#id;
    }
  }
  const handler = createMcpHandler(() => new McpServer({ name: "test", version: "1.0.0" }));
  const asks = (request: Request, props: Record<string, unknown>) =>
    handler(request, env, Object.assign(createExecutionContext(), { props }));

  test.each<[what: string, value: unknown, said: string]>([
    ["a Map", new Map([["id", "ann"]]), "has a value that JSON cannot represent (Map)"],
    ["a Set", new Set(["ann"]), "has a value that JSON cannot represent (Set)"],
    ["a class with private fields", new User("ann"), "has a value that JSON cannot represent (User)"],
    ["one further inside", { list: [{ user: new Map() }] }, "has a value that JSON cannot represent"],
    ["a function", () => "ann", "is a function"],
    ["a symbol", Symbol("ann"), "is a symbol"],
    ["a bigint", 1n, "is a bigint"],
    ["no number", Number.NaN, "is a number"],
  ])("%s: refused, since two callers would be one", async (_, user, said) => {
    const { value: response, log } = await logOf(() => asks(initialize(`${HOST}/mcp`), { user }));
    expect(response.status).toBe(500);
    expect(response.headers.get("mcp-session-id")).toBeNull();
    expect(log).toContain(`\`user\` ${said}`);
  });

  test("dates and URLs are told apart, and sessions are one caller's", async () => {
    const propsOf = (n: number) => ({
      user: { since: new Date(n), home: new URL(`https://${String(n)}.example`), tags: ["a", null, undefined, 1.5] },
    });
    const session = (await asks(initialize(`${HOST}/mcp`), propsOf(1))).headers.get("mcp-session-id") ?? "";
    const ping = async (n: number) => (await asks(legacy(`${HOST}/mcp`, "ping", {}, { session }), propsOf(n))).status;
    expect([await ping(1), await ping(2)]).toEqual([200, 404]);
  });
});
