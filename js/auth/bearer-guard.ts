/** The guard of every endpoint that asks for tokens: what the verifier finds becomes a caller, or a challenge. */
import { type CallbackOptions, limitOf } from "../callback.js";
import { respond } from "../endpoint.js";
import type { Caller, Decision, Guard, Pass, StepUp } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { type RateLimiter, performTally } from "../effects/tally.js";
import { refused as logRefused } from "../refusals.js";
import { type Outcome, type World, run } from "../run.js";
import type { Answer, BearerCore, CountedInput, Effect, RefusedInput } from "../wire.js";
import { shared } from "../shared.js";
import { bounded, late } from "./bounded.js";
import { unsetResponse } from "../unset.js";
import { ofCaller } from "./caller.js";
import { NO_WORLD } from "./no-world.js";
import type { Found, RefusedToken, TokenVerifier } from "./verifier.js";

/** How a guard judges what its verifier finds. */
export interface BearerGuardOptions<Env> extends CallbackOptions {
  /** Scopes that every request needs. */
  requiredScopes?: readonly string[] | undefined;
  /** Scopes that a scope stands for as well: `(scope) => (scope === "admin" ? ["read", "write"] : [])`. */
  impliedScopes?: (scope: string) => readonly string[];
  /** Makes `this.props` of the claims. Runs once for each token. */
  context?: (claims: Record<string, unknown>, about: { env: Env }) => Props | Promise<Props>;
  /** How often things may be done within a minute; what is beyond gets 429 with `Retry-After`. Default: no limits. */
  limits?: TokenLimits;
  /** A rate limiting binding of the runtime's, asked beside `limits`: `(env) => env.RATE_LIMITER`. */
  rateLimiter?: (env: Env) => RateLimiter | undefined;
}

/** Requests within a minute, counted in each isolate, and in each location where there is a `rateLimiter`. */
export interface TokenLimits {
  /**
   * Tokens from one network (an IPv4 address, or the /64 of an IPv6 one) that one verifier refuses. A good token is let in from
   * there all the same: an address is many people.
   */
  failures?: number;
  /** Requests of one caller, whatever its token and address. */
  calls?: number;
}

/** What the guard in front of one of several endpoints knows of the others: each has its own audience. */
export interface Neighbours {
  /** The path of this endpoint. */
  readonly own: string;
  readonly others: readonly string[];
}

type Props = Record<string, unknown>;

let count = 0;

/**
 * The guard in front of one endpoint. `metadata` is the URL of its protected resource metadata, if it has any; `usual` are the
 * scopes that a client is to ask for where every request needs none in particular.
 */
export class BearerGuard<Env = unknown> implements Guard<Env> {
  readonly name: string | undefined;
  readonly #core: BearerCore;
  readonly #verifier: TokenVerifier<Env>;
  readonly #options: BearerGuardOptions<Env>;
  readonly #stepUp: StepUp;
  readonly #neighbours: Neighbours | undefined;
  /** What a client without a good token is told to ask for. */
  readonly #wanted: readonly string[];
  /** Callers as the options make them, by those that the verifier gave. */
  readonly #made = new WeakMap<Caller, Caller>();
  /** Under which name that is done for callers whose `context` takes a while. */
  readonly #making = new WeakMap<Caller, string>();

  constructor(
    core: BearerCore,
    verifier: TokenVerifier<Env>,
    options: BearerGuardOptions<Env>,
    metadata: StepUp["metadata"],
    usual: readonly string[] = [],
    neighbours?: Neighbours,
    name?: string,
  ) {
    this.name = name;
    this.#core = core;
    this.#verifier = bounded(verifier, limitOf(options.callbackTimeout, "protect"));
    this.#options = options;
    this.#neighbours = neighbours;
    this.#stepUp = { scopes: options.requiredScopes ?? [], metadata };
    this.#wanted = this.#stepUp.scopes.length > 0 ? this.#stepUp.scopes : usual;
  }

  get bearer(): boolean {
    return this.#verifier.bearer === true;
  }

  admit(site: Pass, incoming: Incoming, env: Env, ctx: ExecutionContext): Decision | Promise<Decision> {
    const found = this.#verifier.identify(incoming, env, ctx);
    return found instanceof Promise
      ? found.then((found) => this.#decide(found, site, incoming, env))
      : this.#decide(found, site, incoming, env);
  }

  #decide(found: Found, site: Pass, incoming: Incoming, env: Env): Decision | Promise<Decision> {
    if ("refused" in found) {
      const response = found.unset && unsetResponse(found.unset, incoming.site, site.headers);
      return response ?? this.#refused(found, site, incoming, env);
    }
    if (this.#neighbours && isFor(found, incoming.site, this.#neighbours)) {
      const reason = "its audience is another endpoint of this server";
      return this.#refused({ refused: "token", reason }, site, incoming, env);
    }
    const { context, impliedScopes } = this.#options;
    if (!context && !impliedScopes) return this.#pass(found, site, incoming, env);
    const made = this.#made.get(found);
    if (made) return this.#pass(made, site, incoming, env);
    const key = this.#making.get(found);
    const making = key === undefined ? ofCaller(found, env, this.#options) : this.#make(key, found, env);
    if (!(making instanceof Promise)) {
      this.#made.set(found, making);
      return this.#pass(making, site, incoming, env);
    }
    // Others who come with this token follow, each within limits of its own.
    const name = key ?? `context ${String(count++)}`;
    if (key === undefined) this.#making.set(found, name);
    return (key === undefined ? shared(name, () => making) : making).then(
      (made) => {
        this.#made.set(found, made);
        return this.#pass(made, site, incoming, env);
      },
      (error: unknown) => {
        this.#making.delete(found);
        return this.#decide(late(error), site, incoming, env);
      },
    );
  }

  #make(key: string, found: Caller, env: Env): Promise<Caller> {
    return shared(key, async () => ofCaller(found, env, this.#options));
  }

  #pass(caller: Caller, site: Pass, incoming: Incoming, env: Env): Decision | Promise<Decision> {
    for (const scope of this.#stepUp.scopes) {
      if (caller.scopes.has(scope)) continue;
      const reason = `it does not have the scope ${scope}`;
      return this.#refused({ refused: "scope", reason }, site, incoming, env, caller);
    }
    const pass: Pass = { headers: site.headers, caller, stepUp: this.#stepUp };
    const most = this.#options.limits?.calls;
    if (most === undefined) return pass;
    return this.#count({ most, principal: caller.principal }, env).then((retry): Decision | Promise<Decision> => {
      if (retry === undefined) return pass;
      const found = { refused: "slow_down", reason: `it has made more than ${most} requests within a minute` } as const;
      return this.#refuse(found, site, incoming, caller, retry);
    });
  }

  async #refused(found: RefusedToken, site: Pass, incoming: Incoming, env: Env, caller?: Caller): Promise<Response> {
    const most = this.#options.limits?.failures;
    if (most === undefined || (found.refused !== "token" && found.refused !== "malformed")) {
      return this.#refuse(found, site, incoming, caller);
    }
    const peer = incoming.headers.get("cf-connecting-ip");
    const { verifier = "" } = found;
    const retry = await this.#count({ most, verifier, ...(peer !== null && { peer }) }, env);
    const slower: RefusedToken = { ...found, refused: "slow_down" };
    return this.#refuse(retry === undefined ? found : slower, site, incoming, caller, retry);
  }

  /** Counts the request. The seconds to wait where it is beyond the limit. */
  async #count(input: CountedInput, env: Env): Promise<string | undefined> {
    const world = new Counting(this.#options.rateLimiter?.(env));
    const ended = await run<{ retry?: string }>(this.#core.count, JSON.stringify(input), "", world);
    return "done" in ended ? ended.done.retry : undefined;
  }

  async #refuse(
    found: RefusedToken,
    site: Pass,
    incoming: Incoming,
    caller?: Caller,
    retry?: string,
  ): Promise<Response> {
    tell(incoming, found, caller);
    const { refused } = found;
    const input: RefusedInput = { refused };
    if (this.#wanted.length > 0) input.scope = this.#wanted.join(" ");
    if (retry !== undefined) input.retry = retry;
    const metadata = this.#stepUp.metadata(incoming);
    if (metadata !== undefined) input.metadata = metadata;
    const ended = await run<Answer>(this.#core.refuse, JSON.stringify(input), "", NO_WORLD);
    if (!("done" in ended)) throw new Error("a refusal is never spliced");
    return respond(ended.done, site.headers);
  }
}

/** Tells the operator. */
function tell(incoming: Incoming, { refused, reason, verifier, said }: RefusedToken, caller: Caller | undefined): void {
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
function isFor({ props }: Caller, site: string, { own, others }: Neighbours): boolean {
  const { aud } = props as { aud?: unknown };
  const listed: unknown[] = Array.isArray(aud) ? aud : [aud];
  const audiences = listed.map((one) => (typeof one === "string" ? trimmed(one) : undefined));
  const isNamed = (path: string) => audiences.includes(trimmed(site + path));
  return !isNamed(own) && others.some(isNamed);
}

const trimmed = (url: string): string => url.replace(/\/$/, "");

/** What counting may touch. */
class Counting implements World {
  readonly #limiter: RateLimiter | undefined;

  constructor(limiter: RateLimiter | undefined) {
    this.#limiter = limiter;
  }

  async perform(effect: Effect): Promise<Outcome> {
    if (effect.kind !== "tally") throw new Error(`counting has no "${effect.kind}"`);
    return { json: await performTally(effect, this.#limiter) };
  }

  commit(): Promise<void> {
    return Promise.reject(new Error("counting writes nothing"));
  }
}
