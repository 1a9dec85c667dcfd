/**
 * The option names of `@cloudflare/workers-oauth-provider`, so that only the import lines of a Worker have to change.
 * Options with the same meaning are accepted under either name; unsupported ones throw with what to use instead.
 */
import type { ApiHandler } from "../common/runtime.js";
import { FLAG, type OptionRule, namesOf } from "../common/options.js";

/** A class with `fetch`, such as one that extends `WorkerEntrypoint`; an instance is created for each request. */
export type EntrypointClass<Env> = new (
  ctx: ExecutionContext,
  env: Env,
) => { fetch?(request: Request): Response | Promise<Response> };

/** The argument of `onError`. */
export interface ProviderError {
  /** The code of RFC 6749 §5.2 or RFC 6750 §3.1: `invalid_grant`. */
  code: string;
  description: string;
  status: number;
  headers: Record<string, string>;
  request: Request;
}

/** The protected resource, as RFC 9728 §2 writes it. */
export interface ProviderResourceMetadata {
  /** The URL of the MCP endpoint: its path must be one of the routes, and its origin the issuer. */
  resource?: string | undefined;
  /** Only this server. For tokens of other issuers use `protect`. */
  authorization_servers?: string[] | undefined;
  /** The same as `scopes`. */
  scopes_supported?: string[] | undefined;
  /** `["header"]`. */
  bearer_methods_supported?: string[] | undefined;
  /** The same as `name`. */
  resource_name?: string | undefined;
}

/** Options under the names of `@cloudflare/workers-oauth-provider`. */
export interface IncumbentOptions<Env> {
  /** The route or routes of `apiHandler`. */
  apiRoute?: string | readonly string[] | undefined;
  /** The handler of `apiRoute`. */
  apiHandler?: ApiHandler<NoInfer<Env>> | EntrypointClass<NoInfer<Env>> | undefined;
  /** The same as `accessTokenTtl`. */
  accessTokenTTL?: number | undefined;
  /** Maximum lifetime of a grant in seconds, however often it is refreshed: sets both `grantTtl` and `refreshTokenTtl`. */
  refreshTokenTTL?: number | undefined;
  /** The same as `refreshTokenTtl`. */
  refreshTokenIdleTTL?: number | undefined;
  /** The same as `scopes`. */
  scopesSupported?: readonly string[] | undefined;
  /** The resource's URL and name. */
  resourceMetadata?: ProviderResourceMetadata | undefined;
  /** The same as `allowClientIdMetadataDocuments`. */
  clientIdMetadataDocumentEnabled?: boolean | undefined;
  /**
   * Called for each error response to a client. If it returns a response, that is sent instead. `audit` also gets the
   * reason.
   */
  onError?: ((error: ProviderError) => Response | undefined) | ((error: ProviderError) => void) | undefined;
  /**
   * Private-use schemes of native apps are always allowed, with a warning to people. `false` throws: see `redirectSchemes`.
   */
  allowPrivateUseRedirectUris?: boolean | undefined;
  /** `false` or absent: OAuth 2.1 has no implicit grant. */
  allowImplicitFlow?: boolean | undefined;
  /** `false` or absent: OAuth 2.1 has no plain code challenge. */
  allowPlainPKCE?: boolean | undefined;
  /** `false` or absent: token exchange is not supported. */
  allowTokenExchangeGrant?: boolean | undefined;
  /**
   * True: only clients that get a secret may register themselves. Most MCP clients are public, and then need a client ID
   * metadata document (`allowClientIdMetadataDocuments`) or a client that you created (`createClient`).
   */
  disallowPublicClientRegistration?: boolean | undefined;
  /** @deprecated Throws: `context` of a handler (GitHubHandler, …) returns `this.props` at sign-in and at each refresh. */
  tokenExchangeCallback?: never;
  /** @deprecated Throws: unused registrations expire automatically. */
  clientRegistrationTTL?: never;
  /** @deprecated Throws: use `allowDynamicClientRegistration: false` and `createClient`. */
  clientRegistrationCallback?: never;
  /** @deprecated Throws. */
  enterpriseManagedAuthorization?: never;
  /** @deprecated Throws: the names of cookies are fixed. */
  cookiePrefix?: never;
}

/** The supported names. */
export const COMPATIBILITY = {
  apiRoute: true,
  apiHandler: true,
  accessTokenTTL: true,
  refreshTokenTTL: true,
  refreshTokenIdleTTL: true,
  scopesSupported: true,
  resourceMetadata: namesOf<ProviderResourceMetadata>("resourceMetadata", {
    resource: true,
    authorization_servers: true,
    scopes_supported: true,
    bearer_methods_supported: true,
    resource_name: true,
  }),
  clientIdMetadataDocumentEnabled: FLAG,
  onError: true,
  allowPrivateUseRedirectUris: true,
  allowImplicitFlow: true,
  allowPlainPKCE: true,
  allowTokenExchangeGrant: true,
  disallowPublicClientRegistration: FLAG,
} satisfies Record<Exclude<keyof IncumbentOptions<unknown>, keyof typeof UNSUPPORTED>, OptionRule>;

/** The unsupported names, each with what to use instead. */
export const UNSUPPORTED = {
  tokenExchangeCallback:
    "Use `context` of GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler: it returns `this.props` at sign-in " +
    "and, with a fresh token from the provider, at each refresh. With pages of your own, `completeAuthorization` takes `props`.",
  clientRegistrationTTL: "Omit it: unused registrations expire automatically.",
  clientRegistrationCallback:
    "Use `allowDynamicClientRegistration: false`, and `createClient` for each client; `audit` gets an event for each registration.",
  enterpriseManagedAuthorization: "Use `protect(new JWTVerifier({ … }), …)` for tokens of your company's issuer.",
  cookiePrefix: "Omit it: cookies already have the prefix `__Host-`.",
} satisfies Partial<Record<keyof IncumbentOptions<unknown>, string>>;

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** The error in `response`, if it is one. */
export async function errorOf(response: Response, request: Request): Promise<ProviderError | undefined> {
  if (response.status < 400) return undefined;
  const headers = Object.fromEntries(response.headers);
  const about = { status: response.status, headers, request };
  const challenge = headers["www-authenticate"];
  const [, code] = /error="([^"]*)"/.exec(challenge ?? "") ?? [];
  if (code !== undefined || response.status === 401) {
    const [, description = ""] = /error_description="([^"]*)"/.exec(challenge ?? "") ?? [];
    return { code: code ?? "invalid_token", description, ...about };
  }
  if (!headers["content-type"]?.startsWith("application/json")) return undefined;
  const body = (await response
    .clone()
    .json()
    .catch(() => undefined)) as { error?: unknown; error_description?: unknown } | undefined;
  if (typeof body?.error !== "string") return undefined;
  return { code: body.error, description: text(body.error_description), ...about };
}
