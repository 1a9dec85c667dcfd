/**
 * The effects "verify" and "verify-shown": a signature checked by the runtime. Which algorithm and which key is the
 * effect's own.
 */
import { Bounded, POOLS } from "../bounds.js";
import type { Outcome } from "../run.js";
import type { VerifyEffect, VerifyShownEffect } from "../wire.js";

/** Imported keys by what they are; importing one costs as much as a signature. */
const imported = new Bounded<CryptoKey>(POOLS.imported);

/** What an imported key takes, about. */
const KEY = 2048;

const RIGHT: Outcome = { json: "true" };
/** The same where nothing is left to decide. */
const SETTLED: Outcome = { json: "true", splice: "" };
const WRONG: Outcome = { json: "false" };

/** Performs "verify"; the outcome is `true` or `false`. `keep` gets the key, where it has a name. */
export function performVerify(effect: VerifyEffect, keep?: KeptKeys): Promise<Outcome> {
  const { algorithm, signature, signed, splice } = effect;
  const name = effect.import + effect.key;
  const key = imported.get(name);
  if (key) {
    if (effect.name !== undefined) keep?.add(effect.name, key);
    return verify(key, algorithm, signature, signed, splice !== undefined);
  }
  const made = crypto.subtle.importKey(
    "jwk",
    JSON.parse(effect.key) as JsonWebKey,
    JSON.parse(effect.import) as string | { name: string },
    false,
    ["verify"],
  );
  return made.then((key) => {
    imported.set(name, key, KEY);
    if (effect.name !== undefined) keep?.add(effect.name, key);
    return verify(key, algorithm, signature, signed, splice !== undefined);
  });
}

/** Performs "verify-shown" with one of `keys`, over a token in the text `shown`. */
export function performVerifyShown(effect: VerifyShownEffect, keys: KeptKeys, shown: string): Promise<Outcome> {
  const { name, algorithm, from, dot, to, splice } = effect;
  return verify(keys.named(name), algorithm, shown.slice(dot + 1, to), shown.slice(from, dot), splice !== undefined);
}

function verify(
  key: CryptoKey,
  algorithm: VerifyEffect["algorithm"],
  signature: string,
  signed: string,
  settles: boolean,
): Promise<Outcome> {
  const verified = crypto.subtle.verify(algorithm, key, fromBase64(signature, BASE64URL), encoder.encode(signed));
  return verified.then((isRight) => (isRight ? (settles ? SETTLED : RIGHT) : WRONG));
}

const encoder = new TextEncoder();
const BASE64URL = { alphabet: "base64url" };

/** ES2026, which the libraries of TypeScript for ES2023 do not have. */
type FromBase64 = (text: string, options: { alphabet: string }) => Uint8Array<ArrayBuffer>;
const { fromBase64 } = Uint8Array as unknown as { fromBase64: FromBase64 };

/** A few keys by the names that Rust has for them. It only grows, so what a flow has seen in it stays there. */
export class KeptKeys {
  readonly #keys = new Map<string, CryptoKey>();
  /** The names, with a space after each. */
  names = "";

  /** True once another one should be begun. */
  get isFull(): boolean {
    return this.#keys.size >= MAX_KEPT;
  }

  add(name: string, key: CryptoKey): void {
    if (this.#keys.has(name)) return;
    this.#keys.set(name, key);
    this.names += `${name} `;
  }

  /** Throws if there is none of that name. */
  named(name: string): CryptoKey {
    const key = this.#keys.get(name);
    if (!key) throw new Error(`no key ${name} is kept`);
    return key;
  }
}

/** As many as fit into a short text: it crosses with each token that is new. */
const MAX_KEPT = 16;
