/**
 * Guards: what decides whether a request goes on, and as whom. An endpoint asks its guard once for each request; whatever
 * the guard finds travels with the request to the tools, the session and `this.props`.
 */
import type { Incoming } from "./incoming.js";
import type { Route } from "./route.js";

/** Who is calling. Made once for each token and kept with it, so that it must not change. */
export interface Caller {
  /** The typed subject: `user:…`, `client:…` or `key:…`. Sessions are bound to it. */
  readonly principal: string;
  /** What the caller may do; what its scopes imply is in it. */
  readonly scopes: ReadonlySet<string>;
  /** What `this.props` is for this caller. */
  readonly props: Record<string, unknown>;
  /** The OAuth client that the token was issued to. What a client is asked on 2026-07-28 is bound to it. */
  readonly client?: string;
  /** When the token ends, in seconds since 1970. */
  readonly expires?: number;
  /** The resource that the token is for (RFC 8707), a URL: this server. */
  readonly resource?: string;
  /** A fresh access token of the upstream that signed the person in, where there is one. */
  readonly upstream?: (env: unknown, ctx: ExecutionContext) => Promise<string>;
}

/** How a client is told to come back with more scopes. */
export interface StepUp {
  /** The scopes that every request needs. */
  readonly scopes: readonly string[];
  /** The URL of the protected resource metadata, if there is any. */
  metadata(incoming: Incoming): string | undefined;
}

/** A request that goes on. */
export interface Pass {
  /** Headers for every response to it. */
  readonly headers: [string, string][];
  /** True if the origin policy lets the like go on from any address. */
  readonly anyPeer?: boolean;
  /** Who is calling, where the guard asks. */
  readonly caller?: Caller;
  readonly stepUp?: StepUp;
}

/** What becomes of a request: it goes on, or this is the response. */
export type Decision = Pass | Response;

/** Decides about a request that the origin policy has let through. */
export interface Guard<Env = unknown> {
  /** What people call the server. */
  readonly name?: string | undefined;
  /** True if it asks for a token that no browser and no proxy adds by itself: then every page may ask. */
  readonly bearer?: boolean;
  admit(site: Pass, incoming: Incoming, env: Env, ctx: ExecutionContext): Decision | Promise<Decision>;
}

/** Where an endpoint shows itself to what is put around it. */
export const ENDPOINT: unique symbol = Symbol("mcp-wicket endpoint");

/** An MCP endpoint, as what is put around it sees it. */
export interface Endpoint<Env = unknown> {
  /** The paths that it answers, the endpoint's own first. */
  readonly routes: readonly Route[];
  /** The name of the agent's class, whose objects may have roles. */
  readonly agent?: string;
  /** Answers a request, with this guard in front. */
  serve(incoming: Incoming, env: Env, ctx: ExecutionContext, guard: Guard<Env>): Promise<Response>;
}

/** The endpoint behind what `serve`, `serveSSE` or `createMcpHandler` gave; nothing for any other handler. */
export function endpointOf<Env>(handler: unknown): Endpoint<Env> | undefined {
  const holder = handler as { [ENDPOINT]?: Endpoint<Env> } | null | undefined;
  return holder?.[ENDPOINT];
}
