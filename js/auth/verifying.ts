/** What verifiers have in common: their step of Rust, and what is remembered of tokens. */
import { BOUNDS, POOLS, bytesOf } from "../bounds.js";
import { WicketError } from "../errors.js";
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { type Ended, type Outcome, type World, run } from "../run.js";
import { newVerifierStep } from "../wasm.js";
import type { Commit, Effect, FoundCaller, FoundText, RememberCommit, StepMethod, VerifierInput } from "../wire.js";
import { hideHeader } from "../credentials.js";
import { type Asker, networkOf } from "./at-once.js";
import { OURS } from "./bounded.js";
import { leave } from "./recall.js";
import { Remembered } from "./remembered.js";
import type { Found, RefusedToken, TokenVerifier } from "./verifier.js";

/** What a token was found to be. */
export interface Verified {
  readonly caller: Caller;
  readonly until: number;
}

type Refused = RefusedToken;

/** What verifiers with the same options share: a Worker may make one for each request. */
export class Shared<Env = unknown> {
  readonly step: StepMethod;
  /** A name that no other has. */
  readonly name = `verifier ${String(count++)}`;
  readonly verified = new Remembered<Verified>(POOLS.tokens);
  readonly refused = new Remembered<{ readonly found: Refused; readonly until: number }>(POOLS.refused);
  kept: RememberCommit | undefined;
  /** What the operator has been told. */
  readonly told = new Set<string>();

  /** The one of these options. */
  static of<Env>(label: string, options: string, make: (options: string) => Shared<Env>): Shared<Env> {
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

  /** The names of the public keys that are at hand. */
  get holds(): string {
    return "";
  }

  perform(effect: Effect, _env: Env, _asker: Asker): Promise<Outcome> {
    throw new Error(`this verifier has no "${effect.kind}"`);
  }

  /** What the flow of one token may touch; the token is in the text `_shown`. */
  world(env: Env, _shown: string, asker: Asker): World {
    return new TokenWorld(this, env, asker);
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

let count = 0;
const sharedBy = new Map<string, Shared>();
const MAX_SHARED = BOUNDS.verifiers.value;

export abstract class Verifying<Claims extends object, Env = unknown> implements TokenVerifier<Env> {
  readonly [OURS] = true;
  abstract readonly issuers: readonly string[];
  readonly #label: string;
  readonly #shared: Shared<Env>;
  /** What is missing of the set-up, if anything is: then no token is taken. */
  readonly #unset: WicketError | undefined;
  readonly #header: string;
  readonly #isBearer: boolean;

  constructor(label: string, shared: Shared<Env> | WicketError, header: string | undefined) {
    this.#label = label;
    this.#unset = shared instanceof WicketError ? shared : undefined;
    this.#shared = shared as Shared<Env>;
    if (this.#unset) console.error(`[mcp-wicket] ${this.#unset.message}`);
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
   * What `this.props` is for a token that is good: its claims. Rejects with `ERR_TOKEN` for any other; the message says why,
   * for the log only.
   */
  async verify(token: string, env?: Env): Promise<Claims> {
    if (this.#unset) throw this.#unset;
    const key = this.#isBearer ? `Bearer ${token}` : token;
    let verified = this.#remembered(key);
    if (!verified) {
      const text = typeof (token as unknown) === "string" ? token : "";
      verified = this.#remember(await this.#ended({ token: text }, env as Env, this.#asker(key)), key);
    }
    const found = "refused" in verified ? verified : this.judge(verified.caller);
    if ("refused" in verified || "refused" in found) {
      throw new WicketError("ERR_TOKEN", `The token is refused: ${(found as Refused).reason}.`);
    }
    leave(token, verified.caller, verified.until);
    return verified.caller.props as Claims;
  }

  identify(incoming: Incoming, env?: Env): Found | Promise<Found> {
    if (this.#unset) return { refused: "unavailable", reason: this.#unset.message, unset: this.#unset };
    const value = incoming.headers.get(this.#header);
    if (value === null) return { refused: "absent", reason: "it has no token", verifier: this.#label };
    const known = this.#remembered(value);
    if (known) return this.#found(known);
    const asker = this.#asker(value, incoming.headers);
    const ended = this.#ended(this.#isBearer ? { authorization: value } : { token: value }, env as Env, asker);
    return ended instanceof Promise
      ? ended.then((ended) => this.#found(this.#remember(ended, value)))
      : this.#found(this.#remember(ended, value));
  }

  known({ headers }: Incoming): Caller | undefined {
    if (this.#unset) return undefined;
    const value = headers.get(this.#header);
    const verified = value === null ? undefined : this.#shared.verified.get(value);
    const found = verified && this.judge(verified.caller);
    return found && "refused" in found ? undefined : found;
  }

  /** Whatever is not remembered of a token, such as rules that may change their mind. */
  protected judge(caller: Caller): Found {
    return caller;
  }

  #remembered(key: string): Verified | Refused | undefined {
    const { verified, refused } = this.#shared;
    return verified.get(key) ?? (refused.isEmpty ? undefined : refused.get(key)?.found);
  }

  #asker(key: string, headers?: Headers): Asker {
    return { isKnown: this.#shared.verified.knew(key), network: headers && networkOf(headers) };
  }

  #ended(input: VerifierInput, env: Env, asker: Asker): Ended<FoundText> | Promise<Ended<FoundText>> {
    const shared = this.#shared;
    const { kept } = shared;
    const world = shared.world(env, input.token ?? input.authorization ?? "", asker);
    const { holds } = shared;
    if (holds !== "") input.holds = holds;
    if (kept) {
      input.keys = { url: kept.url, tried: kept.tried };
      if (kept.at !== undefined) input.keys.at = kept.at;
    }
    return run<FoundText>(shared.step, JSON.stringify(input), kept?.text ?? "", world);
  }

  #remember(ended: Ended<FoundText>, key: string): Verified | Refused {
    const shared = this.#shared;
    // Where a signature was all that was missing, its check settles the answer that came with it.
    const found = "done" in ended ? ended.done : (JSON.parse(ended.spliced) as FoundText);
    if ("refused" in found) {
      const { until, ...why } = found;
      const refusal: Refused = { ...why, verifier: this.#label };
      if (until !== undefined) shared.refused.set(key, { found: refusal, until }, bytesOf(found.reason));
      return refusal;
    }
    const { note, until } = found.caller;
    if (note !== undefined && !shared.told.has(note)) {
      shared.told.add(note);
      console.warn(
        `[mcp-wicket] ${this.#label}${this.issuers.length ? ` for ${this.issuers.join(", ")}` : ""}: ${note}`,
      );
    }
    const verified: Verified = { caller: callerOf(found.caller), until };
    shared.verified.set(key, verified, bytesOfCaller(found.caller));
    return verified;
  }

  #found(found: Verified | Refused): Found {
    if ("refused" in found) return found;
    const judged = this.judge(found.caller);
    return "refused" in judged ? { ...judged, verifier: this.#label } : judged;
  }
}

/** What the flow of one token may touch. */
class TokenWorld<Env> implements World {
  readonly #shared: Shared<Env>;
  readonly #env: Env;
  readonly #asker: Asker;

  constructor(shared: Shared<Env>, env: Env, asker: Asker) {
    this.#shared = shared;
    this.#env = env;
    this.#asker = asker;
  }

  perform(effect: Effect): Promise<Outcome> {
    return this.#shared.perform(effect, this.#env, this.#asker);
  }

  commit(commit: Commit): Promise<void> {
    return this.#shared.commit(commit);
  }
}

function callerOf({ principal, scopes, props, client, expires, resource }: FoundCaller): Caller {
  const caller: Writable<Caller> = { principal, scopes: new Set(scopes), props: frozen(props) };
  if (client !== undefined) caller.client = client;
  if (expires !== undefined) caller.expires = expires;
  if (resource !== undefined) caller.resource = resource;
  return caller;
}

/** What a caller takes, about: members of objects take a few times as much as their text. */
function bytesOfCaller({ principal, scopes, props }: FoundCaller): number {
  return 2 * bytesOf(principal + scopes.join(" ") + JSON.stringify(props));
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** Claims are kept with their token, so nobody may change them. */
function frozen<T extends object>(value: T): T {
  for (const name in value) {
    const member = value[name];
    if (typeof member === "object" && member !== null) frozen(member);
  }
  return Object.freeze(value);
}
