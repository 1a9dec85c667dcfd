/**
 * `McpAgent`: a server as a class. An agent is made for one request: props, tools and fields are that caller's. By default it
 * runs in the Worker; with `static placement = "session"` or an `initialState` it runs in its session's Durable Object, whose
 * state and SQL outlive the request.
 */
import { BOUNDS } from "../bounds.js";
import { ENDPOINT_NAMES, type EndpointOptions, type GuardedCore, type Passage, coreFor, serve } from "../endpoint.js";
import type { Body } from "../body.js";
import { type Limits, callback } from "../callback.js";
import { WicketError } from "../errors.js";
import type { Caller } from "../guard.js";
import { Incoming } from "../incoming.js";
import { alarmRole, askRole, connectRole, needSqlite } from "../objects/roles.js";
import { type Names, checkOptions, namesOf, oneOf } from "../options.js";
import { NO_PARAMS, type Params } from "../route.js";
import { McpServer } from "../server/mcp-server.js";
import type { Call, CallResult, OnCall } from "../server/on-call.js";
import type { ServerWorld } from "../server/world.js";
import { type Expiry, clear, expire, keepFor } from "./expiry.js";
import { TRANSPORT } from "../moved.js";
import { MovedAgent } from "./incumbent.js";
import type { AgentContext } from "./base.js";
import { type AgentHandler, received, serveHttp } from "./serve.js";
import { answerMessage, serveSse } from "./sse.js";

export interface ServeOptions extends EndpointOptions {
  /** The binding of the agent's Durable Object, where the class is not found by its name. */
  binding?: string | undefined;
  /** `"sse"` is the same as `serveSSE`. */
  transport?: "streamable-http" | "sse" | undefined;
}

const { transport: _, ...elsewhere } = TRANSPORT;
const SERVE = namesOf<ServeOptions>(
  "McpAgent.serve",
  { ...ENDPOINT_NAMES, binding: true, transport: oneOf("streamable-http", "sse") },
  elsewhere,
);
const SERVE_SSE: Names = { ...SERVE, where: "McpAgent.serveSSE" };

/** A class of agents. */
export interface AgentClass<Env = unknown> {
  readonly name: string;
  placement?: "session";
  new (ctx: AgentContext, env: Env): McpAgent<Env>;
}

/** What the Worker passes to an agent in its object. */
export interface Handover {
  props: Record<string, unknown> | undefined;
  params: Params;
  told: Passage["told"];
  pass: { caller: Caller | undefined; scopes: readonly string[] | undefined; metadata: string | undefined };
  /** The request's body, which has been judged. */
  body: Body | undefined;
  objects: string | undefined;
  /** Names the request while it lasts. */
  key: string;
  /** How long the object keeps what it has. */
  expiry: Expiry;
  limits: Limits;
}

export abstract class McpAgent<
  Env = unknown,
  State = unknown,
  Props extends Record<string, unknown> = Record<string, unknown>,
> extends MovedAgent<Env, State> {
  /**
   * Where the agent runs: `"session"` for an object per session; by default in the Worker. Either way each request has an
   * agent of its own, with its caller's props; what the requests of a session share is `state`, `sql` and `ctx.storage`. That is
   * deleted once nobody can come back for it, by the object's alarm, unless the class has an `alarm` itself.
   */
  static placement?: "session";

  /** What the agent offers; without one it offers nothing. */
  declare server: McpServer | Promise<McpServer>;
  /** What the app or the guard knows about the caller. Never another caller's. */
  declare props: Props;
  /** What the names in the route stand for: `/mcp/:tenant` gives `tenant`. A session is of one path, and of no other. */
  params: Params = NO_PARAMS;
  /** The state that a new session begins with; an agent that has one lives in its session's object. */
  declare initialState: State;

  #ready: Promise<McpServer> | undefined;
  #caller: Caller | undefined;
  #core: GuardedCore | undefined;
  /** Until when the object's alarm is known to be set, in milliseconds since 1970. */
  #keptUntil = 0;
  /** The requests that the object answers at the moment. */
  readonly #worlds = new Map<string, ServerWorld>();
  /** True once the object's session has been ended. */
  #isEnded = false;
  /** In the object: the parts of the path that it belongs to. */
  #path: string | undefined;

  /**
   * Runs around each call of a tool, prompt or resource, if the class has it: for logs, metrics, limits. `server`'s own hooks run
   * inside.
   */
  onCall?(call: Call, next: () => Promise<CallResult>): CallResult | Promise<CallResult>;

  /** Registers what the agent offers to this caller. Runs once for each request. */
  init(): Promise<void> | void {}

  /**
   * The upstream that signed the person in (GitHub, Google, …): `await this.upstream.accessToken()` gives a fresh access
   * token of theirs. Throws `ERR_UPSTREAM` where there is none.
   */
  get upstream(): { accessToken(): Promise<string> } {
    const { ctx, env } = this;
    const upstream = this.#caller?.upstream;
    return {
      accessToken: () => {
        if (upstream && !("storage" in ctx)) return upstream(env, ctx);
        const inObject = "storage" in ctx;
        const where = inObject ? "an agent in its session's object cannot ask for it" : "nobody has signed in upstream";
        return Promise.reject(new WicketError("ERR_UPSTREAM", `No upstream token: ${where}.`));
      },
    };
  }

  /** The session's state. Throws `ERR_NEEDS_OBJECT` where the agent runs in the Worker. */
  get state(): State {
    const stored = this.#storage("state").kv.get<State>(STATE);
    return stored === undefined ? this.initialState : stored;
  }

  /** Keeps `state` for the session. Throws `ERR_NEEDS_OBJECT` where the agent runs in the Worker. */
  setState(state: State): void {
    const { kv } = this.#storage("setState");
    this.validateStateChange(state, "server");
    kv.put(STATE, state);
    for (const told of [this.onStateUpdate(state, "server"), this.onStateChanged(state, "server")]) {
      if (told instanceof Promise) this.ctx.waitUntil(told);
    }
  }

  /** Runs SQL on the session's own SQLite: ``this.sql`select * from t where id = ${id}` `` gives the rows. */
  sql<Row = Record<string, SqlStorageValue>>(
    strings: TemplateStringsArray,
    ...values: (SqlStorageValue | boolean)[]
  ): Row[] {
    // SQLite has no booleans; they are numbers there.
    const plain = values.map((value) => (typeof value === "boolean" ? Number(value) : value));
    return this.#storage("sql")
      .sql.exec(strings.join("?"), ...plain)
      .toArray() as Row[];
  }

  /** An endpoint for streamable HTTP at `path`. */
  static serve<Env>(this: AgentClass<Env>, path: string, options: ServeOptions = {}): AgentHandler<Env> {
    if (options.transport === "sse")
      return kept(this, `sse ${path}`, SERVE, options, () => serveSse(this, path, options));
    return kept(this, `http ${path}`, SERVE, options, () => serveHttp(this, path, options));
  }

  /**
   * An endpoint for HTTP+SSE at `path`, for old clients; messages go to `path` + `/message`. A call lasts as long as its
   * client's stream, if `ctx.props` are JSON; otherwise the runtime may end it half a minute after it was accepted.
   */
  static serveSSE<Env>(this: AgentClass<Env>, path: string, options: ServeOptions = {}): AgentHandler<Env> {
    return kept(this, `sse ${path}`, SERVE_SSE, options, () => serveSse(this, path, options));
  }

  /** @deprecated The same as {@link serveSSE}. */
  static mount<Env>(this: AgentClass<Env>, path: string, options: ServeOptions = {}): AgentHandler<Env> {
    return kept(this, `sse ${path}`, SERVE_SSE, options, () => serveSse(this, path, options));
  }

  /**
   * The session of the call that is being served, or the object that the agent lives in. Throws `ERR_NEEDS_OBJECT` where there
   * is neither: on 2026-07-28 there are no sessions.
   */
  getSessionId(): string {
    const { server } = this;
    const context = server instanceof McpServer ? server.serving.context : undefined;
    const id = context?.sessionId ?? ("storage" in this.ctx ? this.ctx.id.name?.replace(/^session:/, "") : undefined);
    if (id !== undefined) return id;
    throw new WicketError(
      "ERR_NEEDS_OBJECT",
      `getSessionId: no session is here. Give the class ${this.constructor.name} \`static placement = "session"\`, and ask for it while a call is served.`,
    );
  }

  /** The server with all that `init` registers; made once. */
  wicketReady(
    props: Record<string, unknown> | undefined,
    caller: Caller | undefined,
    params: Params,
    { callback: seconds }: Limits,
  ): Promise<McpServer> {
    this.#caller = caller;
    this.#ready ??= this.#prepare(props, params, seconds).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #prepare(props: Record<string, unknown> | undefined, params: Params, seconds: number): Promise<McpServer> {
    this.params = params;
    const { name } = this.constructor;
    this.props = (props ?? {}) as Props;
    if ((this.server as unknown) === undefined) this.server = new McpServer({ name, version: "0.0.0" });
    await callback(`init of ${name}`, seconds, () => this.init());
    const server = await callback(`server of ${name}`, seconds, () => this.server);
    if (!(server instanceof McpServer)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `server of ${name} must be an McpServer of "mcp-wicket": change the import line of McpServer.`,
      );
    }
    if (this.onCall) server.hooks = [(call, next) => this.onCall?.(call, next) ?? next(), ...hooksOf(server)];
    return server;
  }

  /**
   * In the object: answers a request that the Worker's guard has let through, by an agent of its own. Requests of one session
   * may come with different tokens, and at once: what `init` registers from `this.props` is for its caller alone.
   */
  async wicketServe(
    request: Request,
    { props, params, told, pass: carried, body, objects, key, expiry, limits }: Handover,
  ): Promise<Response> {
    needSqlite({ className: this.constructor.name, ctx: this.#object() });
    if ((this.#path ??= JSON.stringify(params)) !== JSON.stringify(params)) {
      return new Response("Not found. The session is of another path.", { status: 404 });
    }
    this.#core ??= coreFor({}, this.env);
    const place = { objects, agent: this.constructor.name };
    const [incoming, pass] = [Object.assign(new Incoming(request), { params, body }), received(carried)];
    const keep = () => this.#keep(expiry, objects);
    const agent = new (this.constructor as AgentClass<Env>)(this.#object(), this.env);
    const server = await agent.wicketReady(props, pass.caller, params, limits).finally(keep);
    const passage: Passage = { core: this.#core, incoming, pass, props, told, env: this.env, place, limits };
    const prepare = (world: ServerWorld) => {
      this.#worlds.set(key, world);
      world.ended = () => {
        this.#worlds.delete(key);
        keep();
      };
    };
    if (told.transport === "sse-messages") return answerMessage(passage, server, this.ctx, undefined, prepare);
    return serve(passage, server, this.ctx, prepare);
  }

  /** In the object: what a request has kept there, if anything, ends when nobody can come back for it. */
  #keep(expiry: Expiry, objects: string | undefined): void {
    // An object has one alarm: where the class has an alarm of its own, that is its business.
    if (this.#isEnded || this.alarm !== McpAgent.prototype.alarm) return;
    this.#keptUntil = keepFor(this.#object().storage, expiry, objects, this.#keptUntil);
  }

  /** In the object: its session has been ended; what it keeps goes, and what runs is cancelled. */
  async wicketEnd(): Promise<void> {
    for (const world of this.#worlds.values()) world.stop();
    this.#isEnded = true;
    await clear(this.#object().storage, this.#worlds.size > 0);
  }

  /** In the object: the client of this request has closed its connection to the Worker. */
  wicketGone(key: string): void {
    this.#worlds.get(key)?.clientGone();
  }

  /** In the object: opens a WebSocket to our own code, in its role. */
  fetch(request: Request): Response | Promise<Response> {
    return connectRole({ className: this.constructor.name, ctx: this.#object(), env: this.env }, request);
  }

  /** In the object: whose objects these are. */
  wicketClass(): string {
    return this.constructor.name;
  }

  /** In the object: answers a call of our own code to the object in its role (`js/objects/roles.ts`). */
  wicketAsk(name: string, call: string, input: string): Promise<string> {
    const { name: className } = this.constructor;
    return askRole({ name, className, ctx: this.#object(), env: this.env }, call, input);
  }

  /** In the object: the alarm of its role, or the end of what it keeps for a session. */
  async alarm(): Promise<void> {
    const object = { className: this.constructor.name, ctx: this.#object(), env: this.env };
    if (!(await alarmRole(object))) await expire(object);
  }

  #object(): DurableObjectState {
    return this.ctx;
  }

  #storage(member: string): DurableObjectStorage {
    if ("storage" in this.ctx) return this.ctx.storage;
    throw new WicketError(
      "ERR_NEEDS_OBJECT",
      `this.${member} needs a place to keep things: add "static placement = \\"session\\";" to the class ${this.constructor.name}.`,
    );
  }
}

/** A placement that is none would be the default, and keep nothing. */
function checkPlacement({ placement, name }: { placement?: string | undefined; name: string }): void {
  if (placement === undefined || placement === "session") return;
  throw new WicketError(
    "ERR_ARGUMENT",
    `${name} has \`static placement = ${JSON.stringify(placement)}\`. It can only be "session", or left out.`,
  );
}

const STATE = "wicket:state";

/** The hooks of a server without those of agents, which may share it. */
function hooksOf({ options: { onCall } }: McpServer): readonly OnCall[] {
  return onCall === undefined ? [] : typeof onCall === "function" ? [onCall] : onCall;
}

/** Handlers by class, transport and path: `serve` is often called for each request. */
const handlers = new WeakMap<object, Map<string, unknown>>();

function kept<Env>(
  agent: AgentClass<Env>,
  key: string,
  names: Names,
  options: ServeOptions,
  make: () => AgentHandler<Env>,
): AgentHandler<Env> {
  checkOptions(names, options);
  checkPlacement(agent);
  const full = `${key} ${JSON.stringify(options)}`;
  const byKey = handlers.get(agent) ?? new Map<string, unknown>();
  handlers.set(agent, byKey);
  const known = byKey.get(full) as AgentHandler<Env> | undefined;
  if (known) return known;
  const handler = make();
  // A path may be a request's own: the first ones go.
  if (byKey.size >= BOUNDS.endpoints.value) for (const first of byKey.keys()) if (byKey.delete(first)) break;
  byKey.set(full, handler);
  return handler;
}
