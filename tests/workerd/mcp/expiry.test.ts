/** What an agent keeps in its session's object goes with the session. */
import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Sent, type ToolResult, initialize, legacy, modern, post } from "../../harness/messages.ts";
import { held } from "./app/agents.ts";
import { HOST, begin, callTool, messageOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

const HOUR = 3600 * 1000;

const namespaces = {
  Keeping: env.LIST_KEEPING,
  OwnAlarm: env.LIST_OWN_ALARM,
  Stateful: env.LIST_STATEFUL,
  WicketObject: env.LIST_WICKET_OBJECT,
};
type Class = keyof typeof namespaces;

/** All objects of a class, with what each has. */
async function objectsOf(name: Class) {
  const namespace = namespaces[name];
  const all = [];
  for (const id of await listDurableObjectIds(namespace)) {
    const stub = namespace.get(id);
    const has = await runInDurableObject(stub, async (_, { storage }) => ({
      tables: storage.sql.exec("select name from sqlite_master where name not glob '_cf_*'").toArray().length,
      entries: [...storage.kv.list()].length,
      alarm: await storage.getAlarm(),
    }));
    all.push({ stub, ...has });
  }
  return all;
}

/** Those that have anything. */
const keeping = async (name: Class = "Keeping") =>
  (await objectsOf(name)).filter(({ tables, entries, alarm }) => tables + entries > 0 || alarm !== null);

/** How many hours from now an alarm goes off. */
const hours = (alarm: number | null | undefined) => Math.round(((alarm ?? 0) - Date.now()) / HOUR);

async function ring(name: Class): Promise<void> {
  for (const { stub, alarm } of await keeping(name)) if (alarm !== null) await runDurableObjectAlarm(stub);
}

const keep = async (url: string, session: string, sent: Sent = {}) =>
  textOf(
    (await messageOf<ToolResult>(worker(legacy(url, "tools/call", { name: "keep" }, { session, ...sent })))).result,
  );

const end = (url: string, session: string, headers: Record<string, string> = {}) =>
  worker(new Request(url, { method: "DELETE", headers: { "mcp-session-id": session, ...headers } }));

afterEach(async () => {
  for (const name of ["Keeping", "OwnAlarm", "Stateful", "WicketObject"] as const) {
    for (const { stub } of await objectsOf(name)) {
      await runInDurableObject(stub, async (_, { storage }) => {
        await storage.deleteAlarm();
        await storage.deleteAll();
      });
    }
  }
});

describe("sessions that are kept", () => {
  const url = `${HOST}/keeping-kept`;
  const ann = { headers: { "x-user": "ann" } };

  test("take what their agents keep along when they are ended, and nothing else", async () => {
    const [one, two] = [await begin(worker, url, ann), await begin(worker, url, ann)];
    expect([await keep(url, one, ann), await keep(url, one, ann), await keep(url, two, ann)]).toEqual(["1", "2", "1"]);
    expect(await keeping()).toHaveLength(2);
    expect((await end(url, one, { "x-user": "bob" })).status).toBe(404);
    expect(await keeping()).toHaveLength(2);
    expect((await end(url, one, ann.headers)).status).toBe(204);
    expect(await keeping()).toHaveLength(1);
    expect(await keep(url, two, ann)).toBe("2");
    expect((await end(url, two, ann.headers)).status).toBe(204);
    expect(await keeping()).toEqual([]);
    expect(await keeping("WicketObject"), "but for the keyring").toHaveLength(1);
  });

  test("end once nobody has used them for a day", async () => {
    const session = await begin(worker, url);
    await keep(url, session);
    expect((await keeping()).map(({ alarm }) => hours(alarm))).toEqual([24]);
    await ring("Keeping");
    expect(
      (await keeping()).map(({ alarm }) => hours(alarm)),
      "its session is still there",
    ).toEqual([1]);
    expect(await keep(url, session)).toBe("2");
    await ring("WicketObject");
    expect((await worker(legacy(url, "ping", {}, { session }))).status).toBe(404);
    await ring("Keeping");
    expect(await keeping()).toEqual([]);
  });

  test("cancel what still runs, and what that writes goes as well", async () => {
    const session = await begin(worker, url);
    held.begun = 0;
    const late = worker(legacy(url, "tools/call", { name: "keep_late" }, { session }));
    await vi.waitUntil(() => held.begun > 0);
    expect((await end(url, session)).status).toBe(204);
    expect(textOf((await messageOf<ToolResult>(late)).result)).toBe("true");
    expect((await keeping()).map(({ alarm }) => hours(alarm))).toEqual([1]);
    await ring("Keeping");
    expect(await keeping()).toEqual([]);
  });
});

describe("sessions that are not kept", () => {
  test("last as long as their ids, and so does what their agents keep", async () => {
    const url = `${HOST}/keeping`;
    const session = await begin(worker, url);
    expect(await keep(url, session)).toBe("1");
    expect((await keeping()).map(({ alarm }) => hours(alarm))).toEqual([30 * 24]);
    await ring("Keeping");
    expect(await keeping()).toEqual([]);
  });

  test("over HTTP+SSE they last as long as their stream", async () => {
    const path = "/keeping-sse";
    const stream = new EventReader(
      await worker(new Request(HOST + path, { headers: { accept: "text/event-stream" } })),
    );
    const url = new URL((await stream.next())?.data ?? "", HOST).href;
    await worker(legacy(url, "tools/call", { name: "keep" }, { revision: null }));
    await stream.message();
    expect((await keeping()).map(({ alarm }) => hours(alarm))).toEqual([24]);
    await ring("Keeping");
    expect(await keeping()).toHaveLength(1);
    await stream.close();
    await expect
      .poll(async () => (await worker(legacy(url, "ping", {}, { revision: null }))).status, { timeout: 5000 })
      .toBe(404);
    await ring("Keeping");
    expect(await keeping()).toEqual([]);
  });
});

describe("2026-07-28", () => {
  const url = `${HOST}/keeping`;

  test("what an agent keeps for nobody in particular is gone in an hour", async () => {
    expect(textOf(await callTool(worker, "keep", {}, {}, url))).toBe("1");
    expect((await keeping()).map(({ alarm }) => hours(alarm))).toEqual([1]);
    await ring("Keeping");
    expect(await keeping()).toEqual([]);
  });

  test("what it keeps for a person stays", async () => {
    const ann = { headers: { "x-user": "ann" } };
    expect(textOf(await callTool(worker, "keep", {}, ann, url))).toBe("1");
    expect((await keeping()).map(({ alarm }) => alarm)).toEqual([null]);
    expect((await worker(modern(url, "tools/list", {}, ann))).status).toBe(200);
    expect(textOf(await callTool(worker, "keep", {}, ann, url))).toBe("2");
  });
});

test("an agent's own alarm is its own", async () => {
  const url = `${HOST}/own-alarm`;
  await keep(url, await begin(worker, url));
  expect((await keeping("OwnAlarm")).map(({ alarm }) => hours(alarm))).toEqual([1000]);
  await ring("OwnAlarm");
  expect(await keeping("OwnAlarm"), "its alarm deletes nothing").toHaveLength(1);
  const kept = `${HOST}/own-alarm-kept`;
  const session = await begin(worker, kept);
  await keep(kept, session);
  expect(await keeping("OwnAlarm")).toHaveLength(2);
  expect((await end(kept, session)).status).toBe(204);
  expect(await keeping("OwnAlarm")).toHaveLength(1);
});

describe("nothing is made for what asks nothing of the agent", () => {
  const url = `${HOST}/keeping`;
  /** Objects that there are, whether they have anything or not. */
  const count = async () => (await listDurableObjectIds(env.LIST_KEEPING)).length;
  const old = { headers: { "mcp-protocol-version": "2025-03-26" } };
  const late = { headers: { "mcp-protocol-version": "2025-11-25" } };
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "keep" } };

  test.each<[what: string, status: number, request: () => Request]>([
    ["no JSON", 400, () => post(url, "garbage")],
    ["no JSON on 2026-07-28", 400, () => post(url, "garbage", { headers: { "mcp-protocol-version": "2026-07-28" } })],
    ["nothing at all", 400, () => post(url, "")],
    ["another media type", 415, () => post(url, JSON.stringify(call), { headers: { "content-type": "text/plain" } })],
    ["an answer that is not taken", 406, () => post(url, JSON.stringify(call), { headers: { accept: "text/html" } })],
    ["5 MB", 413, () => post(url, " ".repeat(5_000_000))],
    ["what is not UTF-8", 400, () => post(url, new Uint8Array([0x22, 0xff, 0x22]))],
    ["no message", 400, () => post(url, "{}")],
    ["a call of nothing", 200, () => legacy(url, "tools/call")],
    ["a method that is none", 404, () => modern(url, "tools/paint")],
    ["headers that disagree", 400, () => modern(url, "tools/list", {}, { headers: { "mcp-method": "tools/call" } })],
    ["ping", 200, () => legacy(url, "ping")],
    ["a notification", 202, () => post(url, '{"jsonrpc":"2.0","method":"notifications/initialized"}')],
    ["an answer", 202, () => post(url, '{"jsonrpc":"2.0","id":1,"result":{}}')],
    ["a revision that is none", 400, () => legacy(url, "tools/list", {}, { revision: "2020-01-01" })],
    ["a session that nobody began", 404, () => legacy(url, "tools/list", {}, { session: "garbage" })],
    ["a batch of garbage", 400, () => post(url, '[{"jsonrpc":"2.0","id":1}, 5]', old)],
    ["a batch of a revision without", 400, () => post(url, JSON.stringify([call]), late)],
    ["a batch without end", 400, () => post(url, JSON.stringify(Array(101).fill(call)), old)],
    ["a message of HTTP+SSE without a session", 400, () => legacy(`${url}-sse/message`, "tools/list")],
    ["one of a stream that is not there", 404, () => legacy(`${url}-sse/message?sessionId=garbage`, "tools/list")],
  ])("%s: %i, and no object", async (_, status, request) => {
    const before = await count();
    const response = await worker(request());
    await response.text();
    expect(response.status).toBe(status);
    expect(await count()).toBe(before);
  });

  test("a message of a stream that is closed makes no object either", async () => {
    const stream = new EventReader(
      await worker(new Request(`${url}-sse`, { headers: { accept: "text/event-stream" } })),
    );
    const messages = new URL((await stream.next())?.data ?? "", HOST).href;
    await stream.close();
    const before = await count();
    await vi.waitFor(async () => {
      const answer = await worker(legacy(messages, "tools/list", {}, { revision: null }));
      await answer.text();
      expect(answer.status).toBe(404);
    });
    expect(await count()).toBe(before);
  });

  test("an object in which nobody keeps anything has nothing, not even an alarm", async () => {
    const stateful = `${HOST}/stateful`;
    await (await worker(initialize(stateful))).text();
    await callTool(worker, "increment", {}, {}, stateful).catch(() => {});
    const session = await begin(worker, stateful);
    await messageOf(worker(legacy(stateful, "tools/list", {}, { session })));
    expect((await keeping("Stateful")).length, "that of the call, which has counted").toBe(1);
    await messageOf(worker(legacy(stateful, "tools/call", { name: "increment" }, { session })));
    expect((await keeping("Stateful")).map(({ alarm }) => hours(alarm)).sort()).toEqual([1, 720]);
  });
});
