/** What `@cloudflare/workers-oauth-provider` exports beside its class, for Workers that move over. */
import { WicketError } from "../errors.js";

/** Cannot be here: use the method `api` of the provider: `provider.api(env, ctx, { issuer })`. */
export function getOAuthApi(_options: never, _env: never): never {
  throw new WicketError(
    "ERR_ARGUMENT",
    "There is no getOAuthApi here. Use the provider's method: provider.api(env, ctx, { issuer }).",
  );
}

/** What takes nothing that anybody has. */
type Refused = (..._: never[]) => never;

/** Helpers of `@cloudflare/workers-oauth-provider` that are not here. */
export interface RefusedHelpers {
  /** @deprecated Cannot be here: guard the route with `apiHandlers`, which gives `ctx.props`. */
  unwrapToken: Refused;
  /** @deprecated Cannot be here: guard the route with `apiHandlers`, which gives `ctx.props`. */
  exchangeToken: Refused;
  /** @deprecated Cannot be here: every handler of this package has a consent page. */
  describeConsent: Refused;
  /** @deprecated Cannot be here: every handler of this package has a consent page. */
  beginConsent: Refused;
  /** @deprecated Cannot be here: every handler of this package has a consent page. */
  approveConsent: Refused;
  /** @deprecated Cannot be here: every handler of this package has a consent page. */
  denyConsent: Refused;
  /** @deprecated Cannot be here: every handler of this package remembers what was approved. */
  isConsentRemembered: Refused;
  /** @deprecated Cannot be here: use GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler. */
  beginUpstream: Refused;
  /** @deprecated Cannot be here: use GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler. */
  finishUpstream: Refused;
}

const TOKENS = "Guard the route with `apiHandlers`: its handlers find the caller's props as `ctx.props`.";
const CONSENT =
  "A handler of this package (GitHubHandler, …) brings the consent page, and `pages` changes it; pages of your own keep the " +
  "request themselves and call `completeAuthorization`.";
const UPSTREAM = "Use GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler, which sign people in there.";

const ADVICE: Record<keyof RefusedHelpers, string> = {
  unwrapToken: TOKENS,
  exchangeToken: TOKENS,
  describeConsent: CONSENT,
  beginConsent: CONSENT,
  approveConsent: CONSENT,
  denyConsent: CONSENT,
  isConsentRemembered: CONSENT,
  beginUpstream: UPSTREAM,
  finishUpstream: UPSTREAM,
};

/** Each throws `ERR_ARGUMENT` with what to use. */
export const refusedHelpers = Object.fromEntries(
  Object.entries(ADVICE).map(([name, advice]) => [
    name,
    () => {
      throw new WicketError("ERR_ARGUMENT", `${name} is not here. ${advice}`);
    },
  ]),
) as unknown as RefusedHelpers;

/** What `purgeExpiredData` gives. */
export interface PurgeResult {
  grantsChecked: number;
  grantsPurged: number;
  tokensChecked: number;
  tokensPurged: number;
  done: boolean;
  cursor?: string;
}

/** What is over is deleted by the alarms of the objects that have it. */
export const NOTHING_TO_PURGE: Readonly<PurgeResult> = {
  grantsChecked: 0,
  grantsPurged: 0,
  tokensChecked: 0,
  tokensPurged: 0,
  done: true,
};
