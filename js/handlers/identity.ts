/** What a handler is to the provider: the set-up of its Rust half, and the effects that are its own. */
import type { AppFetch } from "../endpoint.js";
import type { OAuthHelpers } from "../oauth/operator.js";
import { checkOptions, openNamesOf } from "../options.js";
import type { Outcome } from "../run.js";

/** An effect that the provider does not know, as the handler's Rust half writes it. */
export interface HandlerEffect {
  readonly kind: string;
}

/** The request during which an effect is performed. */
export interface HandlerContext<Env> {
  readonly request: Request;
  readonly env: Env;
  readonly ctx: ExecutionContext;
}

/** A way to sign in. Those of this package are `GitHubHandler` and its like. */
export interface IdentityHandler<Env = unknown> {
  /** What the log calls it. */
  readonly label?: string;
  /** What the Rust half needs to know, secrets resolved; it crosses once. `kind` picks the half. */
  identity(env: Env): { kind: string } & Record<string, unknown>;
  /** Performs an effect of its own. */
  perform?(effect: HandlerEffect, context: HandlerContext<Env>): Promise<Outcome>;
  /** Answers requests to paths that are not the provider's. */
  fetch?: AppFetch<Env>;
}

/** Somebody whom the app itself knows. */
export interface KnownPerson {
  /** Stable, and never given to anybody else. */
  id: string;
  /** How the person recognises the account. */
  label?: string;
  /** What tools find as `this.props`. */
  props?: Record<string, unknown>;
  /** The scopes that the person may have; without them all that are asked for. */
  scopes?: readonly string[];
}

const PERSON = openNamesOf<KnownPerson>("The answer of identify", { id: true, label: true, props: true, scopes: true });

/** A handler of your own: your Worker knows who is there, by a session of its own or by what stands in front of it. */
export interface AppHandler<Env = unknown> {
  /** Who sends this request (the browser is at the provider's callback); `null` for nobody. */
  identify(request: Request, env: Env, ctx: ExecutionContext): KnownPerson | null | Promise<KnownPerson | null>;
  /** Answers requests to paths that are not the provider's. */
  fetch?: AppFetch<Env>;
}

/**
 * A handler with pages of its own: it signs people in and asks them, and answers with `env.OAUTH_PROVIDER`
 * (`parseAuthRequest`, `completeAuthorization`). The authorization endpoint is its own, like every other path that is not
 * the provider's.
 */
export interface PagesHandler<Env = unknown> {
  fetch(
    request: Request,
    env: Env & { OAUTH_PROVIDER: OAuthHelpers },
    ctx: ExecutionContext,
  ): Response | Promise<Response>;
}

/** True for a handler with pages of its own. */
export function hasPages<Env>(handler: AnyHandler<Env>): handler is PagesHandler<Env> {
  return !("identity" in handler) && !("identify" in handler);
}

type AnyHandler<Env> = IdentityHandler<Env> | AppHandler<Env> | PagesHandler<Env>;

/** Each kind as the provider uses it. */
export function identityOf<Env>(handler: AnyHandler<Env>): IdentityHandler<Env> {
  if ("identity" in handler) return handler;
  if (hasPages(handler)) return { identity: () => ({ kind: "app" }) };
  return {
    label: "defaultHandler",
    identity: () => ({ kind: "app" }),
    perform: async (effect, { request, env, ctx }) => {
      if (effect.kind !== "identify") throw new Error(`an app has no "${effect.kind}"`);
      const person = (await handler.identify(request, env, ctx)) ?? null;
      if (person !== null) checkOptions(PERSON, person);
      return { json: JSON.stringify(person) };
    },
    ...(handler.fetch && { fetch: (request, env, ctx) => handler.fetch?.(request, env, ctx) as Promise<Response> }),
  };
}
