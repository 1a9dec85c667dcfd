/** The function-style entry: `createMcpHandler(factory)` for servers that keep nothing between requests. */
import {
  type EndpointOptions,
  type FetchHandler,
  type GuardedCore,
  type Passage,
  admit,
  broken,
  coreFor,
  serve,
} from "./endpoint.js";
import { WicketError } from "./errors.js";
import { type Caller, ENDPOINT, type Guard } from "./guard.js";
import { Incoming } from "./incoming.js";
import { McpServer } from "./server/mcp-server.js";

/** What a factory may look at. */
export interface FactoryContext<Env = unknown> {
  readonly request: Request;
  readonly env: Env;
  /** What the app or the guard knows about the caller. */
  readonly props: Record<string, unknown> | undefined;
}

/** Makes the server of one request. */
export type McpServerFactory<Env = unknown> = (context: FactoryContext<Env>) => McpServer | Promise<McpServer>;

export interface CreateMcpHandlerOptions extends EndpointOptions {
  /** The path of the endpoint; other paths answer 404. Default `/mcp`. */
  route?: string;
}

/**
 * An MCP endpoint for a Worker: `export default { fetch: createMcpHandler(factory) }`. The factory runs for each request,
 * so that what it registers may depend on the caller. Throws `ERR_ARGUMENT` if it is no function.
 */
export function createMcpHandler<Env = unknown>(
  factory: McpServerFactory<Env>,
  options: CreateMcpHandlerOptions = {},
): FetchHandler<Env> {
  if (typeof factory !== "function") {
    throw new WicketError(
      "ERR_ARGUMENT",
      "createMcpHandler takes a function that makes the server, so that no two callers share one: " +
        "createMcpHandler(() => { const server = new McpServer(…); …; return server; }).",
    );
  }
  const { route = "/mcp" } = options;
  let core: GuardedCore | undefined;
  const handle = async (request: Request, env: Env, ctx: ExecutionContext, guard?: Guard<Env>): Promise<Response> => {
    const incoming = new Incoming(request);
    if (incoming.path !== route) return new Response(`Not found. The MCP endpoint is ${route}.`, { status: 404 });
    core ??= coreFor(options, env);
    const decided = admit(core, incoming, "GET, POST, DELETE", env, ctx, guard);
    const pass = decided instanceof Promise ? await decided : decided;
    if (pass instanceof Response) return pass;
    try {
      const props = propsOf(ctx, pass.caller);
      const making = factory({ request, env, props });
      const server = making instanceof Promise ? await making : making;
      if (!(server instanceof McpServer)) {
        throw new WicketError(
          "ERR_ARGUMENT",
          'The factory must return an McpServer of "mcp-wicket": change the import line of McpServer.',
        );
      }
      const told = toldOf(options, props, pass.caller);
      return await serve({ core, incoming, pass, told, env, place: { objects: options.objects } }, server, ctx);
    } catch (error) {
      return broken(error, pass.headers);
    }
  };
  const handler: FetchHandler<Env> = (request, env, ctx) => handle(request, env, ctx);
  return Object.assign(handler, { [ENDPOINT]: { paths: [route], serve: handle } });
}

/** What is known about the caller: what the guard found, else what the app has put beside the request. */
export function propsOf(ctx: ExecutionContext, caller: Caller | undefined): Record<string, unknown> | undefined {
  return caller ? caller.props : (ctx as { props?: Record<string, unknown> }).props;
}

/** What the core is told beside the head: who is calling, and whether sessions are kept. */
export function toldOf(
  { sessions }: EndpointOptions,
  props: Record<string, unknown> | undefined,
  caller: Caller | undefined,
): Passage["told"] {
  const told: Passage["told"] = principalOf(props, caller);
  if (sessions) told.sessions = sessions;
  return told;
}

/** Who is calling and by which client, as the guard found it or as far as `ctx.props` tells: sessions are bound to it. */
export function principalOf(
  props: Record<string, unknown> | undefined,
  caller: Caller | undefined,
): { principal?: string; client?: string } {
  if (caller) {
    const { principal, client } = caller;
    return client === undefined ? { principal } : { principal, client };
  }
  return props && Object.keys(props).length > 0 ? { principal: JSON.stringify(props) } : {};
}
