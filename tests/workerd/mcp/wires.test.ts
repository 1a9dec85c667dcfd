/** Tools over both wires: 2026-07-28, and the `initialize` era with its sessions and batches. */
import { describe, expect, test } from "vitest";
import {
  LEGACY,
  MODERN,
  type Message,
  type ToolList,
  type ToolResult,
  initialize,
  legacy,
  modern,
  post,
  wires,
} from "../../harness/messages.ts";
import { held } from "./app/agents.ts";
import { HOST, begin, messageOf, worker } from "./lib/client.ts";

const url = `${HOST}/plain`;
const add = { name: "add", arguments: { a: 2, b: 3 } };

describe.each(wires)("on $wire", ({ ask }) => {
  test("a tool is called, and the id comes back as it was", async () => {
    for (const id of ["x", "", 0, -7, 9007199254740991]) {
      const response = await worker(ask(url, "tools/call", add, { id }));
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/json");
      const message = await messageOf<ToolResult>(response);
      expect(message).toMatchObject({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: "5" }] } });
    }
  });

  test("the tools are listed in the order of their registration", async () => {
    const { result } = await messageOf<ToolList>(worker(ask(url, "tools/list")));
    expect(result.tools.map(({ name }) => name)).toEqual([
      "add",
      "slow",
      "sleep",
      "read_state",
      "write_state",
      "run_sql",
      "query",
      "has_storage",
    ]);
    expect(result.tools[0]?.inputSchema).toMatchObject({
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number" } },
      required: ["a", "b"],
    });
  });

  test("a tool that does not exist is a JSON-RPC error that names it", async () => {
    const { error } = await messageOf(worker(ask(url, "tools/call", { name: "subtract" })));
    expect(error).toEqual({ code: -32602, message: 'Unknown tool "subtract".' });
  });

  test("wrong parameters say which", async () => {
    const broken = await messageOf(worker(ask(url, "tools/call", { name: "add", arguments: [1, 2] })));
    expect(broken.error).toEqual({ code: -32602, message: "`params.arguments` must be an object." });
    const nameless = await messageOf(worker(ask(url, "tools/call", {})));
    expect(nameless.error).toEqual({ code: -32602, message: "`params.name` must be a string." });
  });

  test("a method that does not exist is a JSON-RPC error", async () => {
    const { error } = await messageOf(worker(ask(url, "tools/paint")));
    expect(error).toEqual({ code: -32601, message: 'Unknown method "tools/paint".' });
  });

  test("a notification is taken in without a word", async () => {
    const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
    const headers = { "mcp-protocol-version": ask === modern ? MODERN : LEGACY };
    const response = await worker(post(url, body, { headers }));
    expect([response.status, await response.text()]).toEqual([202, ""]);
  });

  test("only POST is answered, and OPTIONS", async () => {
    for (const method of ["GET", "DELETE", "PUT"]) {
      const headers = { accept: "text/event-stream", "mcp-protocol-version": ask === modern ? MODERN : LEGACY };
      const response = await worker(new Request(url, { method, headers }));
      // The old wire has streams as well, which belong to sessions.
      const others = ask === modern || method === "GET" ? "POST, OPTIONS" : "GET, POST, OPTIONS";
      expect([response.status, response.headers.get("allow")]).toEqual([405, others]);
    }
  });
});

describe("2026-07-28", () => {
  test("every result is marked complete and names the server; lists say how long they keep", async () => {
    const { result } = await messageOf<ToolResult>(worker(modern(url, "tools/call", add)));
    const serverInfo = { name: "plain", version: "1.0.0" };
    expect(result).toEqual({
      resultType: "complete",
      _meta: { "io.modelcontextprotocol/serverInfo": serverInfo },
      content: [{ type: "text", text: "5" }],
    });
    const list = await messageOf(worker(modern(url, "tools/list")));
    expect(list.result).toMatchObject({ resultType: "complete", ttlMs: 60000, cacheScope: "private" });
  });

  test("the server describes itself", async () => {
    const { result } = await messageOf(worker(modern(url, "server/discover")));
    expect(result).toMatchObject({
      supportedVersions: [MODERN],
      capabilities: { tools: { listChanged: true }, logging: {} },
      instructions: "Be plain.",
    });
  });

  test("there are no sessions", async () => {
    const response = await worker(modern(url, "tools/call", add, { headers: { "mcp-session-id": "nonsense" } }));
    expect([response.status, response.headers.get("mcp-session-id")]).toEqual([200, null]);
  });

  test.each([
    ["Mcp-Method", { "mcp-method": "tools/list" }],
    ["Mcp-Name", { "mcp-name": "subtract" }],
    ["MCP-Protocol-Version", { "mcp-protocol-version": LEGACY }],
  ])("the header %s must say what the body says", async (name, headers) => {
    const response = await worker(modern(url, "tools/call", add, { headers }));
    const { error } = await messageOf(response);
    expect([response.status, error.code]).toEqual([400, -32020]);
    expect(error.message).toContain(name);
  });

  test("a version that is not served is answered with those that are", async () => {
    const version = "2027-01-01";
    const params = { ...add, _meta: { "io.modelcontextprotocol/protocolVersion": version } };
    const response = await worker(modern(url, "tools/call", params, { headers: { "mcp-protocol-version": version } }));
    const { error } = await messageOf(response);
    expect(response.status).toBe(400);
    expect(error).toMatchObject({ code: -32022, data: { supported: [MODERN], requested: version } });
  });

  test("a request without its envelope is refused", async () => {
    const response = await worker(legacy(url, "tools/call", add, { revision: MODERN }));
    expect([response.status, (await messageOf(response)).error.code]).toEqual([400, -32602]);
  });

  test("a method that does not exist is a 404, a tool that does not exist is not", async () => {
    expect((await worker(modern(url, "tools/paint"))).status).toBe(404);
    expect((await worker(modern(url, "tools/call", { name: "subtract" }))).status).toBe(200);
  });
});

describe("the initialize era", () => {
  test.each(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])(
    "%s is agreed on and spoken",
    async (revision) => {
      const response = await worker(initialize(url, {}, revision));
      const session = response.headers.get("mcp-session-id") ?? "";
      expect(session).toMatch(/^[\x21-\x7e]{1,256}$/);
      expect((await messageOf(response)).result).toEqual({
        protocolVersion: revision,
        capabilities: { tools: { listChanged: true }, logging: {} },
        serverInfo: { name: "plain", version: "1.0.0" },
        instructions: "Be plain.",
      });
      const called = await messageOf<ToolResult>(worker(legacy(url, "tools/call", add, { session, revision })));
      expect(called.result).toEqual({ content: [{ type: "text", text: "5" }] });
    },
  );

  test("a revision nobody knows is answered with the newest", async () => {
    const { result } = await messageOf(worker(initialize(url, {}, "1999-01-01")));
    expect(result.protocolVersion).toBe(LEGACY);
  });

  test("a session id that nobody made is 404", async () => {
    for (const session of ["nonsense", "A".repeat(51), ""]) {
      const response = await worker(legacy(url, "tools/list", {}, { session }));
      expect([session, response.status]).toEqual([session, 404]);
    }
  });

  test("a session belongs to who began it", async () => {
    const ann = { headers: { "x-user": "ann" } };
    const session = await begin(worker, url, ann);
    const status = async (headers: Record<string, string>) =>
      (await worker(legacy(url, "tools/list", {}, { session, headers }))).status;
    await expect(status({ "x-user": "ann" })).resolves.toBe(200);
    await expect(status({ "x-user": "bob" })).resolves.toBe(404);
    await expect(status({})).resolves.toBe(404);
  });

  test("a client that says nothing of revision and session is served", async () => {
    const { result } = await messageOf<ToolResult>(worker(legacy(url, "tools/call", add, { revision: null })));
    expect(result.content).toEqual([{ type: "text", text: "5" }]);
  });

  test("a ping is answered", async () => {
    const { result } = await messageOf(worker(legacy(url, "ping")));
    expect(result).toEqual({});
  });
});

describe("batches", () => {
  const call = (id: number, a: number) =>
    ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "add", arguments: { a, b: 1 } } }) as const;
  const send = (messages: object[], revision: string | null = null) =>
    worker(
      post(url, JSON.stringify(messages), { headers: revision === null ? {} : { "mcp-protocol-version": revision } }),
    );

  test("2025-03-26 has them: one answer for each request, in one array", async () => {
    const notification = { jsonrpc: "2.0", method: "notifications/progress", params: {} };
    const unknown = { jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "subtract" } };
    for (const revision of [null, "2025-03-26"]) {
      const response = await send([call(1, 1), notification, call(2, 2), unknown], revision);
      const answers: Message<ToolResult>[] = await response.json();
      expect(answers.map(({ id }) => id)).toEqual([1, 2, 3]);
      expect(answers.slice(0, 2).map(({ result }) => result.content[0]?.text)).toEqual(["2", "3"]);
      expect(answers[2]?.error.code).toBe(-32602);
    }
  });

  test("a batch of one is answered by an array of one", async () => {
    const list = { jsonrpc: "2.0", id: 2, method: "tools/list" };
    for (const request of [call(1, 1), list]) {
      const answers: Message[] = await (await send([request])).json();
      expect(answers).toHaveLength(1);
      expect(answers[0]).toMatchObject({ jsonrpc: "2.0", id: request.id, result: {} });
    }
  });

  test("its calls run at the same time", async () => {
    const slow = (id: number) => ({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name: "slow", arguments: { together: 10 } },
    });
    Object.assign(held, { begun: 0, released: true });
    const response = await send(Array.from({ length: 10 }, (_, id) => slow(id)));
    expect(await response.json()).toHaveLength(10);
  });

  test("a batch of notifications has no answer", async () => {
    const response = await send([{ jsonrpc: "2.0", method: "notifications/initialized" }]);
    expect([response.status, await response.text()]).toEqual([202, ""]);
  });

  test.each(["2025-06-18", "2025-11-25", MODERN])("%s has none", async (revision) => {
    const response = await send([call(1, 1)], revision);
    expect(response.status).toBe(400);
  });

  test("an empty batch is refused", async () => {
    const response = await send([]);
    expect([response.status, (await messageOf(response)).error.code]).toEqual([400, -32600]);
  });
});
