/** `JWTVerifier`: pattern 2. Rust decides (`src/auth/jwt/`); here is what it may touch, and what is remembered. */
import { performDocument } from "../effects/document.js";
import { performVerify } from "../effects/verify.js";
import { WicketError } from "../errors.js";
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { type Ended, type Outcome, type World, run } from "../run.js";
import { newJwtStep } from "../wasm.js";
import type { Commit, Effect, FoundText, JwtInput, RememberCommit, StepMethod } from "../wire.js";
import { type ClaimRule, type JWTClaims, type JWTVerifierOptions, optionsText } from "./jwt-options.js";
import { leave } from "./recall.js";
import { Remembered } from "./remembered.js";
import type { Found, TokenVerifier } from "./verifier.js";

/** What a token was found to be. */
interface Verified {
  readonly caller: Caller;
  readonly until: number;
}

type Refused = Exclude<Found, Caller>;

/** What verifiers with the same options share: a Worker may make one for each request. */
class Shared implements World {
  readonly step: StepMethod;
  readonly verified = new Remembered<Verified>();
  kept: RememberCommit | undefined;
  /** What the operator has been told. */
  readonly told = new Set<string>();

  constructor(options: string) {
    this.step = newJwtStep(options);
  }

  perform(effect: Effect): Promise<Outcome> {
    if (effect.kind === "verify") return performVerify(effect);
    if (effect.kind === "document") return performDocument(effect).then((json) => ({ json }));
    throw new Error(`a verifier has no "${effect.kind}"`);
  }

  commit(commit: Commit): Promise<void> {
    if (commit.kind !== "remember") throw new Error(`a verifier has no "${commit.kind}"`);
    const { text, at, tried, url } = commit;
    const before = this.kept;
    if (text === undefined || at === undefined) {
      this.kept = { ...before, url, tried: Math.max(tried, before?.tried ?? 0) };
    } else if (at >= (before?.at ?? 0)) {
      // Whatever a key that is gone has vouched for is forgotten with it.
      if (before?.text !== text) this.verified.clear();
      this.kept = { url, tried, at, text };
    }
    return Promise.resolve();
  }
}

const sharedBy = new Map<string, Shared>();
const MAX_SHARED = 64;

/**
 * Verifies JWTs. The options are checked here: it throws `ERR_OPTIONS` with the reason and the fix.
 *
 * ```ts
 * const verifier = new JWTVerifier({ secret: env.JWT_SECRET, issuer: "https://auth.example.com", audience: "https://mcp.example.com/mcp" });
 * export default protect(verifier, MyMCP.serve("/mcp"));
 * ```
 */
export class JWTVerifier<Claims extends object = JWTClaims> implements TokenVerifier {
  readonly issuers: readonly string[];
  readonly #shared: Shared;
  readonly #header: string;
  readonly #isBearer: boolean;
  readonly #rules: [string, ClaimRule<never>][];

  constructor({ claims, ...options }: JWTVerifierOptions<Claims>) {
    const text = optionsText(options);
    let shared = sharedBy.get(text);
    if (!shared) {
      shared = new Shared(text);
      if (sharedBy.size >= MAX_SHARED) sharedBy.clear();
      sharedBy.set(text, shared);
    }
    this.#shared = shared;
    this.#header = options.header ?? "authorization";
    this.#isBearer = options.header === undefined;
    this.#rules = Object.entries((claims ?? {}) as Record<string, ClaimRule<never>>);
    this.issuers = typeof options.issuer === "string" ? [options.issuer] : options.issuer;
  }

  /** The claims of a token that is good. Rejects with `ERR_TOKEN` for any other; the message says why, for the log only. */
  async verify(token: string): Promise<Claims> {
    const key = this.#isBearer ? `Bearer ${token}` : token;
    let verified = this.#shared.verified.get(key);
    if (!verified) {
      const found = await this.#run({ token: typeof (token as unknown) === "string" ? token : "" }, key);
      if ("refused" in found) throw new WicketError("ERR_TOKEN", `The token is refused: ${found.reason}.`);
      verified = found;
    }
    const found = this.#judge(verified);
    if ("refused" in found) throw new WicketError("ERR_TOKEN", `The token is refused: ${found.reason}.`);
    leave(token, verified.caller, verified.until);
    return verified.caller.props as Claims;
  }

  identify(incoming: Incoming): Found | Promise<Found> {
    const value = incoming.headers.get(this.#header);
    if (value === null) return { refused: "absent", reason: "it has no token" };
    const verified = this.#shared.verified.get(value);
    if (verified) return this.#judge(verified);
    const input: JwtInput = this.#isBearer ? { authorization: value } : { token: value };
    const found = this.#run(input, value);
    return found instanceof Promise ? found.then((found) => this.#found(found)) : this.#found(found);
  }

  #run(input: JwtInput, key: string): Verified | Refused | Promise<Verified | Refused> {
    const shared = this.#shared;
    const { text = "", ...keys } = shared.kept ?? {};
    if (shared.kept) input.keys = keys as JwtInput["keys"] & object;
    const ended = run<FoundText>(shared.step, JSON.stringify(input), text, shared);
    return ended instanceof Promise ? ended.then((ended) => this.#remember(ended, key)) : this.#remember(ended, key);
  }

  #remember(ended: Ended<FoundText>, key: string): Verified | Refused {
    const shared = this.#shared;
    // Where a signature was all that was missing, its check settles the answer that came with it.
    const found = "done" in ended ? ended.done : (JSON.parse(ended.spliced) as FoundText);
    if ("refused" in found) return found;
    const { scopes, props, until, note, ...known } = found.caller;
    if (note !== undefined && !shared.told.has(note)) {
      shared.told.add(note);
      console.warn(`[mcp-wicket] JWTVerifier for ${this.issuers.join(", ")}: ${note}`);
    }
    const verified: Verified = { caller: { ...known, scopes: new Set(scopes), props: frozen(props) }, until };
    shared.verified.set(key, verified);
    return verified;
  }

  #found(found: Verified | Refused): Found {
    return "refused" in found ? found : this.#judge(found);
  }

  /** The rules that are functions may change their mind, so they are asked each time. */
  #judge({ caller }: Verified): Found {
    for (const [name, rule] of this.#rules) {
      const value = Object.hasOwn(caller.props, name) ? caller.props[name] : undefined;
      const holds = typeof rule === "function" ? rule(value as never) : value === rule;
      if (!holds) return { refused: "token", reason: `its claim ${JSON.stringify(name)} is not as wanted` };
    }
    return caller;
  }
}

/** Claims are kept with their token, so nobody may change them. */
function frozen<T extends object>(value: T): T {
  for (const member of Object.values(value))
    if (typeof member === "object" && member !== null) frozen(member as object);
  return Object.freeze(value);
}
