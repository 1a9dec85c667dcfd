/**
 * One MCP endpoint: the guard decides whether a request goes on, the core what becomes of it. This file reads heads and
 * writes responses; it decides nothing.
 */
import type { AgentContext } from "./agent/base.js";
import { CORS, type CORSOptions, originsOf } from "./moved.js";
import { recall } from "./auth/recall.js";
import { Bounded, POOLS, bytesOf } from "./bounds.js";
import { type Body, READ_BEFORE, isReadBefore, judged, readBody } from "./body.js";
import { type CallbackOptions, CallbackTimeout, type Limits } from "./callback.js";
import { ErrorCode, WicketError, logged } from "./errors.js";
import type { Caller, Decision, Guard, Pass } from "./guard.js";
import type { Incoming } from "./incoming.js";
import { thrownInObject } from "./objects/missing.js";
import type { ObjectPlace } from "./objects/objects.js";
import { type Known, oneOf } from "./options.js";
import { refused } from "./refusals.js";
import { type Ended, type World, run } from "./run.js";
import type { RequestContext } from "./runtime.js";
import type { McpServer } from "./server/mcp-server.js";
import { ServerWorld } from "./server/world.js";
import { frame } from "./sse.js";
import { Stencils } from "./stencils.js";
import { unsetResponse } from "./unset.js";
import { newCore } from "./wasm.js";
import { wellFormed } from "./well-formed.js";
import type { Answer, Core, CoreConfig, GuardInput, Guarded, McpInput } from "./wire.js";

/** What every kind of endpoint can be told. */
export interface EndpointOptions extends CallbackOptions {
  /**
   * Web pages of these origins may use the server without a token, beside its own, claude.ai, claude.com, chatgpt.com, apps
   * (Obsidian, VS Code, …) and your own machine; `"*"` for all. Behind a token every page may ask.
   */
  allowedOrigins?: readonly string[] | "*";
  /** Host names to which a server that runs on loopback answers, beside localhost. */
  allowedHosts?: readonly string[];
  /**
   * The Durable Object class for what has to be kept or reached from elsewhere: the name of a binding or of an exported
   * class. By default an exported `WicketObject`, else the agent's own class.
   */
  objects?: string;
  /**
   * `"object"` keeps each session of revisions before 2026-07-28 in an object, for one object call with each request: a
   * session can then be ended (`DELETE`), and ends when nobody has used it for a day. By default a session is its id and
   * keeps nothing.
   */
  sessions?: "object" | undefined;
  /** For servers that move over; its `origin` is the same as `allowedOrigins`. */
  corsOptions?: CORSOptions | false | undefined;
  /**
   * How long a handler of a tool, a prompt or a resource may take, in seconds: up to 600. Without it, as long as its client
   * waits and the runtime lets it: a handler that takes long should look at its `signal`.
   */
  toolTimeout?: number | undefined;
}

/** The names of `EndpointOptions`. */
export const ENDPOINT_NAMES = {
  allowedOrigins: true,
  allowedHosts: true,
  objects: true,
  sessions: oneOf("object"),
  corsOptions: CORS,
  callbackTimeout: true,
  toolTimeout: true,
} satisfies Record<keyof EndpointOptions, Known>;

/** A Worker's `fetch`. A router or a test may leave out part of the context, or all of it. */
export type FetchHandler<Env = unknown> = (request: Request, env: Env, ctx?: RequestContext) => Promise<Response>;

/** A `fetch` of the app's own, or of its router. */
export type AppFetch<Env = unknown> = (
  request: Request,
  env: Env,
  ctx: ExecutionContext,
) => Response | Promise<Response>;

/** A request on its way through an endpoint. */
export interface Passage {
  readonly core: GuardedCore;
  readonly incoming: Incoming;
  /** What the guard has found. */
  readonly pass: Pass;
  /** What the app or the guard knows about the caller. */
  readonly props: Record<string, unknown> | undefined;
  /** What the flow is told beside the request's own head. */
  readonly told: Pick<
    McpInput,
    "endpoint" | "principal" | "client" | "transport" | "place" | "agent" | "sessionId" | "sessions"
  >;
  readonly env: unknown;
  /** Where objects are looked for. */
  readonly place: ObjectPlace;
  readonly limits: Limits;
}

/** A core, and what its guard has let through. */
export interface GuardedCore extends Core {
  readonly passed: Bounded<Pass>;
  readonly stencils: Stencils;
  latest?: Latest;
  /** From now on the keyring's root key is known, or that there is none. */
  learn(root: string | null): void;
}

/** The core of one endpoint; made once for each set of options. */
export function coreFor(options: EndpointOptions, env: unknown): GuardedCore {
  const { allowedHosts = [] } = options;
  const allowedOrigins = originsOf(options.allowedOrigins, options.corsOptions) ?? [];
  const config: CoreConfig = { origins: { allowedOrigins, allowedHosts } };
  const { WICKET_SECRET: secret } = (env ?? {}) as { WICKET_SECRET?: unknown };
  const core: GuardedCore = {
    ...newCore(typeof secret === "string" ? { ...config, keys: secret } : { ...config, keyring: true }),
    passed: new Bounded<Pass>(POOLS.sites),
    stencils: new Stencils(),
    // A flow that is under way keeps to the core that it began with.
    learn: (root) => {
      core.stencils.clear();
      Object.assign(core, newCore(root === null ? config : { ...config, keys: root }));
    },
  };
  return core;
}

/** The same, or the response while the server's secret will not do. */
export function coreOrUnset(options: EndpointOptions, env: unknown, { site }: Incoming): GuardedCore | Response {
  try {
    return coreFor(options, env);
  } catch (error) {
    const response = unsetResponse(error, site);
    if (response) return response;
    throw error;
  }
}

/** Decides about a request: first which web pages may ask at all, then, where there is a guard, who is asking. */
export function admit<Env>(
  core: GuardedCore,
  incoming: Incoming,
  methods: string,
  env: Env,
  ctx: ExecutionContext,
  further: Guard<Env> | undefined,
): Decision | Promise<Decision> {
  // Without a guard here, one of the app's own may have verified the token.
  const caller = further ? undefined : recall(incoming, ctx);
  const site = guard(core, incoming, methods, further?.bearer === true || caller !== undefined);
  if (!further && !caller) return site;
  return site instanceof Promise
    ? site.then((site) => admitFurther(site, incoming, env, ctx, further, caller))
    : admitFurther(site, incoming, env, ctx, further, caller);
}

function admitFurther<Env>(
  site: Decision,
  incoming: Incoming,
  env: Env,
  ctx: ExecutionContext,
  further: Guard<Env> | undefined,
  caller: Caller | undefined,
): Decision | Promise<Decision> {
  if (site instanceof Response) return site;
  if (further) return further.admit(site, incoming, env, ctx);
  return caller ? { headers: site.headers, caller } : site;
}

/**
 * Pattern 1. The decision depends on nothing but a few short strings, so those that let a request go on are remembered
 * by them, and most requests need no crossing. `bearer`: a token is asked for that no browser adds.
 */
export function guard(
  core: GuardedCore,
  incoming: Incoming,
  methods: string,
  bearer = false,
): Decision | Promise<Decision> {
  const { headers, method, site } = incoming;
  const origin = headers.get("origin");
  const { latest } = core;
  if (latest && latest.pass.anyPeer && isSame(latest, method, methods, site, origin, bearer)) return latest.pass;
  // Only plain http leaves open who is there (see src/http/origin.rs).
  const sender = bearer || site.startsWith("https:") ? {} : senderOf(incoming);
  // An empty header is not an absent one, and no header's value holds a line break.
  const key = `${method}\n${methods}\n${site}\n${String(bearer)}\n${origin === null ? "" : `=${origin}`}\n${JSON.stringify(sender)}`;
  const pass = core.passed.get(key);
  if (pass) {
    core.latest = { method, methods, site, origin, bearer, pass };
    return pass;
  }

  const input: GuardInput = { method, url: site, methods, ...sender };
  if (bearer) input.bearer = true;
  if (origin !== null) input.origin = origin;
  const requested = method === "OPTIONS" ? headers.get("access-control-request-headers") : null;
  if (requested !== null) input.requestedHeaders = requested;
  const ended = run<Guarded>(core.no_auth, JSON.stringify(input), "", NO_WORLD);
  return ended instanceof Promise
    ? ended.then((ended) => decide(core, key, ended, incoming))
    : decide(core, key, ended, incoming);
}

/** Who sends a request, as far as its head tells. */
function senderOf({ headers }: Incoming): Pick<GuardInput, "host" | "peer" | "proxied" | "browser"> {
  const sender: ReturnType<typeof senderOf> = {};
  const host = headers.get("host");
  if (host !== null) sender.host = host;
  const peer = headers.get("cf-connecting-ip");
  if (peer !== null) sender.peer = peer;
  if (headers.has("mf-original-hostname")) sender.proxied = true;
  if (headers.get("user-agent")?.includes("Mozilla/") && !headers.has("sec-fetch-site")) sender.browser = true;
  return sender;
}

/** What the guard has let through most recently: comparing with it is cheaper than looking it up. */
interface Latest {
  readonly method: string;
  readonly methods: string;
  readonly site: string;
  readonly origin: string | null;
  readonly bearer: boolean;
  readonly pass: Pass;
}

function isSame(
  latest: Latest,
  method: string,
  methods: string,
  site: string,
  origin: string | null,
  bearer: boolean,
): boolean {
  return (
    latest.site === site &&
    latest.origin === origin &&
    latest.method === method &&
    latest.methods === methods &&
    latest.bearer === bearer
  );
}

function decide({ passed }: GuardedCore, key: string, ended: Ended<Guarded>, incoming: Incoming): Decision {
  const guarded: Guarded = "done" in ended ? ended.done : { answer: { status: 500, headers: [] } };
  if ("answer" in guarded) {
    if (guarded.answer.refused) refused(incoming, guarded.answer.refused);
    return respond(guarded.answer, []);
  }
  const { pass } = guarded;
  const bytes = pass.headers.reduce((all, [name, value]) => all + bytesOf(name) + bytesOf(value), 0);
  passed.set(key, pass, bytes);
  return pass;
}

/**
 * The head of a request, as the core reads it (`src/mcp/request.rs`), without {@link whoOf}. No header has a
 * line break.
 */
export function headOf({ method, headers }: Incoming, server: object, told: Passage["told"]): string {
  let head = `${method}\ns${wellFormed(JSON.stringify(server))}`;
  if (told.endpoint !== undefined) head += `\nh${told.endpoint}`;
  const contentType = headers.get("content-type");
  if (contentType) head += `\nc${contentType}`;
  else if (headers.has("origin")) head += "\nw";
  const accept = headers.get("accept");
  if (accept !== null) head += `\na${accept}`;
  const protocolVersion = headers.get("mcp-protocol-version");
  if (protocolVersion !== null) head += `\nv${protocolVersion}`;
  const mcpMethod = headers.get("mcp-method");
  if (mcpMethod !== null) head += `\nm${mcpMethod}`;
  const mcpName = headers.get("mcp-name");
  if (mcpName !== null) head += `\nn${mcpName}`;
  const sessionId = told.sessionId ?? headers.get("mcp-session-id");
  if (sessionId !== null) head += `\ni${JSON.stringify(sessionId)}`;
  if (told.transport !== undefined) head += `\nt${JSON.stringify(told.transport)}`;
  if (told.agent !== undefined) head += `\ng${JSON.stringify(told.agent)}`;
  if (told.place !== undefined) head += `\nl${JSON.stringify(told.place)}`;
  if (told.sessions !== undefined) head += "\no";
  return head;
}

/** The end of the head, which says who is calling. */
export function whoOf({ principal, client }: Passage["told"]): string {
  const who = principal === undefined ? "" : `\np${JSON.stringify(principal)}`;
  return client === undefined ? who : `${who}\nk${JSON.stringify(client)}`;
}

/** Answers one request to `server`: with plain JSON, or with a stream once a handler says something before its answer. */
export function serve(
  passage: Passage,
  server: McpServer,
  ctx: AgentContext,
  prepare?: (world: ServerWorld) => void,
): Promise<Response> {
  const { incoming } = passage;
  const world = new ServerWorld(passage, server, ctx);
  prepare?.(world);
  const head = headOf(incoming, server.serverInfo, passage.told);
  return new Promise((resolve) => {
    world.respond = resolve;
    const body = bodyOf(incoming);
    if (!(body instanceof Promise)) {
      begin(world, head, body);
      return;
    }
    void body.then(
      (body) => begin(world, head, body),
      (error: unknown) => resolve(unserved(error, passage.pass.headers)),
    );
  });
}

/** Runs the request's flow. Where its answer is there at once, no promise is made. */
function begin(world: ServerWorld, head: string, body: Body): void {
  try {
    const ended = step(world.passage, head, body, world);
    if (ended instanceof Promise) world.finish(ended);
    else world.end(ended);
  } catch (error) {
    world.respond?.(unserved(error, world.passage.pass.headers));
  }
}

/** A world that is told what the core has read. */
type Told = World & { head?: string; body?: string; hasObjects?(): Promise<boolean> };

/** Answers one request to the server that calls itself `serverInfo`. */
export async function answer(passage: Passage, serverInfo: object, world: Told): Promise<Answer> {
  const { incoming, told } = passage;
  const head = headOf(incoming, serverInfo, told);
  return answerOf(await step(passage, head, await bodyOf(incoming), world));
}

/** Only a POST has a body. */
function bodyOf(incoming: Incoming): Promise<Body> | Body {
  return incoming.method === "POST" ? readBody(incoming) : "";
}

/** The head of a request without a body. */
async function withoutBody({ headers }: Incoming, head: string, world: Told): Promise<string> {
  const lastEventId = headers.get("last-event-id");
  if (lastEventId !== null) head += `\ne${lastEventId}`;
  return (await world.hasObjects?.()) === true ? `${head}\nf` : head;
}

/** The head of a request whose body may be none. */
export function withUnread(head: string, body: Body): string {
  return typeof body === "string" ? head : `${head}\nu${JSON.stringify(body.unread)}`;
}

function step(passage: Passage, head: string, read: Body, world: Told): Ended<Answer> | Promise<Ended<Answer>> {
  if (passage.incoming.method === "POST") return stepOver(passage, head, read, world);
  return withoutBody(passage.incoming, head, world).then((head) => stepOver(passage, head, read, world));
}

function stepOver(
  { core, incoming, told }: Passage,
  head: string,
  read: Body,
  world: Told,
): Ended<Answer> | Promise<Ended<Answer>> {
  const body = judged(incoming, read);
  const who = whoOf(told);
  world.head = withUnread(head, body) + who;
  world.body = typeof body === "string" ? body : "";
  const ended = run<Answer>(core.mcp, world.head, world.body, world, core.stencils, who);
  const { holding } = incoming;
  if (!holding) return ended;
  if (ended instanceof Promise) return ended.finally(() => holding.end());
  holding.end();
  return ended;
}

/** The answer with which the flow of an endpoint has ended. */
export function answerOf(ended: Ended<Answer>): Answer {
  return "done" in ended ? ended.done : { status: 200, headers: JSON_HEADERS, body: ended.spliced };
}

/** The response of the same. */
export function written(ended: Ended<Answer>, more: [string, string][]): Response {
  return "done" in ended ? respond(ended.done, more) : new Response(ended.spliced, jsonInit(more));
}

const JSON_HEADERS: [string, string][] = [["content-type", "application/json"]];
const LATE_HEADERS: [string, string][] = [...JSON_HEADERS, ["retry-after", "5"]];

/** Writes a response: the answer's own headers and those of the guard. */
export function respond({ status, headers, body, event }: Answer, more: [string, string][]): Response {
  const text = event && body !== undefined ? frame("message", body) : body;
  return new Response(text ?? null, { status, headers: more.length ? [...headers, ...more] : headers });
}

/** What most responses begin with, made once for each list of the guard's: copying ready-made headers is cheaper. */
const madeInits = new WeakMap<[string, string][], ResponseInit>();

function jsonInit(more: [string, string][]): ResponseInit {
  let made = madeInits.get(more);
  if (!made) madeInits.set(more, (made = { headers: new Headers([...JSON_HEADERS, ...more]) }));
  return made;
}

/** True for the error of code that runs where there is no Workers runtime: it is thrown to whoever has called it. */
export function needsRuntime(error: unknown): boolean {
  return error instanceof WicketError && error.code === "ERR_RUNTIME";
}

/** The response where nothing could be served. What is missing from the set-up is said in full. */
export function unserved(error: unknown, headers: [string, string][]): Response {
  if (needsRuntime(error)) throw error;
  if (isReadBefore(error)) {
    console.error(`[mcp-wicket] ${READ_BEFORE}`);
    const body = JSON.stringify({ jsonrpc: "2.0", error: { code: ErrorCode.InternalError, message: READ_BEFORE } });
    return respond({ status: 500, headers: JSON_HEADERS, body }, headers);
  }
  const missing = error instanceof WicketError && error.code === "ERR_NO_OBJECT" ? error : thrownInObject(error);
  if (missing) {
    console.error(`[mcp-wicket] ${missing.message}`);
    return respond(
      { status: 503, headers: [["content-type", "text/plain; charset=utf-8"]], body: missing.message },
      headers,
    );
  }
  return respond(failed(error), headers);
}

/**
 * The answer where our own code or the user's set-up failed, or the user's code has not ended in time; the reason is in the
 * log.
 */
export function failed(error: unknown): Answer {
  const id = logged("A request could not be served", error);
  const isLate = error instanceof CallbackTimeout;
  const what = isLate ? "The server cannot answer at present" : "The server failed";
  const message = `${what}. Its log has the reason under ${id}.`;
  const body = JSON.stringify({ jsonrpc: "2.0", error: { code: ErrorCode.InternalError, message } });
  return isLate ? { status: 503, headers: LATE_HEADERS, body } : { status: 500, headers: JSON_HEADERS, body };
}

const NO_WORLD: World = {
  perform: (effect) => Promise.reject(new Error(`a guard has no "${effect.kind}"`)),
  commit: () => Promise.reject(new Error("a guard writes nothing")),
};
