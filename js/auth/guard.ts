/**
 * Guards decide whether a request is admitted, and as which caller. An endpoint asks its guard once for each request; the
 * result is passed on to the tools, the session and `this.props`.
 */
import type { Incoming } from "../http/incoming.js";
import type { Route } from "../http/route.js";

/** The caller. Created once for each token and cached with it, so it must not be modified. */
export interface Caller {
  /** The typed subject: `user:…`, `client:…` or `key:…`. Sessions are bound to it. */
  readonly principal: string;
  /** The scopes of the caller, including implied scopes. */
  readonly scopes: ReadonlySet<string>;
  /** `this.props` of this caller. */
  readonly props: Record<string, unknown>;
  /** The OAuth client that the token was issued to. Requests to a client on 2026-07-28 are bound to it. */
  readonly client?: string;
  /** Expiry of the token, in seconds since 1970. */
  readonly expires?: number;
  /** The resource that the token is for (RFC 8707), a URL: this server. */
  readonly resource?: string;
  /** Returns a fresh access token of the upstream with which the person signed in, if there is one. */
  readonly upstream?: (env: unknown, ctx: ExecutionContext) => Promise<string>;
}

/** The contents of a step-up challenge. */
export interface StepUp {
  /** The scopes that every request needs. */
  readonly scopes: readonly string[];
  /** The URL of the protected resource metadata, if there is any. */
  metadata(incoming: Incoming): string | undefined;
}

/** What the guard has found about an admitted request. */
export interface Access {
  /** Headers for every response to it. */
  readonly headers: [string, string][];
  /** The caller, if the guard requires one. */
  readonly caller?: Caller;
  readonly stepUp?: StepUp;
}

/** The result for a request: it passes, or this is the response. */
export type Decision = Access | Response;

/** Decides about a request that the origin policy has accepted. */
export interface Guard<Env = unknown> {
  /** The name of the server, as shown to people. */
  readonly name?: string | undefined;
  /** True if it requires a token that no browser and no proxy adds by itself: then every page may call. */
  readonly bearer?: boolean;
  admit(access: Access, incoming: Incoming, env: Env, ctx: ExecutionContext): Decision | Promise<Decision>;
}

/** The property under which an endpoint is found by what wraps it. */
export const ENDPOINT: unique symbol = Symbol("mcp-wicket endpoint");

/** An MCP endpoint, for what wraps it. */
export interface Endpoint<Env = unknown> {
  /** The paths that it answers, the endpoint's own first. */
  readonly routes: readonly Route[];
  /** The name of the agent's class, whose objects may have roles. */
  readonly agent?: string;
  /** Answers a request, with this guard in front. */
  serve(incoming: Incoming, env: Env, ctx: ExecutionContext, guard: Guard<Env>): Promise<Response>;
}

/** The endpoint behind a handler from `serve`, `serveSSE` or `createMcpHandler`; undefined for any other handler. */
export function endpointOf<Env>(handler: unknown): Endpoint<Env> | undefined {
  const holder = handler as { [ENDPOINT]?: Endpoint<Env> } | null | undefined;
  return holder?.[ENDPOINT];
}
