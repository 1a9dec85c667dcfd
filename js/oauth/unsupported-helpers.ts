/** Helpers of `@cloudflare/workers-oauth-provider` that are not supported here. */

const TOKENS = "Guard the route with `apiHandlers`: its handlers get the caller's props as `ctx.props`.";
const CONSENT =
  "A handler of this package (GitHubHandler, …) has the consent page, and `pages` customizes it; pages of your own store the " +
  "request themselves and call `completeAuthorization`.";
const UPSTREAM = "Use GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler.";

/** Each with what to use instead. */
export const UNSUPPORTED_HELPERS = {
  unwrapToken: TOKENS,
  exchangeToken: TOKENS,
  describeConsent: CONSENT,
  beginConsent: CONSENT,
  approveConsent: CONSENT,
  denyConsent: CONSENT,
  isConsentRemembered: CONSENT,
  beginUpstream: UPSTREAM,
  finishUpstream: UPSTREAM,
} as const;
