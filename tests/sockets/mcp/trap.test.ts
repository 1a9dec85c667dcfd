/** A trap while others wait: everybody else's request ends as if nothing had happened, with its own outcome. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Message, type ToolResult, initialize, legacy, modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { Gate } from "./lib/gate.ts";
import { probe } from "./lib/probe.ts";

const WAITING = 50;
const names = Array.from({ length: WAITING }, (_, n) => `user-${n}`);

let worker: Running;
let gate: Gate;

beforeAll(async () => {
  gate = await new Gate().start();
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  return () => Promise.all([worker.stop(), gate.stop()]);
});
afterEach(() => gate.open());

/** Takes the wasm instance down, and expects that the client of it gets an error of its own. */
async function trap(name: string): Promise<void> {
  const { error } = await probe(worker, { name, trapAt: 0 });
  expect(error).toContain("RuntimeError");
}

/** Begins `waiting`, waits until all of it is at the gate, lets `meanwhile` happen, and opens the gate. */
async function during<T>(waiting: () => Promise<T>[], meanwhile: () => Promise<unknown>): Promise<T[]> {
  gate.open();
  const begun = waiting();
  await gate.until(() => gate.waiting === begun.length);
  await meanwhile();
  gate.open();
  return Promise.all(begun);
}

const rounds = (name: string) => [[{ fetch: `${gate.url}/${name}` }], [{ fetch: `${gate.url}/now/second-${name}` }]];
const whole = (name: string) => ({ name, outcomes: [{ ok: name }, { ok: `second-${name}` }] });

describe("flows that wait", () => {
  const flows = () => names.map((name) => probe(worker, { name, rounds: rounds(name) }));

  test.each([1, 5])(`${WAITING} of different users end as themselves after %d traps`, async (traps) => {
    const found = await during(flows, async () => {
      for (let n = 0; n < traps; n++) await trap(`trap-${n}`);
    });
    expect(found).toEqual(names.map(whole));
    expect(await probe(worker, { name: "next" })).toEqual({ name: "next", outcomes: [] });
  });

  test("they do so while traps and other requests go on", async () => {
    const found = await during(flows, () =>
      Promise.all(
        names.map(async (name, n) => {
          if (n % 5 === 0) return trap(name);
          expect(await probe(worker, { name })).toEqual({ name, outcomes: [] });
        }),
      ),
    );
    expect(found).toEqual(names.map(whole));
  });

  test("one that traps each time is a 500 for itself, after the others have gone on", async () => {
    const trapping = () =>
      names.map((name, n) => probe(worker, { name, rounds: rounds(name), ...(n % 10 === 3 && { trapAt: 1 }) }));
    const found = await during(trapping, () => Promise.resolve());
    for (const [n, one] of found.entries()) {
      if (n % 10 === 3)
        expect(one).toEqual({ name: names[n], error: expect.stringContaining("RuntimeError") as string });
      else expect(one).toEqual(whole(names[n] ?? ""));
    }
  });

  test.each([0, 1, 2])(
    "one that traps once, with %d outcomes, is made again with the same list and ends",
    async (trapOnceAt) => {
      const once = () => names.map((name) => probe(worker, { name, rounds: rounds(name) }, { trapOnceAt }));
      expect(await during(once, () => Promise.resolve())).toEqual(names.map(whole));
    },
  );
});

describe("tools that wait", () => {
  const calling =
    (ask: typeof modern, path: string, sessions: Record<string, string> = {}) =>
    () =>
      names.map(async (user) => {
        const session = sessions[user];
        const sent = { id: 1, headers: { "x-user": user }, ...(session !== undefined && { session }) };
        const params = { name: "wait", arguments: { url: `${gate.url}/for-${user}` } };
        const response = await fetch(ask(worker.url + path, "tools/call", params, sent));
        const { id, result } = (await response.json()) as Message<ToolResult>;
        return [id, result.content[0]?.text];
      });
  const trapTwice = async () => {
    await trap("one");
    await trap("two");
  };
  const own = names.map((user) => [1, `${user} got for-${user}`]);

  test.each(["/mcp", "/placed"])("of the new wire, at %s", async (path) => {
    expect(await during(calling(modern, path), trapTwice)).toEqual(own);
  });

  test.each(["/mcp", "/placed"])("of the old wire, in their sessions, at %s", async (path) => {
    const sessions: Record<string, string> = {};
    for (const user of names) {
      const response = await fetch(initialize(worker.url + path, { headers: { "x-user": user } }));
      sessions[user] = response.headers.get("mcp-session-id") ?? "";
      await response.text();
    }
    expect(await during(calling(legacy, path, sessions), trapTwice)).toEqual(own);
  });

  test("the next calls work, and their clients see nothing of it", async () => {
    await trap("before");
    for (const user of names.slice(0, 5)) {
      const response = await fetch(
        modern(`${worker.url}/mcp`, "tools/call", { name: "hello" }, { headers: { "x-user": user } }),
      );
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(`hello ${user}`);
    }
  });
});
