/** Finding the Durable Object class: by binding, or by the Worker's own exports. */
import { WicketError } from "../errors.js";

/** The binding that agents have had elsewhere; an app that has it need not change it. */
const USUAL_BINDING = "MCP_OBJECT";

/**
 * The objects of the class `name`: by `binding` if one is named, else by the Worker's exports (no binding needed), else by
 * the usual binding. Throws `ERR_NO_OBJECT` with the lines to add.
 */
export function findObjects<T extends Rpc.DurableObjectBranded>(
  ctx: ExecutionContext | DurableObjectState,
  env: unknown,
  name: string,
  binding?: string,
): DurableObjectNamespace<T> {
  const bindings = (env ?? {}) as Record<string, unknown>;
  const exported = (ctx as { exports?: Record<string, unknown> }).exports ?? {};
  const candidates = binding === undefined ? [exported[name], bindings[USUAL_BINDING]] : [bindings[binding]];
  for (const candidate of candidates) if (isNamespace<T>(candidate)) return candidate;
  throw new WicketError(
    "ERR_NO_OBJECT",
    `This needs a Durable Object. Export the class "${name}" from your Worker's main file and add to wrangler.toml:\n\n` +
      `[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["${name}"]\n`,
  );
}

/** True for what has objects. */
export function isNamespace<T extends Rpc.DurableObjectBranded>(value: unknown): value is DurableObjectNamespace<T> {
  return (typeof value === "object" || typeof value === "function") && value !== null && "idFromName" in value;
}
