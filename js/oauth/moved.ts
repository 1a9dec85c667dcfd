/** What `@cloudflare/workers-oauth-provider` exports beside its class, for Workers that move over. */
import { WicketError } from "../errors.js";

/** Cannot be here: use the method `api` of the provider: `provider.api(env, ctx, { issuer })`. */
export function getOAuthApi(_options: never, _env: never): never {
  throw new WicketError(
    "ERR_ARGUMENT",
    "There is no getOAuthApi here. Use the provider's method: provider.api(env, ctx, { issuer }).",
  );
}
