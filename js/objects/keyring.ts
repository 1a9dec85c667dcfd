/**
 * The object `keyring`: makes and keeps the root key of a server that has no `WICKET_SECRET`, so that a first try needs no
 * set-up. Whoever can read the object's storage can open what the server has sealed; a secret keeps the two apart.
 */
import { type Role, provideRole } from "./roles.js";

const ROOT = "wicket:root";
/** By it the names are made that resource servers know people by. It never changes, whatever becomes of the keys. */
const SALT = "wicket:salt";

/** 256 random bits in base64url. */
function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** A random value that is made once. */
function kept(kv: SyncKvStorage, name: string): string {
  let value = kv.get<string>(name);
  if (value === undefined) kv.put(name, (value = fresh()));
  return value;
}

/** The pairs that sign access tokens, the eldest first; their private halves are sealed, by a key that is not here. */
const SIGNING = "wicket:signing";

interface SigningKey {
  kid: string;
}

/** Keeps a list with a new key, unless somebody else was faster: `after` is the latest that the list was made for. */
function signWith({ kv }: DurableObjectStorage, input: string): void {
  const { after, keys } = JSON.parse(input) as { after: string; keys: SigningKey[] };
  const latest = kv.get<SigningKey[]>(SIGNING)?.at(-1)?.kid ?? "";
  if (latest === after) kv.put(SIGNING, keys);
}

const keyring: Role = {
  ask({ ctx }, call, input) {
    if (call === "sign-with") signWith(ctx.storage, input);
    if (call === "sign-with" || call === "signing") {
      const { kv } = ctx.storage;
      return Promise.resolve(JSON.stringify({ salt: kept(kv, SALT), keys: kv.get<SigningKey[]>(SIGNING) ?? [] }));
    }
    const name = call === "root" ? ROOT : call === "salt" ? SALT : undefined;
    if (name === undefined) return Promise.reject(new Error(`the keyring has no "${call}"`));
    return Promise.resolve(JSON.stringify(kept(ctx.storage.kv, name)));
  },
};

/** Lets objects be keyrings; called when an entry point loads that needs one. */
export function provideKeyring(): void {
  provideRole("keyring", keyring);
}
