/** The connection of an isolate at a hub: many streams, one socket. (Streams of different requests: `tests/sockets/mcp/hub-connection.test.ts`.) */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { askObject, objectsOf } from "../../../js/objects/objects.ts";
import { join, type HubMessage } from "../../../js/mcp/server/hub-connection.ts";

const objects = await objectsOf(createExecutionContext(), env, {});
/** Each test has a hub of its own. */
let hub = "hub:0";
let hubs = 0;

afterEach(() => {
  vi.useRealTimers();
  hub = `hub:${++hubs}`;
});

const worldOf = () => ({
  objects: () => objects,
  askObject: (object: string, call: string, input: unknown) => askObject(objects, object, call, JSON.stringify(input)),
  admitted: { place: {} },
});

/** A stream that hears what is said under these tags. */
const stream = (...tags: string[]) => streamIn(worldOf(), ...tags);

async function streamIn(world: ReturnType<typeof worldOf>, ...tags: string[]) {
  const source = await join(world, hub, tags, true);
  const heard: HubMessage[] = [];
  let isOver = false;
  void source.run((said) => heard.push(said)).then(() => (isOver = true));
  return { source, heard, world, isOver: () => isOver, news: () => heard.map(({ news }) => news) };
}

const say = (tag: string, news: string) =>
  askObject(objects, hub, "reach", JSON.stringify({ tag, message: JSON.stringify({ news }) }));

const inHub = <T>(body: (sockets: WebSocket[]) => T) =>
  runInDurableObject(objects.getByName(hub), (_, state) =>
    body(state.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN)),
  );

const sockets = () => inHub(({ length }) => length);

test("streams share a socket, and each hears what it wants to", async () => {
  const [ann, bob, both] = await Promise.all([stream("ann", "all"), stream("bob", "all"), stream("ann", "bob")]);
  expect(await sockets()).toBe(1);
  expect(await say("ann", "1")).toBe("true");
  expect(await say("bob", "2")).toBe("true");
  expect(await say("all", "3")).toBe("true");
  expect(await say("nobody", "4")).toBe("false");
  await expect.poll(() => ann.news()).toEqual(["1", "3"]);
  await expect.poll(() => bob.news()).toEqual(["2", "3"]);
  await expect.poll(() => both.news()).toEqual(["1", "2"]);
});

test("a stream that ends hears nothing more; with the last one the socket is closed", async () => {
  const first = await stream("a");
  const second = await stream("a");
  await second.source.end();
  await say("a", "1");
  await expect.poll(() => first.news()).toEqual(["1"]);
  expect(second.news()).toEqual([]);
  await first.source.end();
  await expect.poll(sockets).toBe(0);
  expect(await say("a", "2")).toBe("false");
  const third = await stream("a");
  await say("a", "3");
  await expect.poll(() => third.news()).toEqual(["3"]);
});

test("when the owner ends another takes over, and nothing is lost meanwhile", async () => {
  const owner = await stream("a");
  const others = await Promise.all([stream("a"), stream("b", "a"), stream("b")]);
  const said = Array.from({ length: 20 }, (_, n) => `${n}`);
  const saying = (async () => {
    for (const news of said) await say("a", news);
  })();
  const late = Promise.all([stream("c"), owner.source.end(), stream("c")]);
  await saying;
  const [one, , two] = await late;
  for (const other of others.slice(0, 2)) await expect.poll(() => [...new Set(other.news())]).toEqual(said);
  expect(others[2].news()).toEqual([]);
  await expect.poll(sockets).toBe(1);
  await say("c", "late");
  for (const stream of [one, two]) await expect.poll(() => stream.news()).toEqual(["late"]);
});

test("a stream that cannot take over is passed over", async () => {
  const owner = await stream("a");
  const broken = await stream("a");
  const next = await stream("a");
  broken.world.objects = () => {
    throw new Error("no objects any more");
  };
  await owner.source.end();
  expect(await sockets()).toBe(1);
  await say("a", "1");
  for (const stream of [broken, next]) await expect.poll(() => stream.news()).toEqual(["1"]);
});

test("where a owner was cut off another notices, and all hear that they may have missed something", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const owner = await stream("a");
  const [one, two] = await Promise.all([stream("a"), stream("b")]);
  const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
  later(30);
  owner.source.check();
  later(30);
  for (const { source } of [one, two]) source.check();
  await say("a", "1");
  await expect.poll(() => one.news()).toEqual(["1"]);
  expect(two.heard).toEqual([]);
  later(15);
  for (const { source } of [one, two]) source.check();
  await expect.poll(() => [one.heard.at(-1), two.heard.at(-1)]).toEqual([{ missed: true }, { missed: true }]);
  // One has taken over, and looks after the connection from now on. (This owner is still there, and closes its socket.)
  await expect.poll(sockets).toBe(1);
  later(30);
  for (const { source } of [one, two]) source.check();
  later(30);
  for (const { source } of [one, two]) source.check();
  expect([one.heard.length, two.heard.length]).toEqual([2, 1]);
});

test(
  "streams keep the connection in turns; one that takes nothing of what it is given is over",
  { timeout: 60_000 },
  async () => {
    const cut = await join(worldOf(), hub, ["a"], true);
    const first = await stream("a");
    const second = await stream("a");
    const name = () =>
      runInDurableObject(objects.getByName(hub), (_, state) =>
        state.getWebSockets().flatMap((socket) => state.getTags(socket)),
      );
    const [before] = await name();
    const said = Array.from({ length: 1010 }, (_, n) => `${n}`);
    for (const news of said) await say("a", news);
    await cut.run(() => expect.unreachable());
    await cut.end();
    await expect.poll(sockets).toBe(1);
    expect(await name()).not.toContain(before);
    for (const one of [first, second]) await expect.poll(() => [...new Set(one.news())]).toEqual(said);
  },
);

test("who joins an ear that the hub does not know takes over", async () => {
  const first = await stream("a");
  const world = worldOf();
  const { askObject } = world;
  // The owner's request was cut off, and the socket went with it.
  world.askObject = async () => {
    world.askObject = askObject;
    return "false";
  };
  const second = await streamIn(world, "b");
  await expect.poll(() => first.heard).toEqual([{ missed: true }]);
  await first.source.end();
  await say("b", "1");
  await expect.poll(() => second.news().slice(-1)).toEqual(["1"]);
});

test("when the hub closes the socket, all streams are over, and the next begins anew", async () => {
  const streams = await Promise.all([stream("a"), stream("a"), stream("b")]);
  await inHub((sockets) => sockets.forEach((socket) => socket.close(1012, "restart")));
  await expect.poll(() => streams.every(({ isOver }) => isOver())).toBe(true);
  for (const { source } of streams) await source.end();
  const next = await stream("a");
  await say("a", "1");
  await expect.poll(() => next.news()).toEqual(["1"]);
});

test("an ear with more tags than the hub can keep hears everything, its streams do not", async () => {
  const tags = Array.from({ length: 290 }, (_, n) => `of:${String(n).padStart(43, "0")}`);
  const [first, second] = [await stream(...tags), await stream("b", "c")];
  expect(await say("elsewhere", "1")).toBe("false");
  const third = await stream(...tags.map((tag) => `${tag}x`));
  expect(await say("elsewhere", "2")).toBe("true");
  await say("b", "3");
  await expect.poll(() => second.news()).toEqual(["3"]);
  expect([...first.news(), ...third.news()]).toEqual([]);
});

test("where the hub cannot be reached, joining fails, and the next one may", async () => {
  const world = { ...worldOf(), askObject: () => Promise.reject(new Error("unreachable")) };
  await expect(join(world, hub, ["a"], true)).rejects.toThrow("unreachable");
  const next = await stream("a");
  await say("a", "1");
  await expect.poll(() => next.news()).toEqual(["1"]);
});
