/**
 * What the type check of the generated types (`js/boundary/twins.ts`) does not see: the texts that JavaScript writes by hand
 * for speed, how headers become members, and what the interpreter and the effects do. The files of `tests/vectors/golden/`
 * are read by `tests/core/golden.rs`, too.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, inject, test, vi } from "vitest";
import { BoundedCache, POOLS } from "../../../js/boundary/caches.ts";
import { move } from "../../../js/common/clock.ts";
import { performDocument } from "../../../js/boundary/effects/document.ts";
import { performFetch } from "../../../js/boundary/effects/fetch.ts";
import { performLoad, performStore } from "../../../js/boundary/effects/kv.ts";
import { ImportedKeys, performVerify, performVerifyShown } from "../../../js/boundary/effects/verify.ts";
import { type GuardedCore, type AdmittedRequest, guard } from "../../../js/mcp/endpoint.ts";
import { headOf, callerText } from "../../../js/mcp/request.ts";
import { EffectFailure } from "../../../js/common/errors.ts";
import type { Access } from "../../../js/auth/guard.ts";
import { Incoming } from "../../../js/http/incoming.ts";
import { run } from "../../../js/boundary/interpreter.ts";
import type { World } from "../../../js/boundary/world.ts";
import { McpServer } from "../../../js/mcp/server/mcp-server.ts";
import { McpWorld } from "../../../js/boundary/effects/index.ts";
import type { ServerWorld } from "../../../js/mcp/server/world.ts";
import { Stencils } from "../../../js/boundary/stencils.ts";
import type {
  Answer,
  DocumentEffect,
  Effect,
  StepMethod,
  VerifyEffect,
  VerifyShownEffect,
  StoreCommit,
} from "../../../js/boundary/wire.ts";
import { golden } from "./lib/golden.ts";
import { publish } from "./lib/tokens.ts";
import { logOf } from "./lib/log.ts";

const { KV } = env;
const parsed = <T>(name: string) => JSON.parse(golden(name)) as T;
const request = (headers: Record<string, string>, method = "POST") =>
  new Request("https://mcp.example.com/mcp?a=1", { method, headers });

/** A step that answers with `texts`, one after the other, and keeps what it was given. */
function scripted(...texts: string[]) {
  const given: Parameters<StepMethod>[] = [];
  const step: StepMethod = (...args) => {
    given.push(args);
    return texts[given.length - 1] ?? "";
  };
  return { step, given };
}

/** A core of which only the guard is asked. */
const guarded = (no_auth: StepMethod): GuardedCore => ({
  no_auth,
  mcp: () => "",
  report: () => "",
  place: () => "",
  decisions: new BoundedCache(POOLS.originDecisions),
  stencils: new Stencils(),
  setRootKey: () => {},
});

const nothing: World = {
  perform: () => Promise.reject(new Error("nothing to perform")),
  commit: () => Promise.reject(new Error("nothing to commit")),
};

/** A world of `server` whose core answers what handlers say with `told`. */
function worldOf(server: McpServer, report: StepMethod = () => "", access: Access = { headers: [] }): ServerWorld {
  const core = { ...guarded(() => ""), report };
  const admitted: AdmittedRequest = {
    core,
    incoming: new Incoming(request({})),
    access,
    props: undefined,
    extra: {},
    env,
    place: {},
    limits: { callback: 10, tool: undefined },
  };
  return new McpWorld(admitted, server, createExecutionContext());
}

test("what a handler says, and what it may be told", async () => {
  const answers = ["told-send", "told-nothing", "told-cancel", "told-wrong"];
  const asking = scripted(...answers.map((name) => `{"done":${golden(name)}}`));
  const world = worldOf(new McpServer({ name: "test", version: "1.0.0" }), asking.step);
  const { meta, say } = parsed<{ meta: object; say: object }>("tell-input");
  world.head = golden("mcp-input");
  world.body = JSON.stringify({ id: 1, params: { _meta: meta } });
  const sent = vi.spyOn(world, "send").mockImplementation(async () => {});
  const report = () => world.say({ request: 1 }, say, true);
  for (const name of answers.slice(0, 3)) expect(await report()).toEqual(parsed(name));
  await expect(report()).rejects.toMatchObject({
    code: "ERR_ARGUMENT",
    message: parsed<{ wrong: string }>("told-wrong").wrong,
  });
  expect(asking.given.map(([input, head]) => [input, head])).toEqual(
    answers.map(() => [golden("tell-input"), world.head]),
  );
  expect(sent.mock.calls.map(([message]) => message)).toEqual([parsed<{ send: string }>("told-send").send]);
});

test("the head of a request, as the endpoint hands it over", () => {
  const arrive = (headers: Record<string, string>, method?: string) => new Incoming(request(headers, method));
  const told = { principal: "user:github:1", client: "c1", place: "AAAA", agent: "MyMCP" } as const;
  const full = arrive({
    "content-type": "application/json",
    accept: "*/*",
    "mcp-protocol-version": "2026-07-28",
    "mcp-session-id": "AQ",
    "mcp-method": "tools/call",
    "mcp-name": "=?base64?w6k=?=",
  });
  const server = { name: "test", version: "1.0.0" };
  expect(`${headOf(full, server, told)},"unread":"oversize"${callerText(told)}`).toBe(golden("mcp-input"));
  expect(headOf(arrive({}), {}, {}) + callerText({})).toBe(golden("mcp-input-least"));
  expect(headOf(arrive({}, "GET"), {}, { transport: "sse-stream" }) + callerText({})).toBe(
    golden("mcp-input-of-a-stream"),
  );
  const message = headOf(arrive({ "mcp-session-id": "ignored" }), {}, { transport: "sse-messages", sessionId: "AQ" });
  expect(`${message},"unread":"encoding"${callerText({})}`).toBe(golden("mcp-input-of-a-message"));
});

test("the head of a request, as the guard hands it over, and the two decisions it may get", async () => {
  const asking = scripted(`{"done":${golden("guarded-answer")},"commits":[]}`);
  const preflight = new Request("http://mcp.example.com/mcp?a=1", {
    method: "OPTIONS",
    headers: {
      host: "mcp.example.com",
      "mf-original-hostname": "localhost:8787",
      "user-agent": "Mozilla/5.0",
      origin: "https://claude.ai",
      "cf-connecting-ip": "203.0.113.7",
      "access-control-request-headers": "content-type, mcp-method",
    },
  });
  const answered = await guard(guarded(asking.step), new Incoming(preflight), "GET, POST");
  expect(asking.given[0]?.[0]).toBe(golden("guard-input"));
  const { answer } = parsed<{ answer: Answer }>("guarded-answer");
  expect(answered).toBeInstanceOf(Response);
  expect((answered as Response).status).toBe(answer.status);
  for (const [name, value] of answer.headers) expect((answered as Response).headers.get(name)).toBe(value);

  const passing = scripted(`{"done":${golden("guarded-pass")},"commits":[]}`);
  const local = new Request("http://localhost:8787/mcp");
  const passed = await guard(guarded(passing.step), new Incoming(local), "POST");
  expect(passing.given[0]?.[0]).toBe(golden("guard-input-least"));
  expect(passed).toEqual(parsed<{ pass: { headers: unknown } }>("guarded-pass").pass);
});

test.each(["X-RateLimit-Remaining", "X-Rate-Limit-Remaining", "RateLimit-Remaining", "Retry-After"])(
  "a server that says with %s that nothing is left",
  async (header) => {
    const effect = parsed<Effect & { kind: "fetch" }>("effect-fetch-without-body");
    const outcome = await performFetch({ ...effect, url: `${inject("upstream")}/limited/${header}` });
    const member = header === "Retry-After" ? "retryAfter" : "remaining";
    expect(JSON.parse(outcome)).toEqual({ status: 403, body: "{}", [member]: "0" });
  },
);

test("outcomes of the world", async () => {
  const { body } = parsed<{ body: string }>("outcome-fetch");
  const effect = parsed<Effect & { kind: "fetch" }>("effect-fetch-without-body");
  const url = `${inject("upstream")}/not-found/${encodeURIComponent(body)}`;
  expect(await performFetch({ ...effect, url })).toBe(golden("outcome-fetch"));
  const { key } = parsed<Effect & { kind: "load" }>("effect-load");
  expect(await performLoad(KV, key)).toBe(golden("outcome-load-of-nothing"));
  await KV.put(key, JSON.parse(golden("outcome-load")) as string);
  expect(await performLoad(KV, key)).toBe(golden("outcome-load"));
});

test("a step that waits, and the outcomes that the next is given", async () => {
  const performed: Effect[] = [];
  const world: World = {
    ...nothing,
    perform: async (effect) => {
      performed.push(effect);
      if (effect.kind === "load") throw new EffectFailure("timeout", "too late");
      return { json: '{"registered":["tools"]}' };
    },
  };
  const { step, given } = scripted(`${golden("step-wait")}\n`, golden("step-done"));
  const { value } = await logOf(async () => run<Answer>(step, "input", "body", world));
  expect(value).toEqual(parsed("answer-without-body"));
  expect(performed).toEqual(parsed<{ wait: { effect: Effect }[] }>("step-wait").wait.map(({ effect }) => effect));
  expect(given.map((args) => args[3])).toEqual([undefined, golden("outcomes")]);
  const [first, second] = given.map((args) => args.slice(0, 3));
  expect(first).toEqual(second);
});

test("a step that needs randomness is made again with some, which all later steps are given too", async () => {
  const world: World = { ...nothing, perform: () => ({ json: '{"registered":["tools"]}' }) };
  const { step, given } = scripted(golden("step-entropy"), `${golden("step-wait")}\n`, golden("step-done"));
  expect(await run<Answer>(step, "input", "body", world)).toEqual(parsed("answer-without-body"));
  const [none, some, last] = given.map((args) => args[4]);
  expect(none).toBeUndefined();
  expect(some).toHaveLength(32);
  expect(last).toBe(some);
  const other = scripted(golden("step-entropy"), golden("step-done"));
  await run<Answer>(other.step, "input", "body", world);
  expect(other.given[1]?.[4]).not.toEqual(some);
});

test("a step that is done with commits, and one that is broken", async () => {
  const kept: StoreCommit[] = [];
  const world: World = {
    ...nothing,
    commit: async (commit) => {
      if (commit.kind !== "store") throw new Error(`no "${commit.kind}" here`);
      kept.push(commit);
      await performStore(KV, commit);
    },
  };
  await run(scripted(golden("step-done-with-commits")).step, "", "", world);
  expect(kept).toHaveLength(1);
  expect(await KV.get(kept[0]?.key ?? "")).toBe(kept[0]?.value);
  await performStore(KV, parsed("commit-store"));
  expect(await KV.get("client:1")).toBe(parsed<StoreCommit>("commit-store").value);
  await expect(async () => run(scripted(golden("step-broken")).step, "", "", nothing)).rejects.toMatchObject({
    code: "ERR_FLOW",
    message: "A flow broke: a replay differs from the run before it.",
  });
});

test("what a verifier asks for", async () => {
  // RFC 8037 appendix A.
  const effect = parsed<VerifyEffect>("effect-verify");
  expect(await performVerify(effect)).toEqual({ json: golden("outcome-verify"), splice: "" });
  expect(await performVerify({ ...effect, signed: `${effect.signed}.` })).toEqual({ json: "false" });
  // Once it is kept, the key has a name, and the token is in what was shown.
  const keys = new ImportedKeys();
  const toKeep = parsed<VerifyEffect>("effect-verify-to-keep");
  const shownEffect = parsed<VerifyShownEffect>("effect-verify-shown");
  const shown = `Bearer ${toKeep.signed}.${toKeep.signature}`;
  expect(() => performVerifyShown(shownEffect, keys, shown)).toThrow(/no key/);
  expect(await performVerify(toKeep, keys)).toEqual({ json: "true", splice: "" });
  expect(keys.names).toBe(`${toKeep.name ?? ""} `);
  expect(await performVerifyShown(shownEffect, keys, shown)).toEqual({ json: "true", splice: "" });
  expect(await performVerifyShown(shownEffect, keys, shown.replace(".R", ".S"))).toEqual({ json: "false" });
  const url = await publish("golden", parsed<{ body: string }>("outcome-document").body);
  const { since, stale, ...document } = { ...parsed<DocumentEffect>("effect-document-of-a-copy"), url };
  const fetched = { ...parsed<object>("outcome-document"), at: expect.any(Number) as unknown };
  const got = async (effect: DocumentEffect) => JSON.parse(await performDocument(effect)) as { at: number };
  expect(await got(document)).toEqual(fetched);
  const now = Date.now();
  const first = await got({ ...document, since: now, stale: 0 });
  expect(first).toEqual(fetched);
  expect(await got({ ...document, since: first.at, stale: 0 })).toEqual(first);
  // Gone: whoever takes an old copy gets one.
  await publish("golden", "");
  move(1_000);
  expect([since, stale]).toEqual([1_790_000_000_000, 1_789_913_600_000]);
  expect(await got({ ...document, since: first.at + 1_000, stale: first.at })).toEqual(first);
  await expect(got({ ...document, since: first.at + 1_000, stale: first.at + 1 })).rejects.toThrow();
  move(0);
});
