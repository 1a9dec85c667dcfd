/**
 * `mcp-wicket/oauth`: patterns 3 and 4, an authorization server in front of MCP endpoints, and all that `mcp-wicket` has, so
 * that a Worker needs this one import and uploads one wasm module.
 */
import { Core } from "../build/oauth/index.js";
import { provideOAuthRoles } from "./oauth/roles.js";
import { provideCore } from "./wasm.js";

provideCore(Core, 3);
provideOAuthRoles();

export { type ProtectOptions, type Protected, protect } from "./auth/protect.js";
export type { Found, TokenVerifier } from "./auth/verifier.js";
export { AzureADHandler, type AzureADOptions } from "./handlers/azure.js";
export { GenericOAuthHandler, type GenericOAuthOptions } from "./handlers/generic.js";
export { GitHubHandler, type GitHubOptions } from "./handlers/github.js";
export { GoogleHandler, type GoogleOptions } from "./handlers/google.js";
export type { AppHandler, IdentityHandler, KnownPerson } from "./handlers/identity.js";
export type { Allow, AllowAnswer, AllowRule, Setting, UpstreamOptions, UpstreamProfile } from "./handlers/upstream.js";
export type { ApiHandler, AuditEvent, OAuthProviderOptions } from "./oauth/options.js";
export { OAuthProvider } from "./oauth/provider.js";
export type { Brand, Copy, PageOptions, RenderedParts } from "./pages/oauth.js";
export * from "./public.js";
