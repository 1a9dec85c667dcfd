/* The options of a JWT verifier, and the text in which Rust checks them (`src/guard/jwt/options.rs`). */

import { base64url } from "../common/base64url.js";
import { namesOf } from "../common/options.js";

type OneOrMore<T> = T | readonly T[];

/** A JSON Web Key (RFC 7517), as issuers publish them. */
export interface PublicJwk {
  kty: string;
  kid?: string;
  alg?: string;
  use?: string;
  [member: string]: unknown;
}

export interface JWTVerifierOptions<Claims extends object = JWTClaims> {
  /**
   * The secret for HS256, HS384 or HS512: at least 32 bytes, as a string or bytes. During a rotation, a list:
   * `[env.JWT_SECRET, env.JWT_SECRET_PREVIOUS]`; undefined items are ignored, except the first.
   */
  secret?: OneOrMore<string | Uint8Array | undefined>;
  /** Public keys: a JWK, a list of them, or a JWK Set. */
  keys?: OneOrMore<PublicJwk> | { keys: readonly PublicJwk[] };
  /** The https URL of the issuer's JWK Set. Without it, `keys` and `secret`, it is taken from the issuer's metadata. */
  jwksUri?: string;
  /** The accepted issuers: the `iss` of a token must be exactly one of these. */
  issuer: OneOrMore<string>;
  /** The accepted audiences: the `aud` of a token must include one of these. Usually the URL of the MCP endpoint. */
  audience: OneOrMore<string>;
  /** The accepted signature algorithms; by default those that match the keys. */
  algorithms?: readonly string[];
  /** Allowed clock skew in seconds, 0 to 600. Default 60. */
  clockTolerance?: number;
  /** The required `typ` of the header: `at+jwt` for access tokens of RFC 9068. */
  typ?: string;
  /** False to accept tokens that never expire. */
  requireExp?: boolean;
  /** Maximum lifetime of a token in seconds. By default, a lifetime of more than an hour only logs a warning. */
  maxLifetime?: number;
  /** How long fetched keys are cached, in seconds, 60 to 86400. Default 600. */
  keysMaxAge?: number;
  /** Minimum time between two fetches for an unknown key, in seconds, 1 to 3600. Default 30. */
  keysCooldown?: number;
  /** Further requirements: the value of a claim, or a function that returns true for accepted values. */
  claims?: { [Name in keyof NoInfer<Claims>]?: ClaimRule<NoInfer<Claims>[Name]> };
  /** The header that contains the token, if it is not `Authorization: Bearer …`. */
  header?: string;
}

/** The names of `JWTVerifierOptions`. */
export const JWT = namesOf<JWTVerifierOptions>("JWTVerifier", {
  secret: true,
  keys: true,
  jwksUri: true,
  issuer: true,
  audience: true,
  algorithms: true,
  clockTolerance: true,
  typ: true,
  requireExp: true,
  maxLifetime: true,
  keysMaxAge: true,
  keysCooldown: true,
  claims: true,
  header: true,
});

/** The required value of a claim, or a function that returns `true` for accepted values. */
export type ClaimRule<T = unknown> = string | number | boolean | ((value: T) => boolean);

/** The claims of a token (RFC 7519 §4.1). */
export interface JWTClaims {
  iss: string;
  aud: string | string[];
  sub?: string;
  exp?: number;
  nbf?: number;
  iat?: number;
  jti?: string;
  scope?: string;
  client_id?: string;
  [claim: string]: unknown;
}

/** The options as text for Rust; functions stay here. */
export function optionsText(options: Omit<JWTVerifierOptions, "claims">): string {
  const { issuer, audience, secret, keys, header: _header, ...others } = options;
  return JSON.stringify({
    ...others,
    issuer: listOf(issuer),
    audience: listOf(audience),
    ...("secret" in options && { secrets: secretsOf(secret) }),
    ...("keys" in options && { keys: keysOf(keys) }),
  });
}

function listOf<T>(value: OneOrMore<T>): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function secretsOf(secret: JWTVerifierOptions["secret"]): unknown[] {
  const [first, ...others] = listOf(secret);
  const text = (one: string | Uint8Array | undefined) =>
    one instanceof Uint8Array ? { bytes: base64url(one) } : typeof one === "string" ? one : null;
  return [text(first), ...others.filter((one) => one !== undefined).map(text)];
}

function keysOf(keys: JWTVerifierOptions["keys"]): unknown {
  if (typeof keys !== "object" || Array.isArray(keys)) return keys ?? [];
  const set = keys as { keys?: readonly PublicJwk[] };
  return Array.isArray(set.keys) ? set.keys : [keys];
}
