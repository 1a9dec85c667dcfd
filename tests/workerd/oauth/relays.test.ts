/** The list of revocations and its relays, as objects; see `js/oauth/revocations.ts` and docs/scale.md. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { clock } from "mcp-wicket/testing";
import { afterEach, expect, test } from "vitest";
import type { RevocationChanges } from "../../../js/oauth/relays.ts";
import type { MyMCP } from "./app/worker.ts";

type Objects = DurableObjectNamespace<MyMCP>;

/** The namespace, by its binding or by the export. */
const objects =
  (env as unknown as { MCP_OBJECT?: Objects }).MCP_OBJECT ?? (exports as unknown as { MyMCP: Objects }).MyMCP;

async function ask<T>(name: string, call: string, input: object): Promise<T> {
  return JSON.parse(await objects.getByName(name).wicketAsk(name, call, JSON.stringify(input))) as T;
}

const append = (...grants: string[]) => ask("revocations", "append", { grants, until: Date.now() + 3_600_000 });
const since = (name: string, cursor: number, calls?: number) =>
  ask<RevocationChanges>(name, "since", { cursor, calls });
const grantsOf = ({ grants }: RevocationChanges) => grants.map(([grant]) => grant);

afterEach(() => clock.reset());

test("a relay tells what the list tells, from any cursor on", async () => {
  await append("a", "b");
  const { cursor } = await since("revocations", 0);
  await append("c", "d");
  expect(grantsOf(await since("revocations:1", cursor))).toEqual(["c", "d"]);
  const all = await since("revocations:1", 0);
  expect(grantsOf(all)).toEqual(grantsOf(await since("revocations", 0)));
  expect(await since("revocations:1", all.cursor)).toMatchObject({ cursor: all.cursor, grants: [], more: false });
});

test("a relay asks the list again after five seconds, and says how old its news are", async () => {
  const before = await since("revocations:2", 0);
  expect(before.age).toBeLessThan(5_000);
  await append("later");
  expect(grantsOf(await since("revocations:2", before.cursor))).toEqual([]);
  clock.advance("6s");
  const after = await since("revocations:2", before.cursor);
  expect(grantsOf(after)).toEqual(["later"]);
  expect(after.age).toBeLessThan(5_000);
});

test("a relay keeps nothing", async () => {
  await since("revocations:3", 0);
  const kept = await runInDurableObject(objects.getByName("revocations:3"), async (_, { storage }) => [
    ...(await storage.list()).keys(),
    ...storage.sql.exec("SELECT name FROM sqlite_master WHERE name LIKE 'wicket%'").toArray(),
  ]);
  expect(kept).toEqual([]);
});

test("where many ask, the list says how many relays there are, and goes on saying so in its next life", async () => {
  expect((await since("revocations", 0)).relays).toBe(0);
  clock.advance("11s");
  // A relay reports what it has answered: 11,000 calls in eleven seconds or a little more.
  expect((await since("revocations", 0, 11_000)).relays).toBe(32);
  expect((await since("revocations:4", 0)).relays).toBe(32);
  const kept = await runInDurableObject(objects.getByName("revocations"), (_, { storage }) =>
    storage.kv.get("wicket:relays"),
  );
  expect(kept).toBe(32);
  // A hundred seconds with less to do halve it.
  for (let window = 1; window <= 10; window++) {
    clock.advance("11s");
    expect((await since("revocations", 0)).relays).toBe(window < 10 ? 32 : 16);
  }
});

const HOUR = 3600_000;
const rule = (name: string) => {
  const before = clock.now().getTime();
  return ask("revocations", "rule", { rule: name, before, until: before + 181 * 24 * HOUR });
};
const rulesSince = async (version: number) =>
  (await ask<RevocationChanges>("revocations", "since", { cursor: 0, version })).rules.map(([name]) => name);
const inTheList = <T>(work: (storage: DurableObjectStorage) => T | Promise<T>) =>
  runInDurableObject(objects.getByName("revocations"), (_, { storage }) => work(storage));

test("a rule for half a year keeps no grant beyond its time, and what is over is told to nobody", async () => {
  await rule("client:for-half-a-year");
  const until = clock.now().getTime() + HOUR;
  await ask("revocations", "append", { grants: ["for-an-hour"], until });
  expect(await inTheList((storage) => storage.getAlarm())).toBeLessThanOrEqual(until);
  const relay = "revocations:5";
  for (const name of ["revocations", relay]) expect(grantsOf(await since(name, 0))).toContain("for-an-hour");
  clock.advance("61m");
  for (const name of ["revocations", relay]) expect(grantsOf(await since(name, 0))).not.toContain("for-an-hour");
  await runDurableObjectAlarm(objects.getByName("revocations"));
  const kept = await inTheList(({ sql }) => sql.exec("SELECT grant_id FROM wicket_ended").toArray());
  expect(kept).toEqual([]);
  expect(await rulesSince(0)).toEqual(["client:for-half-a-year"]);
  expect(await inTheList((storage) => storage.getAlarm())).toBeGreaterThan(clock.now().getTime() + HOUR);
});

test("versions of rules go on where they were when all rules are over", async () => {
  await rule("client:earlier");
  const { version } = await ask<RevocationChanges>("revocations", "since", { cursor: 0, version: 0 });
  expect(await rulesSince(version)).toEqual([]);
  clock.advance("182d");
  await runDurableObjectAlarm(objects.getByName("revocations"));
  expect(await inTheList(({ sql }) => sql.exec("SELECT rule FROM wicket_rules").toArray())).toEqual([]);
  // Also on the clock of before, where nothing but the counter tells.
  clock.reset();
  await rule("all:later");
  expect(await rulesSince(version)).toEqual(["all:later"]);
});

test("whoever knows of a version that the list does not is told all rules", async () => {
  await rule("client:one");
  const { version } = await ask<RevocationChanges>("revocations", "since", { cursor: 0, version: 0 });
  const all = await rulesSince(0);
  expect(await rulesSince(version + 1)).toEqual(all);
  // A list of an earlier release has no counter: its rules tell.
  await inTheList(({ kv }) => kv.delete("wicket:rules"));
  expect(await rulesSince(version)).toEqual([]);
  await rule("client:two");
  expect(await rulesSince(version)).toEqual(["client:two"]);
});
