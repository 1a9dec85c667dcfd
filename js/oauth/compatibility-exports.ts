/** The other exports of `@cloudflare/workers-oauth-provider`, for compatibility. */
import { WicketError } from "../common/errors.js";
import { UNSUPPORTED_HELPERS } from "./unsupported-helpers.js";

/** Not supported: use the provider's method `api`: `provider.api(env, ctx, { issuer })`. */
export function getOAuthApi(_options: never, _env: never): never {
  throw new WicketError(
    "ERR_ARGUMENT",
    "There is no getOAuthApi. Use the provider's method: provider.api(env, ctx, { issuer }).",
  );
}

/** A function that cannot be called with any arguments. */
type Unsupported = (..._: never[]) => never;

/** Helpers of `@cloudflare/workers-oauth-provider` that are not supported. */
export interface UnsupportedHelpers {
  /** @deprecated Not supported: guard the route with `apiHandlers`, which sets `ctx.props`. */
  unwrapToken: Unsupported;
  /** @deprecated Not supported: guard the route with `apiHandlers`, which sets `ctx.props`. */
  exchangeToken: Unsupported;
  /** @deprecated Not supported: every handler of this package has a consent page. */
  describeConsent: Unsupported;
  /** @deprecated Not supported: every handler of this package has a consent page. */
  beginConsent: Unsupported;
  /** @deprecated Not supported: every handler of this package has a consent page. */
  approveConsent: Unsupported;
  /** @deprecated Not supported: every handler of this package has a consent page. */
  denyConsent: Unsupported;
  /** @deprecated Not supported: every handler of this package remembers what was approved. */
  isConsentRemembered: Unsupported;
  /** @deprecated Not supported: use GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler. */
  beginUpstream: Unsupported;
  /** @deprecated Not supported: use GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler. */
  finishUpstream: Unsupported;
}

/** Each throws `ERR_ARGUMENT` with what to use instead. */
export const unsupportedHelpers = Object.fromEntries(
  Object.entries<string>(UNSUPPORTED_HELPERS satisfies Record<keyof UnsupportedHelpers, string>).map(
    ([name, advice]) => [
      name,
      () => {
        throw new WicketError("ERR_ARGUMENT", `${name} is not available. ${advice}`);
      },
    ],
  ),
) as unknown as UnsupportedHelpers;

/** The result of `purgeExpiredData`. */
export interface PurgeResult {
  grantsChecked: number;
  grantsPurged: number;
  tokensChecked: number;
  tokensPurged: number;
  done: boolean;
  cursor?: string;
}

/** Expired data is deleted by the alarms of its objects. */
export const NOTHING_TO_PURGE: Readonly<PurgeResult> = {
  grantsChecked: 0,
  grantsPurged: 0,
  tokensChecked: 0,
  tokensPurged: 0,
  done: true,
};
