/** What reaches a call or a stream in another isolate, through the session's mailbox and the server's hub. */
import { beforeAll, expect, test } from "vitest";
import { LEGACY, type Message, type ToolResult, initialize, legacy, modern, post } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { Gate } from "./lib/gate.ts";
import { read, reset, send } from "./lib/socket.ts";

let worker: Running;
let gate: Gate;
/** One isolate's endpoint, and the other's. */
let here: string;
let there: string;

const vars = { WICKET_SECRET: "not-a-secret-only-for-tests-0123456789abcdefghijklm" };

beforeAll(async () => {
  gate = await new Gate().start();
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"), { twin: true, vars });
  here = `${worker.url}/reached`;
  there = `${worker.twin.url}/reached`;
  return () => Promise.all([worker.stop(), gate.stop()]);
});

async function begin(): Promise<string> {
  const request = initialize(here);
  const { params, ...rest } = (await request.json()) as { params: object };
  const body = JSON.stringify({ ...rest, params: { ...params, capabilities: { elicitation: {} } } });
  const response = await fetch(post(here, body));
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

const inSession = (session: string) => ({ "mcp-session-id": session, "mcp-protocol-version": LEGACY });

/** Posts a notification or a response to the other isolate. */
async function postThere(session: string, message: object): Promise<void> {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  expect((await fetch(post(there, body, { headers: inSession(session) }))).status).toBe(202);
}

const abortedIn = async (site: string) => (await (await fetch(`${site}/aborted`)).json()) as string[];

test("the two isolates share no memory", async () => {
  const url = `${gate.url}/apart`;
  const socket = await send(
    worker.port,
    modern(here, "tools/call", { name: "hold", arguments: { name: "apart", url } }),
  );
  await gate.until(() => gate.has("/apart"));
  await reset(socket);
  await expect.poll(() => abortedIn(worker.url), { timeout: 10_000 }).toContain("apart");
  expect(await abortedIn(worker.twin.url)).not.toContain("apart");
});

test("the response to a request of the server's, which comes to the other isolate", { timeout: 30_000 }, async () => {
  const session = await begin();
  const socket = await send(worker.port, legacy(here, "tools/call", { name: "ask" }, { id: "call", session }));
  const [, text = ""] = await read(socket, /data: (\{"jsonrpc":"2\.0","id".*\})\n\n/);
  const { id } = JSON.parse(text) as Message;
  const answer = read(socket, /hello Ann/);
  await postThere(session, { id, result: { action: "accept", content: { name: "Ann" } } });
  await answer;
  await reset(socket);
});

test("a cancellation that comes to the other isolate", { timeout: 30_000 }, async () => {
  const session = await begin();
  const held = async (name: string) => {
    const params = { name: "hold", arguments: { name, url: `${gate.url}/${name}` } };
    const socket = await send(worker.port, legacy(here, "tools/call", params, { id: 9, session }));
    await gate.until(() => gate.has(`/${name}`));
    // real time: after half a second a call is reached through its session's object (WATCH_AFTER)
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return socket;
  };
  const untouched = await held("untouched");
  await postThere(session, { method: "notifications/cancelled", params: { requestId: "9" } });
  await postThere(await begin(), { method: "notifications/cancelled", params: { requestId: 9 } });
  const answer = read(untouched, /nobody went away/);
  gate.open("/untouched");
  await answer;
  expect(await abortedIn(worker.url), "another id, another session").not.toContain("untouched");
  await reset(untouched);
  const socket = await held("from-there");
  await postThere(session, { method: "notifications/cancelled", params: { requestId: 9 } });
  await expect.poll(() => abortedIn(worker.url), { timeout: 5000 }).toContain("from-there");
  gate.open("/from-there");
  await reset(socket);
});

test("a cancellation that comes to the other isolate in a call's first moments", { timeout: 30_000 }, async () => {
  const session = await begin();
  const params = { name: "hold", arguments: { name: "at-once", url: `${gate.url}/at-once` } };
  const socket = await send(worker.port, legacy(here, "tools/call", params, { id: "early", session }));
  await gate.until(() => gate.has("/at-once"));
  await postThere(session, { method: "notifications/cancelled", params: { requestId: "early" } });
  await expect.poll(() => abortedIn(worker.url), { timeout: 5000 }).toContain("at-once");
  gate.open("/at-once");
  await reset(socket);
});

test("a cancellation that comes to the call's own isolate", { timeout: 30_000 }, async () => {
  const session = await begin();
  const params = { name: "hold", arguments: { name: "from-here", url: `${gate.url}/from-here` } };
  const socket = await send(worker.port, legacy(here, "tools/call", params, { id: 9, session }));
  await gate.until(() => gate.has("/from-here"));
  const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9 } });
  expect((await fetch(post(here, body, { headers: inSession(session) }))).status).toBe(202);
  await expect.poll(() => abortedIn(worker.url), { timeout: 5000 }).toContain("from-here");
  // The call goes on in its own context: it still gets what it fetches, and answers.
  const answer = read(socket, /nobody went away/);
  gate.open("/from-here");
  await answer;
  await reset(socket);
});

test("changes, for listeners of either wire", { timeout: 30_000 }, async () => {
  const filter = { notifications: { toolsListChanged: true, resourceSubscriptions: ["test://one"] } };
  const listener = await send(worker.port, modern(here, "subscriptions/listen", filter));
  await read(listener, /acknowledged/);
  const session = await begin();
  const stream = new Request(here, { headers: { accept: "text/event-stream", ...inSession(session) } });
  const older = await send(worker.port, stream);
  await read(older, /: listening/);
  const subscribe = legacy(there, "resources/subscribe", { uri: "test://one" }, { session });
  expect(await (await fetch(subscribe)).json()).toMatchObject({ result: {} });
  const heard = [listener, older].map((socket) => read(socket, /resources\/updated[^]*tools\/list_changed/));
  await (await fetch(modern(there, "tools/call", { name: "update", arguments: { uri: "test://one" } }))).text();
  await (await fetch(modern(there, "tools/call", { name: "change" }))).text();
  await Promise.all(heard);
  await Promise.all([listener, older].map(reset));
});

test("the rest of a stream that broke off, which is asked for in the other isolate", { timeout: 30_000 }, async () => {
  const session = await begin();
  const call = legacy(here, "tools/call", { name: "break_off" }, { id: "long", session });
  const [, last = ""] = /id: (\S+)\n/.exec(await (await fetch(call)).text()) ?? [];
  const headers = { accept: "text/event-stream", "last-event-id": last, ...inSession(session) };
  expect(await (await fetch(there, { headers })).text()).toContain("the rest");
});

test("HTTP+SSE: messages that come to the other isolate", { timeout: 30_000 }, async () => {
  const path = "/reached-sse";
  const socket = await send(worker.port, new Request(worker.url + path, { headers: { accept: "text/event-stream" } }));
  const [, endpoint = ""] = await read(socket, /event: endpoint\ndata: (\S+)\n\n/);
  const [ours, theirs] = [new URL(endpoint, worker.url).href, new URL(endpoint, worker.twin.url).href];
  const say = async (url: string, method: string, params: object, id?: string) => {
    const body = JSON.stringify({ jsonrpc: "2.0", method, params, ...(id !== undefined && { id }) });
    expect((await fetch(post(url, body))).status).toBe(202);
  };
  let heard = read(socket, /"id":"list"/);
  await say(theirs, "tools/list", {}, "list");
  await heard;
  heard = read(socket, /"id":"follow"/);
  await say(theirs, "resources/subscribe", { uri: "test://one" }, "follow");
  await heard;
  heard = read(socket, /resources\/updated/);
  await say(theirs, "tools/call", { name: "update", arguments: { uri: "test://one" } }, "update");
  await heard;
  const url = `${gate.url}/sse-held`;
  await say(theirs, "tools/call", { name: "hold", arguments: { name: "sse-held", url } }, "held");
  await gate.until(() => gate.has("/sse-held"));
  await say(theirs, "notifications/cancelled", { requestId: "held" });
  // The call runs where its stream is: the request that has brought it is over.
  await expect.poll(() => abortedIn(worker.url), { timeout: 5000 }).toContain("sse-held");
  heard = read(socket, /"id":"(held|after)"/);
  gate.open("/sse-held");
  await gate.until(() => !gate.has("/sse-held"));
  await say(ours, "tools/call", { name: "hello" }, "after");
  expect((await heard)[1], "who has cancelled a call hears no answer").toBe("after");
  await reset(socket);
});

/** Runs where its stream is: the request that has brought it is over, and what it left behind would end after half a minute. */
test("HTTP+SSE: batches and the longest messages run where their stream is", { timeout: 60_000 }, async () => {
  const path = "/reached-sse";
  const leaving = new AbortController();
  const { signal } = leaving;
  const stream = await fetch(worker.url + path, { headers: { accept: "text/event-stream" }, signal });
  const events = eventsOf(stream);
  const endpoint = await events.next();
  const theirs = new URL(endpoint, worker.twin.url).href;
  const call = (id: string, said: string) =>
    ({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "echo", arguments: { said } } }) as const;
  const told = (message: Message<ToolResult>) => {
    const { text } = message.result.content[0] ?? { text: "" };
    return { id: message.id, isolate: text.slice(0, 36), said: text.slice(37) };
  };
  const say = async (messages: object) => {
    const headers = { "mcp-protocol-version": "2025-03-26" };
    expect((await fetch(post(theirs, JSON.stringify(messages), { headers }))).status).toBe(202);
    return events.next();
  };
  const first = told(JSON.parse(await say(call("first", "hello"))) as Message<ToolResult>);
  // Of one to four bytes, and such as JSON has to escape, over and over; the last is whole only if no part splits it.
  const long = 'a"\\ü€😀\u0001'.repeat(173_750);
  for (const said of ["x".repeat(300_000), "x".repeat(4 * 1024 * 1024 - 200), long]) {
    const { isolate, said: echoed } = told(JSON.parse(await say(call("long", said))) as Message<ToolResult>);
    expect(isolate).toBe(first.isolate);
    expect(echoed === said, `${said.length} characters come back whole`).toBe(true);
  }
  const batch = [call("one", "1"), { jsonrpc: "2.0", id: "list", method: "tools/list" }, call("two", "2")];
  const [one, list, two] = JSON.parse(await say(batch)) as Message<ToolResult>[];
  const [isolate, ids] = [first.isolate, [one?.id, list?.id, two?.id]];
  expect(ids).toEqual(["one", "list", "two"]);
  for (const [answer, id, said] of [
    [one, "one", "1"],
    [two, "two", "2"],
  ] as const) {
    expect(answer && told(answer)).toEqual({ id, isolate, said });
  }
  leaving.abort();
});

/** The data of a stream's events, one after the other. */
function eventsOf({ body }: Response): { next: () => Promise<string> } {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return {
    next: async () => {
      for (;;) {
        const end = rest.indexOf("\n\n");
        if (end >= 0) {
          const event = rest.slice(0, end);
          rest = rest.slice(end + 2);
          const [, data] = /^data: (.*)$/m.exec(event) ?? [];
          if (data !== undefined) return data;
          continue;
        }
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error("the stream has ended");
        rest += value;
      }
    },
  };
}

test("2026-07-28 asks in one isolate and is answered in the other", async () => {
  const _meta = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } };
  const asked = (await (await fetch(modern(here, "tools/call", { name: "ask", _meta }))).json()) as Message<{
    inputRequests: Record<string, unknown>;
    requestState: string;
  }>;
  const { inputRequests, requestState } = asked.result;
  const inputResponses = Object.fromEntries(
    Object.keys(inputRequests).map((key) => [key, { action: "accept", content: { name: "Ann" } }]),
  );
  const again = modern(there, "tools/call", { name: "ask", inputResponses, requestState, _meta }, { id: 2 });
  const { result } = (await (await fetch(again)).json()) as Message<ToolResult>;
  expect(result.content[0]?.text).toBe("hello Ann");
});
