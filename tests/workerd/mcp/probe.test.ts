/** Flows over real effects: KV, an HTTP server on loopback, and traps. The flow itself does what its script says. */
import { env } from "cloudflare:workers";
import { probe } from "../../probe/index.ts";
import type { Found, Script } from "../../probe/script.ts";
import { describe, expect, inject, test } from "vitest";
import { logOf } from "./lib/log.ts";

const upstream = inject("upstream");
const { KV } = env;

/** What came of each effect of a probe. */
async function outcomes(...rounds: Script["rounds"] & object): Promise<Found["outcomes"]> {
  const { value } = await logOf(() => probe({ name: "test", rounds }, KV));
  return value.outcomes;
}

describe("fetch", () => {
  test("any status is an outcome", async () => {
    const found = await outcomes([{ fetch: `${upstream}/echo/hello` }, { fetch: `${upstream}/status/500` }]);
    expect(found).toEqual([{ ok: "hello" }, { ok: "status 500" }]);
  });

  test("a redirect is one, and is not followed", async () => {
    const found = await outcomes([{ fetch: `${upstream}/redirect/target` }], [{ fetch: `${upstream}/visits/target` }]);
    expect(found).toEqual([{ ok: "moved" }, { ok: "0" }]);
  });

  test("a body of 1 MiB is read, a longer one is refused", async () => {
    const [whole, long] = await outcomes([{ fetch: `${upstream}/bytes/0` }], [{ fetch: `${upstream}/bytes/1` }]);
    expect(whole).toEqual({ ok: "x".repeat(1024 * 1024) });
    expect(long).toEqual({ failed: "refused" });
  });

  test("what is not UTF-8 is replaced", async () => {
    expect(await outcomes([{ fetch: `${upstream}/binary/` }])).toEqual([{ ok: "A\ufffdB" }]);
  });

  test("effects of one round are on their way at the same time", async () => {
    const url = `${upstream}/pair/one`;
    expect(await outcomes([{ fetch: url }, { fetch: url }])).toEqual([{ ok: "both" }, { ok: "both" }]);
  });

  test.each([
    ["http to another machine", "http://192.0.2.1/"],
    ["http to a name that looks local", "http://localhost.example/"],
    ["ftp", "ftp://127.0.0.1/"],
    ["a file", "file:///etc/passwd"],
    ["data", "data:text/plain,hello"],
    ["credentials", "https://user:password@example.com/"],
  ])("%s is refused", async (_what, url) => {
    expect(await outcomes([{ fetch: url }])).toEqual([{ failed: "refused" }]);
  });

  test.each([
    ["nobody listens", "http://127.0.0.1:9/"],
    ["the server breaks off", `${upstream}/reset/`],
    ["the server breaks off in the middle", `${upstream}/half/`],
  ])("where %s, it is unreachable", async (_what, url) => {
    expect(await outcomes([{ fetch: url }])).toEqual([{ failed: "unreachable" }]);
  });

  test("what is no URL fails", async () => {
    expect(await outcomes([{ fetch: "no URL" }])).toEqual([{ failed: "failed" }]);
  });

  test("after 10 seconds it is a timeout, before the answer or within it", async () => {
    const started = Date.now();
    const found = await outcomes([{ fetch: `${upstream}/silence/` }, { fetch: `${upstream}/drip/` }]);
    expect(found).toEqual([{ failed: "timeout" }, { failed: "timeout" }]);
    // real time: the runtime's own limit of a fetch, which may end later and never sooner
    expect(Date.now() - started).toBeGreaterThanOrEqual(9_900);
  });

  test("the operator's log says which host, and the failure of one leaves the others whole", async () => {
    const rounds = [[{ fetch: `${upstream}/reset/` }, { fetch: `${upstream}/echo/whole` }]];
    const { value, log } = await logOf(() => probe({ name: "test", rounds }, KV));
    expect(value.outcomes).toEqual([{ failed: "unreachable" }, { ok: "whole" }]);
    expect(log).toContain(`The effect "fetch" failed`);
    expect(log).toContain(`${upstream} did not answer`);
  });
});

describe("load", () => {
  test("reads what is there, and nothing where nothing is", async () => {
    await KV.put("there", 'a "value"\n');
    expect(await outcomes([{ load: "there" }, { load: "not there" }])).toEqual([{ ok: 'a "value"\n' }, { ok: "" }]);
  });

  test("a key that KV refuses is a failure", async () => {
    expect(await outcomes([{ load: "x".repeat(513) }])).toEqual([{ failed: "failed" }]);
  });

  test("without a namespace it fails", async () => {
    const { value } = await logOf(() => probe({ name: "test", rounds: [[{ load: "key" }]] }));
    expect(value.outcomes).toEqual([{ failed: "failed" }]);
  });
});

describe("rounds", () => {
  test("come one after the other, and their outcomes in the order of asking", async () => {
    await KV.put("one", "1");
    const found = await outcomes(
      [{ fetch: `${upstream}/visit/rounds` }, { load: "one" }],
      [{ fetch: `${upstream}/visits/rounds` }, { fetch: `${upstream}/echo/end` }],
    );
    expect(found).toEqual([{ ok: "visited" }, { ok: "1" }, { ok: "1" }, { ok: "end" }]);
  });

  test("a flow that asks without end is broken off", async () => {
    const rounds = Array.from({ length: 65 }, () => [{ load: "key" }]);
    await expect(probe({ name: "test", rounds }, KV)).rejects.toMatchObject({ code: "ERR_FLOW" });
  });

  test("many flows at once keep their outcomes apart", async () => {
    const names = Array.from({ length: 100 }, (_, n) => `flow-${n}`);
    const found = await Promise.all(
      names.map((name) => probe({ name, rounds: [[{ fetch: `${upstream}/echo/${name}` }], [{ load: name }]] }, KV)),
    );
    expect(found).toEqual(names.map((name) => ({ name, outcomes: [{ ok: name }, { ok: "" }] })));
  });
});

describe("commits", () => {
  test("are written before the answer", async () => {
    await probe({ name: "written", rounds: [[{ load: "x" }]], store: "value" }, KV);
    expect(await KV.get("written")).toBe("value");
  });

  test("that fail turn the answer into an error", async () => {
    await expect(probe({ name: "x".repeat(513), store: "value" }, KV)).rejects.toThrow(/414|512/);
    await expect(probe({ name: "no namespace", store: "value" })).rejects.toThrow("there is no KV namespace");
  });

  test("are not made where the flow does not reach its end", async () => {
    for (const [name, trapAt] of [
      ["trap at the start", 0],
      ["trap at the end", 1],
    ] as const) {
      const script = { name, rounds: [[{ load: "x" }]], store: "value", trapAt };
      await logOf(() => expect(probe(script, KV)).rejects.toThrow(WebAssembly.RuntimeError));
      expect(await KV.get(name)).toBeNull();
    }
    const rounds = Array.from({ length: 65 }, () => [{ load: "key" }]);
    await expect(probe({ name: "no end", rounds, store: "value" }, KV)).rejects.toThrow();
    expect(await KV.get("no end")).toBeNull();
  });
});

describe("a trap", () => {
  test("fails its own flow, and the flows beside it and after it are whole", async () => {
    const steady = (name: string) =>
      probe({ name, rounds: [[{ fetch: `${upstream}/echo/${name}` }], [{ fetch: `${upstream}/echo/again` }]] }, KV);
    const trapping = async () => expect(probe({ name: "trap", trapAt: 0 })).rejects.toThrow(WebAssembly.RuntimeError);
    const names = Array.from({ length: 20 }, (_, n) => `beside-${n}`);
    const { value, log } = await logOf(async () => {
      const [found] = await Promise.all([Promise.all(names.map(steady)), trapping(), trapping(), trapping()]);
      return [...found, await steady("after")];
    });
    const whole = (name: string) => ({ name, outcomes: [{ ok: name }, { ok: "again" }] });
    expect(value).toEqual([...names, "after"].map(whole));
    expect(log).toContain("A step trapped and is run again");
  });
});
