/** `APIKeyVerifier`: long-lived tokens for machines. Rust decides (`src/auth/api_key.rs`). */
import { type CallbackOptions, awaited, limitOf } from "../callback.js";
import { checkOptions, namesOf, openNamesOf } from "../options.js";
import type { Outcome } from "../run.js";
import type { Effect } from "../wire.js";
import { type Asker, AtOnce } from "./at-once.js";
import { Shared, Verifying } from "./verifying.js";
import type { WicketError } from "../errors.js";
import { unset } from "../unset.js";

/** What is kept of an API key, and nothing else: a key that is not good any more has no record. `npx mcp-wicket keys --api NAME` makes a key and its record. */
export interface APIKeyRecord {
  /** The part of the key that may be seen: `wk_THIS_…`. */
  id: string;
  /** The hash of its secret part. */
  hash: string;
  /** Whose key it is; sessions are bound to it. Keys that follow each other have one name. By default the id. */
  name?: string;
  /** What its holder may do. */
  scopes?: readonly string[];
  /** What `this.props` has beside `sub` (the name) and `key` (the id). */
  props?: Record<string, unknown>;
  /** When it ends: a date that `Date.parse` reads, or milliseconds since 1970. */
  expires?: string | number;
}

export interface APIKeyVerifierOptions<Env = unknown> extends CallbackOptions {
  /** How the keys begin, without the `_` behind it. Default `wk`. */
  prefix?: string;
  /**
   * The records of all keys: a list, or its JSON text as a variable has it. Or a function that looks one up by its id, in
   * KV or a database; what it finds is remembered for a minute.
   */
  keys:
    | readonly APIKeyRecord[]
    | string
    | ((id: string, env: Env) => APIKeyRecord | null | undefined | Promise<APIKeyRecord | null | undefined>);
  /**
   * A secret of the server (32 bytes or more) that goes into the hashes, so that whoever can write records still makes no
   * keys. A list while one replaces another.
   */
  pepper?: string | readonly (string | undefined)[];
  /** The header that carries the key by itself, where it is not `Authorization: Bearer …`. */
  header?: string;
}

const API_KEYS = namesOf<APIKeyVerifierOptions>("APIKeyVerifier", {
  prefix: true,
  keys: true,
  pepper: true,
  header: true,
  callbackTimeout: true,
});

const RECORD = openNamesOf<APIKeyRecord>("A record of APIKeyVerifier", {
  id: true,
  hash: true,
  name: true,
  scopes: true,
  props: true,
  expires: true,
});

/** What `this.props` is behind an API key. */
export interface APIKeyProps extends Record<string, unknown> {
  /** The record's name. */
  sub: string;
  /** The record's id. */
  key: string;
}

/**
 * Verifies API keys. The options are checked here: it throws `ERR_OPTIONS` with the reason and the fix.
 *
 * ```ts
 * export default protect(new APIKeyVerifier({ keys: env.API_KEYS }), MyMCP.serve("/mcp"));
 * ```
 */
export class APIKeyVerifier<Env = unknown> extends Verifying<APIKeyProps, Env> {
  readonly issuers: readonly string[] = [];

  constructor(options: APIKeyVerifierOptions<Env>) {
    checkOptions(API_KEYS, options);
    const { keys } = options;
    super(
      "APIKeyVerifier",
      unsetIn(options) ??
        (typeof keys === "function"
          ? new Keys<Env>(
              "APIKeyVerifier",
              optionsText(options),
              keys,
              limitOf(options.callbackTimeout, "APIKeyVerifier"),
            )
          : Shared.of<Env>("APIKeyVerifier", optionsText(options), (text) => new Shared("APIKeyVerifier", text))),
      options.header,
    );
  }

  /** A key is its client's own in whatever header. */
  override get bearer(): boolean {
    return true;
  }
}

/** The records or the pepper are given, but have no value. */
function unsetIn<Env>(options: APIKeyVerifierOptions<Env>): WicketError | undefined {
  const of = (option: string, name: string) => unset(`\`${option}\` of APIKeyVerifier`, [], name);
  if ((options.keys as unknown) === undefined || options.keys === "") return of("keys", "API_KEYS");
  const [pepper] = typeof options.pepper === "object" ? options.pepper : [options.pepper];
  return "pepper" in options && (pepper === undefined || pepper === "") ? of("pepper", "API_KEY_PEPPER") : undefined;
}

/** Records that are looked up. */
class Keys<Env> extends Shared<Env> {
  readonly #find: (id: string, env: Env) => unknown;
  readonly #atOnce = new AtOnce();

  readonly #seconds: number;

  constructor(label: string, text: string, find: (id: string, env: Env) => unknown, seconds: number) {
    super(label, text);
    this.#find = find;
    this.#seconds = seconds;
  }

  override async perform(effect: Effect, env: Env, asker: Asker): Promise<Outcome> {
    if (effect.kind !== "api-key") throw new Error(`API keys have no "${effect.kind}"`);
    const find = () => awaited("keys of APIKeyVerifier", this.#seconds, () => this.#find(effect.id, env));
    const found = (await this.#atOnce.run("look-ups of API keys", asker, find)) as APIKeyRecord | null | undefined;
    return { json: JSON.stringify(found ? dated(found) : null) };
  }
}

function optionsText<Env>({ prefix = "wk", keys, callbackTimeout: _, ...others }: APIKeyVerifierOptions<Env>): string {
  const peppers = "pepper" in others && { peppers: peppersOf(others.pepper) };
  const options = { kind: "api-keys", prefix, ...peppers };
  return JSON.stringify(typeof keys === "function" ? options : { ...options, keys: recordsOf(keys) });
}

/** The first must be there; former ones that are not set do not count. */
function peppersOf(pepper: APIKeyVerifierOptions["pepper"]): unknown[] {
  const [first, ...others] = typeof pepper === "object" ? pepper : [pepper];
  return [first ?? null, ...others.filter((one) => one !== undefined)];
}

/** The records; Rust says what is wrong with anything else. */
function recordsOf(keys: unknown): unknown {
  let list = keys;
  if (typeof keys === "string") {
    try {
      list = JSON.parse(keys);
    } catch {
      return null;
    }
  }
  return Array.isArray(list) ? list.map(dated) : null;
}

/** A record with its date in milliseconds; what is no date becomes `null`. */
function dated(record: unknown): unknown {
  if (typeof record === "object" && record !== null) checkOptions(RECORD, record);
  // One without a value is no date either: else the key would never end.
  if (typeof record !== "object" || record === null || !("expires" in record)) return record;
  const { expires = null } = record;
  return { ...record, expires: typeof expires === "string" ? Date.parse(expires) : expires };
}
