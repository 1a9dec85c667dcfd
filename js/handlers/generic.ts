import { namesOf, oneOf } from "../options.js";
import { type Setting, UPSTREAM, UpstreamHandler, type UpstreamOptions } from "./upstream.js";

export interface GenericOAuthOptions<Env> extends UpstreamOptions<Env> {
  /** Scopes; by default `openid profile email`. */
  scopes?: string[];
  /** The OpenID provider's issuer, exactly as it writes it; everything else is found there. */
  issuer?: Setting<Env>;
  /**
   * Instead of an issuer, an OAuth 2 server without discovery. `auth` is how the secret is sent, `basic` by default; `revocation` (RFC
   * 7009) is told when a person's last client has gone.
   */
  endpoints?: { authorization: string; token: string; userinfo: string; revocation?: string; auth?: "basic" | "post" };
  /** What the provider is called on pages. By default its host. */
  label?: Setting<Env>;
  /** The claim that identifies a person. By default `sub`. */
  subject?: Setting<Env>;
  /** The claim that has groups. By default `groups`. */
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

/** People sign in with any OpenID provider, or any OAuth 2 server that says who they are. */
export class GenericOAuthHandler<Env = Record<string, string>> extends UpstreamHandler<Env, GenericOAuthOptions<Env>> {
  protected readonly kind = "generic";
  protected override readonly needsSecret = false;

  constructor(options: GenericOAuthOptions<Env>) {
    super(GENERIC, options);
  }
}
