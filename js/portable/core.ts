/**
 * In place of the Rust half where there is no Workers runtime: in Node, in a bundler, in another runtime. What needs no
 * decision works there (types, registration, schemas, functions of one's own); the rest says what it needs.
 */
import { WicketError } from "../errors.js";
import type { OAuthCoreClass } from "../oauth/wire.js";
import type { CoreClass } from "../wire.js";

function needsRuntime(): never {
  throw new WicketError(
    "ERR_RUNTIME",
    "This part of mcp-wicket runs in the Workers runtime alone: in wrangler dev, in a deployed Worker, or in vitest with " +
      '@cloudflare/vitest-plugin. A bundler that makes a Worker needs "workerd" among its conditions (resolve.conditions).',
  );
}

/** Takes any configuration; each of its steps throws `ERR_RUNTIME`. */
function PortableCore(): object {
  return new Proxy({}, { get: (_, name) => (name === "problem" ? undefined : needsRuntime) });
}

export const Core = PortableCore as unknown as CoreClass & OAuthCoreClass;
