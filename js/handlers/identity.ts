/** What a handler is to the provider: the set-up of its Rust half, and the effects that are its own. */
import type { AppFetch } from "../endpoint.js";
import type { OAuthHelpers } from "../oauth/operator.js";
import { WicketError } from "../errors.js";
import { answerText } from "../answer.js";
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

/** Somebody whom the app itself knows. An object with other members (a row of a database) is an error. */
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

/** What is true of a person now: one member at least, and no others. Without `props` those are as before; without `scopes` all count that were granted. */
export type StillKnown = Partial<KnownPerson>;

/** What a handler may have that signs people in itself. */
export interface AsksAgain<Env = unknown> {
  /**
   * Whether the app still knows somebody, asked at each refresh: `true`, with all scopes that were granted and the props as
   * they are; or what counts now (`props`, and the scopes that the person may have). Anything else is a no, also an object
   * without members or with others than those of `KnownPerson`, which the log names: the client gets no new tokens, and within
   * `accessTokenTtl` the person is out. A client that refreshes more than five times within a minute gets what was said last. A function that throws, or takes longer than `callbackTimeout`, is an outage: the client comes again.
   */
  stillKnown?(
    person: { readonly id: string },
    env: Env,
    ctx: ExecutionContext,
  ): boolean | StillKnown | null | undefined | Promise<boolean | StillKnown | null | undefined>;
}

/** A handler of your own: your Worker knows who is there, by a session of its own or by what stands in front of it. */
export interface AppHandler<Env = unknown> extends AsksAgain<Env> {
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
export interface PagesHandler<Env = unknown> extends AsksAgain<Env> {
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
  const set = handler.stillKnown !== undefined;
  if (set && typeof (handler.stillKnown as unknown) !== "function") {
    throw new WicketError("ERR_ARGUMENT", "stillKnown is a function: async ({ id }, env) => true or false.");
  }
  const identity = () => ({ kind: "app", ...(set && { stillKnown: true }) });
  const label = "defaultHandler";
  if (hasPages(handler)) return { label, identity, perform: (effect, around) => stillKnown(handler, effect, around) };
  return {
    label,
    identity,
    perform: async (effect, around) => {
      if (effect.kind !== "identify") return stillKnown(handler, effect, around);
      const { request, env, ctx } = around;
      return { json: answerText(await handler.identify(request, env, ctx)) };
    },
    ...(handler.fetch && { fetch: (request, env, ctx) => handler.fetch?.(request, env, ctx) as Promise<Response> }),
  };
}

/** `src/auth/app.rs`, `StillKnown`. */
async function stillKnown<Env>(
  handler: AsksAgain<Env>,
  effect: HandlerEffect & { id?: string },
  { env, ctx }: HandlerContext<Env>,
): Promise<Outcome> {
  if (effect.kind !== "still-known" || !handler.stillKnown) throw new Error(`an app has no "${effect.kind}"`);
  return { json: answerText(await handler.stillKnown({ id: effect.id ?? "" }, env, ctx)) };
}
