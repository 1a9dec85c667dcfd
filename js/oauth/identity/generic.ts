import { namesOf, oneOf } from "../../common/options.js";
import { type Setting, UPSTREAM, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface GenericOAuthOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes; by default `openid profile email`. */
  scopes?: string[];
  /** The issuer of the OpenID provider, exactly as in its metadata; everything else is discovered. */
  issuer?: Setting<Env>;
  /**
   * Instead of an issuer, the endpoints of an OAuth 2 server without discovery. `auth` is how the secret is sent, `basic` by
   * default; `revocation` (RFC 7009) is called when a person's last grant ends.
   */
  endpoints?: { authorization: string; token: string; userinfo: string; revocation?: string; auth?: "basic" | "post" };
  /** The name of the provider on pages. By default its host. */
  label?: Setting<Env>;
  /** The claim that identifies a person. By default `sub`. */
  subject?: Setting<Env>;
  /** The claim with the groups. By default `groups`. */
  groupsClaim?: Setting<Env>;
}

const ENDPOINTS = namesOf<NonNullable<GenericOAuthOptions<unknown>["endpoints"]>>("endpoints", {
  authorization: true,
  token: true,
  userinfo: true,
  revocation: true,
  auth: oneOf("basic", "post"),
});

const GENERIC = namesOf<GenericOAuthOptions<unknown>>("GenericOAuthHandler", {
  ...UPSTREAM,
  issuer: true,
  endpoints: ENDPOINTS,
  label: true,
  subject: true,
  groupsClaim: true,
});

/** Sign-in with any OpenID provider, or any OAuth 2 server with a userinfo endpoint. */
export class GenericOAuthHandler<Env = Record<string, string>> extends UpstreamHandler<Env, GenericOAuthOptions<Env>> {
  protected readonly kind = "generic";
  protected override readonly needsSecret = false;

  constructor(options: GenericOAuthOptions<Env>) {
    super(GENERIC, options);
  }
}
