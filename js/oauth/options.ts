/** The options of `OAuthProvider`. */
import type { CallbackOptions } from "../callback.js";
import type { TokenVerifier } from "../auth/verifier.js";
import type { AppFetch } from "../endpoint.js";
import type { RateLimiter } from "../effects/tally.js";
import type { AppHandler, IdentityHandler, PagesHandler } from "../handlers/identity.js";
import type { Setting } from "../handlers/upstream.js";
import { FLAG, type Known, type Names, namesOf, oneOf } from "../options.js";
import { type EntrypointClass, INCUMBENT, type IncumbentOptions, REFUSED } from "./incumbent.js";
import { PAGES, type PageOptions } from "../pages/oauth.js";

/** What a route can be: an endpoint of this package, or anything with `fetch`. */
export type ApiHandler<Env> = AppFetch<Env> | { fetch: AppFetch<Env> };

export interface OAuthProviderOptions<Env = unknown> extends CallbackOptions, IncumbentOptions<Env> {
  /**
   * Routes that need an access token: `{ "/mcp": MyMCP.serve("/mcp") }`. The first is the resource that tokens are for; the
   * others are aliases of it. One handler can be given as `apiRoute` and `apiHandler`.
   */
  apiHandlers?: Record<string, ApiHandler<Env> | EntrypointClass<Env>> | undefined;
  /**
   * Takes further tokens at the same routes, so that machines need nobody who signs in: `new APIKeyVerifier({…})`, or
   * `anyOf(keys, jwt)`. Its callers have their own props and scopes. A token of this server is never shown to it.
   */
  tokens?: TokenVerifier<NoInfer<Env>> | undefined;
  /** The same as a function, which is asked at each request with a token that nothing else takes. `null`: it is not good. */
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
  /** Path of the introspection endpoint, which is there if `resourceServers` has anybody. Default `/introspect`. */
  introspectionEndpoint?: string;
  /**
   * Other resource servers that get tokens from yours and may ask what they are good for (RFC 7662): an identifier and a
   * secret of 32 characters or more each, `{ files: (env) => env.FILES_SECRET }`.
   */
  resourceServers?: Record<string, Setting<NoInfer<Env>>>;
  /**
   * `"jwt"`: access tokens are JWTs signed with ES256 (RFC 9068), so that other services can check them by themselves. They
   * show the client, the scopes and a name for the person to whoever holds them. Otherwise only this server can read them.
   */
  accessTokens?: "sealed" | "jwt";
  /** Path of the JWK Set for such tokens. Default `/jwks`. */
  jwksEndpoint?: string;
  /**
   * Resource servers learn people by a name that differs for each resource (pairwise). With `true` they learn the typed
   * subject, such as `user:github:583231`.
   */
  rawSubject?: boolean;
  /** Path to which the upstream sends people back. Default `/callback`. */
  callbackEndpoint?: string;
  /** Path of the page on which people see and end what they have connected. Default `/connected`. */
  connectedAppsEndpoint?: string;
  /** A KV namespace for copies of client registrations. It makes things faster; nothing depends on it. */
  kv?: KVNamespace | ((env: NoInfer<Env>) => KVNamespace | undefined);
  /** Whether people are asked. `false` is refused: leave it out. */
  allowConsentScreen?: boolean;
  /**
   * Which clients there are beside those that you make (`createClient`). `"open"`, the default: those that register themselves (RFC
   * 7591) or are known by a URL. `"approve"`: the same, but nobody is asked for one before you have said yes to it
   * (`approveClient`). `"closed"`: none may register.
   */
  registration?: "open" | "approve" | "closed";
  /** Whether clients may register themselves: `false` is the same as `registration: "closed"`. */
  allowDynamicClientRegistration?: boolean;
  /**
   * Whether a client may be the URL of its metadata (client ID metadata documents), or the hosts of those that may:
   * `["claude.ai", "*.example.com"]`. Default `true` where the flag `global_fetch_strictly_public` keeps fetches out of private
   * networks; without that flag it cannot be.
   */
  allowClientIdMetadataDocuments?: boolean | readonly string[];
  /** The issuer identifier, such as `https://mcp.example.com`. Default: the origin of each request. */
  issuer?: string;
  /** The name of the Durable Object binding or class that keeps grants. Default: `WicketObject`, else the agent's class. */
  objects?: string;
  /** The scopes that clients may ask for, each with a sentence for the consent page. Default `mcp`. */
  scopes?: readonly string[] | Record<string, string>;
  /** Scopes that every request to a route needs: the same for all, or each route's own, `{ "/admin": ["admin"] }`. */
  requiredScopes?: readonly string[] | Record<string, readonly string[]>;
  /** Scopes that a scope stands for as well. */
  impliedScopes?: (scope: string) => readonly string[];
  /**
   * Other names of the resource that clients may send, as they write them. The origin alone, a slash at the end and a query
   * need none.
   */
  resourceAliases?: readonly string[];
  /**
   * Schemes that redirect URIs may have beside those of apps (`cursor:`, `com.example.app:`, and so on, which always may):
   * such as browsers or operating systems use for something of their own. Never `javascript`, `data` and the like.
   */
  redirectSchemes?: readonly string[];
  /** What people call the server. */
  name?: string;
  /**
   * How long an authorization code lives, in seconds: 30 to 600, default 300. People on remote machines carry it by hand.
   */
  codeTtl?: number;
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
  /** How often things may be asked for within a minute; what is beyond gets 429 with `Retry-After`. */
  limits?: Limits;
  /** A rate limiting binding of the runtime's, asked beside `limits`: `(env) => env.RATE_LIMITER`. */
  rateLimiter?: (env: NoInfer<Env>) => RateLimiter | undefined;
  /** Colours, logo, texts of the pages. */
  pages?: PageOptions;
  /**
   * Gets each event (access that was granted or ended, a token that was refused) beside the log: `d1Audit` keeps them. Those of a
   * chain come at least once; `chain` and `seq` tell equal ones apart.
   */
  audit?: (event: AuditEvent, env: NoInfer<Env>) => void | Promise<void>;
  /**
   * True: what cannot be told to `audit` is answered with 503, and told later. A refresh that was answered so has not happened.
   * Otherwise audit is never the reason for an error.
   */
  auditRequired?: boolean;
}

/**
 * Whose token it is that `resolveExternalToken` was asked about: one of these members at least, and no others. An answer with
 * any other member, or with one that is of another kind (also `null`), is refused as a whole with 401, and the log says why: an
 * introspection response (RFC 7662) or a set of claims is for your function to judge.
 */
export interface ExternalToken {
  /** What `this.props` is. */
  props?: Record<string, unknown>;
  /** For whom the token is: it has to be this server, by the URL of a route or the origin. Leave it out if you have checked. */
  audience?: string | readonly string[];
  /** What the caller may do. Default: nothing that needs a scope. */
  scopes?: readonly string[];
  /** Whose token it is, for sessions and audit. Default: each token is somebody of its own. */
  subject?: string;
  /** When it ends, in seconds since 1970: the claim `exp`. Leave it out if it does not. */
  expires?: number;
}

/** Requests within a minute. */
export interface Limits {
  /** Of one client from one network, to be allowed something or to revoke it; ten times as many of all clients. Default 120. */
  authorize?: number;
  /** Of one client in one person's name, for tokens; counted exactly. Default 300. */
  token?: number;
  /**
   * New registrations with one redirect domain from one network; four times as many with all domains, and twenty times as many
   * from everywhere. Default 30.
   */
  register?: number;
  /** Of one sign-in, to come back from the upstream. Default 60. */
  callback?: number;
  /**
   * Client ID metadata documents fetched from one domain for one network; four times as many from all domains, and ten times
   * as many from one host for everybody. Default 30.
   */
  documents?: number;
  /**
   * Of one resource server, to ask what tokens are good for; whoever shows no secret that is right may try a fiftieth as
   * often from one network. Default 3000.
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

/** The names that are this package's own. */
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
  callbackTimeout: true,
} satisfies Record<Exclude<keyof OAuthProviderOptions, keyof IncumbentOptions<unknown>>, Known>;

/** The names of `OAuthProviderOptions`. */
export const PROVIDER: Names = namesOf<Omit<OAuthProviderOptions, keyof typeof REFUSED>>(
  "OAuthProvider",
  { ...OWN, ...INCUMBENT },
  REFUSED,
);

/**
 * Something that happened, for the operator. Holds no secret. What concerns one person's access is a link of that person's
 * chain (`docs/storage.md`, "The audit chain").
 */
export interface AuditEvent {
  /**
   * What happened: `access granted`, `code redeemed`, `token refreshed`, `access ended`, `refresh refused`,
   * `external token accepted`, …
   */
  readonly event: string;
  /** ISO 8601. */
  readonly time: string;
  /** The client's identifier. */
  readonly client?: string;
  readonly grant?: string;
  readonly scopes?: readonly string[];
  /** Why, where something was refused or ended. */
  readonly reason?: string;
  /** The request: its `CF-Ray`, else a random id. */
  readonly request?: string;
  /** The chain, and the place in it. A copy of the chain has each pair once. */
  readonly chain?: string;
  readonly seq?: number;
  /** Whom it is about, as a commitment that `subject` and `salt` open; those two are personal. */
  readonly who?: string;
  readonly subject?: string;
  readonly salt?: string;
  /** What chains the records, under the key `kid`. */
  readonly mac?: string;
  readonly kid?: string;
  readonly [detail: string]: unknown;
}
