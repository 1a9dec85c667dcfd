/** Objects in their roles: rows that are written by one, and the keyring. */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { keysOf } from "../../../js/objects/keys.ts";
import { askObject, objectsOf } from "../../../js/objects/objects.ts";
import { Conflict, Rows } from "../../../js/objects/rows.ts";
import type { RowsCommit } from "../../../js/boundary/wire.ts";
import { golden } from "./lib/golden.ts";

const objects = await objectsOf(createExecutionContext(), env, {});
const write = (rows: Rows, commit: Partial<RowsCommit>) => rows.write({ put: [], remove: [], bump: [], ...commit });
const read = (rows: Rows, keys: string[], prefixes: string[] = []) =>
  JSON.parse(rows.read({ keys, prefixes })) as { version: number; rows: [string, string][] };
const inObject = <T>(name: string, body: (rows: Rows, state: DurableObjectState) => T) =>
  runInDurableObject(objects.getByName(name), (_, state) => body(new Rows(state.storage), state));

test("rows are written whole, once, and in order", () =>
  inObject("test:rows", (rows) => {
    expect(read(rows, ["a"])).toEqual({ version: 0, rows: [] });
    write(rows, {
      guard: 0,
      put: [
        ["grant:1", "1", null],
        ["grant:2", "2", null],
        ["grant", "0", null],
        ["h", "9", null],
      ],
    });
    expect(read(rows, ["h", "none"], ["grant:"])).toEqual({
      version: 1,
      rows: [
        ["h", "9"],
        ["grant:1", "1"],
        ["grant:2", "2"],
      ],
    });
    expect(() => write(rows, { guard: 0, put: [["h", "late", null]] })).toThrow(Conflict);
    write(rows, { guard: 1, remove: ["grant:1"], put: [["h", "10", null]] });
    expect(read(rows, ["h"], ["grant:"])).toEqual({
      version: 2,
      rows: [
        ["h", "10"],
        ["grant:2", "2"],
      ],
    });
  }));

test("counting moves no version, so it is in nobody's way", () =>
  inObject("test:count", (rows) => {
    for (let times = 0; times < 3; times++) write(rows, { bump: [["count:1", Date.now() + 60_000]] });
    expect(read(rows, ["count:1"])).toEqual({ version: 0, rows: [["count:1", "3"]] });
  }));

test("what is over is deleted, and an empty object forgets itself", () =>
  inObject("test:purge", async (rows, { storage }) => {
    const soon = Date.now() + 60_000;
    write(rows, {
      guard: 0,
      put: [
        ["a", "1", soon],
        ["b", "2", soon + 60_000],
        ["c", "3", null],
      ],
    });
    await rows.arm();
    expect(await storage.getAlarm()).toBe(soon);
    rows.drop(soon);
    await rows.rest(soon);
    expect(read(rows, ["a", "b", "c"]).rows).toEqual([
      ["b", "2"],
      ["c", "3"],
    ]);
    write(rows, { guard: 1, remove: ["c"] });
    rows.drop(soon + 60_000);
    await rows.rest(soon + 60_000);
    expect(await storage.list()).toEqual(new Map());
    expect(read(new Rows(storage), ["a", "b", "c"])).toEqual({ version: 0, rows: [] });
  }));

test("rows cross as the core reads them", () =>
  inObject("test:golden", (rows) => {
    rows.write({
      put: [
        ["code:1", '{"v":1}', null],
        ["grant:1", "{}", null],
        ["grant:2", "{}", null],
      ],
      remove: [],
      bump: [],
    });
    for (let version = 0; version < 7; version++) write(rows, { guard: version });
    expect(rows.read({ keys: ["code:1"], prefixes: ["grant:"] })).toBe(golden("outcome-rows"));
    const { kind: _, ...commit } = JSON.parse(golden("commit-rows")) as RowsCommit & { kind: string };
    rows.write(commit);
    expect(read(rows, ["code:1", "grant:1", "count:1"])).toMatchObject({
      version: 8,
      rows: [
        ["code:1", '{"v":1}'],
        ["grant:1", "{}"],
        ["count:1", "1"],
      ],
    });
  }));

test("without a secret the keyring makes a root key once and keeps it", async () => {
  const roots = await Promise.all(Array.from({ length: 20 }, () => askObject(objects, "keyring", "root", "null")));
  expect(new Set(roots).size).toBe(1);
  expect(JSON.parse(roots[0] ?? "")).toMatch(/^[\w-]{43}$/);
  expect(await keysOf(env, () => objects)).toBe(JSON.parse(roots[0] ?? ""));
  expect(await keysOf({ WICKET_SECRET: "of the operator" }, () => objects)).toBe("of the operator");
});

test("a name without a role, and a call that its role does not have", async () => {
  await expect(askObject(objects, "nobody:1", "root", "null")).rejects.toMatchObject({ failure: "unreachable" });
  await expect(askObject(objects, "keyring", "steal", "null")).rejects.toMatchObject({ failure: "unreachable" });
});

test("an agent's objects have roles, too", async () => {
  const { Plain } = exports as unknown as { Plain: Parameters<typeof askObject>[0] };
  expect(JSON.parse(await askObject(Plain, "keyring", "root", "null"))).toMatch(/^[\w-]{43}$/);
});
