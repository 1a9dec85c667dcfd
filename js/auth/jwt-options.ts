/** The options of a JWT verifier, and the text in which Rust checks them (`src/auth/jwt/options.rs`). */

import { namesOf } from "../options.js";

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
   * The secret of HS256, HS384 or HS512: 32 bytes or more, as text or bytes. A list while one replaces another:
   * `[env.JWT_SECRET, env.JWT_SECRET_PREVIOUS]`; members of it that are undefined do not count, except for the first.
   */
  secret?: OneOrMore<string | Uint8Array | undefined>;
  /** Public keys: a JWK, a list of them, or a JWK Set. */
  keys?: OneOrMore<PublicJwk> | { keys: readonly PublicJwk[] };
  /** Where the issuer publishes its keys (https). Without it, `keys` and `secret`, the issuer's metadata says. */
  jwksUri?: string;
  /** Who may have issued a token: its `iss` is one of these, to the letter. */
  issuer: OneOrMore<string>;
  /** For whom a token must be: its `aud` names one of these. Usually the URL of the MCP endpoint. */
  audience: OneOrMore<string>;
  /** The signature algorithms; by default those that fit the keys. */
  algorithms?: readonly string[];
  /** Seconds by which clocks may differ, 0 to 600. Default 60. */
  clockTolerance?: number;
  /** The `typ` of the header, if only one will do: `at+jwt` for access tokens of RFC 9068. */
  typ?: string;
  /** False to take tokens that never expire. */
  requireExp?: boolean;
  /** Seconds that a token may live at most. Without it, one that lives for more than an hour is a warning in the log. */
  maxLifetime?: number;
  /** Seconds for which fetched keys are fresh, 60 to 86400. Default 600. */
  keysMaxAge?: number;
  /** Seconds between two fetches for a key that is not there, 1 to 3600. Default 30. */
  keysCooldown?: number;
  /** What else must hold: a value that a claim has, or a function that says whether it will do. */
  claims?: { [Name in keyof NoInfer<Claims>]?: ClaimRule<NoInfer<Claims>[Name]> };
  /** The header that carries the token by itself, where it is not `Authorization: Bearer …`. */
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

/** A value that a claim must have, or a function that says whether its value will do: only `true` is a yes. */
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

/** The text in which the options cross; what is a function stays here. */
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

function base64url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
