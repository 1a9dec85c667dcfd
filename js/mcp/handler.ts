/** The function-style entry: `createMcpHandler(factory)` for servers that store nothing between requests. */
import {
  ENDPOINT_NAMES,
  type EndpointOptions,
  type GuardedCore,
  type AdmittedRequest,
  admit,
  coreFor,
} from "./endpoint.js";
import { serve } from "./request.js";
import { unserved } from "../http/response.js";
import { type FetchHandler, contextOf } from "../common/runtime.js";
import { BOUNDS } from "../boundary/caches.js";
import { callback, limitsOf } from "../common/callback.js";
import { WicketError } from "../common/errors.js";
import { type Caller, ENDPOINT, type Guard } from "../auth/guard.js";
import { Incoming } from "../http/incoming.js";
import { TRANSPORT } from "./compatibility.js";
import { checkOptions, namesOf } from "../common/options.js";
import { openPage, refusal, wantsPage } from "../pages/endpoint.js";
import { isJson } from "../boundary/json.js";
import { NO_PARAMS, type Params, Route, plainPath } from "../http/route.js";
import { McpServer } from "./server/mcp-server.js";
import { missingSettingResponse } from "../common/missing-setting.js";

/** What a factory receives. */
export interface FactoryContext<Env = unknown> {
  readonly request: Request;
  readonly env: Env;
  /** What the app or the guard knows about the caller. */
  readonly props: Record<string, unknown> | undefined;
  /** The matched groups of the route: `/mcp/:tenant` sets `tenant`. */
  readonly params: Params;
}

/** The cores of handlers that were created for one request, by their options, so that each is created once. */
const cores = new Map<string, GuardedCore>();
/** Options are part of the code, so there are few; more than this would be a mistake that must not fill the memory. */
const MAX_CORES = BOUNDS.endpoints.value;

/** Servers that have served their request. */
const used = new WeakSet<McpServer>();

/** Creates the server for one request. */
export type McpServerFactory<Env = unknown> = (context: FactoryContext<Env>) => McpServer | Promise<McpServer>;

export interface CreateMcpHandlerOptions extends EndpointOptions {
  /** The path of the endpoint, or a pattern; other paths are answered with 404. Default `/mcp`. */
  route?: string;
}

const HANDLER = namesOf<CreateMcpHandlerOptions>(
  "createMcpHandler",
  { ...ENDPOINT_NAMES, route: true },
  { ...TRANSPORT, path: "Use `route`." },
);

/**
 * Creates an MCP endpoint for a Worker: `export default { fetch: createMcpHandler(factory) }`. The factory runs for each
 * request, so what it registers may depend on the caller. A server instead of a factory is for a single request, as in
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
      "createMcpHandler takes a function that creates the server, so that no two callers share one: " +
        "createMcpHandler(() => { const server = new McpServer(…); …; return server; }).",
    );
  }
  return handlerOf(factory, options);
}

/** The handler; handlers with the same `key` share a core. */
function handlerOf<Env>(
  factory: McpServerFactory<Env>,
  options: CreateMcpHandlerOptions,
  key?: string,
): FetchHandler<Env> {
  const route = new Route("createMcpHandler", options.route ?? "/mcp");
  const limits = limitsOf(options, "createMcpHandler");
  let core: GuardedCore | undefined;

  async function serveIt(incoming: Incoming, env: Env, ctx: ExecutionContext, guard?: Guard<Env>): Promise<Response> {
    const params = route.match(incoming.path);
    if (!params) return new Response(`Not found. The MCP endpoint is ${route.path}.`, { status: 404 });
    incoming.params = params;
    core ??= coreOf(options, env, key);
    const where = { path: incoming.path };
    const access = await admit(core, incoming, "GET, POST, DELETE", env, ctx, guard);
    if (access instanceof Response) return refusal(incoming, access, guard, where);
    try {
      const props = propsOf(ctx, access.caller);
      const extra = extraOf(options, props, access.caller, incoming);
      const place = { objects: options.objects };
      const admitted: AdmittedRequest = { core, incoming, access, props, extra, env, place, limits };
      const made = await callback("The factory of createMcpHandler", limits.callback, () =>
        factory({ request: incoming.request, env, props, params }),
      );
      const server = checked(made);
      return wantsPage(incoming) ? openPage(incoming, access, server, where) : await serve(admitted, server, ctx);
    } catch (error) {
      return unserved(error, access.headers);
    }
  }

  const handler: FetchHandler<Env> = async (request, env, ctx) => {
    const incoming = new Incoming(request);
    try {
      return await serveIt(incoming, env, contextOf(ctx));
    } catch (error) {
      const response = missingSettingResponse(error, incoming.origin);
      if (response) return response;
      throw error;
    }
  };
  return Object.assign(handler, { [ENDPOINT]: { routes: [route], serve: serveIt } });
}

function coreOf(options: CreateMcpHandlerOptions, env: unknown, key: string | undefined): GuardedCore {
  if (key === undefined) return coreFor(options, env);
  const core = cores.get(key) ?? coreFor(options, env);
  if (cores.size >= MAX_CORES) cores.clear();
  cores.set(key, core);
  return core;
}

/** A factory for a single server: two callers must not share it. */
function once(server: McpServer): () => McpServer {
  return () => {
    if (used.has(server)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        "createMcpHandler has a server that another request has used. Pass a function that creates one: " +
          "createMcpHandler(() => { const server = new McpServer(…); …; return server; }).",
      );
    }
    used.add(server);
    return server;
  };
}

/** The result of a factory, if it is a server of this package. */
function checked(server: unknown): McpServer {
  if (server instanceof McpServer) return server;
  throw new WicketError(
    "ERR_ARGUMENT",
    'The factory must return an McpServer of "mcp-wicket": change the import line of McpServer.',
  );
}

/** What is known about the caller: what the guard found, or else what the app has set in `ctx.props`. */
export function propsOf(ctx: ExecutionContext, caller: Caller | undefined): Record<string, unknown> | undefined {
  return caller ? caller.props : (ctx as { props?: Record<string, unknown> }).props;
}

/** What the core gets in addition to the head: the endpoint, the caller, and whether sessions are stored. */
export function extraOf(
  { sessions }: EndpointOptions,
  props: Record<string, unknown> | undefined,
  caller: Caller | undefined,
  at: RequestTarget,
): AdmittedRequest["extra"] {
  const extra: AdmittedRequest["extra"] = principalOf(props, caller, at);
  if (sessions) extra.sessions = sessions;
  return extra;
}

type RequestTarget = Pick<Incoming, "params" | "path">;

/** The endpoint of a request, and its caller and client, as the guard found them or as far as `ctx.props` tells. */
export function principalOf(
  props: Record<string, unknown> | undefined,
  caller: Caller | undefined,
  at: RequestTarget,
): { endpoint: string; principal?: string; client?: string } {
  // A server may have several host names, and a trailing slash does not make another endpoint.
  const endpoint = at.path.endsWith("/") ? plainPath(at.path) : at.path;
  // With a pattern, each path has state of its own.
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

/**
 * Throws `ERR_ARGUMENT` for props that JSON cannot represent completely: two callers whose props differ only in that
 * would be the same.
 */
function checkProps(props: Record<string, unknown>): void {
  const lost = Object.entries(props).find(([, value]) => !isJson(value));
  if (!lost) return;
  const [name, value] = lost;
  const what =
    typeof value === "object" && value !== null
      ? `has a value that JSON cannot represent (${nameOf(value)})`
      : `is a ${typeof value}`;
  throw new WicketError(
    "ERR_ARGUMENT",
    `ctx.props identifies the caller, and must be JSON: \`${name}\` ${what}. Use strings, numbers, lists and plain objects.`,
  );
}

const nameOf = ({ constructor: of }: { constructor?: { name?: string } }): string => of?.name ?? "Object";
