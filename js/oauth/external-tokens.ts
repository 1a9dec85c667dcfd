/**
 * External tokens: those that the operator's other verifiers accept, in addition to the tokens of our own authorization
 * server, so that machines with keys and people with a browser can use one endpoint. Rust decides whose a token is, and the
 * principal of its caller (`src/guard/external_tokens.rs`).
 */
import { mostInformative } from "../auth/any-of.js";
import { withTimeout } from "../auth/verifier-timeout.js";
import { ExpiringCache, POOLS } from "../boundary/caches.js";
import type { TokenVerification, RejectedToken, TokenVerifier } from "../auth/verifier.js";
import { answerText } from "../boundary/answer.js";
import { awaited } from "../common/callback.js";
import { now } from "../common/clock.js";
import { WicketError, logged } from "../common/errors.js";
import type { Caller } from "../auth/guard.js";
import type { Incoming } from "../http/incoming.js";
import type { ExternalToken, OAuthProviderOptions } from "./options.js";
import type { AccessTokenVerifier, ServerOf } from "./access-token-verifier.js";
import type { Admission, ExternalInput } from "../boundary/wire.js";

/** A caller that another verifier has found, and its caller here. */
interface MappedCaller {
  readonly caller: Caller;
  /** The header of its request: a request with another one is checked again. */
  readonly authorization: string | null;
}

/** A token's caller, or the result of `resolveExternalToken` (JSON). */
type ExternalCaller = Pick<ExternalInput, "principal" | "token" | "client" | "scopes"> & { readonly answer?: string };

/** How long a known caller is not logged again. */
const LOGGED_MS = 5 * 60_000;

type Options<Env> = Pick<OAuthProviderOptions<Env>, "tokens" | "resolveExternalToken">;

/** Throws `ERR_ARGUMENT` if `tokens` is not a verifier. */
export function checkExternalTokens<Env>({ tokens, resolveExternalToken }: Options<Env>): void {
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

export class WithExternalTokens<Env> implements TokenVerifier<Env> {
  readonly issuers: readonly string[] = [];
  readonly #own: AccessTokenVerifier<Env>;
  readonly #serverOf: ServerOf<Env>;
  readonly #tokens: TokenVerifier<Env> | undefined;
  readonly #resolve: Options<Env>["resolveExternalToken"];
  readonly #timeout: number;
  readonly #callers = new WeakMap<Caller, MappedCaller>();
  readonly #logged = new ExpiringCache<{ readonly until: number }>(POOLS.loggedCallers);

  constructor(own: AccessTokenVerifier<Env>, serverOf: ServerOf<Env>, options: Options<Env>, timeout: number) {
    this.#own = own;
    this.#serverOf = serverOf;
    this.#tokens = options.tokens && withTimeout(options.tokens, timeout);
    this.#resolve = options.resolveExternalToken;
    this.#timeout = timeout;
  }

  get bearer(): boolean {
    return this.#tokens === undefined || this.#tokens.bearer === true;
  }

  async identify(incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<TokenVerification> {
    const own = this.#own.identifyCached(incoming, env, ctx);
    if (own) return own;
    const authorization = incoming.headers.get("authorization");
    const known = this.#tokens?.known?.(incoming);
    const mapped = known && this.#callers.get(known);
    if (mapped !== undefined && mapped.authorization === authorization) return mapped.caller;
    return this.#verify(authorization, incoming, env, ctx);
  }

  async #verify(
    authorization: string | null,
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<TokenVerification> {
    const own = await this.#own.verifyUncached(incoming, env, ctx);
    if (!("refused" in own) || own.foreign !== true) return own;
    const rejections: RejectedToken[] = [own];
    if (this.#tokens) {
      const found = await this.#tokens.identify(incoming, env, ctx);
      if (!("refused" in found)) return this.#admitCaller(found, authorization, incoming, env, ctx);
      rejections.push(found);
    }
    const token = authorization === null ? undefined : BEARER.exec(authorization)?.[1];
    if (this.#resolve && token !== undefined) {
      const found = await this.#resolveToken(token, incoming, env, ctx);
      if (!("refused" in found)) return found;
      rejections.push(found);
    }
    return mostInformative(rejections);
  }

  async #admitCaller(
    found: Caller,
    authorization: string | null,
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<TokenVerification> {
    const before = this.#callers.get(found);
    if (before !== undefined && before.authorization === authorization) return before.caller;
    const { principal, scopes, client } = found;
    const input = { principal, scopes: [...scopes], ...(client !== undefined && { client }) };
    const admitted = await this.#admit(input, JSON.stringify(input), incoming, env, ctx);
    if ("refused" in admitted) return { ...admitted, verifier: "OAuthProvider" };
    const caller = { ...found, principal: admitted.principal };
    this.#callers.set(found, { caller, authorization });
    return caller;
  }

  /** The result of `resolveExternalToken`, called each time, because it sees the request and may decide differently. */
  async #resolveToken(token: string, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<TokenVerification> {
    let found: ExternalToken | false | null | undefined;
    let answer = "null";
    let who = "";
    try {
      const { request } = incoming;
      // The body belongs to the endpoint.
      const copy = new Request(request.url, { method: request.method, headers: request.headers });
      const ask = () => this.#resolve?.({ token, request: copy, env });
      found = await awaited("resolveExternalToken of OAuthProvider", this.#timeout, ask);
      answer = answerText(found, ["props"]);
      who = found ? answerText([token, found.subject, found.scopes]) : "";
    } catch (error) {
      logged("A token could not be resolved", error);
      return { refused: "unavailable", reason: "resolveExternalToken failed", verifier: RESOLVE };
    }
    if (found === null || found === undefined || found === false) {
      return { refused: "token", reason: "resolveExternalToken rejected the token", verifier: RESOLVE, foreign: true };
    }
    const admitted = await this.#admit({ token, answer }, who, incoming, env, ctx);
    if ("refused" in admitted) return { ...admitted, verifier: RESOLVE };
    const { principal, scopes, expires } = admitted;
    const { props = {} } = found;
    return { principal, props, scopes: new Set(scopes), ...(expires !== undefined && { expires }) };
  }

  /** The caller here, unless its token is for another server. `who` distinguishes it from others. */
  async #admit(
    external: ExternalCaller,
    who: string,
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<Admission> {
    const server = await this.#serverOf(env, ctx, false); // the step needs no keys
    const { answer, ...named } = external;
    const input: ExternalInput = { origin: incoming.origin, ...named };
    const ray = incoming.headers.get("cf-ray");
    if (ray !== null) input.ray = ray;
    if (this.#logged.get(who)) input.told = true;
    const text = JSON.stringify(input);
    const whole = answer === undefined ? text : `${text.slice(0, -1)},"answer":${answer}}`;
    const { request } = incoming;
    const admitted = await server.run<Admission>("external", whole, "", { request, env, ctx });
    if (!("refused" in admitted)) this.#logged.set(who, { until: now() + LOGGED_MS }, 0);
    return admitted;
  }
}

/** Its name in the log. */
const RESOLVE = "resolveExternalToken";

const BEARER = /^\s*bearer +(\S+)\s*$/i;
