/** The runtime's context of a request, with defaults for what a router or a test omits. */
import { waitUntil } from "#workers";

/**
 * The third argument of a handler: the runtime's `ExecutionContext`, that of a router, or an object with a part of it,
 * such as `{ waitUntil, props }` or `{}`.
 */
export interface RequestContext {
  waitUntil?(promise: Promise<unknown>): void;
  passThroughOnException?(): void;
  /** The caller, if the app itself has identified it. */
  readonly props?: unknown;
}

/** A complete context. */
export function contextOf(given: RequestContext | undefined): ExecutionContext {
  return typeof given?.waitUntil === "function" ? (given as ExecutionContext) : made(given);
}

function made(given: RequestContext | undefined): ExecutionContext {
  const context: RequestContext = {
    waitUntil,
    passThroughOnException() {},
    ...(given?.props !== undefined && { props: given.props }),
  };
  return context as ExecutionContext;
}

/** A Worker's `fetch`. A router or a test may omit part of the context, or all of it. */
export type FetchHandler<Env = unknown> = (request: Request, env: Env, ctx?: RequestContext) => Promise<Response>;

/** A `fetch` of the app or its router. */
export type AppFetch<Env = unknown> = (
  request: Request,
  env: Env,
  ctx: ExecutionContext,
) => Response | Promise<Response>;

/** An endpoint of this package, or anything with `fetch`. */
export type ApiHandler<Env> = AppFetch<Env> | { fetch: AppFetch<Env> };

/** Its `fetch`. */
export function fetchOf<Env>(handler: ApiHandler<Env>): AppFetch<Env> {
  return typeof handler === "function" ? handler : (request, env, ctx) => handler.fetch(request, env, ctx);
}
