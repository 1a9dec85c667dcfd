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

const keyring: Role = {
  ask({ ctx }, call) {
    const name = call === "root" ? ROOT : call === "salt" ? SALT : undefined;
    if (name === undefined) return Promise.reject(new Error(`the keyring has no "${call}"`));
    const { kv } = ctx.storage;
    let value = kv.get<string>(name);
    if (value === undefined) kv.put(name, (value = fresh()));
    return Promise.resolve(JSON.stringify(value));
  },
};

/** Lets objects be keyrings; called when an entry point loads that needs one. */
export function provideKeyring(): void {
  provideRole("keyring", keyring);
}
