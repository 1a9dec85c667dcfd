/**
 * The shim's half of the boundary: it writes what the Rust tests (`tests/core/golden.rs`) read, and reads what they write,
 * from the same files. That the files have the types of `js/wire.ts` is checked by `tests/wire/golden-types.test.ts`.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, inject, test, vi } from "vitest";
import * as z from "zod";
import { Bounded, POOLS } from "../../js/bounds.ts";
import { move } from "../../js/clock.ts";
import { performDocument } from "../../js/effects/document.ts";
import { performFetch } from "../../js/effects/fetch.ts";
import { performLoad, performStore } from "../../js/effects/kv.ts";
import { KeptKeys, performVerify, performVerifyShown } from "../../js/effects/verify.ts";
import { type GuardedCore, type Passage, guard, headOf, respond, whoOf } from "../../js/endpoint.ts";
import { CallFault, EffectFailure, ToolError } from "../../js/errors.ts";
import type { Pass } from "../../js/guard.ts";
import { Incoming } from "../../js/incoming.ts";
import { type World, run } from "../../js/run.ts";
import { describe as describeServer } from "../../js/server/describe.ts";
import { McpServer } from "../../js/server/mcp-server.ts";
import { list } from "../../js/server/lists.ts";
import { callTool } from "../../js/server/tools.ts";
import { ServerWorld } from "../../js/server/world.ts";
import { Stencils } from "../../js/stencils.ts";
import type {
  Answer,
  DocumentEffect,
  Effect,
  Failure,
  StepMethod,
  VerifyEffect,
  VerifyShownEffect,
  StoreCommit,
  TellInput,
  Told,
} from "../../js/wire.ts";
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
  tell: () => "",
  place: () => "",
  passed: new Bounded(POOLS.sites),
  stencils: new Stencils(),
  learn: () => {},
});

const nothing: World = {
  perform: () => Promise.reject(new Error("nothing to perform")),
  commit: () => Promise.reject(new Error("nothing to commit")),
};

/** A world of `server` whose core answers what handlers say with `told`. */
function worldOf(server: McpServer, tell: StepMethod = () => "", pass: Pass = { headers: [] }): ServerWorld {
  const core = { ...guarded(() => ""), tell };
  const passage: Passage = {
    core,
    incoming: new Incoming(request({})),
    pass,
    props: undefined,
    told: {},
    env,
    place: {},
    limits: { callback: 10, tool: undefined },
  };
  return new ServerWorld(passage, server, createExecutionContext());
}

test("what a handler says, and what it may be told", async () => {
  const answers = ["told-send", "told-nothing", "told-cancel", "told-wrong"];
  const asking = scripted(...answers.map((name) => `{"done":${golden(name)}}`));
  const world = worldOf(new McpServer({ name: "test", version: "1.0.0" }), asking.step);
  const { meta, say } = parsed<TellInput>("tell-input");
  world.head = parsed<string[]>("mcp-input").join("\n");
  world.body = JSON.stringify({ id: 1, params: { _meta: meta } });
  const sent = vi.spyOn(world, "send").mockImplementation(async () => {});
  const tell = () => world.say({ request: 1 }, say, true);
  for (const name of answers.slice(0, 3)) expect(await tell()).toEqual(parsed(name));
  await expect(tell()).rejects.toMatchObject({ code: "ERR_ARGUMENT", message: parsed<Told>("told-wrong").wrong });
  expect(asking.given.map(([input, head]) => [input, head])).toEqual(
    answers.map(() => [golden("tell-input"), world.head]),
  );
  expect(sent.mock.calls.map(([message]) => message)).toEqual([parsed<Told>("told-send").send]);
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
  const lines = (name: string) => parsed<string[]>(name).join("\n");
  expect(`${headOf(full, server, told)}\nu"oversize"${whoOf(told)}`).toBe(lines("mcp-input"));
  expect(headOf(arrive({}), {}, {}) + whoOf({})).toBe(lines("mcp-input-least"));
  expect(headOf(arrive({}, "GET"), {}, { transport: "sse-stream" })).toBe(lines("mcp-input-of-a-stream"));
  const message = headOf(arrive({ "mcp-session-id": "ignored" }), {}, { transport: "sse-messages", sessionId: "AQ" });
  expect(`${message}\nu"encoding"`).toBe(lines("mcp-input-of-a-message"));
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

test("outcomes of a call", async () => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  server.registerTool("add", {}, () => ({ content: [{ type: "text", text: "3" }] }));
  server.registerTool("refuse", {}, () => {
    throw new ToolError("The city is not known.");
  });
  server.registerTool("throw", {}, () => {
    throw new Error("secret");
  });
  server.registerTool("fault", {}, () => {
    throw new CallFault({ code: -32000, message: "Too many notes.", data: { most: 5 } });
  });
  server.registerTool("check", { inputSchema: { a: z.number() } }, () => ({ content: [] }));
  server.registerTool("write", { scopes: ["write"] }, () => ({ content: [] }));
  const metadata = ({ site }: Incoming) => `${site}/.well-known/oauth-protected-resource/mcp`;
  const pass: Pass = { headers: [], stepUp: { scopes: ["read"], metadata } };
  const call = async (name: string, args?: Record<string, unknown>) => {
    const splice = { tail: "", open: false };
    const effect = { name, request: 1, splice, ...(args && { arguments: args }) };
    return (await logOf(async () => callTool(server, effect, worldOf(server, undefined, pass)))).value;
  };
  const returned = await call("add");
  expect(returned.json).toBe(golden("outcome-call-returned"));
  expect(`{"returned":${returned.splice ?? ""}}`).toBe(returned.json);
  expect((await call("subtract")).json).toBe(golden("outcome-call-unknown"));
  expect((await call("write")).json).toBe(golden("outcome-call-forbidden"));
  expect((await call("refuse")).json).toBe(golden("outcome-call-refused"));
  expect((await call("fault")).json).toBe(golden("outcome-call-fault"));
  const sameShape = (json: string, name: string) => {
    const [member] = Object.keys(parsed<object>(name));
    expect(JSON.parse(json)).toEqual({ [member ?? ""]: expect.any(String) as unknown });
  };
  sameShape((await call("check", { a: "1" })).json, "outcome-call-invalid");
  sameShape((await call("throw")).json, "outcome-call-threw");
});

test("outcomes of the server", async () => {
  const server = new McpServer(
    { name: "test", version: "1.0.0" },
    { instructions: "Ask.\n", capabilities: { tools: {} } },
  );
  server.registerTool("add", {}, () => ({ content: [] }));
  const { json, splice } = await list(
    server,
    parsed<Effect & { kind: "list" }>("effect-list-in-batch"),
    worldOf(server),
  );
  expect(JSON.parse(json)).toMatchObject(parsed<object>("outcome-list"));
  expect(json).toBe(`{"page":${splice ?? ""}}`);
  const describe = (made: McpServer) => worldOf(made).perform(parsed<Effect>("effect-describe"));
  const shape = (text: string) => Object.keys(JSON.parse(text) as object);
  expect(shape((await describe(server)).json)).toEqual(shape(golden("outcome-describe")));
  const silent = new McpServer({ name: "test", version: "1.0.0" });
  expect(shape(describeServer(silent, false).json)).toEqual(shape(golden("outcome-describe-without-instructions")));
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
  expect(value).toEqual({ done: parsed("answer-without-body") });
  expect(performed).toEqual(parsed<{ wait: { effect: Effect }[] }>("step-wait").wait.map(({ effect }) => effect));
  expect(given.map((args) => args[3])).toEqual([undefined, golden("outcomes")]);
  const [first, second] = given.map((args) => args.slice(0, 3));
  expect(first).toEqual(second);
});

test("a step that needs randomness is made again with some, which all later steps are given too", async () => {
  const world: World = { ...nothing, perform: () => ({ json: '{"registered":["tools"]}' }) };
  const { step, given } = scripted(golden("step-entropy"), `${golden("step-wait")}\n`, golden("step-done"));
  expect(await run<Answer>(step, "input", "body", world)).toEqual({ done: parsed("answer-without-body") });
  const [none, some = "", last = ""] = given.map((args) => args[3]);
  expect(none).toBeUndefined();
  expect(some).toMatch(/^[0-9a-f]{64}$/);
  expect(last.startsWith(`${some}[`)).toBe(true);
  const other = scripted(golden("step-entropy"), golden("step-done"));
  await run<Answer>(other.step, "input", "body", world);
  expect(other.given[1]?.[3]).not.toBe(some);
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

test("failures have these names", async () => {
  for (const failure of parsed<Failure[]>("failures")) {
    const world = { ...nothing, perform: () => Promise.reject(new EffectFailure(failure, "")) };
    const { step, given } = scripted(`${golden("step-wait")}\n`, golden("step-done"));
    await logOf(async () => run(step, "", "", world));
    expect(JSON.parse(given[1]?.[3] ?? "")).toMatchObject([{ failed: failure }, { failed: failure }]);
  }
});

test("answers become responses", async () => {
  const { status, headers, body } = parsed<Answer>("answer");
  const response = respond({ status, headers, body: body ?? "" }, [["vary", "Origin"]]);
  expect(response.status).toBe(status);
  for (const [name, value] of [...headers, ["vary", "Origin"]] as const) expect(response.headers.get(name)).toBe(value);
  expect(await response.text()).toBe(body);
  const empty = respond(parsed("answer-without-body"), []);
  expect([empty.status, await empty.text()]).toEqual([202, ""]);
});

test("what a verifier asks for", async () => {
  // RFC 8037 appendix A.
  for (const name of ["effect-verify", "effect-verify-that-settles"]) {
    const effect = parsed<VerifyEffect>(name);
    const right = { json: golden("outcome-verify"), ...(effect.splice && { splice: "" }) };
    expect(await performVerify(effect)).toEqual(right);
    expect(await performVerify({ ...effect, signed: `${effect.signed}.` })).toEqual({ json: "false" });
  }
  // Once it is kept, the key has a name, and the token is in what was shown.
  const keys = new KeptKeys();
  const toKeep = parsed<VerifyEffect>("effect-verify-to-keep");
  const shownEffect = parsed<VerifyShownEffect>("effect-verify-shown");
  const shown = `Bearer ${toKeep.signed}.${toKeep.signature}`;
  expect(() => performVerifyShown(shownEffect, keys, shown)).toThrow(/no key/);
  expect(await performVerify(toKeep, keys)).toEqual({ json: "true" });
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
