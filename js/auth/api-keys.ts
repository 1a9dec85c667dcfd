/* `APIKeyVerifier`: long-lived tokens for machines. Rust decides (`src/guard/api_key.rs`). */
import { type CallbackOptions, awaited, limitOf } from "../common/callback.js";
import { checkOptions, namesOf, openNamesOf } from "../common/options.js";
import { type World, worldOf } from "../boundary/world.js";
import { type LookupSource, ConcurrencyLimit } from "./concurrency-limit.js";
import { SharedVerifier, RustVerifier } from "./rust-verifier.js";
import type { WicketError } from "../common/errors.js";
import { missingSetting } from "../common/missing-setting.js";

/**
 * The record of an API key. It has no other members: a key that is no longer valid has no record. `npx mcp-wicket keys --api
 * NAME` creates a key and its record.
 */
export interface APIKeyRecord {
  /** The public part of the key: `wk_THIS_…`. */
  id: string;
  /** The hash of the secret part. */
  hash: string;
  /** The owner of the key; sessions are bound to it. Keys that replace each other have the same name. By default the ID. */
  name?: string;
  /** The scopes of the caller. */
  scopes?: readonly string[];
  /** What `this.props` contains besides `sub` (the name) and `key` (the ID). */
  props?: Record<string, unknown>;
  /** Expiry: a date that `Date.parse` accepts, or milliseconds since 1970. */
  expires?: string | number;
}

export interface APIKeyVerifierOptions<Env = unknown> extends CallbackOptions {
  /** The prefix of the keys, without the `_` after it. Default `wk`. */
  prefix?: string;
  /**
   * The records of all keys: a list, or its JSON text from a variable. Or a function that looks up a record by its ID, in KV
   * or a database; results are cached for a minute.
   */
  keys:
    | readonly APIKeyRecord[]
    | string
    | ((id: string, env: Env) => APIKeyRecord | null | undefined | Promise<APIKeyRecord | null | undefined>);
  /**
   * A secret of the server (at least 32 bytes) that is mixed into the hashes, so that write access to the records is not
   * enough to create keys. During a rotation, a list.
   */
  pepper?: string | readonly (string | undefined)[];
  /** The header that contains the key, if it is not `Authorization: Bearer …`. */
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

/** `this.props` of a caller with an API key. */
export interface APIKeyProps extends Record<string, unknown> {
  /** The record's name. */
  sub: string;
  /** The record's ID. */
  key: string;
}

/**
 * Verifies API keys. The options are checked here: it throws `ERR_OPTIONS` with the reason and the fix.
 *
 * ```ts
 * export default protect(new APIKeyVerifier({ keys: env.API_KEYS }), MyMCP.serve("/mcp"));
 * ```
 */
export class APIKeyVerifier<Env = unknown> extends RustVerifier<APIKeyProps, Env> {
  readonly issuers: readonly string[] = [];

  constructor(options: APIKeyVerifierOptions<Env>) {
    checkOptions(API_KEYS, options);
    const { keys } = options;
    super(
      "APIKeyVerifier",
      missingIn(options) ??
        (typeof keys === "function"
          ? new SharedApiKeys<Env>(
              "APIKeyVerifier",
              optionsText(options),
              keys,
              limitOf(options.callbackTimeout, "APIKeyVerifier"),
            )
          : SharedVerifier.of<Env>(
              "APIKeyVerifier",
              optionsText(options),
              (text) => new SharedVerifier("APIKeyVerifier", text),
            )),
      options.header,
    );
  }

  /** Only the client itself sends a key, in any header. */
  override get bearer(): boolean {
    return true;
  }
}

/** The records or the pepper are given, but have no value. */
function missingIn<Env>(options: APIKeyVerifierOptions<Env>): WicketError | undefined {
  const of = (option: string, name: string) => missingSetting(`\`${option}\` of APIKeyVerifier`, [], name);
  if ((options.keys as unknown) === undefined || options.keys === "") return of("keys", "API_KEYS");
  const [pepper] = typeof options.pepper === "object" ? options.pepper : [options.pepper];
  return "pepper" in options && (pepper === undefined || pepper === "") ? of("pepper", "API_KEY_PEPPER") : undefined;
}

/** Records that a function looks up. */
class SharedApiKeys<Env> extends SharedVerifier<Env> {
  readonly #find: (id: string, env: Env) => unknown;
  readonly #limit = new ConcurrencyLimit();

  readonly #seconds: number;

  constructor(label: string, text: string, find: (id: string, env: Env) => unknown, seconds: number) {
    super(label, text);
    this.#find = find;
    this.#seconds = seconds;
  }

  override world(env: Env, _shown: string, source: LookupSource): World {
    return worldOf({
      "api-key": async ({ id }) => {
        const find = () => awaited("keys of APIKeyVerifier", this.#seconds, () => this.#find(id, env));
        const found = (await this.#limit.run("API key lookups", source, find)) as APIKeyRecord | null | undefined;
        return { json: JSON.stringify(found ? dated(found) : null) };
      },
    });
  }
}

function optionsText<Env>({ prefix = "wk", keys, callbackTimeout: _, ...others }: APIKeyVerifierOptions<Env>): string {
  const peppers = "pepper" in others && { peppers: peppersOf(others.pepper) };
  const options = { kind: "api-keys", prefix, ...peppers };
  return JSON.stringify(typeof keys === "function" ? options : { ...options, keys: recordsOf(keys) });
}

/** The first one is required; former ones that are not set are ignored. */
function peppersOf(pepper: APIKeyVerifierOptions["pepper"]): unknown[] {
  const [first, ...others] = typeof pepper === "object" ? pepper : [pepper];
  return [first ?? null, ...others.filter((one) => one !== undefined)];
}

/** The records; Rust reports anything else. */
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

/** A record with its expiry in milliseconds; an invalid date becomes `null`. */
function dated(record: unknown): unknown {
  if (typeof record === "object" && record !== null) checkOptions(RECORD, record);
  // An expiry without a value is invalid, too: otherwise the key would never expire.
  if (typeof record !== "object" || record === null || !("expires" in record)) return record;
  const { expires = null } = record;
  return { ...record, expires: typeof expires === "string" ? Date.parse(expires) : expires };
}
