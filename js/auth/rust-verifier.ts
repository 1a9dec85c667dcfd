/** The common parts of verifiers: their Rust step, and their cache of tokens. */
import { BOUNDS, POOLS, bytesOf, ExpiringCache } from "../boundary/caches.js";
import { WicketError } from "../common/errors.js";
import type { Caller } from "./guard.js";
import type { Incoming } from "../http/incoming.js";
import { run } from "../boundary/interpreter.js";
import type { Shortcuts } from "../boundary/stencils.js";
import { NO_WORLD, type World } from "../boundary/world.js";
import { newVerifierStep } from "../boundary/wasm.js";
import type { VerifiedCaller, Verification, RememberCommit, StepMethod, VerifierInput } from "../boundary/wire.js";
import { hideHeader } from "../http/credentials.js";
import { type LookupSource, networkOf } from "./concurrency-limit.js";
import { OWN_VERIFIER } from "./verifier-timeout.js";
import { storeVerification } from "./verified-requests.js";
import type { TokenVerification, RejectedToken, TokenVerifier } from "./verifier.js";

/** If only the signature was missing, a valid one settles the answer that came with it. */
const SPLICED: Shortcuts<Verification> = { spliced: (text) => JSON.parse(text) as Verification };

/** A verified token. */
export interface CachedCaller {
  readonly caller: Caller;
  readonly until: number;
}

/** What verifiers with the same options share: a Worker may create one for each request. */
export class SharedVerifier<Env = unknown> {
  readonly step: StepMethod;
  /** A unique name. */
  readonly name = `verifier ${String(count++)}`;
  readonly verified = new ExpiringCache<CachedCaller>(POOLS.tokens);
  readonly refused = new ExpiringCache<{ readonly found: RejectedToken; readonly until: number }>(POOLS.refused);
  keySet: { url: string; tried: number; at?: number; text?: string } | undefined;
  /** What has been logged already. */
  readonly logged = new Set<string>();

  /** The shared part for these options. */
  static of<Env>(label: string, options: string, make: (options: string) => SharedVerifier<Env>): SharedVerifier<Env> {
    const key = label + options;
    let shared = sharedBy.get(key);
    if (!shared) {
      shared = make(options);
      if (sharedBy.size >= MAX_SHARED) sharedBy.clear();
      sharedBy.set(key, shared);
    }
    return shared;
  }

  constructor(label: string, options: string) {
    this.step = newVerifierStep(label, options);
  }

  /** The names of the imported public keys. */
  get keyNames(): string {
    return "";
  }

  /** The world of one token's flow; the token is part of the text `_shown`. */
  world(_env: Env, _shown: string, _asker: LookupSource): World {
    return NO_WORLD;
  }

  /** Stores the issuer's keys, or that they could not be fetched. */
  remember({ set, tried, url }: RememberCommit): void {
    const before = this.keySet;
    if (!set) {
      this.keySet = { ...before, url, tried: Math.max(tried, before?.tried ?? 0) };
    } else if (set.at >= (before?.at ?? 0)) {
      // Tokens that were verified with a removed key are forgotten.
      if (before?.text !== set.text) this.verified.clear();
      this.keySet = { url, tried, ...set };
    }
  }
}

let count = 0;
const sharedBy = new Map<string, SharedVerifier>();
const MAX_SHARED = BOUNDS.verifiers.value;

export abstract class RustVerifier<Claims extends object, Env = unknown> implements TokenVerifier<Env> {
  readonly [OWN_VERIFIER] = true;
  abstract readonly issuers: readonly string[];
  readonly #label: string;
  readonly #shared: SharedVerifier<Env>;
  /** The missing part of the set-up, if any: then no token is accepted. */
  readonly #missing: WicketError | undefined;
  readonly #header: string;
  readonly #isBearer: boolean;

  constructor(label: string, shared: SharedVerifier<Env> | WicketError, header: string | undefined) {
    this.#label = label;
    this.#missing = shared instanceof WicketError ? shared : undefined;
    this.#shared = shared as SharedVerifier<Env>;
    if (this.#missing) console.error(`[mcp-wicket] ${this.#missing.message}`);
    this.#header = header ?? "authorization";
    if (header !== undefined) hideHeader(header);
    this.#isBearer = header === undefined;
  }

  get header(): string {
    return this.#header;
  }

  get bearer(): boolean {
    return this.#isBearer;
  }

  /**
   * Returns `this.props` for a valid token: its claims. Rejects with `ERR_TOKEN` for any other; the message has the
   * reason, for the log only.
   */
  async verify(token: string, env?: Env): Promise<Claims> {
    if (this.#missing) throw this.#missing;
    const key = this.#isBearer ? `Bearer ${token}` : token;
    let verified = this.#cached(key);
    if (!verified) {
      const text = typeof (token as unknown) === "string" ? token : "";
      verified = this.#cache(await this.#run({ token: text }, env as Env, this.#sourceOf(key)), key);
    }
    const found = "refused" in verified ? verified : this.checkRules(verified.caller);
    if ("refused" in verified || "refused" in found) {
      throw new WicketError("ERR_TOKEN", `The token is refused: ${(found as RejectedToken).reason}.`);
    }
    storeVerification(token, verified.caller, verified.until);
    return verified.caller.props as Claims;
  }

  async identify(incoming: Incoming, env?: Env): Promise<TokenVerification> {
    if (this.#missing) return { refused: "unavailable", reason: this.#missing.message, unset: this.#missing };
    const value = incoming.headers.get(this.#header);
    if (value === null) return { refused: "absent", reason: "the request has no token", verifier: this.#label };
    const input = this.#isBearer ? { authorization: value } : { token: value };
    const found =
      this.#cached(value) ??
      this.#cache(await this.#run(input, env as Env, this.#sourceOf(value, incoming.headers)), value);
    if ("refused" in found) return found;
    const checked = this.checkRules(found.caller);
    return "refused" in checked ? { ...checked, verifier: this.#label } : checked;
  }

  known({ headers }: Incoming): Caller | undefined {
    if (this.#missing) return undefined;
    const value = headers.get(this.#header);
    const verified = value === null ? undefined : this.#shared.verified.get(value);
    const found = verified && this.checkRules(verified.caller);
    return found && "refused" in found ? undefined : found;
  }

  /** Checks whatever is not cached with a token, such as rules whose result may change. */
  protected checkRules(caller: Caller): TokenVerification {
    return caller;
  }

  #cached(key: string): CachedCaller | RejectedToken | undefined {
    const { verified, refused } = this.#shared;
    return verified.get(key) ?? (refused.isEmpty ? undefined : refused.get(key)?.found);
  }

  #sourceOf(key: string, headers?: Headers): LookupSource {
    return { isKnown: this.#shared.verified.has(key), network: headers && networkOf(headers) };
  }

  async #run(input: VerifierInput, env: Env, source: LookupSource): Promise<Verification> {
    const shared = this.#shared;
    const { keySet } = shared;
    const world = shared.world(env, input.token ?? input.authorization ?? "", source);
    const { keyNames: holds } = shared;
    if (holds !== "") input.holds = holds;
    if (keySet) {
      input.keys = { url: keySet.url, tried: keySet.tried };
      if (keySet.at !== undefined) input.keys.at = keySet.at;
    }
    return run<Verification>(shared.step, JSON.stringify(input), keySet?.text ?? "", world, SPLICED);
  }

  #cache(found: Verification, key: string): CachedCaller | RejectedToken {
    const shared = this.#shared;
    if ("refused" in found) {
      const { until, ...why } = found;
      const refusal: RejectedToken = { ...why, verifier: this.#label };
      if (until !== undefined) shared.refused.set(key, { found: refusal, until }, bytesOf(found.reason));
      return refusal;
    }
    const { note, until } = found.caller;
    if (note !== undefined && !shared.logged.has(note)) {
      shared.logged.add(note);
      console.warn(
        `[mcp-wicket] ${this.#label}${this.issuers.length ? ` for ${this.issuers.join(", ")}` : ""}: ${note}`,
      );
    }
    const verified: CachedCaller = { caller: callerOf(found.caller), until };
    shared.verified.set(key, verified, bytesOfCaller(found.caller));
    return verified;
  }
}

function callerOf({ principal, scopes, props, client, expires, resource }: VerifiedCaller): Caller {
  const caller: Writable<Caller> = { principal, scopes: new Set(scopes), props: frozen(props) };
  if (client !== undefined) caller.client = client;
  if (expires !== undefined) caller.expires = expires;
  if (resource !== undefined) caller.resource = resource;
  return caller;
}

/** The approximate size of a caller: members of objects need a few times as much as their text. */
function bytesOfCaller({ principal, scopes, props }: VerifiedCaller): number {
  return 2 * bytesOf(principal + scopes.join(" ") + JSON.stringify(props));
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** Claims are cached with their token, so nobody may change them. */
function frozen<T extends object>(value: T): T {
  for (const name in value) {
    const member = value[name];
    if (typeof member === "object" && member !== null) frozen(member);
  }
  return Object.freeze(value);
}
