/** The options of `OAuthProvider`. */
import type { CallbackOptions } from "../common/callback.js";
import type { TokenVerifier } from "../auth/verifier.js";
import type { ApiHandler } from "../common/runtime.js";
import type { RateLimiter } from "../boundary/effects/tally.js";
import type { AppHandler, IdentityHandler, PagesHandler } from "./identity/identity.js";
import type { Setting } from "./identity/upstream.js";
import { FLAG, type OptionRule, type Names, namesOf, oneOf } from "../common/options.js";
import { type EntrypointClass, COMPATIBILITY, type IncumbentOptions, UNSUPPORTED } from "./compatibility-options.js";
import { PAGES, type PageOptions } from "../pages/oauth.js";

export interface OAuthProviderOptions<Env = unknown> extends CallbackOptions, IncumbentOptions<Env> {
  /**
   * Routes that require an access token: `{ "/mcp": MyMCP.serve("/mcp") }`. The first is the resource that tokens are issued for;
   * the others are aliases of it. A single handler can be set as `apiRoute` and `apiHandler`.
   */
  apiHandlers?: Record<string, ApiHandler<Env> | EntrypointClass<Env>> | undefined;
  /**
   * Accepts other tokens at the same routes, so that machines need no sign-in: `new APIKeyVerifier({…})`, or
   * `anyOf(keys, jwt)`. Its callers have their own props and scopes. It never sees a token of this server.
   */
  tokens?: TokenVerifier<NoInfer<Env>> | undefined;
  /** The same as a function, called for every request whose token nothing else accepts. `null` rejects the token. */
  resolveExternalToken?:
    | ((asked: {
        token: string;
        /** Without its body. */
        request: Request;
        env: NoInfer<Env>;
      }) => ExternalToken | false | null | undefined | Promise<ExternalToken | false | null | undefined>)
    | undefined;
  /** How people sign in. */
  defaultHandler:
    | IdentityHandler<NoInfer<Env>>
    | AppHandler<NoInfer<Env>>
    | PagesHandler<NoInfer<Env>>
    | EntrypointClass<NoInfer<Env>>;
  /** Path of the authorization endpoint. Default `/authorize`. */
  authorizeEndpoint?: string;
  /** Path of the token endpoint. Default `/token`. */
  tokenEndpoint?: string;
  /** Path of the registration endpoint. Default `/register`. */
  clientRegistrationEndpoint?: string;
  /** Path of the revocation endpoint. Default `/revoke`. */
  revocationEndpoint?: string;
  /** Path of the introspection endpoint, which exists if `resourceServers` is not empty. Default `/introspect`. */
  introspectionEndpoint?: string;
  /**
   * Other resource servers that receive your tokens and may introspect them (RFC 7662): an identifier and a secret of at
   * least 32 characters each, `{ files: (env) => env.FILES_SECRET }`.
   */
  resourceServers?: Record<string, Setting<NoInfer<Env>>>;
  /**
   * `"jwt"`: access tokens are JWTs signed with ES256 (RFC 9068), so that other services can validate them. Anyone who holds one
   * can read the client, the scopes and the person's pairwise subject. By default, only this server can read its tokens.
   */
  accessTokens?: "sealed" | "jwt";
  /** Path of the JWK Set for these tokens. Default `/jwks`. */
  jwksEndpoint?: string;
  /**
   * By default, resource servers get a pairwise subject: a different name of the person for each resource. With `true`, they get
   * the typed subject, such as `user:github:583231`.
   */
  rawSubject?: boolean;
  /** Path to which the upstream returns people. Default `/callback`. */
  callbackEndpoint?: string;
  /** Path of the page on which people see and revoke what they have connected. Default `/connected`. */
  connectedAppsEndpoint?: string;
  /** A KV namespace for copies of client registrations. It only improves speed. */
  kv?: KVNamespace | ((env: NoInfer<Env>) => KVNamespace | undefined);
  /**
   * `true`: clients that registered with `@cloudflare/workers-oauth-provider` keep their IDs and secrets. Their records are read
   * from `kv`, under the keys `client:…`, and are believed: whoever may write to the namespace can change such a client. They
   * count as clients that registered themselves. Default `false`.
   */
  legacyClients?: boolean;
  /** Consent is always shown; `false` throws. */
  allowConsentScreen?: boolean;
  /**
   * Which clients are allowed besides those from `createClient`. `"open"`, the default: clients that register themselves (RFC
   * 7591) or are identified by a URL. `"approve"`: the same, but people can use a client only after you have approved it
   * (`approveClient`). `"closed"`: no registration.
   */
  registration?: "open" | "approve" | "closed";
  /** Whether clients may register themselves: `false` is the same as `registration: "closed"`. */
  allowDynamicClientRegistration?: boolean;
  /**
   * Whether a client's ID may be the URL of its metadata (client ID metadata documents), or the hosts that are allowed:
   * `["claude.ai", "*.example.com"]`. Default `true` if the flag `global_fetch_strictly_public` keeps fetches out of private
   * networks; without that flag it is not possible.
   */
  allowClientIdMetadataDocuments?: boolean | readonly string[];
  /** The issuer identifier, such as `https://mcp.example.com`. Default: the origin of each request. */
  issuer?: string;
  /** The name of the Durable Object binding or class that stores grants. Default: `WicketObject`, or the agent's class. */
  objects?: string;
  /** The scopes that clients may request, each with a description for the consent page. Default `mcp`. */
  scopes?: readonly string[] | Record<string, string>;
  /** Scopes that every request to a route needs: one list for all routes, or one for each, `{ "/admin": ["admin"] }`. */
  requiredScopes?: readonly string[] | Record<string, readonly string[]>;
  /** Returns the scopes that a scope includes. */
  impliedScopes?: (scope: string) => readonly string[];
  /**
   * Other names of the resource that clients may send, exactly as they send them. Not needed for the origin alone, a
   * trailing slash or a query.
   */
  resourceAliases?: readonly string[];
  /**
   * Additional schemes for redirect URIs. Private-use schemes of apps (`cursor:`, `com.example.app:`, …) are always allowed;
   * this is for schemes that browsers or operating systems also use. `javascript`, `data` and similar schemes are never allowed.
   */
  redirectSchemes?: readonly string[];
  /** The name of the server, as shown to people. */
  name?: string;
  /**
   * Lifetime of an authorization code in seconds: 30 to 600, default 300. People on remote machines may have to copy it by hand.
   */
  codeTtl?: number;
  /** Lifetime of an access token in seconds: 60 to 3600, default 900. */
  accessTokenTtl?: number;
  /** Lifetime of an unused grant in seconds. Default 30 days. */
  refreshTokenTtl?: number;
  /** Maximum lifetime of a grant in seconds. Default 180 days. */
  grantTtl?: number;
  /** How long a refresh token that was just replaced returns the same response again, in seconds: 0 to 120, default 30. */
  refreshReplay?: number;
  /** `"strict"`: a revocation takes effect immediately, at the cost of one object call per request. By default, within 30 seconds. */
  revocation?: "strict";
  /** Rate limits per minute; requests beyond them get 429 with `Retry-After`. */
  limits?: Limits;
  /** A rate limiting binding of the runtime, used in addition to `limits`: `(env) => env.RATE_LIMITER`. */
  rateLimiter?: (env: NoInfer<Env>) => RateLimiter | undefined;
  /** Colors, logo and texts of the pages. */
  pages?: PageOptions;
  /**
   * Receives each event (access granted or ended, a token refused) in addition to the log: `d1Audit` stores them. Events of a
   * chain are delivered at least once; `chain` and `seq` identify duplicates.
   */
  audit?: (event: AuditEvent, env: NoInfer<Env>) => void | Promise<void>;
  /**
   * True: a request whose event cannot be delivered to `audit` is answered with 503, and the event is delivered later. A refresh
   * that was answered with 503 has not taken place. By default, `audit` never causes an error.
   */
  auditRequired?: boolean;
  /**
   * A route at which programs of yours, such as `npx mcp-wicket grants`, list and end access and manage clients. Default:
   * none. See https://github.com/mcp-wicket/mcp-wicket/blob/main/docs/guides/operator.md.
   */
  operator?: OperatorOptions<NoInfer<Env>>;
}

/** The operator route. */
export interface OperatorOptions<Env = unknown> {
  /** Whose tokens may call it: `new APIKeyVerifier({…})`, or any other verifier except for this server's own tokens. */
  verifier: TokenVerifier<Env>;
  /** Its path. Default `/operator`. */
  path?: string;
  /** The scope that a token needs, so that a key for tools cannot call it. Default `operator`. */
  scope?: string;
}

/**
 * The result of `resolveExternalToken`: at least one of these members, and no others. A result with any other member, or with a
 * member of the wrong type (such as `null`), is refused with 401, and the log says why. Your function has to evaluate an
 * introspection response (RFC 7662) or a set of claims itself.
 */
export interface ExternalToken {
  /** The value of `this.props`. */
  props?: Record<string, unknown>;
  /** The audience of the token: must be this server, as the URL of a route or the origin. Omit it if you have checked it. */
  audience?: string | readonly string[];
  /** The scopes of the caller. Default: none. */
  scopes?: readonly string[];
  /** The owner of the token, for sessions and audit. Default: each token is a caller of its own. */
  subject?: string;
  /** Expiry in seconds since 1970, as in the claim `exp`. Omit it if the token does not expire. */
  expires?: number;
}

/** Rate limits: requests per minute. */
export interface Limits {
  /** Authorization requests of one client from one network, and separately revocations; ten times as many for all clients. Default 120. */
  authorize?: number;
  /** Token requests of one client for one person; counted exactly. Default 300. */
  token?: number;
  /**
   * New registrations with one redirect domain from one network; four times as many with all domains, and twenty times as many
   * from all networks. Default 30.
   */
  register?: number;
  /** Returns from the upstream for one sign-in. Default 60. */
  callback?: number;
  /**
   * Client ID metadata documents fetched from one domain for one network; four times as many from all domains, and ten times
   * as many from one host for all networks. Default 30.
   */
  documents?: number;
  /**
   * Introspection requests of one resource server; without a valid secret, a fiftieth of that from one network. Default 3000.
   */
  introspect?: number;
}

const LIMITS = namesOf<Limits>("limits", {
  authorize: true,
  token: true,
  register: true,
  callback: true,
  documents: true,
  introspect: true,
});

const OPERATOR = namesOf<OperatorOptions>("operator", {
  verifier: true,
  path: true,
  scope: true,
});

/** The names of this package's own options. */
const OWN = {
  apiHandlers: true,
  tokens: true,
  resolveExternalToken: true,
  defaultHandler: true,
  authorizeEndpoint: true,
  tokenEndpoint: true,
  clientRegistrationEndpoint: true,
  revocationEndpoint: true,
  introspectionEndpoint: true,
  resourceServers: true,
  accessTokens: oneOf("sealed", "jwt"),
  jwksEndpoint: true,
  rawSubject: FLAG,
  callbackEndpoint: true,
  connectedAppsEndpoint: true,
  kv: true,
  legacyClients: FLAG,
  allowConsentScreen: FLAG,
  registration: oneOf("open", "approve", "closed"),
  allowDynamicClientRegistration: FLAG,
  allowClientIdMetadataDocuments: true,
  issuer: true,
  objects: true,
  scopes: true,
  requiredScopes: true,
  impliedScopes: true,
  resourceAliases: true,
  redirectSchemes: true,
  name: true,
  accessTokenTtl: true,
  refreshTokenTtl: true,
  grantTtl: true,
  codeTtl: true,
  refreshReplay: true,
  revocation: oneOf("strict"),
  limits: LIMITS,
  rateLimiter: true,
  pages: PAGES,
  audit: true,
  auditRequired: FLAG,
  operator: OPERATOR,
  callbackTimeout: true,
} satisfies Record<Exclude<keyof OAuthProviderOptions, keyof IncumbentOptions<unknown>>, OptionRule>;

/** The names of `OAuthProviderOptions`. */
export const PROVIDER: Names = namesOf<Omit<OAuthProviderOptions, keyof typeof UNSUPPORTED>>(
  "OAuthProvider",
  { ...OWN, ...COMPATIBILITY },
  UNSUPPORTED,
);

/**
 * An event, for the operator. It contains no secret. Events of one person's access form that person's chain:
 * https://github.com/mcp-wicket/mcp-wicket/blob/main/docs/storage.md, "The audit chain".
 */
export interface AuditEvent {
  /**
   * What happened: `access granted`, `code redeemed`, `token refreshed`, `access ended`, `refresh refused`,
   * `external token accepted`, `operator called`, …
   */
  readonly event: string;
  /** ISO 8601. */
  readonly time: string;
  /** The client's identifier. */
  readonly client?: string;
  readonly grant?: string;
  readonly scopes?: readonly string[];
  /** Why, if something was refused or ended. */
  readonly reason?: string;
  /** The request: its `CF-Ray`, or a random ID. */
  readonly request?: string;
  /** The chain, and the position in it. A copy of the chain has each pair once. */
  readonly chain?: string;
  readonly seq?: number;
  /** The person, as a commitment that `subject` and `salt` open; those two are personal data. */
  readonly who?: string;
  readonly subject?: string;
  readonly salt?: string;
  /** The MAC that chains the records, under the key `kid`. */
  readonly mac?: string;
  readonly kid?: string;
  readonly [detail: string]: unknown;
}
