/** `McpAgent`: a server as a class. */
import { BOUNDS } from "../../boundary/caches.js";
import { ENDPOINT_NAMES, type GuardedCore, type AdmittedRequest, coreFor } from "../endpoint.js";
import { serve } from "../request.js";
import { Incoming } from "../../http/incoming.js";
import { type Limits, callback } from "../../common/callback.js";
import { WicketError } from "../../common/errors.js";
import type { Caller } from "../../auth/guard.js";
import { alarmRole, askRole, connectRole, needSqlite } from "../../objects/roles.js";
import { type Names, checkOptions, namesOf, oneOf } from "../../common/options.js";
import { NO_PARAMS, type Params } from "../../http/route.js";
import { McpServer } from "../server/mcp-server.js";
import type { Call, CallResult, OnCall } from "../server/on-call.js";
import type { ServerWorld } from "../server/world.js";
import { type Expiry, clear, expire, setExpiry } from "./expiry.js";
import { TRANSPORT } from "../compatibility.js";
import { MovedAgent } from "./compatibility.js";
import { type AgentHandler, type ServeOptions, serveHttp } from "./serve.js";
import { type AgentClass, type ObjectRequest, deserializeAccess } from "./object-request.js";
import { answerMessage, serveSse } from "./sse.js";

const { transport: _, ...elsewhere } = TRANSPORT;
const SERVE = namesOf<ServeOptions>(
  "McpAgent.serve",
  { ...ENDPOINT_NAMES, binding: true, transport: oneOf("streamable-http", "sse") },
  elsewhere,
);
const SERVE_SSE: Names = { ...SERVE, where: "McpAgent.serveSSE" };

/**
 * A server as a class. Each request has its own instance: props, tools and fields belong to that caller. By default it
 * runs in the Worker; with `static placement = "session"` or an `initialState` it runs in the session's Durable Object,
 * whose state and SQL outlive the request.
 *
 * ```ts
 * import { McpAgent, McpServer } from "mcp-wicket";
 * import { z } from "zod";
 *
 * export class MyMCP extends McpAgent<Env> {
 *   server = new McpServer({ name: "adder", version: "1.0.0" });
 *
 *   init() {
 *     this.server.registerTool(
 *       "add",
 *       { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
 *       ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] }),
 *     );
 *   }
 * }
 *
 * export default MyMCP.serve("/mcp");
 * ```
 */
export abstract class McpAgent<
  Env = unknown,
  State = unknown,
  Props extends Record<string, unknown> = Record<string, unknown>,
> extends MovedAgent<Env, State> {
  /**
   * Where the agent runs: `"session"` for an object per session; by default in the Worker. In both cases each request has
   * its own instance, with its caller's props; the requests of a session share `state`, `sql` and `ctx.storage`. The
   * object's alarm deletes these when the session has ended, unless the class has its own `alarm`.
   */
  static placement?: "session";

  /** The MCP server of this agent; without one it has no tools, resources or prompts. */
  declare server: McpServer | Promise<McpServer>;
  /** What the app or the guard knows about the caller. Never shared between callers. */
  declare props: Props;
  /** The matched groups of the route: `/mcp/:tenant` sets `tenant`. A session belongs to one path. */
  params: Params = NO_PARAMS;
  /** The state of a new session; an agent with an `initialState` runs in its session's object. */
  declare initialState: State;

  #ready: Promise<McpServer> | undefined;
  #caller: Caller | undefined;
  #core: GuardedCore | undefined;
  /** Until when the object's alarm is known to be set, in milliseconds since 1970. */
  #alarmAt = 0;
  /** The requests that the object is answering. */
  readonly #worlds = new Map<string, ServerWorld>();
  /** True once the object's session has been ended. */
  #isEnded = false;
  /** In the object: the path's groups to which it belongs. */
  #path: string | undefined;

  /**
   * Optional hook around each call of a tool, prompt or resource: for logs, metrics, limits. The hooks of `server` run
   * inside it.
   */
  onCall?(call: Call, next: () => Promise<CallResult>): CallResult | Promise<CallResult>;

  /** Registers tools, resources and prompts for this caller. Runs once per request. */
  init(): Promise<void> | void {}

  /**
   * The upstream with which the person signed in (GitHub, Google, …): `await this.upstream.accessToken()` returns a fresh
   * access token of that person. Throws `ERR_UPSTREAM` if there is none.
   */
  get upstream(): { accessToken(): Promise<string> } {
    const { ctx, env } = this;
    const upstream = this.#caller?.upstream;
    return {
      accessToken: () => {
        if (upstream && !("storage" in ctx)) return upstream(env, ctx);
        const inObject = "storage" in ctx;
        const where = inObject
          ? "an agent in its session's object has no access to it"
          : "nobody has signed in with an upstream provider";
        return Promise.reject(new WicketError("ERR_UPSTREAM", `No upstream token: ${where}.`));
      },
    };
  }

  /** The session's state. Throws `ERR_NEEDS_OBJECT` if the agent runs in the Worker. */
  get state(): State {
    const stored = this.#storage("state").kv.get<State>(STATE);
    return stored === undefined ? this.initialState : stored;
  }

  /** Stores `state` for the session. Throws `ERR_NEEDS_OBJECT` if the agent runs in the Worker. */
  setState(state: State): void {
    const { kv } = this.#storage("setState");
    this.validateStateChange(state, "server");
    kv.put(STATE, state);
    for (const result of [this.onStateUpdate(state, "server"), this.onStateChanged(state, "server")]) {
      if (result instanceof Promise) this.ctx.waitUntil(result);
    }
  }

  /** Runs SQL on the session's own SQLite database: ``this.sql`select * from t where id = ${id}` `` returns the rows. */
  sql<Row = Record<string, SqlStorageValue>>(
    strings: TemplateStringsArray,
    ...values: (SqlStorageValue | boolean)[]
  ): Row[] {
    // SQLite has no booleans, only numbers.
    const plain = values.map((value) => (typeof value === "boolean" ? Number(value) : value));
    return this.#storage("sql")
      .sql.exec(strings.join("?"), ...plain)
      .toArray() as Row[];
  }

  /** Creates an endpoint for streamable HTTP at `path`. */
  static serve<Env>(this: AgentClass<Env>, path: string, options: ServeOptions = {}): AgentHandler<Env> {
    if (options.transport === "sse")
      return cachedHandler(this, `sse ${path}`, SERVE, options, () => serveSse(this, path, options));
    return cachedHandler(this, `http ${path}`, SERVE, options, () => serveHttp(this, path, options));
  }

  /**
   * Creates an endpoint for HTTP+SSE at `path`, for legacy clients; messages are posted to `path` + `/message`. A call lasts
   * as long as its client's stream if `ctx.props` are JSON; otherwise the runtime may cancel it half a minute after it was
   * accepted.
   */
  static serveSSE<Env>(this: AgentClass<Env>, path: string, options: ServeOptions = {}): AgentHandler<Env> {
    return cachedHandler(this, `sse ${path}`, SERVE_SSE, options, () => serveSse(this, path, options));
  }

  /** @deprecated The same as {@link serveSSE}. */
  static mount<Env>(this: AgentClass<Env>, path: string, options: ServeOptions = {}): AgentHandler<Env> {
    return cachedHandler(this, `sse ${path}`, SERVE_SSE, options, () => serveSse(this, path, options));
  }

  /**
   * The session of the current call, or the object in which the agent runs. Throws `ERR_NEEDS_OBJECT` if there is neither:
   * 2026-07-28 has no sessions.
   */
  getSessionId(): string {
    const { server } = this;
    const context = server instanceof McpServer ? server.serving.context : undefined;
    const id = context?.sessionId ?? ("storage" in this.ctx ? this.ctx.id.name?.replace(/^session:/, "") : undefined);
    if (id !== undefined) return id;
    throw new WicketError(
      "ERR_NEEDS_OBJECT",
      `getSessionId: there is no session. Add \`static placement = "session"\` to the class ${this.constructor.name}, and call it while a call is in progress.`,
    );
  }

  /** The server with everything that `init` registers; created once. @internal */
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
   * In the object: answers a request that the Worker's guard has admitted, with its own agent instance. Requests of one
   * session may be concurrent and carry different tokens: what `init` registers based on `this.props` is only for its
   * caller.
   * @internal
   */
  async wicketServe(
    request: Request,
    { props, params, told: extra, pass: carried, body, objects, key, expiry, limits }: ObjectRequest,
  ): Promise<Response> {
    needSqlite({ className: this.constructor.name, ctx: this.#object() });
    if ((this.#path ??= JSON.stringify(params)) !== JSON.stringify(params)) {
      return new Response("Not found. The session belongs to another path.", { status: 404 });
    }
    this.#core ??= coreFor({}, this.env);
    const place = { objects, agent: this.constructor.name };
    const [incoming, access] = [Object.assign(new Incoming(request), { params, body }), deserializeAccess(carried)];
    const setAlarm = () => this.#setExpiry(expiry, objects);
    const agent = new (this.constructor as AgentClass<Env>)(this.#object(), this.env);
    const server = await agent.wicketReady(props, access.caller, params, limits).finally(setAlarm);
    const admitted: AdmittedRequest = {
      core: this.#core,
      incoming,
      access,
      props,
      extra,
      env: this.env,
      place,
      limits,
    };
    const prepare = (world: ServerWorld) => {
      this.#worlds.set(key, world);
      world.ended = () => {
        this.#worlds.delete(key);
        setAlarm();
      };
    };
    if (extra.transport === "sse-messages") return answerMessage(admitted, server, this.ctx, undefined, prepare);
    return serve(admitted, server, this.ctx, prepare);
  }

  /** In the object: sets the alarm that deletes what a request has stored, once its session has ended. */
  #setExpiry(expiry: Expiry, objects: string | undefined): void {
    // An object has one alarm: if the class has an `alarm` of its own, it is responsible.
    if (this.#isEnded || this.alarm !== McpAgent.prototype.alarm) return;
    this.#alarmAt = setExpiry(this.#object().storage, expiry, objects, this.#alarmAt);
  }

  /** In the object: its session was ended; deletes its data and cancels its calls. @internal */
  async wicketEnd(): Promise<void> {
    for (const world of this.#worlds.values()) world.stop();
    this.#isEnded = true;
    await clear(this.#object().storage, this.#worlds.size > 0);
  }

  /** In the object: the client of this request has closed its connection to the Worker. @internal */
  wicketGone(key: string): void {
    this.#worlds.get(key)?.clientGone();
  }

  /** In the object: opens a WebSocket to our own code, in its role. */
  fetch(request: Request): Response | Promise<Response> {
    return connectRole({ className: this.constructor.name, ctx: this.#object(), env: this.env }, request);
  }

  /** In the object: the name of its class. @internal */
  wicketClass(): string {
    return this.constructor.name;
  }

  /** In the object: answers a call of our own code to the object in its role. @internal */
  wicketAsk(name: string, call: string, input: string): Promise<string> {
    const { name: className } = this.constructor;
    return askRole({ name, className, ctx: this.#object(), env: this.env }, call, input);
  }

  /** In the object: the alarm of its role, or the deletion of its session data. */
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
      `this.${member} needs storage: add "static placement = \\"session\\";" to the class ${this.constructor.name}.`,
    );
  }
}

/** An unknown placement would count as the default, and store nothing. */
function checkPlacement({ placement, name }: { placement?: string | undefined; name: string }): void {
  if (placement === undefined || placement === "session") return;
  throw new WicketError(
    "ERR_ARGUMENT",
    `${name} has \`static placement = ${JSON.stringify(placement)}\`. It can only be "session", or omitted.`,
  );
}

const STATE = "wicket:state";

/** The hooks of a server without those of agents, which may share it. */
function hooksOf({ options: { onCall } }: McpServer): readonly OnCall[] {
  return onCall === undefined ? [] : typeof onCall === "function" ? [onCall] : onCall;
}

/** Handlers by class, transport and path: `serve` is often called for each request. */
const handlers = new WeakMap<object, Map<string, unknown>>();

function cachedHandler<Env>(
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
  // The path may come from a request: the oldest entries are removed.
  if (byKey.size >= BOUNDS.endpoints.value) for (const first of byKey.keys()) if (byKey.delete(first)) break;
  byKey.set(full, handler);
  return handler;
}
