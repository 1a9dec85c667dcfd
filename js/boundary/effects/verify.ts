/**
 * The effects "verify" and "verify-shown": signature verification by the runtime. The effect contains the algorithm and the
 * key.
 */
import { BoundedCache, POOLS } from "../caches.js";
import type { Outcome } from "../world.js";
import type { VerifyEffect, VerifyShownEffect } from "../wire.js";

/** Imported keys, by their contents; importing one costs as much as a signature. */
const imported = new BoundedCache<CryptoKey>(POOLS.imported);

/** The approximate size of an imported key. */
const KEY = 2048;

/** If a shortcut has the answer already, nothing of the outcome is inserted. */
const RIGHT: Outcome = { json: "true", splice: "" };
const WRONG: Outcome = { json: "false" };

/** Performs "verify"; the outcome is `true` or `false`. `keep` gets the key if it has a name. */
export function performVerify(effect: VerifyEffect, keep?: ImportedKeys): Promise<Outcome> {
  const { algorithm, signature, signed } = effect;
  const name = effect.import + effect.key;
  const key = imported.get(name);
  if (key) {
    if (effect.name !== undefined) keep?.add(effect.name, key);
    return verify(key, algorithm, signature, signed);
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
    return verify(key, algorithm, signature, signed);
  });
}

/** Performs "verify-shown" with one of `keys`, over a token in the text `shown`. */
export function performVerifyShown(effect: VerifyShownEffect, keys: ImportedKeys, shown: string): Promise<Outcome> {
  const { name, algorithm, from, dot, to } = effect;
  return verify(keys.named(name), algorithm, shown.slice(dot + 1, to), shown.slice(from, dot));
}

function verify(
  key: CryptoKey,
  algorithm: VerifyEffect["algorithm"],
  signature: string,
  signed: string,
): Promise<Outcome> {
  const verified = crypto.subtle.verify(algorithm, key, fromBase64(signature, BASE64URL), encoder.encode(signed));
  return verified.then((isRight) => (isRight ? RIGHT : WRONG));
}

const encoder = new TextEncoder();
const BASE64URL = { alphabet: "base64url" };

/** ES2026, which TypeScript's ES2023 library does not include. */
type FromBase64 = (text: string, options: { alphabet: string }) => Uint8Array<ArrayBuffer>;
const { fromBase64 } = Uint8Array as unknown as { fromBase64: FromBase64 };

/** A few keys by their names in Rust. It only grows, so a key that a flow has seen in it stays there. */
export class ImportedKeys {
  readonly #keys = new Map<string, CryptoKey>();
  /** The names, each followed by a space. */
  names = "";

  /** True once a new collection should be started. */
  get isFull(): boolean {
    return this.#keys.size >= MAX_KEYS;
  }

  add(name: string, key: CryptoKey): void {
    if (this.#keys.has(name)) return;
    this.#keys.set(name, key);
    this.names += `${name} `;
  }

  /** Throws if there is no key with this name. */
  named(name: string): CryptoKey {
    const key = this.#keys.get(name);
    if (!key) throw new Error(`no key ${name} is kept`);
    return key;
  }
}

/** As many as fit into a short text, which crosses with each new token. */
const MAX_KEYS = 16;
