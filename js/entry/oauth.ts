/**
 * `mcp-wicket/oauth`: patterns 3 and 4, an authorization server in front of MCP endpoints, and everything in `mcp-wicket`,
 * so that a Worker needs only this import and uploads one wasm module.
 *
 * @module mcp-wicket/oauth
 */
import { Core } from "#core/oauth";
import { provideObjects } from "../objects/provide.js";
import { provideOAuthRoles } from "../oauth/roles.js";
import { provideCore } from "../boundary/wasm.js";

provideCore(Core, 3);
provideObjects();
provideOAuthRoles();

export { anyOf } from "../auth/any-of.js";
export { type APIKeyProps, type APIKeyRecord, APIKeyVerifier, type APIKeyVerifierOptions } from "../auth/api-keys.js";
export { type CloudflareAccessOptions, cloudflareAccess } from "../auth/cloudflare-access.js";
export { IntrospectionVerifier, type IntrospectionVerifierOptions } from "../auth/introspection.js";
export type { ClaimRule, JWTClaims, JWTVerifierOptions, PublicJwk } from "../auth/jwt-options.js";
export { JWTVerifier } from "../auth/jwt-verifier.js";
export type { TokenLimits } from "../auth/bearer-guard.js";
export { type ProtectOptions, type Protected, protect } from "../auth/protect.js";
export type { TokenVerification as Found, TokenVerifier } from "../auth/verifier.js";
export { AzureADHandler, type AzureADOptions } from "../oauth/identity/azure.js";
export { GenericOAuthHandler, type GenericOAuthOptions } from "../oauth/identity/generic.js";
export { GitHubHandler, type GitHubOptions } from "../oauth/identity/github.js";
export { GoogleHandler, type GoogleOptions } from "../oauth/identity/google.js";
export type {
  AppHandler,
  RefreshCheck,
  IdentityHandler,
  KnownPerson,
  PagesHandler,
  StillKnown,
} from "../oauth/identity/identity.js";
export type {
  Allow,
  AllowAnswer,
  AllowRule,
  Setting,
  UpstreamOptions,
  UpstreamProfile,
} from "../oauth/identity/upstream.js";
export { d1Audit } from "../oauth/d1-audit.js";
export type { RateLimiter } from "../boundary/effects/tally.js";
export type { AuditEvent, ExternalToken, Limits, OAuthProviderOptions, OperatorOptions } from "../oauth/options.js";
export type { ApiHandler } from "../common/runtime.js";
export {
  type AuthRequest,
  AuthorizeError,
  type ClientInfo,
  type ClientSettings,
  type CompleteAuthorizationOptions,
  type GrantSummary,
  type ListOptions,
  type ListResult,
  type OAuthHelpers,
} from "../oauth/operator.js";
export { OAuthProvider, OAuthProvider as default } from "../oauth/provider.js";
export type {
  EntrypointClass,
  IncumbentOptions,
  ProviderError,
  ProviderResourceMetadata,
} from "../oauth/compatibility-options.js";
export { getOAuthApi } from "../oauth/compatibility-exports.js";
export type { Brand, Copy, PageOptions, RenderedParts } from "../pages/oauth.js";
export * from "./public.js";
