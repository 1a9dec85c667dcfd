/**
 * Tokens of our own authorization server, and beside them those that further verifiers of the operator's take: machines with
 * keys and people with a browser at one endpoint. Rust says whose a token is, and what its caller is called
 * (`src/auth/further.rs`).
 */
import { telling } from "../auth/any-of.js";
import { bounded } from "../auth/bounded.js";
import { Remembered } from "../auth/remembered.js";
import type { Found, TokenVerifier } from "../auth/verifier.js";
import { POOLS } from "../bounds.js";
import { answerText } from "../answer.js";
import { awaited } from "../callback.js";
import { now } from "../clock.js";
import { WicketError, logged } from "../errors.js";
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { run } from "../run.js";
import type { ExternalToken, OAuthProviderOptions } from "./options.js";
import type { Site } from "./site.js";
import type { AccessTokens } from "./verifier.js";
import type { Admitted, ExternalInput } from "./wire.js";

/** A caller that a further verifier has found, and as whom it goes on. */
interface Made {
  readonly caller: Caller;
  /** The header that came with it: whoever shows another one is judged anew. */
  readonly authorization: string | null;
}

/** Whose token it is, or what `resolveExternalToken` answers about it (JSON). */
type Whose = Pick<ExternalInput, "principal" | "token" | "client" | "scopes"> & { readonly answer?: string };

/** For this long a caller that comes again is no news to the operator. */
const TOLD_MS = 5 * 60_000;

type SiteOf<Env> = (request: Request, env: Env, ctx: ExecutionContext) => Site<Env> | Promise<Site<Env>>;
type Options<Env> = Pick<OAuthProviderOptions<Env>, "tokens" | "resolveExternalToken">;

/** Throws `ERR_ARGUMENT` where `tokens` is no verifier. */
export function checkFurther<Env>({ tokens, resolveExternalToken }: Options<Env>): void {
  const refuse = (message: string) => {
    throw new WicketError("ERR_ARGUMENT", message);
  };
  if (tokens !== undefined && typeof (tokens as Partial<TokenVerifier> | null)?.identify !== "function") {
    refuse("tokens must be a verifier, such as new APIKeyVerifier({…}) or anyOf(keys, jwt).");
  }
  if (resolveExternalToken !== undefined && typeof resolveExternalToken !== "function") {
    refuse("resolveExternalToken must be a function: async ({ token, request, env }) => ({ props }) or null.");
  }
}

export class WithFurther<Env> implements TokenVerifier<Env> {
  readonly issuers: readonly string[] = [];
  readonly #own: AccessTokens<Env>;
  readonly #siteOf: SiteOf<Env>;
  readonly #tokens: TokenVerifier<Env> | undefined;
  readonly #resolve: Options<Env>["resolveExternalToken"];
  readonly #timeout: number;
  readonly #made = new WeakMap<Caller, Made>();
  readonly #told = new Remembered<{ readonly until: number }>(POOLS.told);

  constructor(own: AccessTokens<Env>, siteOf: SiteOf<Env>, options: Options<Env>, timeout: number) {
    this.#own = own;
    this.#siteOf = siteOf;
    this.#tokens = options.tokens && bounded(options.tokens, timeout);
    this.#resolve = options.resolveExternalToken;
    this.#timeout = timeout;
  }

  get bearer(): boolean {
    return this.#tokens === undefined || this.#tokens.bearer === true;
  }

  identify(incoming: Incoming, env: Env, ctx: ExecutionContext): Found | Promise<Found> {
    const authorization = incoming.headers.get("authorization");
    if (this.#own.remembers(incoming, authorization)) return this.#own.identify(incoming, env, ctx);
    const known = this.#tokens?.known?.(incoming);
    const made = known && this.#made.get(known);
    if (made !== undefined && made.authorization === authorization) return made.caller;
    return this.#ask(authorization, incoming, env, ctx);
  }

  async #ask(authorization: string | null, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Found> {
    const own = await this.#own.judge(incoming, env, ctx);
    if (!("refused" in own) || own.foreign !== true) return own;
    let refused: Extract<Found, { refused: unknown }> = own;
    if (this.#tokens) {
      const found = await this.#tokens.identify(incoming, env, ctx);
      if (!("refused" in found)) return this.#admitted(found, authorization, incoming, env, ctx);
      refused = telling([own, found]);
    }
    const token = authorization === null ? undefined : BEARER.exec(authorization)?.[1];
    if (this.#resolve && token !== undefined) {
      const found = await this.#resolved(token, incoming, env, ctx);
      if (!("refused" in found)) return found;
      refused = telling([refused, found]);
    }
    return refused;
  }

  async #admitted(
    found: Caller,
    authorization: string | null,
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<Found> {
    const before = this.#made.get(found);
    if (before !== undefined && before.authorization === authorization) return before.caller;
    const { principal, scopes, client } = found;
    const input = { principal, scopes: [...scopes], ...(client !== undefined && { client }) };
    const admitted = await this.#judged(input, JSON.stringify(input), incoming, env, ctx);
    if ("refused" in admitted) return { ...admitted, verifier: "OAuthProvider" };
    const caller = { ...found, principal: admitted.principal };
    this.#made.set(found, { caller, authorization });
    return caller;
  }

  /** What `resolveExternalToken` says, each time: it sees the request, and may say otherwise of the next one. */
  async #resolved(token: string, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Found> {
    let found: ExternalToken | false | null | undefined;
    let answer = "null";
    try {
      const { request } = incoming;
      // The body is the endpoint's.
      const shown = new Request(request.url, { method: request.method, headers: request.headers });
      const ask = () => this.#resolve?.({ token, request: shown, env });
      found = await awaited("resolveExternalToken of OAuthProvider", this.#timeout, ask);
      answer = answerText(found, ["props"]);
    } catch (error) {
      logged("A token could not be resolved", error);
      return { refused: "unavailable", reason: "resolveExternalToken failed", verifier: RESOLVE };
    }
    if (found === null || found === undefined || found === false) {
      return { refused: "token", reason: "it does not know the token", verifier: RESOLVE, foreign: true };
    }
    const who = answerText([token, found.subject, found.scopes]);
    const admitted = await this.#judged({ token, answer }, who, incoming, env, ctx);
    if ("refused" in admitted) return { ...admitted, verifier: RESOLVE };
    const { principal, scopes, expires } = admitted;
    const { props = {} } = found;
    return { principal, props, scopes: new Set(scopes), ...(expires !== undefined && { expires }) };
  }

  /** The caller's name here and what it may do, unless its token is for another server. `who` tells it from others. */
  async #judged(whose: Whose, who: string, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Admitted> {
    const site = await this.#siteOf(incoming.request, env, ctx);
    const { answer, ...named } = whose;
    const input: ExternalInput = { origin: incoming.site, ...named };
    const ray = incoming.headers.get("cf-ray");
    if (ray !== null) input.ray = ray;
    if (this.#told.get(who)) input.told = true;
    const world = await site.world(incoming.request, env, ctx);
    const text = JSON.stringify(input);
    const whole = answer === undefined ? text : `${text.slice(0, -1)},"answer":${answer}}`;
    const ended = await run<Admitted>(site.steps.external, whole, "", world);
    if (!("done" in ended)) throw new Error("a caller is never spliced");
    if (!("refused" in ended.done)) this.#told.set(who, { until: now() + TOLD_MS }, 0);
    return ended.done;
  }
}

/** What the log calls it. */
const RESOLVE = "resolveExternalToken";

const BEARER = /^\s*bearer +(\S+)\s*$/i;
