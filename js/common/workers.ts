/** `cloudflare:workers`, under the name by which the package's conditions select it (`imports` in package.json). */
import * as workers from "cloudflare:workers";

export { DurableObject, waitUntil } from "cloudflare:workers";

/** The Worker's bindings. */
export function importedEnv(): unknown {
  return workers.env;
}

/** The Worker's exports, with any compatibility date; empty in a runtime that does not provide them. */
export function importedExports(): Readonly<Record<string, unknown>> {
  return (workers as { exports?: Record<string, unknown> }).exports ?? {};
}

/** Spans, if the runtime has them. */
export function importedTracing(): unknown {
  return (workers as { tracing?: unknown }).tracing;
}

const ASYNC_HOOKS = "node:async_hooks";

/**
 * `AsyncLocalStorage`, if flags provide it (`nodejs_als`, `nodejs_compat`): immediately, or shortly after the Worker
 * has started.
 */
let storageClass = builtIn();

function builtIn(): unknown {
  const { process, Cloudflare: runtime } = globalThis as {
    process?: { getBuiltinModule?(name: string): { AsyncLocalStorage?: unknown } | undefined };
    Cloudflare?: { compatibilityFlags?: Record<string, boolean> };
  };
  const known = process?.getBuiltinModule?.(ASYNC_HOOKS)?.AsyncLocalStorage;
  const { nodejs_als: als, nodejs_compat: compat } = runtime?.compatibilityFlags ?? {};
  if (known !== undefined || (als !== true && compat !== true)) return known;
  // The name is in a variable so that no bundler looks for a module that most Workers do not have.
  (import(/* @vite-ignore */ ASYNC_HOOKS) as Promise<{ AsyncLocalStorage: unknown }>).then(
    (module) => (storageClass = module.AsyncLocalStorage),
    () => {},
  );
  return undefined;
}

/** The class of storage that follows everything a call does, if the runtime has it. */
export function importedStorage(): unknown {
  return storageClass;
}
