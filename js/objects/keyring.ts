/**
 * The object `keyring`: creates and stores the root key of a server without `WICKET_SECRET`, so that a first trial needs no
 * configuration. Anyone who can read the object's storage can open what the server has sealed; `WICKET_SECRET` prevents
 * this.
 */
import { base64url } from "../common/base64url.js";
import type { Role } from "./roles.js";

const ROOT = "wicket:root";
/** The storage key of the salt for pairwise subjects. It never changes, even if the keys do. */
const SALT = "wicket:salt";

/** A random value that is created once: 256 bits in base64url. */
function randomValue(kv: SyncKvStorage, name: string): string {
  let value = kv.get<string>(name);
  if (value === undefined) kv.put(name, (value = base64url(crypto.getRandomValues(new Uint8Array(32)))));
  return value;
}

/**
 * The key pairs that sign access tokens, the oldest first; their private halves are sealed with a key that is not here.
 */
const SIGNING = "wicket:signing";

interface SigningKey {
  kid: string;
}

/**
 * Stores a list with a new key, unless another request was faster: `after` is the latest key for which the list was
 * made.
 */
function signWith({ kv }: DurableObjectStorage, input: string): void {
  const { after, keys } = JSON.parse(input) as { after: string; keys: SigningKey[] };
  const latest = kv.get<SigningKey[]>(SIGNING)?.at(-1)?.kid ?? "";
  if (latest === after) kv.put(SIGNING, keys);
}

export const keyring: Role = {
  ask({ ctx }, call, input) {
    if (call === "sign-with") signWith(ctx.storage, input);
    if (call === "sign-with" || call === "signing") {
      const { kv } = ctx.storage;
      return Promise.resolve(
        JSON.stringify({ salt: randomValue(kv, SALT), keys: kv.get<SigningKey[]>(SIGNING) ?? [] }),
      );
    }
    const name = call === "root" ? ROOT : call === "salt" ? SALT : undefined;
    if (name === undefined) return Promise.reject(new Error(`the keyring has no "${call}"`));
    return Promise.resolve(JSON.stringify(randomValue(ctx.storage.kv, name)));
  },
};
