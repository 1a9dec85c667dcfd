/** Finding the Durable Object class: by binding, or by the Worker's own exports. */
import { WicketError } from "../errors.js";

/** The namespace of the exported class `name`, else of `WicketObject`. Throws `ERR_NO_OBJECT` with the lines to add. */
export function findObjects<T extends Rpc.DurableObjectBranded>(
  ctx: ExecutionContext | DurableObjectState,
  env: unknown,
  name: string,
  binding?: string,
): DurableObjectNamespace<T> {
  const bindings = (env ?? {}) as Record<string, unknown>;
  const exported = (ctx as { exports?: Record<string, unknown> }).exports ?? {};
  for (const found of [binding === undefined ? undefined : bindings[binding], exported[name], exported.WicketObject]) {
    if (isNamespace<T>(found)) return found;
  }
  throw new WicketError(
    "ERR_NO_OBJECT",
    `This needs a Durable Object. Export the class "${name}" from your Worker's main file and add to wrangler.toml:\n\n` +
      `[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["${name}"]\n`,
  );
}

function isNamespace<T extends Rpc.DurableObjectBranded>(value: unknown): value is DurableObjectNamespace<T> {
  return (typeof value === "object" || typeof value === "function") && value !== null && "idFromName" in value;
}
