/** The options of `OAuthProvider`. */
import type { FetchHandler } from "../endpoint.js";
import type { AppHandler, IdentityHandler } from "../handlers/identity.js";
import type { PageOptions } from "../pages/oauth.js";

/** What a route can be: an endpoint of this package, or anything with `fetch`. */
export type ApiHandler<Env> = FetchHandler<Env> | { fetch: FetchHandler<Env> };

export interface OAuthProviderOptions<Env = unknown> {
  /** Routes that need an access token. The first is the resource that tokens are for; the others are aliases of it. */
  apiHandlers: Record<string, ApiHandler<Env>>;
  /** How people sign in. */
  defaultHandler: IdentityHandler<NoInfer<Env>> | AppHandler<NoInfer<Env>>;
  /** Path of the authorization endpoint. Default `/authorize`. */
  authorizeEndpoint?: string;
  /** Path of the token endpoint. Default `/token`. */
  tokenEndpoint?: string;
  /** Path of the registration endpoint. Default `/register`. */
  clientRegistrationEndpoint?: string;
  /** Path of the revocation endpoint. Default `/revoke`. */
  revocationEndpoint?: string;
  /** Path to which the upstream sends people back. Default `/callback`. */
  callbackEndpoint?: string;
  /** A KV namespace for copies of client registrations. It makes things faster; nothing depends on it. */
  kv?: KVNamespace | ((env: NoInfer<Env>) => KVNamespace | undefined);
  /** Whether people are asked. `false` is refused: leave it out. */
  allowConsentScreen?: boolean;
  /** Whether clients may register themselves (RFC 7591). Default `true`. */
  allowDynamicClientRegistration?: boolean;
  /**
   * Whether a client may be the URL of its metadata (client ID metadata documents). Default `true` where the flag
   * `global_fetch_strictly_public` keeps fetches out of private networks; without that flag it cannot be.
   */
  allowClientIdMetadataDocuments?: boolean;
  /** The issuer identifier, such as `https://mcp.example.com`. Default: the origin of each request. */
  issuer?: string;
  /** The name of the Durable Object binding or class that keeps grants. Default: `WicketObject`, else the agent's class. */
  objects?: string;
  /** The scopes that clients may ask for, each with a sentence for the consent page. Default `mcp`. */
  scopes?: readonly string[] | Record<string, string>;
  /** Scopes that every request to a route needs. */
  requiredScopes?: readonly string[];
  /** Scopes that a scope stands for as well. */
  impliedScopes?: (scope: string) => readonly string[];
  /** Other spellings of the resource that clients may send, such as the origin alone. */
  resourceAliases?: readonly string[];
  /** Schemes of native apps that redirect URIs may have, instead of those of the usual MCP clients. */
  redirectSchemes?: readonly string[];
  /** What people call the server. */
  name?: string;
  /** How long an access token lives, in seconds: 60 to 3600, default 900. */
  accessTokenTtl?: number;
  /** How long a grant lives that is not used, in seconds. Default 30 days. */
  refreshTokenTtl?: number;
  /** How long a grant lives, in seconds. Default 180 days. */
  grantTtl?: number;
  /** For how long a refresh token that was just replaced gets the same answer again, in seconds: 0 to 120, default 30. */
  refreshReplay?: number;
  /** `"strict"`: a revocation counts at once, for one object call a request. Otherwise everywhere within 30 seconds. */
  revocation?: "strict";
  /** Colours, logo, texts of the pages. */
  pages?: PageOptions;
  /** Gets each event (a grant that ended, a token that was refused) beside the log. */
  audit?: (event: AuditEvent, env: NoInfer<Env>) => void | Promise<void>;
}

/** Something that happened, for the operator. Holds no secret. */
export interface AuditEvent {
  readonly event: string;
  readonly time: string;
  readonly [detail: string]: unknown;
}
