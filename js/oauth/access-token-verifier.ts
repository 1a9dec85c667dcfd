/** Verifies access tokens of our own authorization server. A token that was verified before costs no crossing and no I/O. */
import { BOUNDS, ExpiringCache, POOLS, bytesOf } from "../boundary/caches.js";
import { OWN_VERIFIER } from "../auth/verifier-timeout.js";
import type { TokenVerification, TokenVerifier } from "../auth/verifier.js";
import { EffectFailure, WicketError, logged } from "../common/errors.js";
import type { Caller } from "../auth/guard.js";
import type { Incoming } from "../http/incoming.js";
import type { FetchChanges, GrantRef, RevocationList, GrantStatus } from "./revocation-list.js";
import type { AuthorizationServer } from "./authorization-server.js";
import type { AccessInput, UpstreamInput, UpstreamToken, AccessVerification } from "../boundary/wire.js";

/** A valid token. */
interface CachedToken extends GrantRef {
  readonly caller: Caller;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** How long to wait for a token that another request renews, in milliseconds, and between attempts. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 250;

const REVOKED: TokenVerification = { refused: "token", reason: "the grant has ended", verifier: "OAuthProvider" };
const NO_KEYS: TokenVerification = {
  refused: "unavailable",
  reason: "the keyring is unavailable",
  verifier: "OAuthProvider",
};
const NO_REVOCATION_LIST: TokenVerification = {
  refused: "unavailable",
  reason: "the revocation list is unavailable",
  verifier: "OAuthProvider",
};

/** Returns the server that decides about this request's tokens. */
export type ServerOf<Env> = (env: Env, ctx: ExecutionContext, needsKeys?: boolean) => Promise<AuthorizationServer<Env>>;

export class AccessTokenVerifier<Env> implements TokenVerifier<Env> {
  readonly [OWN_VERIFIER] = true;
  readonly issuers: readonly string[] = [];
  readonly bearer = true;
  readonly #serverOf: ServerOf<Env>;
  readonly #revocations: RevocationList;
  readonly #strict: boolean;
  /** By the request's own origin, then by its header. */
  readonly #cached = new Map<string, ExpiringCache<CachedToken>>();

  constructor(serverOf: ServerOf<Env>, revocations: RevocationList, strict: boolean) {
    this.#serverOf = serverOf;
    this.#revocations = revocations;
    this.#strict = strict;
  }

  /** Verifies a token that was valid when this isolate saw it; undefined for any other. */
  identifyCached(incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<TokenVerification> | undefined {
    const authorization = incoming.headers.get("authorization");
    const known = authorization === null ? undefined : this.#cached.get(incoming.origin)?.get(authorization);
    return known && this.#checkGrant(known, incoming, env, ctx);
  }

  /** Verifies a token that is not cached: its caller, or the refusal, and whether it is not one of ours. */
  verifyUncached(
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<TokenVerification & { readonly foreign?: true }> {
    return this.#verify(incoming.headers.get("authorization"), incoming, env, ctx);
  }

  identify(incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<TokenVerification> {
    return this.identifyCached(incoming, env, ctx) ?? this.verifyUncached(incoming, env, ctx);
  }

  /** Decides by the revocation list, which may have to be refreshed first, or in the background. */
  async #checkGrant(
    known: CachedToken,
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<TokenVerification> {
    const fetchChanges: FetchChanges = async (since, relay) =>
      (await this.#serverOf(env, ctx)).fetchRevocations(env, ctx, since, relay);
    return verificationOf(
      this.#revocations.cachedStatus(known) ?? (await this.#revocations.status(known, fetchChanges, ctx)),
      known,
    );
  }

  async #verify(
    authorization: string | null,
    incoming: Incoming,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<TokenVerification> {
    let server: AuthorizationServer<Env>;
    try {
      server = await this.#serverOf(env, ctx, authorization !== null);
    } catch (error) {
      if (!(error instanceof EffectFailure)) throw error;
      logged("The keyring object of this server is unavailable", error);
      return NO_KEYS;
    }
    const input: AccessInput = { origin: incoming.origin };
    if (authorization !== null) input.authorization = authorization;
    if (this.#strict) input.strict = true;
    const verified = await server.run<AccessVerification>("access", input, "", { request: incoming.request, env, ctx });
    if ("refused" in verified) return { ...verified, verifier: "OAuthProvider" };
    const { until, scopes, ...known } = verified.caller;
    const { grant, object, began, rules } = verified;
    const upstream = (env: unknown, ctx: ExecutionContext) =>
      this.#upstream({ origin: incoming.origin, grant, object }, env as Env, ctx);
    const cached = { caller: { ...known, scopes: new Set(scopes), upstream }, grant, began, rules, until };
    // In strict mode the object has confirmed the grant; the list has the rules.
    if (!this.#strict && authorization !== null) {
      const bytes = 2 * bytesOf(scopes.join(" ") + JSON.stringify(known.props)) + bytesOf(object);
      this.#cache(incoming.origin, authorization, cached, bytes);
    }
    return this.#checkGrant(cached, incoming, env, ctx);
  }

  /** See `McpAgent.upstream`. While another request renews the token, this one waits for it. */
  async #upstream(input: UpstreamInput, env: Env, ctx: ExecutionContext): Promise<string> {
    const request = new Request(input.origin);
    const server = await this.#serverOf(env, ctx);
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const found = await server.run<UpstreamToken>("upstream", input, "", { request, env, ctx });
      if ("token" in found) return found.token;
      if ("none" in found) throw new WicketError("ERR_UPSTREAM", `No upstream token: ${found.none}.`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    throw new WicketError("ERR_UPSTREAM", "No upstream token: another request has been refreshing it for ten seconds.");
  }

  #cache(origin: string, authorization: string, known: CachedToken, bytes: number): void {
    let tokens = this.#cached.get(origin);
    if (!tokens) {
      if (this.#cached.size >= BOUNDS.origins.value) this.#cached.clear();
      tokens = new ExpiringCache<CachedToken>(POOLS.tokens);
      this.#cached.set(origin, tokens);
    }
    tokens.set(authorization, known, bytes);
  }
}

function verificationOf(status: GrantStatus, { caller }: CachedToken): TokenVerification {
  return status === "valid" ? caller : status === "ended" ? REVOKED : NO_REVOCATION_LIST;
}
