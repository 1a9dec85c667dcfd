/**
 * `mcp-wicket/jwt`: pattern 2, token validation, and everything in `mcp-wicket`, so that a Worker needs only this import and
 * uploads one wasm module.
 */
import { Core } from "#core/jwt";
import { provideObjects } from "../objects/provide.js";
import { provideCore } from "../boundary/wasm.js";

provideCore(Core, 2);
provideObjects();

export { anyOf } from "../auth/any-of.js";
export { type APIKeyProps, type APIKeyRecord, APIKeyVerifier, type APIKeyVerifierOptions } from "../auth/api-keys.js";
export { type CloudflareAccessOptions, cloudflareAccess } from "../auth/cloudflare-access.js";
export { IntrospectionVerifier, type IntrospectionVerifierOptions } from "../auth/introspection.js";
export type { ClaimRule, JWTClaims, JWTVerifierOptions, PublicJwk } from "../auth/jwt-options.js";
export { JWTVerifier } from "../auth/jwt-verifier.js";
export type { RateLimiter } from "../boundary/effects/tally.js";
export type { TokenLimits } from "../auth/bearer-guard.js";
export { type ProtectOptions, type Protected, protect } from "../auth/protect.js";
export type { TokenVerification as Found, TokenVerifier } from "../auth/verifier.js";
export * from "./public.js";
