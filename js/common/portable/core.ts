/**
 * Replaces the Rust module if there is no Workers runtime: in Node, in a bundler, in another runtime. Everything
 * without decisions works there (types, registration, schemas, your own functions); the rest throws and says what it
 * needs.
 */
import { WicketError } from "../errors.js";
import type { CoreClass, OAuthCoreClass } from "../../boundary/wire.js";

function needsRuntime(): never {
  throw new WicketError(
    "ERR_RUNTIME",
    "This part of mcp-wicket runs only in the Workers runtime: in wrangler dev, in a deployed Worker, or in vitest with " +
      '@cloudflare/vitest-plugin. A bundler that makes a Worker needs "workerd" among its conditions (resolve.conditions).',
  );
}

/** The members of a core that are values, not steps. */
const READ: Readonly<Record<string, string | undefined>> = {
  problem: undefined,
  routes: undefined,
  well_known: '{"resource":"","names":[],"endpoints":[]}',
};

/** Accepts any configuration; each of its steps throws `ERR_RUNTIME`. */
function PortableCore(): object {
  return new Proxy({}, { get: (_, name) => (String(name) in READ ? READ[String(name)] : needsRuntime) });
}

export const Core = PortableCore as unknown as CoreClass & OAuthCoreClass;
