/** The server's secrets: `WICKET_SECRET`, else the root key of the keyring. */
import { type ObjectPlace, askObject, objectsOf } from "./objects.js";

/** The root key of each place's keyring, once it has been asked for. A value, not a promise: nobody waits for another's. */
const roots = new Map<string, string>();

/**
 * The text of the configuration's `keys`. Without a secret it costs one object call in the life of an isolate. Throws
 * `ERR_NO_OBJECT` where there is neither a secret nor an object; Rust judges the secret.
 */
export async function keysOf(
  ctx: ExecutionContext | DurableObjectState,
  env: unknown,
  place: ObjectPlace,
): Promise<string> {
  const secret = (env as { WICKET_SECRET?: unknown } | undefined)?.WICKET_SECRET;
  if (typeof secret === "string") return secret;
  const at = `${place.objects ?? ""} ${place.agent ?? ""}`;
  const known = roots.get(at);
  if (known !== undefined) return known;
  const root = JSON.parse(await askObject(objectsOf(ctx, env, place), "keyring", "root", "null")) as string;
  roots.set(at, root);
  return root;
}
