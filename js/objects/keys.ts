/** The server's secrets: `WICKET_SECRET`, else the root key of the keyring. */
import type { Namespace } from "./find.js";
import { type RoleStub, askObject } from "./objects.js";

/** The root key of each keyring, once it has been asked for. A value, not a promise: nobody waits for another's. */
const roots = new Map<string, string>();

/**
 * The text of the configuration's `keys`; `objects` finds the objects of which one is the keyring. Without a secret it costs
 * one object call in the life of an isolate. Rejects with `ERR_NO_OBJECT` where there is neither a secret nor an object; Rust
 * judges the secret.
 */
export async function keysOf(
  env: unknown,
  objects: () => Namespace<RoleStub> | Promise<Namespace<RoleStub>>,
): Promise<string> {
  const secret = (env as { WICKET_SECRET?: unknown } | undefined)?.WICKET_SECRET;
  if (typeof secret === "string") return secret;
  const namespace = await objects();
  const id = String(namespace.idFromName(KEYRING));
  const known = roots.get(id);
  if (known !== undefined) return known;
  const root = JSON.parse(await askObject(namespace, KEYRING, "root", "null")) as string;
  roots.set(id, root);
  return root;
}

const KEYRING = "keyring";
