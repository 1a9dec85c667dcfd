/** The server's secrets: `WICKET_SECRET`, else the root key of the keyring. */
import { WicketError } from "../common/errors.js";
import type { Namespace } from "./namespace.js";
import { type RoleStub, askObject } from "./objects.js";

/**
 * The root key of each keyring, once it was read. A value, not a promise: nobody waits for another request's promise.
 */
const roots = new Map<string, string>();

/** The `WICKET_SECRET` of `env`, if it has one. Throws `ERR_UNSET` for one that is not a string: it must not be ignored. */
export function secretOf(env: unknown): string | undefined {
  const secret = (env as { WICKET_SECRET?: unknown } | undefined)?.WICKET_SECRET ?? undefined;
  if (secret === undefined || typeof secret === "string") return secret;
  const fix =
    "Set it with `npx wrangler secret put WICKET_SECRET`, and on your machine in .dev.vars; a Secrets Store binding is not supported.";
  throw new WicketError("ERR_UNSET", `WICKET_SECRET is not a string. ${fix}`);
}

/**
 * The text of the configuration's `keys`; `objects` finds the objects of which one is the keyring. Without a secret it
 * costs one object call per isolate. Rejects with `ERR_NO_OBJECT` if there is neither a secret nor an object; Rust
 * checks the secret.
 */
export async function keysOf(
  env: unknown,
  objects: () => Namespace<RoleStub> | Promise<Namespace<RoleStub>>,
): Promise<string> {
  const secret = secretOf(env);
  if (secret !== undefined) return secret;
  const namespace = await objects();
  const id = String(namespace.idFromName(KEYRING));
  const known = roots.get(id);
  if (known !== undefined) return known;
  const root = JSON.parse(await askObject(namespace, KEYRING, "root", "null")) as string;
  roots.set(id, root);
  return root;
}

const KEYRING = "keyring";
