/** Streams of one isolate that hear through one socket, whichever of them ends. */
import type { Socket } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { read, reset, send } from "./lib/socket.ts";

let worker: Running;
let url: string;

beforeAll(async () => {
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  url = `${worker.url}/mcp`;
  return () => worker.stop();
});

const as = (user: string) => ({ headers: { "x-user": user } });

async function listen(user: string, uri: string): Promise<Socket> {
  const params = { notifications: { resourceSubscriptions: [uri] } };
  const socket = await send(worker.port, modern(url, "subscriptions/listen", params, as(user)));
  await read(socket, /acknowledged/);
  return socket;
}

async function update(user: string, uri: string): Promise<void> {
  const params = { name: "update", arguments: { uri } };
  await (await fetch(modern(url, "tools/call", params, as(user)))).text();
}

/** How many sockets to objects were ever opened. */
const opened = async () => Number(await (await fetch(`${worker.url}/opened`)).text());

const heard = (socket: Socket, uri: string) => read(socket, new RegExp(`resources/updated.*"uri":"${uri}"`));

test("many streams, of many users, open one socket", { timeout: 60_000 }, async () => {
  const before = await opened();
  const users = Array.from({ length: 50 }, (_, n) => `user-${n % 10}`);
  const sockets = await Promise.all(users.map((user) => listen(user, "test://one")));
  expect((await opened()) - before).toBe(1);
  const of = (user: string) => sockets.filter((_, n) => users[n] === user);
  const said = of("user-4").map((socket) => {
    const text: string[] = [];
    socket.on("data", (chunk: Buffer) => text.push(chunk.toString()));
    return () => text.join("").split("resources/updated").length - 1;
  });
  for (const user of ["user-3", "user-4"]) {
    const hearing = of(user).map((socket) => heard(socket, "test://one"));
    await update(user, "test://one");
    await Promise.all(hearing);
  }
  expect(said.map((count) => count())).toEqual([1, 1, 1, 1, 1]);
  await Promise.all(sockets.map(reset));
});

test("clients that go away unnoticed take nobody with them", { timeout: 60_000 }, async () => {
  for (let n = 0; n < 30; n++) (await listen("bob", "test://one")).destroy();
  const open = await Promise.all(Array.from({ length: 5 }, () => listen("bob", "test://one")));
  for (let round = 0; round < 3; round++) {
    const hearing = open.map((socket) => heard(socket, "test://one"));
    await update("bob", "test://one");
    await Promise.all(hearing);
  }
  await Promise.all(open.map(reset));
});

test("whichever ends, and even while others come, the rest hear of everything", { timeout: 120_000 }, async () => {
  const open = [];
  for (let n = 0; n < 20; n++) open.push(await listen("ann", `test://${n % 2}`));
  for (let round = 0; round < 10; round++) {
    // The oldest keeps the socket.
    const gone = open.splice(0, 1 + (round % 3));
    const fresh = Promise.all([0, 1].map((n) => listen("ann", `test://${n}`)));
    const hearing = open.map((socket) => read(socket, /resources\/updated/));
    await Promise.all([...gone.map(reset), update("ann", "test://0"), update("ann", "test://1")]);
    await Promise.all(hearing);
    open.push(...(await fresh));
  }
  const hearing = open.map((socket) => read(socket, /resources\/updated/));
  await Promise.all([update("ann", "test://0"), update("ann", "test://1")]);
  await Promise.all(hearing);
  await Promise.all(open.map(reset));
  // With all gone, the next begins anew.
  const next = await listen("ann", "test://0");
  const last = heard(next, "test://0");
  await update("ann", "test://0");
  await last;
  await reset(next);
  expect(worker.log()).not.toContain("[mcp-wicket]");
});
