/** Tokens and keys for tests: an issuer of JWTs with a key pair of its own, and API keys. */
import type { APIKeyRecord } from "../auth/api-keys.js";
import type { PublicJwk } from "../auth/jwt-options.js";
import { algorithmOf } from "../cli/algorithms.js";
import { base64url } from "../common/base64url.js";
import { apiKey } from "../cli/api-key.js";
import { keys } from "../cli/keys.js";
import { now } from "../common/clock.js";
import { checkOptions, namesOf } from "../common/options.js";
import { intercept } from "./intercept.js";

export interface IssuerOptions {
  /** Its `iss`. Default `https://issuer.example`. */
  issuer?: string;
  /** The audience of its tokens. Default `https://mcp.example.com/mcp`, to which `connect` connects. */
  audience?: string | readonly string[];
  /**
   * The signature algorithm: `ES256` (default), `RS256`, `EdDSA`, … With a `secret`: `HS256` (default), `HS384`,
   * `HS512`.
   */
  algorithm?: string;
  /** The secret that it shares with the verifier, instead of a key pair. */
  secret?: string;
}

/** Options of one token. */
export interface SignOptions {
  /** Lifetime in seconds, on the package's clock. Default 900; negative for an expired token. */
  lifetime?: number;
  /** Header members besides `alg`, `typ` and `kid`. */
  header?: Record<string, unknown>;
}

/** An issuer of JWTs, from `tokens.issuer()`. */
export class TestIssuer {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** Its public keys, a JWK Set: `new JWTVerifier({ keys: issuer.jwks, … })`. Empty if it signs with a secret. */
  readonly jwks: { keys: PublicJwk[] };
  readonly #algorithm: string;
  readonly #key: CryptoKey;
  readonly #kid: string | undefined;

  constructor(options: Required<Omit<IssuerOptions, "secret">>, key: CryptoKey, jwks: { keys: PublicJwk[] }) {
    this.issuer = options.issuer;
    this.audience = options.audience;
    this.#algorithm = options.algorithm;
    this.#key = key;
    this.jwks = jwks;
    this.#kid = jwks.keys[0]?.kid;
  }

  /**
   * Returns a signed token. Its claims are `iss`, `aud`, `sub` (`test`), `iat` and `exp`, followed by yours; a claim
   * that is `undefined` is omitted.
   */
  async sign(claims: Record<string, unknown> = {}, options: SignOptions = {}): Promise<string> {
    checkOptions(SIGN, options);
    const { lifetime = 900, header = {} } = options;
    const iat = Math.floor(now() / 1000);
    const { issuer: iss, audience: aud } = this;
    const text = (part: object) => base64url(encoder.encode(JSON.stringify(part)));
    const head = text({
      alg: this.#algorithm,
      typ: "JWT",
      ...(this.#kid !== undefined && { kid: this.#kid }),
      ...header,
    });
    const signed = `${head}.${text({ iss, aud, sub: "test", iat, exp: iat + lifetime, ...claims })}`;
    const signature = await crypto.subtle.sign(algorithmOf(this.#algorithm).sign, this.#key, encoder.encode(signed));
    return `${signed}.${base64url(new Uint8Array(signature))}`;
  }

  /**
   * Answers requests for its metadata and its keys by a Worker under test: those below `issuer`, and `jwksUri`.
   * Everything else goes where it went before. Call the returned function when the test has ended.
   */
  serve(jwksUri = `${this.issuer}/.well-known/jwks.json`): () => void {
    const site = new URL(this.issuer);
    const path = site.pathname === "/" ? "" : site.pathname;
    const metadata = { issuer: this.issuer, jwks_uri: jwksUri, response_types_supported: ["code"] };
    const documents = new Map<string, object>([
      [jwksUri, this.jwks],
      [`${site.origin}${path}/.well-known/openid-configuration`, metadata],
      [`${site.origin}/.well-known/oauth-authorization-server${path}`, metadata],
    ]);
    return intercept((request) => {
      const document = documents.get(request.url);
      return document && Response.json(document);
    });
  }
}

const encoder = new TextEncoder();

export interface TestApiKeyOptions {
  /** The owner of the key. Default `test`. */
  name?: string;
  /** The scopes of the caller. */
  scopes?: readonly string[];
  /** `this.props` in tools, besides `sub` and `key`. */
  props?: Record<string, unknown>;
  /** The prefix of the verifier's keys. Default `wk`. */
  prefix?: string;
  /** The verifier's pepper. */
  pepper?: string;
  /** Lifetime in seconds. By default the key does not expire. */
  lifetime?: number;
}

/** Tokens and keys for tests. */
export const tokens = {
  /** An issuer with a new key pair, or with your secret. */
  async issuer(options: IssuerOptions = {}): Promise<TestIssuer> {
    checkOptions(ISSUER, options);
    const { secret, issuer = "https://issuer.example", audience = "https://mcp.example.com/mcp" } = options;
    const algorithm = options.algorithm ?? (secret === undefined ? "ES256" : "HS256");
    const about = { issuer, audience, algorithm };
    const signing = algorithmOf(algorithm);
    if (secret !== undefined) {
      const key = await crypto.subtle.importKey("raw", encoder.encode(secret), signing.key, false, ["sign"]);
      return new TestIssuer(about, key, { keys: [] });
    }
    const { privateJwk, jwks } = JSON.parse(await keys({ alg: algorithm })) as {
      privateJwk: JsonWebKey;
      jwks: { keys: PublicJwk[] };
    };
    const key = await crypto.subtle.importKey("jwk", privateJwk, signing.key, false, ["sign"]);
    return new TestIssuer(about, key, jwks);
  },

  /** Creates an API key, and the record for an `APIKeyVerifier`. */
  async apiKey(options: TestApiKeyOptions = {}): Promise<{ key: string; record: APIKeyRecord }> {
    checkOptions(API_KEY, options);
    const { name = "test", scopes, props, prefix, pepper, lifetime } = options;
    const made = JSON.parse((await apiKey({ name, prefix, pepper, days: "0" })).text) as {
      key: string;
      keys: [APIKeyRecord];
    };
    const [record] = made.keys;
    if (scopes) record.scopes = scopes;
    if (props) record.props = props;
    if (lifetime !== undefined) record.expires = now() + lifetime * 1000;
    return { key: made.key, record };
  },
};

const SIGN = namesOf<SignOptions>("sign", { lifetime: true, header: true });
const ISSUER = namesOf<IssuerOptions>("tokens.issuer", { issuer: true, audience: true, algorithm: true, secret: true });
const API_KEY = namesOf<TestApiKeyOptions>("tokens.apiKey", {
  name: true,
  scopes: true,
  props: true,
  prefix: true,
  pepper: true,
  lifetime: true,
});
