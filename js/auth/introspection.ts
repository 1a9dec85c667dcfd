/**
 * `IntrospectionVerifier`: opaque tokens, checked at their authorization server (RFC 7662). Rust decides
 * (`src/guard/introspection.rs`).
 */
import { performDocument } from "../boundary/effects/document.js";
import { performFetch } from "../boundary/effects/fetch.js";
import { checkOptions, namesOf, oneOf } from "../common/options.js";
import { type World, worldOf } from "../boundary/world.js";
import { shared } from "../common/shared.js";
import { type LookupSource, ConcurrencyLimit } from "./concurrency-limit.js";
import type { JWTClaims } from "./jwt-options.js";
import { SharedVerifier, RustVerifier } from "./rust-verifier.js";
import type { WicketError } from "../common/errors.js";
import { missingSetting } from "../common/missing-setting.js";

export interface IntrospectionVerifierOptions {
  /**
   * The exact issuer identifier of the authorization server; its metadata has the introspection endpoint, unless `endpoint`
   * is set.
   */
  issuer: string | readonly string[];
  /** The accepted audiences: the `aud` of a token must include one of these. Usually the URL of the MCP endpoint. */
  audience: string | readonly string[];
  /** The credentials of this server at the authorization server. */
  clientId: string | undefined;
  clientSecret: string | undefined;
  /** How these credentials are sent: in the `Authorization` header, or in the body. Default `basic`. */
  clientAuth?: "basic" | "post";
  /** The introspection endpoint (https), if the metadata does not have it. */
  endpoint?: string;
  /** How long an active token is cached, in seconds, 0 to 300. Default 60. A revoked token may be accepted for this long. */
  maxAge?: number;
  /** False if the authorization server returns no `aud`: then any of its access tokens is accepted. */
  requireAud?: boolean;
  /** Allowed clock skew in seconds, 0 to 600. Default 60. */
  clockTolerance?: number;
  /** The header that contains the token, if it is not `Authorization: Bearer …`. */
  header?: string;
}

const INTROSPECTION = namesOf<IntrospectionVerifierOptions>("IntrospectionVerifier", {
  issuer: true,
  audience: true,
  clientId: true,
  clientSecret: true,
  clientAuth: oneOf("basic", "post"),
  endpoint: true,
  maxAge: true,
  requireAud: true,
  clockTolerance: true,
  header: true,
});

/**
 * Verifies tokens by introspection at their authorization server. The constructor checks the options and throws
 * `ERR_OPTIONS` with the reason and the fix.
 */
export class IntrospectionVerifier<Env = unknown> extends RustVerifier<Partial<JWTClaims>, Env> {
  readonly issuers: readonly string[];

  constructor(all: IntrospectionVerifierOptions) {
    checkOptions(INTROSPECTION, all);
    const { header, ...options } = all;
    const listed = {
      kind: "introspection",
      ...options,
      issuer: list(options.issuer),
      audience: list(options.audience),
    };
    const label = "IntrospectionVerifier";
    super(
      label,
      missingIn(all) ??
        SharedVerifier.of<Env>(label, JSON.stringify(listed), (text) => new SharedIntrospection(label, text)),
      header,
    );
    this.issuers = list(options.issuer);
  }
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/** The server's own credentials are given, but have no value. */
function missingIn({
  clientId,
  clientSecret,
}: {
  clientId?: unknown;
  clientSecret?: unknown;
}): WicketError | undefined {
  const of = (option: string, name: string) => missingSetting(`\`${option}\` of IntrospectionVerifier`, [], name);
  if (clientId === undefined || clientId === "") return of("clientId", "INTROSPECTION_CLIENT_ID");
  return clientSecret === undefined || clientSecret === ""
    ? of("clientSecret", "INTROSPECTION_CLIENT_SECRET")
    : undefined;
}

/** A response is not reused after it has arrived: only `maxAge` decides. */
const NO_LINGER = -1;

/** Concurrent requests with one token share one introspection request, and their number is limited. */
class SharedIntrospection extends SharedVerifier {
  readonly #limit = new ConcurrencyLimit();

  override world(_env: unknown, _shown: string, source: LookupSource): World {
    return worldOf(
      {
        document: async (effect) => ({ json: await performDocument(effect) }),
        fetch: async (effect) => {
          const fetch = () => performFetch(effect);
          const ask = () => this.#limit.run("introspection requests", source, fetch);
          return { json: await shared(`${this.name} ${effect.url} ${effect.body ?? ""}`, ask, NO_LINGER) };
        },
      },
      { remember: (commit) => this.remember(commit) },
    );
  }
}
