/** `IntrospectionVerifier`: opaque tokens, about which their authorization server is asked (RFC 7662). Rust decides
 * (`src/auth/introspection.rs`). */
import { performDocument } from "../effects/document.js";
import { performFetch } from "../effects/fetch.js";
import { checkOptions, namesOf, oneOf } from "../options.js";
import type { Outcome } from "../run.js";
import { shared } from "../shared.js";
import type { Effect } from "../wire.js";
import { type Asker, AtOnce } from "./at-once.js";
import type { JWTClaims } from "./jwt-options.js";
import { Shared, Verifying } from "./verifying.js";
import type { WicketError } from "../errors.js";
import { unset } from "../unset.js";

export interface IntrospectionVerifierOptions {
  /** The authorization server, to the letter; its metadata says where it is asked, unless `endpoint` does. */
  issuer: string | readonly string[];
  /** For whom a token must be: its `aud` names one of these. Usually the URL of the MCP endpoint. */
  audience: string | readonly string[];
  /** What this server is called at the authorization server, and its secret there. */
  clientId: string | undefined;
  clientSecret: string | undefined;
  /** How these two are sent: in the `Authorization` header, or in the body. Default `basic`. */
  clientAuth?: "basic" | "post";
  /** The introspection endpoint (https), where metadata do not say. */
  endpoint?: string;
  /** Seconds for which an active token is remembered, 0 to 300. Default 60: so long a token may count that was revoked. */
  maxAge?: number;
  /** False where the authorization server names no `aud`: then any of its access tokens is taken. */
  requireAud?: boolean;
  /** Seconds by which clocks may differ, 0 to 600. Default 60. */
  clockTolerance?: number;
  /** The header that carries the token by itself, where it is not `Authorization: Bearer …`. */
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
 * Verifies tokens by asking their authorization server. The options are checked here: it throws `ERR_OPTIONS` with the reason
 * and the fix.
 */
export class IntrospectionVerifier<Env = unknown> extends Verifying<Partial<JWTClaims>, Env> {
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
      unsetIn(all) ?? Shared.of<Env>(label, JSON.stringify(listed), (text) => new Asking(label, text)),
      header,
    );
    this.issuers = list(options.issuer);
  }
}

const list = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);

/** The server's own credentials are given, but have no value. */
function unsetIn({ clientId, clientSecret }: { clientId?: unknown; clientSecret?: unknown }): WicketError | undefined {
  const of = (option: string, name: string) => unset(`\`${option}\` of IntrospectionVerifier`, [], name);
  if (clientId === undefined || clientId === "") return of("clientId", "INTROSPECTION_CLIENT_ID");
  return clientSecret === undefined || clientSecret === ""
    ? of("clientSecret", "INTROSPECTION_CLIENT_SECRET")
    : undefined;
}

/** How long an answer counts is said by `maxAge` alone. */
const NO_LINGER = -1;

/** Questions are asked once, however many requests have them at a time, and only so many at a time. */
class Asking extends Shared {
  readonly #atOnce = new AtOnce();

  override async perform(effect: Effect, _env: unknown, asker: Asker): Promise<Outcome> {
    if (effect.kind === "document") return { json: await performDocument(effect) };
    if (effect.kind !== "fetch") throw new Error(`introspection has no "${effect.kind}"`);
    const fetch = () => performFetch(effect);
    const ask = () => this.#atOnce.run("questions to the introspection endpoint", asker, fetch);
    const json = await shared(`${this.name} ${effect.url} ${effect.body ?? ""}`, ask, NO_LINGER);
    return { json };
  }
}
