/** The guard of every endpoint that requires tokens: turns the verifier's result into a caller, or a challenge. */
import { type CallbackOptions, callback, limitOf } from "../common/callback.js";
import { respond } from "../http/response.js";
import type { Caller, Decision, Guard, Access, StepUp } from "./guard.js";
import type { Incoming } from "../http/incoming.js";
import { type RateLimiter, performTally } from "../boundary/effects/tally.js";
import { refused as logRefused } from "../common/refusals.js";
import { run } from "../boundary/interpreter.js";
import { NO_WORLD, worldOf } from "../boundary/world.js";
import type { Answer, BearerCore, RateLimitInput, RefusalInput } from "../boundary/wire.js";
import { shared } from "../common/shared.js";
import { withTimeout, timeoutResult } from "./verifier-timeout.js";
import { missingSettingResponse } from "../common/missing-setting.js";
import type { RejectedToken, TokenVerifier } from "./verifier.js";

/** Options of a guard for tokens. */
export interface BearerGuardOptions<Env> extends CallbackOptions {
  /** Scopes that every request needs. */
  requiredScopes?: readonly string[] | undefined;
  /** Returns the scopes that a scope includes: `(scope) => (scope === "admin" ? ["read", "write"] : [])`. */
  impliedScopes?: (scope: string) => readonly string[];
  /** Returns `this.props` for the claims. Runs once for each token. */
  context?: (claims: Record<string, unknown>, about: { env: Env }) => Props | Promise<Props>;
  /** Rate limits per minute; requests beyond them get 429 with `Retry-After`. Default: none. */
  limits?: TokenLimits;
  /** A rate limiting binding of the runtime, used in addition to `limits`: `(env) => env.RATE_LIMITER`. */
  rateLimiter?: (env: Env) => RateLimiter | undefined;
}

/** Requests per minute, counted per isolate, and, with a `rateLimiter`, per location. */
export interface TokenLimits {
  /**
   * Tokens from one network (an IPv4 address, or the /64 of an IPv6 address) that one verifier refuses. Valid tokens from
   * that network are still accepted, because many people may share an address.
   */
  failures?: number;
  /** Requests of one caller, whatever its token and address. */
  calls?: number;
}

/** The other endpoints next to this one: each has its own audience. */
export interface SiblingEndpoints {
  /** The path of this endpoint. */
  readonly own: string;
  readonly others: readonly string[];
}

/** Where a guard stands. */
export interface GuardPlace {
  /** The URL of the protected resource metadata, if there is any. */
  readonly metadata: StepUp["metadata"];
  /** The scopes that a client should request if none are required for every request. */
  readonly usual?: readonly string[];
  readonly siblings?: SiblingEndpoints | undefined;
  readonly name?: string | undefined;
  /** True if callers are no MCP clients: errors have OAuth's form. */
  readonly plain?: true;
}

type Props = Record<string, unknown>;
type Context<Env> = Required<BearerGuardOptions<Env>>["context"];

let count = 0;

/** The guard in front of one endpoint. */
export class BearerGuard<Env = unknown> implements Guard<Env> {
  readonly name: string | undefined;
  readonly #core: BearerCore;
  readonly #verifier: TokenVerifier<Env>;
  readonly #options: BearerGuardOptions<Env>;
  readonly #stepUp: StepUp;
  readonly #siblings: SiblingEndpoints | undefined;
  readonly #plain: true | undefined;
  /** The scopes that the challenge names for a client without a valid token. */
  readonly #wanted: readonly string[];
  /** The callers with the guard's options applied, by the verifier's callers. */
  readonly #callers = new WeakMap<Caller, Caller>();
  /** The names of callers whose `context` is still running. */
  readonly #pending = new WeakMap<Caller, string>();

  constructor(
    core: BearerCore,
    verifier: TokenVerifier<Env>,
    options: BearerGuardOptions<Env>,
    { metadata, usual = [], siblings, name, plain }: GuardPlace,
  ) {
    this.name = name;
    this.#core = core;
    this.#verifier = withTimeout(verifier, limitOf(options.callbackTimeout, "protect"));
    this.#options = options;
    this.#siblings = siblings;
    this.#plain = plain;
    this.#stepUp = { scopes: options.requiredScopes ?? [], metadata };
    this.#wanted = this.#stepUp.scopes.length > 0 ? this.#stepUp.scopes : usual;
  }

  get bearer(): boolean {
    return this.#verifier.bearer === true;
  }

  async admit(access: Access, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Decision> {
    const found = await this.#verifier.identify(incoming, env, ctx);
    if ("refused" in found) {
      const response = found.unset && missingSettingResponse(found.unset, incoming.origin, access.headers);
      return response ?? this.#reject(found, access, incoming, env);
    }
    if (this.#siblings && isForSibling(found, incoming.origin, this.#siblings)) {
      const reason = "the audience is another endpoint of this server";
      return this.#reject({ refused: "token", reason }, access, incoming, env);
    }
    let caller: Caller;
    try {
      caller = await this.#callerOf(found, env);
    } catch (error) {
      return this.#reject(timeoutResult(error), access, incoming, env);
    }
    for (const scope of this.#stepUp.scopes) {
      if (caller.scopes.has(scope)) continue;
      const reason = `the token does not have the scope ${scope}`;
      return this.#reject({ refused: "scope", reason }, access, incoming, env, caller);
    }
    const most = this.#options.limits?.calls;
    const retry = most === undefined ? undefined : await this.#count({ most, principal: caller.principal }, env);
    if (retry === undefined) return { headers: access.headers, caller, stepUp: this.#stepUp };
    const reason = `the caller has made more than ${String(most)} requests within a minute`;
    return this.#refuse({ refused: "slow_down", reason }, access, incoming, caller, retry);
  }

  /** The caller with the guard's options applied, once for each token: concurrent requests share the result. */
  async #callerOf(found: Caller, env: Env): Promise<Caller> {
    const { context, impliedScopes } = this.#options;
    if (!context && !impliedScopes) return found;
    const known = this.#callers.get(found);
    if (known) return known;
    const caller = () => (impliedScopes ? { ...found, scopes: withImplied(found.scopes, impliedScopes) } : found);
    const made = context ? await this.#withContext(found, caller, context, env) : caller();
    this.#callers.set(found, made);
    return made;
  }

  /** The same with the props that `context` makes. */
  async #withContext(found: Caller, caller: () => Caller, context: Context<Env>, env: Env): Promise<Caller> {
    const name = this.#pending.get(found) ?? `context ${String(count++)}`;
    this.#pending.set(found, name);
    const seconds = limitOf(this.#options.callbackTimeout, "protect");
    const make = () => context(found.props, { env });
    try {
      return await shared(name, async () => ({
        ...caller(),
        props: await callback("context of protect", seconds, make),
      }));
    } catch (error) {
      this.#pending.delete(found);
      throw error;
    }
  }

  async #reject(
    found: RejectedToken,
    access: Access,
    incoming: Incoming,
    env: Env,
    caller?: Caller,
  ): Promise<Response> {
    const most = this.#options.limits?.failures;
    if (most === undefined || (found.refused !== "token" && found.refused !== "malformed")) {
      return this.#refuse(found, access, incoming, caller);
    }
    const peer = incoming.headers.get("cf-connecting-ip");
    const { verifier = "" } = found;
    const retry = await this.#count({ most, verifier, ...(peer !== null && { peer }) }, env);
    const slower: RejectedToken = { ...found, refused: "slow_down" };
    return this.#refuse(retry === undefined ? found : slower, access, incoming, caller, retry);
  }

  /** Counts the request. Returns the seconds to wait if it exceeds the limit. */
  async #count(input: RateLimitInput, env: Env): Promise<number | undefined> {
    const limiter = this.#options.rateLimiter?.(env);
    const world = worldOf({ tally: async (effect) => ({ json: await performTally(effect, limiter) }) });
    return (await run<{ retry?: number }>(this.#core.count, JSON.stringify(input), "", world)).retry;
  }

  async #refuse(
    found: RejectedToken,
    access: Access,
    incoming: Incoming,
    caller?: Caller,
    retry?: number,
  ): Promise<Response> {
    logRejection(incoming, found, caller);
    const { refused } = found;
    const input: RefusalInput = { refused };
    if (this.#wanted.length > 0) input.scope = this.#wanted.join(" ");
    if (retry !== undefined) input.retry = retry;
    if (this.#plain) input.plain = true;
    const metadata = this.#stepUp.metadata(incoming);
    if (metadata !== undefined) input.metadata = metadata;
    return respond(await run<Answer>(this.#core.refuse, JSON.stringify(input), "", NO_WORLD), access.headers);
  }
}

/** Logs a refusal. */
function logRejection(
  incoming: Incoming,
  { refused, reason, verifier, said }: RejectedToken,
  caller: Caller | undefined,
): void {
  const each = said?.map(({ refused, reason, verifier }) => ({ ...(verifier && { verifier }), code: refused, reason }));
  logRefused(incoming, {
    code: refused,
    reason,
    ...(verifier !== undefined && { verifier }),
    ...(each && { verifiers: each }),
    ...(caller?.client !== undefined && { client: caller.client }),
  });
}

/** True for a token that is for another endpoint, and not for this one. */
function isForSibling({ props }: Caller, origin: string, { own, others }: SiblingEndpoints): boolean {
  const { aud } = props as { aud?: unknown };
  const listed: unknown[] = Array.isArray(aud) ? aud : [aud];
  const audiences = listed.map((one) => (typeof one === "string" ? trimmed(one) : undefined));
  const isNamed = (path: string) => audiences.includes(trimmed(origin + path));
  return !isNamed(own) && others.some(isNamed);
}

const trimmed = (url: string): string => url.replace(/\/$/, "");

/** Maximum number of scopes, so that a function which always returns new ones ends. */
const MAX_SCOPES = 1000;

/** The scopes, those that they imply, those that these imply, and so on. */
function withImplied(scopes: ReadonlySet<string>, impliedScopes: (scope: string) => readonly string[]): Set<string> {
  const all = new Set(scopes);
  // A set also iterates over what is added meanwhile.
  for (const scope of all) {
    if (all.size > MAX_SCOPES) break;
    for (const implied of impliedScopes(scope)) all.add(implied);
  }
  return all;
}
