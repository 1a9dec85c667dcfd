/** The function-style entry: `createMcpHandler(factory)` for servers that keep nothing between requests. */
import {
  ENDPOINT_NAMES,
  type EndpointOptions,
  type FetchHandler,
  type GuardedCore,
  type Passage,
  admit,
  coreFor,
  serve,
  unserved,
} from "./endpoint.js";
import { BOUNDS } from "./bounds.js";
import { type Limits, callback, limitsOf } from "./callback.js";
import { WicketError } from "./errors.js";
import { type Caller, type Decision, ENDPOINT, type Guard } from "./guard.js";
import { Incoming } from "./incoming.js";
import { TRANSPORT } from "./moved.js";
import { checkOptions, namesOf } from "./options.js";
import { openPage, refusal, wantsPage } from "./pages/endpoint.js";
import { isJson } from "./json.js";
import { NO_PARAMS, type Params, Route, plainPath } from "./route.js";
import { contextOf } from "./runtime.js";
import { McpServer } from "./server/mcp-server.js";
import { unsetResponse } from "./unset.js";

/** What a factory may look at. */
export interface FactoryContext<Env = unknown> {
  readonly request: Request;
  readonly env: Env;
  /** What the app or the guard knows about the caller. */
  readonly props: Record<string, unknown> | undefined;
  /** What the names in the route stand for: `/mcp/:tenant` gives `tenant`. */
  readonly params: Params;
}

/** Handlers of servers that were made for one request, by their options: what such a handler needs is made once. */
const cores = new Map<string, GuardedCore>();
/** Options come from the code, so there are few; more than these are a mistake that must not fill the memory. */
const MAX_CORES = BOUNDS.endpoints.value;

/** Servers that have had their request. */
const used = new WeakSet<McpServer>();

/** Makes the server of one request. */
export type McpServerFactory<Env = unknown> = (context: FactoryContext<Env>) => McpServer | Promise<McpServer>;

export interface CreateMcpHandlerOptions extends EndpointOptions {
  /** The path of the endpoint; other paths answer 404. Default `/mcp`. */
  route?: string;
}

const HANDLER = namesOf<CreateMcpHandlerOptions>(
  "createMcpHandler",
  { ...ENDPOINT_NAMES, route: true },
  { ...TRANSPORT, path: "Use `route`." },
);

/**
 * An MCP endpoint for a Worker: `export default { fetch: createMcpHandler(factory) }`. The factory runs for each request,
 * so that what it registers may depend on the caller. A server instead of a factory is for one request, as in
 * `createMcpHandler(server)(request, env, ctx)`. Throws `ERR_ARGUMENT` if it is neither.
 */
export function createMcpHandler<Env = unknown>(
  factory: McpServerFactory<Env> | McpServer,
  options: CreateMcpHandlerOptions = {},
): FetchHandler<Env> {
  checkOptions(HANDLER, options);
  if (factory instanceof McpServer) return handlerOf(once(factory), options, JSON.stringify(options));
  if (typeof factory !== "function") {
    throw new WicketError(
      "ERR_ARGUMENT",
      "createMcpHandler takes a function that makes the server, so that no two callers share one: " +
        "createMcpHandler(() => { const server = new McpServer(…); …; return server; }).",
    );
  }
  return handlerOf(factory, options);
}

/** The handler; with a `key`, the core is that of all handlers with this key. */
function handlerOf<Env>(
  factory: McpServerFactory<Env>,
  options: CreateMcpHandlerOptions,
  key?: string,
): FetchHandler<Env> {
  const made = new MadeServers(factory, options, key);
  const handler: FetchHandler<Env> = (request, env, ctx) => {
    const incoming = new Incoming(request);
    try {
      return made.handle(incoming, env, contextOf(ctx));
    } catch (error) {
      const response = unsetResponse(error, incoming.site);
      return response
        ? Promise.resolve(response)
        : Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return Object.assign(handler, {
    [ENDPOINT]: {
      routes: [made.route],
      serve: (incoming: Incoming, env: Env, ctx: ExecutionContext, guard: Guard<Env>) =>
        made.handle(incoming, env, ctx, guard),
    },
  });
}

/** A server that is given once: two callers must not share one. */
function once(server: McpServer): () => McpServer {
  return () => {
    if (used.has(server)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        "createMcpHandler has a server that another request has had. Give it a function that makes one: " +
          "createMcpHandler(() => { const server = new McpServer(…); …; return server; }).",
      );
    }
    used.add(server);
    return server;
  };
}

/** The endpoint of servers that a factory makes. Where nothing waits there is no promise of its own. */
class MadeServers<Env> {
  readonly route: Route;
  readonly #factory: McpServerFactory<Env>;
  readonly #options: CreateMcpHandlerOptions;
  readonly #limits: Limits;
  #core: GuardedCore | undefined;

  readonly #key: string | undefined;

  constructor(factory: McpServerFactory<Env>, options: CreateMcpHandlerOptions, key?: string) {
    this.#key = key;
    this.route = new Route("createMcpHandler", options.route ?? "/mcp");
    this.#factory = factory;
    this.#options = options;
    this.#limits = limitsOf(options, "createMcpHandler");
  }

  handle(incoming: Incoming, env: Env, ctx: ExecutionContext, guard?: Guard<Env>): Promise<Response> {
    const params = this.route.match(incoming.path);
    if (!params) {
      return Promise.resolve(new Response(`Not found. The MCP endpoint is ${this.route.path}.`, { status: 404 }));
    }
    incoming.params = params;
    this.#core ??= this.#coreOf(env);
    const core = this.#core;
    const decided = admit(core, incoming, "GET, POST, DELETE", env, ctx, guard);
    const response =
      decided instanceof Promise
        ? decided.then((pass) => this.#serve(core, incoming, pass, env, ctx, guard))
        : this.#serve(core, incoming, decided, env, ctx, guard);
    return response instanceof Promise ? response : Promise.resolve(response);
  }

  #coreOf(env: Env): GuardedCore {
    if (this.#key === undefined) return coreFor(this.#options, env);
    const core = cores.get(this.#key) ?? coreFor(this.#options, env);
    if (cores.size >= MAX_CORES) cores.clear();
    cores.set(this.#key, core);
    return core;
  }

  #serve(
    core: GuardedCore,
    incoming: Incoming,
    pass: Decision,
    env: Env,
    ctx: ExecutionContext,
    guard: Guard<Env> | undefined,
  ): Response | Promise<Response> {
    if (pass instanceof Response) return refusal(incoming, pass, guard, { path: incoming.path });
    try {
      const props = propsOf(ctx, pass.caller);
      const told = toldOf(this.#options, props, pass.caller, incoming);
      const place = { objects: this.#options.objects };
      const passage: Passage = { core, incoming, pass, props, told, env, place, limits: this.#limits };
      const server = callback("The factory of createMcpHandler", this.#limits.callback, () =>
        this.#factory({ request: incoming.request, env, props, params: incoming.params }),
      );
      if (!(server instanceof Promise)) return this.#answer(passage, checked(server), ctx);
      return server
        .then((server) => this.#answer(passage, checked(server), ctx))
        .catch((error: unknown) => unserved(error, pass.headers));
    } catch (error) {
      return unserved(error, pass.headers);
    }
  }

  #answer(passage: Passage, server: McpServer, ctx: ExecutionContext): Response | Promise<Response> {
    const { incoming, pass } = passage;
    return wantsPage(incoming)
      ? openPage(incoming, pass, server, { path: incoming.path })
      : serve(passage, server, ctx);
  }
}

/** What a factory gave, if it is a server of this package. */
function checked(server: unknown): McpServer {
  if (server instanceof McpServer) return server;
  throw new WicketError(
    "ERR_ARGUMENT",
    'The factory must return an McpServer of "mcp-wicket": change the import line of McpServer.',
  );
}

/** What is known about the caller: what the guard found, else what the app has put beside the request. */
export function propsOf(ctx: ExecutionContext, caller: Caller | undefined): Record<string, unknown> | undefined {
  return caller ? caller.props : (ctx as { props?: Record<string, unknown> }).props;
}

/** What the core is told beside the head: where, who is calling, and whether sessions are kept. */
export function toldOf(
  { sessions }: EndpointOptions,
  props: Record<string, unknown> | undefined,
  caller: Caller | undefined,
  at: At,
): Passage["told"] {
  const told: Passage["told"] = principalOf(props, caller, at);
  if (sessions) told.sessions = sessions;
  return told;
}

type At = Pick<Incoming, "params" | "path">;

/** Where a request is, and who is calling and by which client, as the guard found it or as far as `ctx.props` tells. */
export function principalOf(
  props: Record<string, unknown> | undefined,
  caller: Caller | undefined,
  at: At,
): { endpoint: string; principal?: string; client?: string } {
  // A server may have several names, and a slash at the end makes no other endpoint.
  const endpoint = at.path.endsWith("/") ? plainPath(at.path) : at.path;
  // Under a pattern each path has state of its own.
  const here = at.params === NO_PARAMS ? "" : ` at ${at.path}`;
  if (caller) {
    const { principal, client } = caller;
    if (client === undefined) return { endpoint, principal: principal + here };
    return { endpoint, principal: principal + here, client };
  }
  if (!props || Object.keys(props).length === 0) return { endpoint };
  checkProps(props);
  return { endpoint, principal: JSON.stringify(props) + here };
}

/** Throws `ERR_ARGUMENT` for props that JSON does not hold whole: two callers whose props differ in that would be one. */
function checkProps(props: Record<string, unknown>): void {
  const lost = Object.entries(props).find(([, value]) => !isJson(value));
  if (!lost) return;
  const [name, value] = lost;
  const what =
    typeof value === "object" && value !== null
      ? `holds more than JSON can (${nameOf(value)})`
      : `is a ${typeof value}`;
  throw new WicketError(
    "ERR_ARGUMENT",
    `ctx.props says who is calling, and must be JSON: \`${name}\` ${what}. Use strings, numbers, lists and plain objects.`,
  );
}

const nameOf = ({ constructor: of }: { constructor?: { name?: string } }): string => of?.name ?? "Object";
