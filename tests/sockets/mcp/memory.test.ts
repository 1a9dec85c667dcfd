/**
 * What strangers can make an isolate hold. Each attack is bounded by count, and after each the isolate holds less than the 128
 * MiB that it may have: objects that are alive, the buffers beside them, and the memory of WebAssembly, which never shrinks.
 */
import { once } from "node:events";
import { type IncomingMessage, request as ask } from "node:http";
import { afterEach, beforeAll, expect, test } from "vitest";
import { type Message, type ToolResult, initialize, legacy, modern, post } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { aliveIn } from "./lib/inspector.ts";
import { reset, send } from "./lib/socket.ts";

const MiB = 1024 * 1024;
const CEILING = 128 * MiB;

let worker: Running;
let url: string;

beforeAll(async () => {
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  url = `${worker.url}/mcp`;
  return () => worker.stop();
});

const wasm = async () => (await (await fetch(`${worker.url}/memory`)).json()) as number;

/** What the isolate holds, in bytes. */
const held = async () => (await aliveIn(worker)) + (await wasm());

/** Streams that nobody reads. */
const unread: IncomingMessage[] = [];

/** Begins a request whose answer is not read. */
async function open(sent: Request): Promise<IncomingMessage> {
  const request = ask(sent.url, { method: sent.method, headers: Object.fromEntries(sent.headers), agent: false });
  request.on("error", () => {});
  request.end(Buffer.from(await sent.arrayBuffer()));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  response.pause();
  unread.push(response);
  return response;
}

afterEach(async () => {
  expect(await held()).toBeLessThan(CEILING);
  for (const response of unread.splice(0)) response.destroy();
  const hello = await fetch(modern(url, "tools/call", { name: "hello" }));
  expect(await hello.text()).toContain("hello");
});

const call = (name: string, args: object, id = 1) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":${JSON.stringify(args)}}}`;

/** Sends a body but for its last byte, and answers how to end it, and its response. */
function begin(sent: string, headers: Record<string, string>) {
  const head = { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers };
  const request = ask(url, { method: "POST", headers: head, agent: false });
  const response = once(request, "response").then(([response]) => {
    request.destroy();
    return (response as IncomingMessage).resume().statusCode;
  });
  request.on("error", () => {});
  request.write(sent.slice(0, -1));
  return { end: () => request.end(sent.slice(-1)), response };
}

test.each([
  ["whose length is said", (sent: string) => ({ "content-length": String(sent.length) })],
  ["in chunks", () => ({ "transfer-encoding": "chunked" })],
])(
  "40 bodies of 3 MB at once, %s: those for which there is no room are told so, the others are answered",
  async (_, headersOf) => {
    const sent = call("echo", { said: "x".repeat(3_000_000) });
    for (let round = 0; round < 2; round++) {
      const begun = Array.from({ length: 40 }, () => begin(sent, headersOf(sent)));
      // Of 3 MB, eleven fit into 32 MiB.
      const refused = new Set<number>();
      await new Promise<void>((resolve) => {
        begun.forEach(({ response }, n) => {
          void response.then(() => refused.add(n).size === 29 && resolve());
        });
      });
      expect(await held()).toBeLessThan(CEILING);
      for (const [n, { end }] of begun.entries()) if (!refused.has(n)) end();
      const statuses = await Promise.all(begun.map(({ response }) => response));
      expect(statuses.filter((status) => status === 200).length).toBe(11);
      expect(statuses.filter((status) => status === 503).length).toBe(29);
    }
  },
);

test("1,000 heads of 16 KB, each three times", { timeout: 120_000 }, async () => {
  for (let n = 0; n < 1000; n++) {
    const accept = `application/json, text/event-stream, x/${"a".repeat(16_000)}-${n}`;
    for (let times = 0; times < 3; times++) {
      await (await fetch(post(url, call("hello", {}), { headers: { accept } }))).text();
    }
  }
});

test("1,000 paths of 1 KB, of an app that serves each of them", { timeout: 120_000 }, async () => {
  for (let n = 0; n < 1000; n++) {
    const there = `${worker.url}/tenants/${n}${"a".repeat(1000)}`;
    expect((await fetch(post(there, call("hello", {})))).status).toBe(200);
  }
});

test("100 listeners that follow as much as they may; those for whom there is no room are told so", async () => {
  const listen = (resourceSubscriptions: string[], more = {}) =>
    modern(url, "subscriptions/listen", { notifications: { resourceSubscriptions }, ...more });
  const uris = (length: number) => Array.from({ length: 1000 }, (_, n) => `note:${n}`.padEnd(length, "x"));
  const refused = await fetch(listen(uris(4000)));
  expect(await refused.json()).toMatchObject({ error: { code: -32602 } });
  expect((await fetch(listen([], { more: "x".repeat(4 * MiB - 1000) }))).headers.get("content-type")).toContain("json");
  const statuses = new Set<number | undefined>();
  for (let n = 0; n < 100; n++) statuses.add((await open(listen(uris(131)))).statusCode);
  expect([...statuses].sort()).toEqual([200, 503]);
});

test("a stream of HTTP+SSE that nobody reads, and 60 answers of 4 MB on it", { timeout: 120_000 }, async () => {
  const response = await open(new Request(`${worker.url}/sse`, { headers: { accept: "text/event-stream" } }));
  const [first] = (await once(response.resume(), "data")) as [Buffer];
  response.pause();
  const endpoint = /data: (\S+)/.exec(first.toString())?.[1] ?? "";
  const statuses = new Set<number>();
  for (let n = 0; n < 60; n++) {
    statuses.add((await fetch(post(worker.url + endpoint, call("big", { size: 4_000_000 }, n)))).status);
    if (n % 10 === 9) expect(await held()).toBeLessThan(CEILING);
  }
  // At first they are taken; then the stream is cut off, and there is no such session.
  expect(statuses).toContain(202);
  expect(statuses).not.toContain(500);
});

test("100 messages for a stream, each cut off in the middle", { timeout: 120_000 }, async () => {
  const response = await open(new Request(`${worker.url}/sse`, { headers: { accept: "text/event-stream" } }));
  const [first] = (await once(response.resume(), "data")) as [Buffer];
  const endpoint = /data: (\S+)/.exec(first.toString())?.[1] ?? "";
  for (let n = 0; n < 100; n++) {
    const body = call("echo", { said: "x".repeat(2_000_000) }, n);
    await reset(await send(worker.port, post(worker.url + endpoint, body)));
  }
});

test("12 calls that tell 20 MB each, and nobody reads it", { timeout: 120_000 }, async () => {
  const _meta = { progressToken: 1 };
  for (let n = 0; n < 12; n++) {
    const tell = { name: "tell", arguments: { count: 200, size: 100_000 }, _meta };
    const response = await open((n % 2 === 0 ? modern : legacy)(url, "tools/call", tell));
    expect(response.headers["content-type"]).toBe("text/event-stream");
  }
});

test("12 sessions whose calls tell 20 MB each, and nobody reads it", { timeout: 120_000 }, async () => {
  for (let n = 0; n < 12; n++) {
    const session = (await fetch(initialize(url))).headers.get("mcp-session-id") ?? "";
    const tell = { name: "tell", arguments: { count: 200, size: 100_000 }, _meta: { progressToken: 1 } };
    await open(legacy(url, "tools/call", tell, { session }));
  }
});

test("a batch of 100 answers of 1 MB: those that do not fit are told so, the others are there", async () => {
  const batch = `[${Array.from({ length: 100 }, (_, n) => call("big", { size: 1_000_000 }, n)).join(",")}]`;
  const before = await wasm();
  const answers = (await (
    await fetch(post(url, batch, { headers: { "mcp-protocol-version": "2025-03-26" } }))
  ).json()) as Message<ToolResult>[];
  expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  const there = answers.filter((answer) => "result" in answer);
  expect(there.length).toBe(8);
  expect(there[0]?.result.content[0]?.text.length).toBe(1_000_000);
  const [told] = answers.filter((answer) => "error" in answer);
  expect(told?.error.message).toContain("more than 8 MiB");
  expect((await wasm()) - before).toBeLessThan(64 * MiB);
});

test("ids, progress tokens and metadata of 4 MB are refused, not repeated", async () => {
  const long = "x".repeat(4_000_000);
  const tell = (_meta: object) =>
    legacy(url, "tools/call", { name: "tell", arguments: { count: 100, size: 1 }, _meta });
  for (const _meta of [{ progressToken: long }, { progressToken: 1, more: long }]) {
    const answer = await fetch(tell(_meta));
    expect([answer.status, (await answer.text()).length < 1000]).toEqual([400, true]);
  }
  const answer = await fetch(legacy(url, "tools/list", {}, { id: long }));
  expect([answer.status, (await answer.text()).length < 1000]).toEqual([400, true]);
});

test("a session that follows 1,000 resources of 8 KB", { timeout: 120_000 }, async () => {
  const session = (await fetch(initialize(url))).headers.get("mcp-session-id") ?? "";
  let refused = 0;
  for (let n = 0; n < 1000; n++) {
    const uri = `note:${n}`.padEnd(8_000, "x");
    const answer = (await (await fetch(legacy(url, "resources/subscribe", { uri }, { session }))).json()) as Message;
    if ("error" in answer) refused++;
  }
  expect(refused).toBeGreaterThan(900);
  const headers = { accept: "text/event-stream", "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" };
  expect((await open(new Request(url, { headers }))).statusCode).toBe(200);
});
