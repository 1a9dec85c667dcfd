/** Access tokens of our own authorization server. One that was seen before costs no crossing and no I/O. */
import { BOUNDS, Bounded, POOLS, bytesOf } from "../bounds.js";
import { now } from "../clock.js";
import { OURS } from "../auth/bounded.js";
import type { Found, TokenVerifier } from "../auth/verifier.js";
import { EffectFailure, WicketError, logged } from "../errors.js";
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { run } from "../run.js";
import type { AskList, Followable, Followed, Standing } from "./followed.js";
import type { Site } from "./site.js";
import type { AccessInput, UpstreamInput, UpstreamToken, Verified } from "./wire.js";

/** A token that was good. */
interface Remembered extends Followable {
  readonly caller: Caller;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** So long a token is asked for that another request renews, in milliseconds, and so far apart. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 250;

const REVOKED: Found = { refused: "token", reason: "its grant has ended", verifier: "OAuthProvider" };
const KEYLESS: Found = {
  refused: "unavailable",
  reason: "the object that keeps the key does not answer",
  verifier: "OAuthProvider",
};
const SILENT: Found = {
  refused: "unavailable",
  reason: "the list of revocations does not answer",
  verifier: "OAuthProvider",
};

/** Gives what the tokens of this request are judged by. */
type SiteOf<Env> = (request: Request, env: Env, ctx: ExecutionContext) => Site<Env> | Promise<Site<Env>>;

export class AccessTokens<Env> implements TokenVerifier<Env> {
  readonly [OURS] = true;
  readonly issuers: readonly string[] = [];
  readonly bearer = true;
  readonly #siteOf: SiteOf<Env>;
  readonly #followed: Followed;
  readonly #strict: boolean;
  /** By the origin that a request came to, then by its header. */
  readonly #remembered = new Map<string, Bounded<Remembered>>();

  constructor(siteOf: SiteOf<Env>, followed: Followed, strict: boolean) {
    this.#siteOf = siteOf;
    this.#followed = followed;
    this.#strict = strict;
  }

  /** True for a token that was good when this isolate saw it. */
  remembers({ site }: Incoming, authorization: string | null): boolean {
    const known = authorization === null ? undefined : this.#remembered.get(site)?.get(authorization);
    return known !== undefined && known.until > now();
  }

  /** What a token that is not remembered is: its caller, or why not, and whether it is none of ours. */
  judge(incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Found & { readonly foreign?: true }> {
    return this.#verify(incoming.headers.get("authorization"), incoming, env, ctx);
  }

  identify(incoming: Incoming, env: Env, ctx: ExecutionContext): Found | Promise<Found> {
    const authorization = incoming.headers.get("authorization");
    if (authorization !== null) {
      const known = this.#remembered.get(incoming.site)?.get(authorization);
      if (known && known.until > now()) return this.#standing(known, incoming, env, ctx);
    }
    return this.#verify(authorization, incoming, env, ctx);
  }

  #standing(known: Remembered, incoming: Incoming, env: Env, ctx: ExecutionContext): Found | Promise<Found> {
    const standing = this.#followed.fresh(known);
    return standing === undefined ? this.#asked(known, incoming, env, ctx) : found(standing, known);
  }

  /** The same where the list of revocations has to be asked first, or beside. */
  #asked(known: Remembered, incoming: Incoming, env: Env, ctx: ExecutionContext): Found | Promise<Found> {
    const ask: AskList = async (since, relay) =>
      (await this.#siteOf(incoming.request, env, ctx)).news(env, ctx, since, relay);
    const standing = this.#followed.standing(known, ask, ctx);
    if (!(standing instanceof Promise)) return found(standing, known);
    return standing.then((standing) => found(standing, known));
  }

  async #verify(authorization: string | null, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Found> {
    let site: Site<Env>;
    try {
      site = await this.#siteOf(incoming.request, env, ctx);
    } catch (error) {
      if (!(error instanceof EffectFailure)) throw error;
      logged("The object that keeps this server's key does not answer", error);
      return KEYLESS;
    }
    const input: AccessInput = { origin: incoming.site };
    if (authorization !== null) input.authorization = authorization;
    if (this.#strict) input.strict = true;
    const world = await site.world(incoming.request, env, ctx);
    const ended = await run<Verified>(site.steps.access, JSON.stringify(input), "", world);
    if (!("done" in ended)) throw new Error("a verification is never spliced");
    const verified = ended.done;
    if ("refused" in verified) return { ...verified, verifier: "OAuthProvider" };
    const { until, scopes, ...known } = verified.caller;
    const { grant, object, began, rules } = verified;
    const upstream = (env: unknown, ctx: ExecutionContext) =>
      this.#upstream({ origin: incoming.site, grant, object }, env as Env, ctx);
    const remembered = { caller: { ...known, scopes: new Set(scopes), upstream }, grant, began, rules, until };
    // In strict mode the object has said that the grant stands; of rules the list tells.
    if (!this.#strict && authorization !== null) {
      const bytes = 2 * bytesOf(scopes.join(" ") + JSON.stringify(known.props)) + bytesOf(object);
      this.#remember(incoming.site, authorization, remembered, bytes);
    }
    return this.#standing(remembered, incoming, env, ctx);
  }

  /** See `McpAgent.upstream`. While another request renews the token, this one waits for it. */
  async #upstream(input: UpstreamInput, env: Env, ctx: ExecutionContext): Promise<string> {
    const request = new Request(input.origin);
    const site = await this.#siteOf(request, env, ctx);
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const world = await site.world(request, env, ctx);
      const ended = await run<UpstreamToken>(site.steps.upstream, JSON.stringify(input), "", world);
      if (!("done" in ended)) throw new Error("a token is never spliced");
      if ("token" in ended.done) return ended.done.token;
      if ("none" in ended.done) throw new WicketError("ERR_UPSTREAM", `No upstream token: ${ended.done.none}.`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    throw new WicketError("ERR_UPSTREAM", "No upstream token: another request has been renewing it for ten seconds.");
  }

  #remember(site: string, authorization: string, known: Remembered, bytes: number): void {
    let tokens = this.#remembered.get(site);
    if (!tokens) {
      if (this.#remembered.size >= BOUNDS.origins.value) this.#remembered.clear();
      tokens = new Bounded<Remembered>(POOLS.tokens);
      this.#remembered.set(site, tokens);
    }
    tokens.set(authorization, known, bytes);
  }
}

function found(standing: Standing, { caller }: Remembered): Found {
  return standing === "valid" ? caller : standing === "ended" ? REVOKED : SILENT;
}
