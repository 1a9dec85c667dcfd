/**
 * `mcp-wicket/development`: a sign-in for `wrangler dev`, without an account at a provider. It contains no wasm module, and must
 * not be part of a deployed Worker.
 *
 * @module mcp-wicket/development
 */
export { type DevelopmentSignInOptions, type DevelopmentTarget, developmentSignIn } from "../development/sign-in.js";
export type { DevelopmentPerson } from "../development/people.js";
