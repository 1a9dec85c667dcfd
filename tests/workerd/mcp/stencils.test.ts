/**
 * Steps that hold for other requests (`js/boundary/stencils.ts`): a server that has seen a request like this one answers as one that
 * has not, whatever the request is.
 */
import "mcp-wicket";
import { describe, expect, test } from "vitest";
import { coreFor } from "../../../dist/mcp/endpoint.js";
import { run } from "../../../dist/boundary/interpreter.js";
import type { Outcome, World } from "../../../dist/boundary/world.js";
import { BOUNDS, bytesOf } from "../../../dist/boundary/caches.js";
import { spliced } from "../../../dist/http/response.js";
import { Stencils } from "../../../dist/boundary/stencils.js";
import type { Answer, CallEffect, Effect, Step } from "../../../js/boundary/wire.ts";
import { golden } from "./lib/golden.ts";

const HEAD = JSON.stringify({
  method: "POST",
  server: { name: "test", version: "1.0.0" },
  contentType: "application/json",
  accept: "application/json, text/event-stream",
  protocolVersion: "2025-06-18",
}).slice(0, -1);
/** As the official clients write it, with and without a progress token, and as others do: the id last, and first. */
const BODIES = [
  '{"method":"tools/call","params":{"name":"echo","arguments":{"text":"a"}},"jsonrpc":"2.0","id":3}',
  '{"method":"tools/call","params":{"name":"echo","arguments":{"text":"a"},"_meta":{"progressToken":3}},"jsonrpc":"2.0","id":3}',
  '{"params":{"_meta":{"progressToken":3},"arguments":{"text":"a"},"name":"echo"},"id":3,"jsonrpc":"2.0","method":"tools/call"}',
  '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a"},"_meta":{}}}',
];
const core = coreFor({}, { WICKET_SECRET: "7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1" });

/** Answers `body`; the tool `echo` gives its arguments back, and `plainly` if nothing more has to be decided. */
async function answered(body: string, { stencils, head = HEAD, who = "}", plainly = true }: Setting = {}) {
  const performed: Effect[] = [];
  let steps = 0;
  const world: World = {
    perform: (effect): Promise<Outcome> => {
      performed.push(effect);
      if (effect.kind === "describe") return Promise.resolve({ json: '{"registered":["tools"]}' });
      const text = JSON.stringify((effect as CallEffect).arguments);
      const result = JSON.stringify({ content: [{ type: "text", text }] });
      return Promise.resolve({ json: `{"returned":${result}}`, ...(plainly && { splice: result }) });
    },
    commit: () => Promise.reject(new Error("nothing is written here")),
  };
  const step: typeof core.mcp = (...given) => {
    steps++;
    return core.mcp(...given);
  };
  const answer = await run<Answer>(step, head + who, body, world, { spliced, ...(stencils && { stencils }), who });
  const { status, body: text, headers } = answer;
  return { status, body: text, headers, performed, steps };
}

interface Setting {
  stencils?: Stencils;
  head?: string;
  who?: string;
  plainly?: boolean;
}

/** Stencils that know `body`. */
async function knowing(body: string): Promise<Stencils> {
  const stencils = new Stencils();
  // A caller that comes once leaves nothing behind but its head.
  for (let n = 0; n < 2; n++) expect((await answered(body, { stencils })).steps).toBe(1);
  return stencils;
}

/** Both answers to a request: of a server that knows one like it, and of one that knows none. */
async function bothAnswers(body: string, known: string, setting: Setting = {}) {
  const { steps, ...like } = await answered(body, { ...setting, stencils: await knowing(known) });
  const { steps: _, ...alone } = await answered(body, setting);
  return { like, alone, isKnown: steps === 0 };
}

const filled = (body: string, id: string, given: string) =>
  body
    .replace('"id":3', `"id":${id}`)
    .replace('"progressToken":3', `"progressToken":${id || 3}`)
    .replace('{"text":"a"}', given);

describe.each(BODIES)("%s", (known) => {
  test("another id and other arguments need no step", async () => {
    for (const [id, given] of [
      ["0", "{}"],
      ["999999999999999", '{"text":"é😀"}'],
      ["4", '{"a":{"b":[1,{"c":"}"}]},"__proto__":{"x":1},"text":"\\"},\\"id\\":5"}'],
      ["5", '{"a":1,"a":2}'],
    ] as const) {
      const { like, alone, isKnown } = await bothAnswers(filled(known, id, given), known);
      expect(like).toEqual(alone);
      expect(like.status).toBe(200);
      expect(like.performed).toHaveLength(1);
      expect(isKnown).toBe(true);
    }
  });

  test.each([
    ["a number that is none", "03", "{}"],
    ["a number with a fraction", "3.0", "{}"],
    ["a negative number", "-3", "{}"],
    ["no number", "", "{}"],
    ["a longer number", "1234567890123456", "{}"],
    ["a text", '"3"', "{}"],
    ["null", "null", "{}"],
    ["arguments that are a list", "4", "[]"],
    ["arguments that are no JSON", "4", "{"],
    ["no arguments", "4", ""],
    ["more behind the arguments", "4", '{"a":1},"arguments":{"b":2}'],
    ["more behind the id", '4,"id":5', "{}"],
    ["arguments with a control character", "4", '{"a":"\n"}'],
    ["arguments with an unknown escape", "4", '{"a":"\\x"}'],
    ["arguments that go too deep", "4", `{"a":${"[".repeat(127)}${"]".repeat(127)}}`],
    ["arguments that go as deep as may be", "4", `{"a":${"[".repeat(125)}${"]".repeat(125)}}`],
  ])("%s is for Rust to judge", async (_what, id, given) => {
    const { like, alone, isKnown } = await bothAnswers(filled(known, id, given), known);
    expect(like).toEqual(alone);
    expect(isKnown).toBe(false);
  });

  test("parts that overlap are no request like it", async () => {
    const [before = "", behind = ""] = known.split('{"text":"a"}');
    for (const body of [before + behind, before + behind.slice(1), before, behind, known.slice(1), `${known} `]) {
      const { like, alone, isKnown } = await bothAnswers(body, known);
      expect(like).toEqual(alone);
      expect(isKnown).toBe(false);
    }
  });

  test("whatever is changed in it", { timeout: 60_000 }, async () => {
    let hits = 0;
    const random = randomOf(41);
    const pieces = ['"id":', "3", "{", "}", '"', ",", "[", "]", "é", "\\", "0", " ", "-", '"arguments":', "null", ":"];
    for (let round = 0; round < 1500; round++) {
      let body = filled(known, String(random(50)), `{"n":${String(random(9))}}`);
      for (let change = random(3); change > 0; change--) {
        const at = random(body.length);
        body = body.slice(0, at) + (pieces[random(pieces.length)] ?? "") + body.slice(at + random(3));
      }
      const { like, alone, isKnown } = await bothAnswers(body, known);
      expect(like, body).toEqual(alone);
      if (isKnown) hits++;
    }
    expect(hits).toBeGreaterThan(400);
    expect(hits).toBeLessThan(1400);
  });

  test("a result that has to be looked at makes the first step after all", async () => {
    const body = filled(known, "4", "{}");
    const { like, alone } = await bothAnswers(body, known, { plainly: false });
    expect(like).toEqual(alone);
    expect(like.performed).toHaveLength(1);
    expect((await answered(body, { plainly: false, stencils: await knowing(known) })).steps).toBe(2);
  });

  test("another head knows nothing of it", async () => {
    const stencils = await knowing(known);
    for (const head of [
      HEAD.replace("2025-06-18", "2025-11-25"),
      HEAD.replace("test", "other"),
      `${HEAD},"agent":"MyMCP"`,
    ]) {
      expect((await answered(known, { stencils, head })).steps).toBe(1);
    }
  });

  test("what holds for everybody is known for everybody", async () => {
    const stencils = await knowing(known);
    const who = ',"principal":"user:github:2","client":"c1"}';
    expect(await answered(known, { stencils, who })).toEqual({ ...(await answered(known, { who })), steps: 0 });
  });
});

test("what holds for one caller is known for nobody else, and for that one still", async () => {
  const known = BODIES[0] ?? "";
  const ann = ',"principal":"user:github:1"}';
  const begun = await answered(
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}',
    { who: ann },
  );
  const session = begun.headers.find(([name]) => name === "mcp-session-id")?.[1] ?? "";
  const head = `${HEAD},"sessionId":${JSON.stringify(session)}`;
  const stencils = new Stencils();
  const ask = (who: string) => answered(known, { stencils, head, who });
  for (const steps of [1, 1, 0]) expect(await ask(ann)).toMatchObject({ status: 200, steps });
  for (const who of [',"principal":"user:github:2"}', "}", `${ann.slice(0, -1)},"client":"c1"}`]) {
    const { status, steps } = await ask(who);
    expect([status, steps]).toEqual([who.startsWith(ann.slice(0, -1)) ? 200 : 404, 1]);
    await ask(ann);
  }
});

const known = JSON.parse(golden("step-with-stencil")) as Step<Answer>;
const knownBody = '{"id":1,"params":{"name":"add","arguments":{}}}';

/** A request whose step is made, and which may be kept. */
function seen(stencils: Stencils, head: string, now: number) {
  const [asked] = known.wait ?? [];
  const effect = asked?.effect as Effect & CallEffect;
  const splice = { effect, shortcut: known.shortcut ?? { tail: "" }, head: '{"jsonrpc":"2.0","id":1,"result":' };
  if (!stencils.find(head, "", knownBody, now)) stencils.add(head, "", knownBody, { next: known, splice });
}

test("a step holds no longer than it says", async () => {
  const until = known.shortcut?.stencil?.[0] ?? 0;
  const stencils = new Stencils();
  seen(stencils, "head", until);
  expect(stencils.find("head", "", knownBody, until)).toBeUndefined();
  seen(stencils, "head", until);
  const like = knownBody.replace("1", "27").replace("{}", '{"a":1}');
  expect(stencils.find("head", "", like, until)).toEqual({
    effect: { kind: "call", name: "add", request: 27, arguments: { a: 1 } },
    shortcut: known.shortcut,
    head: '{"jsonrpc":"2.0","id":27,"result":',
  });
  expect(stencils.find("head", "", knownBody, until + 1)).toBeUndefined();
  expect(stencils.find("another", "", knownBody, until)).toBeUndefined();
  expect(new Stencils().find("head", "", knownBody, until)).toBeUndefined();
});

test("no more steps are kept than have room, which is counted in bytes", async () => {
  const keptOf = async (head: (n: number) => string, count: number) => {
    const stencils = new Stencils();
    for (let n = 0; n < count; n++) for (let times = 0; times < 2; times++) seen(stencils, head(n), 0);
    let bytes = 0;
    for (let n = 0; n < count; n++) if (stencils.find(head(n), "", knownBody, 0)) bytes += bytesOf(head(n));
    return bytes;
  };
  expect(await keptOf((n) => `head ${String(n)}`, 500)).toBeGreaterThan(500 * 2 * "head ".length);
  const long = await keptOf((n) => `${String(n)} ${"a".repeat(60_000)}`, 1000);
  expect(long).toBeGreaterThan(0);
  expect(long).toBeLessThanOrEqual(BOUNDS.stencils.value);
});

/** Numbers below an end, the same in every run. */
function randomOf(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}
