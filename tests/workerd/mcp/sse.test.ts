/** HTTP+SSE, for old clients: the same for an agent in the Worker and for one in its session's object. */
import { describe, expect, test, vi } from "vitest";
import { type Message, type Sent, type ToolResult, legacy, post } from "../../harness/messages.ts";
import { held } from "./app/agents.ts";
import { calls } from "./app/changing.ts";
import { HOST, messageOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

interface Opened {
  stream: EventReader;
  response: Response;
  /** Where to post, as the stream's first event says. */
  url: string;
  send: (method: string, params?: Record<string, unknown>, sent?: Sent) => Promise<Response>;
}

/** Opens a stream and waits for its `endpoint` event. */
async function open(path: string, headers: Record<string, string> = {}): Promise<Opened> {
  const response = await worker(new Request(HOST + path, { headers: { accept: "text/event-stream", ...headers } }));
  const stream = new EventReader(response);
  const first = await stream.next();
  if (first?.event !== "endpoint") throw new Error(`no endpoint, but ${JSON.stringify(first)}`);
  const url = new URL(first.data, HOST).href;
  return {
    stream,
    response,
    url,
    send: (method, params = {}, sent = {}) =>
      worker(legacy(url, method, params, { revision: null, ...sent, headers: { ...headers, ...sent.headers } })),
  };
}

describe.each([
  { where: "in the Worker", path: "/plain-sse", tool: { name: "add", arguments: { a: 2, b: 3 } }, text: "5" },
  { where: "in its session's object", path: "/placed-sse", tool: { name: "count" }, text: "1" },
])("an agent $where", ({ path, tool, text }) => {
  test("the stream opens at once and says where to post", async () => {
    const { response, url, stream } = await open(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(response.headers.get("vary")).toBe("Origin");
    expect(response.headers.get("mcp-session-id")).toBeNull();
    expect(url).toMatch(new RegExp(`^${HOST}${path}/message\\?sessionId=[\\w-]+$`));
    await stream.close();
  });

  test("messages are accepted, and their answers come on the stream", async () => {
    const { stream, send } = await open(path);
    const params = { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "old", version: "1" } };
    const accepted = await send("initialize", params, { id: 0 });
    expect([accepted.status, await accepted.text()]).toEqual([202, ""]);
    expect(accepted.headers.get("vary")).toBe("Origin");
    const { id, result } = await stream.message<Message>();
    expect([id, result.protocolVersion]).toEqual([0, "2024-11-05"]);
    expect((await send("tools/call", tool, { id: "call" })).status).toBe(202);
    const called = await stream.message<Message<ToolResult>>();
    expect([called.id, textOf(called.result)]).toEqual(["call", text]);
    await stream.close();
  });

  test("errors of a message come on the stream, too", async () => {
    const { stream, send } = await open(path);
    expect((await send("tools/paint", {}, { id: 1 })).status).toBe(202);
    expect((await stream.message<Message>()).error.code).toBe(-32601);
    expect((await send("tools/call", { name: "subtract" }, { id: 2 })).status).toBe(202);
    expect((await stream.message<Message>()).error.message).toBe('Unknown tool "subtract".');
    await stream.close();
  });

  test("a notification is accepted, a body that is no message is refused", async () => {
    const { stream, send, url } = await open(path);
    const notification = post(url, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
    expect((await worker(notification)).status).toBe(202);
    expect((await worker(post(url, "{"))).status).toBe(400);
    expect((await worker(post(url, "{}", { headers: { "content-type": "text/plain" } }))).status).toBe(415);
    await send("ping", {}, { id: "after" });
    expect((await stream.message<Message>()).id).toBe("after");
    await stream.close();
  });

  test("once the client is gone, its session is 404", async () => {
    const { stream, send } = await open(path);
    expect((await send("ping")).status).toBe(202);
    await stream.close();
    await vi.waitFor(async () => expect((await send("ping")).status).toBe(404), { timeout: 5000, interval: 50 });
    const { error } = await messageOf(send("ping"));
    expect(error).toEqual({
      code: -32001,
      message: "The stream does not exist, or is closed. Open a new one with GET.",
    });
  });

  test("another user's session is 404, and the stream hears nothing of it", async () => {
    const { stream, send } = await open(path, { "x-user": "ann" });
    expect((await send("ping", {}, { id: "bob", headers: { "x-user": "bob" } })).status).toBe(404);
    expect((await send("ping", {}, { id: "ann" })).status).toBe(202);
    expect((await stream.message<Message>()).id).toBe("ann");
    await stream.close();
  });

  test("a session that nobody began is 404, none at all is 400", async () => {
    const ping = (query: string) => worker(legacy(`${HOST}${path}/message${query}`, "ping", {}, { revision: null }));
    expect((await ping("?sessionId=nonsense")).status).toBe(404);
    expect((await ping("")).status).toBe(400);
    expect((await ping("?sessionId=")).status).toBe(404);
  });

  test("streams of many users carry their own answers only, with equal ids", async () => {
    const users = Array.from({ length: 10 }, (_, n) => `user-${n}`);
    const opened = await Promise.all(users.map((user) => open(path, { "x-user": user })));
    const calls = 10;
    const sent = Array.from({ length: calls }, (_, id) => opened.map(({ send }) => send("tools/call", tool, { id })));
    const statuses = await Promise.all(sent.flat().map(async (response) => (await response).status));
    expect(new Set(statuses)).toEqual(new Set([202]));
    for (const { stream } of opened) {
      const answered = [];
      for (let n = 0; n < calls; n++) answered.push(Number((await stream.message<Message>()).id));
      expect(answered.sort((a, b) => a - b)).toEqual(Array.from({ length: calls }, (_, n) => n));
      await stream.close();
    }
  });

  test("methods other than the endpoint's are 405", async () => {
    expect((await worker(post(HOST + path, "{}"))).status).toBe(405);
    expect((await worker(new Request(`${HOST}${path}/message`))).status).toBe(405);
  });
});

describe.each(["/changing-sse", "/changing-placed-sse", "/late-placed-sse"])("the stream of %s", (path) => {
  interface Notice {
    method: string;
    params?: Record<string, unknown>;
  }
  const update = (uri: string, more: object = {}) => ({ name: "update", arguments: { uri, ...more } });

  test("tells of resources that its session follows, whoever changes them for this caller", async () => {
    const { stream, send } = await open(path, { "x-user": "ann" });
    const other = await open(path, { "x-user": "ann" });
    await send("resources/subscribe", { uri: "test://one" }, { id: 1 });
    expect(await stream.message<Message>()).toMatchObject({ id: 1, result: {} });
    await send("resources/subscribe", { uri: "test://two" }, { id: 2 });
    expect((await stream.message<Message>()).id).toBe(2);
    await other.send("tools/call", update("test://one"), { id: "there" });
    expect(await stream.message<Notice>()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/resources/updated",
      params: { uri: "test://one" },
    });
    expect((await other.stream.message<Message>()).id, "who does not follow it hears nothing").toBe("there");
    await send("resources/unsubscribe", { uri: "test://one" }, { id: 3 });
    expect((await stream.message<Message>()).id).toBe(3);
    await other.send("tools/call", update("test://one"));
    await other.send("tools/call", update("test://two"));
    expect((await stream.message<Notice>()).params).toEqual({ uri: "test://two" });
    await stream.close();
    await other.stream.close();
  });

  test("tells of lists that change, and of nothing of another caller's", async () => {
    const [ann, bob] = [await open(path, { "x-user": "ann" }), await open(path, { "x-user": "bob" })];
    await ann.send("resources/subscribe", { uri: "test://one" }, { id: 1 });
    expect((await ann.stream.message<Message>()).id).toBe(1);
    await bob.send("tools/call", update("test://one"), { id: 2 });
    await bob.send("tools/call", { name: "change", arguments: { what: "tools" } }, { id: 3 });
    await bob.send("tools/call", { name: "change", arguments: { what: "prompts", everybody: true } }, { id: 4 });
    expect((await ann.stream.message<Notice>()).method).toBe("notifications/prompts/list_changed");
    await ann.send("tools/call", { name: "change", arguments: { what: "tools" } }, { id: 5 });
    expect((await ann.stream.message<Notice>()).method).toBe("notifications/tools/list_changed");
    await ann.stream.close();
    await bob.stream.close();
  });

  test("a call that is cancelled stops, and is not answered", async () => {
    const { stream, send, url } = await open(path);
    const { waiting } = calls;
    expect((await send("tools/call", { name: "wait_for_signal" }, { id: "w" })).status).toBe(202);
    await vi.waitUntil(() => calls.waiting > waiting);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "w" } };
    expect((await worker(post(url, JSON.stringify(cancel)))).status).toBe(202);
    await send("tools/call", { name: "seen_cancelled" }, { id: "after" });
    const next = await stream.message<Message<ToolResult>>();
    expect([next.id, textOf(next.result)]).toEqual(["after", "true"]);
    await stream.close();
  });
});

test("an agent in its object keeps its state for the stream's session", async () => {
  const { stream, send } = await open("/placed-sse");
  for (const count of ["1", "2", "3"]) {
    await send("tools/call", { name: "count" });
    expect(textOf((await stream.message<Message<ToolResult>>()).result)).toBe(count);
  }
  await stream.close();
});

test("a call is accepted before it has ended", async () => {
  const { stream, send } = await open("/plain-sse");
  Object.assign(held, { begun: 0, released: false });
  expect((await send("tools/call", { name: "slow", arguments: { together: 1 } })).status).toBe(202);
  held.released = true;
  expect(textOf((await stream.message<Message<ToolResult>>()).result)).toBe("slow");
  await stream.close();
});
