/** `cloudflare:workers`, under the name by which the package's conditions choose (`imports` in package.json). */
import * as workers from "cloudflare:workers";

export { DurableObject, waitUntil } from "cloudflare:workers";

/** The Worker's bindings. */
export function importedEnv(): unknown {
  return workers.env;
}

/** The Worker's exports, whatever its compatibility date; none in a runtime that does not tell of them. */
export function importedExports(): Readonly<Record<string, unknown>> {
  return (workers as { exports?: Record<string, unknown> }).exports ?? {};
}

/** Spans, where the runtime has them. */
export function importedTracing(): unknown {
  return (workers as { tracing?: unknown }).tracing;
}
