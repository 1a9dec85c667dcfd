/** Streams over real sockets: many listeners at once, clients that go away, two users interleaved. */
import { beforeAll, expect, test } from "vitest";
import { type Message, type ToolResult, modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { Gate } from "./lib/gate.ts";
import { read, reset, send } from "./lib/socket.ts";

let worker: Running;
let gate: Gate;

beforeAll(async () => {
  gate = await new Gate().start();
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  return () => Promise.all([worker.stop(), gate.stop()]);
});

/** Lets go of whoever waits at `path`. */
async function left(path: string): Promise<void> {
  gate.open(path);
  await gate.until(() => !gate.has(path));
}

test("1,000 listeners hear of a change", { timeout: 120_000 }, async () => {
  const url = `${worker.url}/mcp`;
  const filter = { notifications: { toolsListChanged: true } };
  const sockets = [];
  for (let wave = 0; wave < 10; wave++) {
    const opened = Array.from({ length: 100 }, async (_, n) => {
      const socket = await send(worker.port, modern(url, "subscriptions/listen", filter, { id: wave * 100 + n }));
      await read(socket, /acknowledged/);
      return socket;
    });
    sockets.push(...(await Promise.all(opened)));
  }
  const heard = sockets.map((socket) => read(socket, /notifications\/tools\/list_changed/));
  await (await fetch(modern(url, "tools/call", { name: "change" }))).text();
  await Promise.all(heard);
  await Promise.all(sockets.map(reset));
});

test("the signal of an agent in its object fires when its client goes away", { timeout: 60_000 }, async () => {
  const url = `${worker.url}/placed`;
  const hold = { name: "hold", arguments: { name: "placed", url: `${gate.url}/hold/placed` } };
  const socket = await send(worker.port, modern(url, "tools/call", hold));
  await gate.until(() => gate.waiting === 1);
  await reset(socket);
  const aborted = async () => (await (await fetch(`${worker.url}/aborted`)).json()) as string[];
  await expect.poll(aborted, { timeout: 10_000 }).toContain("placed");
  await left("/hold/placed");
});

test("a stream that its client leaves fires the call's signal", { timeout: 60_000 }, async () => {
  const url = `${worker.url}/mcp`;
  const params = { name: "stream", arguments: { name: "left", url: `${gate.url}/left` }, _meta: { progressToken: 1 } };
  const socket = await send(worker.port, modern(url, "tools/call", params));
  await read(socket, /notifications\/progress/);
  await gate.until(() => gate.waiting === 1);
  await reset(socket);
  const aborted = async () => (await (await fetch(`${worker.url}/aborted`)).json()) as string[];
  await expect.poll(aborted, { timeout: 10_000 }).toContain("left");
  await left("/left");
});

test("a signal that is asked for after its client has left fires, too", { timeout: 60_000 }, async () => {
  const url = `${worker.url}/mcp`;
  const params = {
    name: "stream_first",
    arguments: { name: "late", url: `${gate.url}/late` },
    _meta: { progressToken: 1 },
  };
  const socket = await send(worker.port, modern(url, "tools/call", params));
  await read(socket, /notifications\/progress/);
  await gate.until(() => gate.waiting === 1);
  await reset(socket);
  // real time: the Worker has heard of it by then; if it has not, the signal fires when it has
  await new Promise((resolve) => setTimeout(resolve, 300));
  gate.open("/late");
  const aborted = async () => (await (await fetch(`${worker.url}/aborted`)).json()) as string[];
  await expect.poll(aborted, { timeout: 10_000 }).toContain("late");
});

test("1,000 calls of two users with equal ids, interleaved, each get their own", { timeout: 120_000 }, async () => {
  const url = `${worker.url}/mcp`;
  const users = ["ann", "bob"];
  for (let wave = 0; wave < 20; wave++) {
    const calls = Array.from({ length: 50 }, async (_, n) => {
      const user = users[n % 2] as string;
      const params = { name: "greet", _meta: { progressToken: n } };
      const response = await fetch(modern(url, "tools/call", params, { id: n >> 1, headers: { "x-user": user } }));
      const events = (await response.text()).split("\n\n").filter((event) => event.includes("data:"));
      expect(events).toHaveLength(2);
      const [progress, answer] = events.map((event) => JSON.parse(event.replace(/^[^]*?data: /, "")) as unknown);
      expect(progress).toMatchObject({ params: { progressToken: n, message: user } });
      const { id, result } = answer as Message<ToolResult>;
      expect([id, result.content[0]?.text]).toEqual([n >> 1, `hello ${user}`]);
    });
    await Promise.all(calls);
  }
});
