/** The interface between a handler and the provider: the configuration for Rust, and the effects of the handler. */
import type { AppFetch } from "../../common/runtime.js";
import type { OAuthHelpers } from "../operator.js";
import { WicketError } from "../../common/errors.js";
import { answerText } from "../../boundary/answer.js";
import type { Outcome } from "../../boundary/world.js";

/** An effect that only the handler can perform, as its Rust half writes it. */
export interface HandlerEffect {
  readonly kind: string;
}

/** The request during which an effect is performed. */
export interface HandlerContext<Env> {
  readonly request: Request;
  readonly env: Env;
  readonly ctx: ExecutionContext;
}

/** What sign-in handlers of this package have, and no others. */
export const HANDLER: unique symbol = Symbol("mcp-wicket handler");

/**
 * A sign-in handler. Those of this package are `GitHubHandler`, `GoogleHandler`, `AzureADHandler` and `GenericOAuthHandler`.
 */
export interface IdentityHandler<Env = unknown> {
  readonly [HANDLER]: true;
  /** Its name in the log. @internal */
  readonly label?: string;
  /** The configuration for its Rust half, with secrets; it crosses once. `kind` selects the half. @internal */
  identity(env: Env): { kind: string } & Record<string, unknown>;
  /** Performs an effect of its own. @internal */
  perform?(effect: HandlerEffect, context: HandlerContext<Env>): Promise<Outcome>;
  /** Handles requests to all paths that do not belong to the provider. */
  fetch?: AppFetch<Env>;
}

/** A person whom the app itself knows. An object with other members (such as a database row) is an error. */
export interface KnownPerson {
  /** Stable, and never reassigned to another person. */
  id: string;
  /** The account's label, as shown to the person. */
  label?: string;
  /** `this.props` in tools. */
  props?: Record<string, unknown>;
  /** The scopes that the person may have; by default all that are requested. */
  scopes?: readonly string[];
}

/**
 * The current data of a person: at least one member, and no others. Without `props`, they stay the same; without `scopes`,
 * all granted scopes apply.
 */
export type StillKnown = Partial<KnownPerson>;

/** Optional members of a handler that signs people in itself. */
export interface RefreshCheck<Env = unknown> {
  /**
   * Called at each refresh to ask whether the app still knows the person. Returns `true`, which keeps all granted scopes and
   * the props, or the current data (`props`, and the scopes that the person may have). Anything else refuses the refresh,
   * including an object without members or with members other than those of `KnownPerson`, which the log names: the client
   * gets no new tokens, and access ends within `accessTokenTtl`. For a client that refreshes more than five times within a
   * minute, the last answer is used. If the function throws or takes longer than `callbackTimeout`, this counts as an
   * outage, and the client retries.
   */
  stillKnown?(
    person: { readonly id: string },
    env: Env,
    ctx: ExecutionContext,
  ): boolean | StillKnown | null | undefined | Promise<boolean | StillKnown | null | undefined>;
}

/** A handler of your own: your Worker knows who is signed in, through its own session or a proxy in front of it. */
export interface AppHandler<Env = unknown> extends RefreshCheck<Env> {
  /** The person who sends this request (the browser is at the provider's callback); `null` for nobody. */
  identify(request: Request, env: Env, ctx: ExecutionContext): KnownPerson | null | Promise<KnownPerson | null>;
  /** Handles requests to all paths that do not belong to the provider. */
  fetch?: AppFetch<Env>;
}

/**
 * A handler with its own pages: it signs people in and asks for their consent, with `env.OAUTH_PROVIDER`
 * (`parseAuthRequest`, `completeAuthorization`). It handles the authorization endpoint, and every other path that does not
 * belong to the provider.
 */
export interface PagesHandler<Env = unknown> extends RefreshCheck<Env> {
  fetch(
    request: Request,
    env: Env & { OAUTH_PROVIDER: OAuthHelpers },
    ctx: ExecutionContext,
  ): Response | Promise<Response>;
}

/** True for a handler with its own pages. */
export function hasPages<Env>(handler: AnyHandler<Env>): handler is PagesHandler<Env> {
  return !("identity" in handler) && !("identify" in handler);
}

type AnyHandler<Env> = IdentityHandler<Env> | AppHandler<Env> | PagesHandler<Env>;

/** Each kind of handler in the form that the provider uses. */
export function identityOf<Env>(handler: AnyHandler<Env>): IdentityHandler<Env> {
  if ("identity" in handler) return handler;
  const set = handler.stillKnown !== undefined;
  if (set && typeof (handler.stillKnown as unknown) !== "function") {
    throw new WicketError("ERR_ARGUMENT", "stillKnown must be a function: async ({ id }, env) => true or false.");
  }
  const identity = () => ({ kind: "app", ...(set && { stillKnown: true }) });
  const base = { [HANDLER]: true, label: "defaultHandler", identity } as const;
  if (hasPages(handler)) return { ...base, perform: (effect, around) => stillKnown(handler, effect, around) };
  return {
    ...base,
    perform: async (effect, around) => {
      if (effect.kind !== "identify") return stillKnown(handler, effect, around);
      const { request, env, ctx } = around;
      return { json: answerText(await handler.identify(request, env, ctx)) };
    },
    ...(handler.fetch && { fetch: (request, env, ctx) => handler.fetch?.(request, env, ctx) as Promise<Response> }),
  };
}

/** `src/identity/app.rs`, `StillKnown`. */
async function stillKnown<Env>(
  handler: RefreshCheck<Env>,
  effect: HandlerEffect & { id?: string },
  { env, ctx }: HandlerContext<Env>,
): Promise<Outcome> {
  if (effect.kind !== "still-known" || !handler.stillKnown) throw new Error(`an app has no "${effect.kind}"`);
  return { json: answerText(await handler.stillKnown({ id: effect.id ?? "" }, env, ctx)) };
}
