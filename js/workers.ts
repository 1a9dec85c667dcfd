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

const ASYNC_HOOKS = "node:async_hooks";

/** `AsyncLocalStorage`, where flags give it (`nodejs_als`, `nodejs_compat`): at once, or a moment after the Worker has started. */
let storageClass = builtIn();

function builtIn(): unknown {
  const { process, Cloudflare: runtime } = globalThis as {
    process?: { getBuiltinModule?(name: string): { AsyncLocalStorage?: unknown } | undefined };
    Cloudflare?: { compatibilityFlags?: Record<string, boolean> };
  };
  const known = process?.getBuiltinModule?.(ASYNC_HOOKS)?.AsyncLocalStorage;
  const { nodejs_als: als, nodejs_compat: compat } = runtime?.compatibilityFlags ?? {};
  if (known !== undefined || (als !== true && compat !== true)) return known;
  // The name stands in a variable so that no bundler looks for what most Workers do not have.
  (import(/* @vite-ignore */ ASYNC_HOOKS) as Promise<{ AsyncLocalStorage: unknown }>).then(
    (module) => (storageClass = module.AsyncLocalStorage),
    () => {},
  );
  return undefined;
}

/** The class of what goes along with all that follows from a call, where the runtime has it. */
export function importedStorage(): unknown {
  return storageClass;
}
