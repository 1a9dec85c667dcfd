/**
 * The names that `@cloudflare/workers-oauth-provider` has for options, so that a Worker moves over by its import lines. What
 * means the same is taken under either name; what cannot be is refused, with what to use instead.
 */
import type { FetchHandler } from "../endpoint.js";
import { WicketError } from "../errors.js";
import { FLAG, type Known, namesOf } from "../options.js";
import type { ApiHandler, OAuthProviderOptions } from "./options.js";
import { contextOf } from "../runtime.js";

/** A class with `fetch`, such as one that extends `WorkerEntrypoint`; an object of it is made for each request. */
export type EntrypointClass<Env> = new (
  ctx: ExecutionContext,
  env: Env,
) => { fetch?(request: Request): Response | Promise<Response> };

/** What is told to `onError`. */
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
  /** The URL of the MCP endpoint: its path is one of the routes, its origin the issuer. */
  resource?: string | undefined;
  /** This server alone. For tokens of others use `protect`. */
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
  /** One route, or several, of `apiHandler`. */
  apiRoute?: string | readonly string[] | undefined;
  /** The handler of `apiRoute`. */
  apiHandler?: ApiHandler<NoInfer<Env>> | EntrypointClass<NoInfer<Env>> | undefined;
  /** The same as `accessTokenTtl`. */
  accessTokenTTL?: number | undefined;
  /** How long a grant lives, in seconds, however often it is refreshed: the same as `grantTtl` and `refreshTokenTtl` at once. */
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
   * Told of each error that a client is answered with. A response that it gives goes out instead. `audit` is told the reason,
   * too.
   */
  onError?: ((error: ProviderError) => Response | undefined) | ((error: ProviderError) => void) | undefined;
  /** Native apps' schemes are taken, with a warning to people. `false` cannot be: see `redirectSchemes`. */
  allowPrivateUseRedirectUris?: boolean | undefined;
  /** `false` or absent: OAuth 2.1 has no implicit grant. */
  allowImplicitFlow?: boolean | undefined;
  /** `false` or absent: OAuth 2.1 has no plain code challenge. */
  allowPlainPKCE?: boolean | undefined;
  /** `false` or absent: tokens are not exchanged. */
  allowTokenExchangeGrant?: boolean | undefined;
  /**
   * True: only clients that get a secret may register themselves. Most clients of MCP are public, and then need to be the URL of
   * their metadata (`allowClientIdMetadataDocuments`) or a client that you made (`createClient`).
   */
  disallowPublicClientRegistration?: boolean | undefined;
  /** @deprecated Cannot be here: `context` of a handler (GitHubHandler, …) makes `this.props` at sign-in and at each refresh. */
  tokenExchangeCallback?: never;
  /** @deprecated Cannot be here: registrations that nobody uses end by themselves. */
  clientRegistrationTTL?: never;
  /** @deprecated Cannot be here: `allowDynamicClientRegistration: false` and `createClient` name the clients there are. */
  clientRegistrationCallback?: never;
  /** @deprecated Cannot be here. */
  enterpriseManagedAuthorization?: never;
  /** @deprecated Cannot be here: the names of cookies are fixed. */
  cookiePrefix?: never;
}

/** The names that are understood. */
export const INCUMBENT = {
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
} satisfies Record<Exclude<keyof IncumbentOptions<unknown>, keyof typeof REFUSED>, Known>;

/** The names that are refused, each with what to use instead. */
export const REFUSED = {
  tokenExchangeCallback:
    "Use `context` of GitHubHandler, GoogleHandler, AzureADHandler or GenericOAuthHandler: it makes `this.props` at sign-in " +
    "and, with a fresh token of the provider, at each refresh. With pages of your own, `completeAuthorization` takes `props`.",
  clientRegistrationTTL: "Leave it out: registrations that nobody uses end by themselves.",
  clientRegistrationCallback:
    "Use `allowDynamicClientRegistration: false`, and `createClient` for the clients there are to be; `audit` is told of each registration.",
  enterpriseManagedAuthorization: "Use `protect(new JWTVerifier({ … }), …)` for tokens of your company's issuer.",
  cookiePrefix: "Leave it out: cookies have the prefix `__Host-` already.",
} satisfies Partial<Record<keyof IncumbentOptions<unknown>, string>>;

/** Options as the rest of the package knows them. */
export type Understood<Env> = Omit<OAuthProviderOptions<Env>, "apiHandlers" | "defaultHandler"> & {
  apiHandlers: Record<string, ApiHandler<Env>>;
  defaultHandler: Exclude<OAuthProviderOptions<Env>["defaultHandler"], EntrypointClass<never>>;
};

/** `options` under the names of this package. Throws `ERR_ARGUMENT` for what contradicts itself or cannot be. */
export function understood<Env>(options: OAuthProviderOptions<Env>): Understood<Env> {
  never(options);
  const made = { ...options } as Understood<Env>;
  made.apiHandlers = routesOf(options);
  made.defaultHandler = asHandler(options.defaultHandler) as Understood<Env>["defaultHandler"];
  same(made, "accessTokenTtl", options.accessTokenTTL, "accessTokenTTL");
  same(made, "refreshTokenTtl", options.refreshTokenIdleTTL ?? options.refreshTokenTTL, "refreshTokenTTL");
  if (options.refreshTokenIdleTTL === undefined) same(made, "grantTtl", options.refreshTokenTTL, "refreshTokenTTL");
  same(made, "scopes", options.scopesSupported, "scopesSupported");
  same(
    made,
    "allowClientIdMetadataDocuments",
    options.clientIdMetadataDocumentEnabled,
    "clientIdMetadataDocumentEnabled",
  );
  describe(made, options.resourceMetadata);
  atHome(made, options);
  return made;
}

/** Routes and endpoints may be written as URLs of this server. One of another host would be a path here all the same. */
function atHome<Env>(made: Understood<Env>, options: OAuthProviderOptions<Env>): void {
  const { apiRoute, apiHandlers } = options;
  const routes = apiHandlers ? Object.keys(apiHandlers) : [apiRoute ?? []].flat();
  const urls = routes
    .filter(isUrl)
    .map((url): [string, URL] => [apiHandlers ? "apiHandlers" : "apiRoute", new URL(url)]);
  const home = made.issuer ?? urls[0]?.[1].origin;
  const endpoints = ["authorizeEndpoint", "tokenEndpoint", "clientRegistrationEndpoint"] as const;
  for (const name of endpoints) {
    const url = options[name];
    if (!isUrl(url)) continue;
    urls.push([name, new URL(url)]);
    made[name] = new URL(url).pathname;
  }
  for (const [name, { origin, pathname }] of urls) {
    if (origin === home) continue;
    const here = home === undefined ? "it is not known whether that is this server" : `this server is ${home}`;
    refuse(`OAuthProvider: \`${name}\` is at ${origin}, but ${here}. Write its path: "${pathname}".`);
  }
}

const isUrl = (text: unknown): text is string =>
  typeof text === "string" && /^https?:/i.test(text) && URL.canParse(text);

function refuse(message: string): never {
  throw new WicketError("ERR_ARGUMENT", message);
}

/** What only its absence can be. */
function never<Env>(options: OAuthProviderOptions<Env>): void {
  const only: [keyof OAuthProviderOptions, unknown, string][] = [
    ["allowImplicitFlow", false, "OAuth 2.1 has no implicit grant: clients use the authorization code."],
    ["allowPlainPKCE", false, "OAuth 2.1 has no plain code challenge: clients use S256."],
    ["allowTokenExchangeGrant", false, "Tokens are not exchanged here."],
    ["allowPrivateUseRedirectUris", true, "Native apps' schemes are taken, with a warning to people."],
  ];
  for (const [name, value, why] of only) {
    const given = options[name] as unknown;
    if (given !== undefined && given !== value) {
      refuse(`OAuthProvider: \`${name}: ${JSON.stringify(given)}\` cannot be. ${why}`);
    }
  }
  if (options.refreshTokenTTL === 0) refuse("OAuthProvider: `refreshTokenTTL: 0` cannot be: clients refresh.");
}

function same<Env, Name extends keyof Understood<Env>>(
  made: Understood<Env>,
  name: Name,
  value: Understood<Env>[Name] | undefined,
  theirs: string,
): void {
  if (value === undefined) return;
  if (made[name] !== undefined) refuse(`OAuthProvider: \`${theirs}\` and \`${name}\` are the same: give one of them.`);
  made[name] = value;
}

function routesOf<Env>({
  apiRoute,
  apiHandler,
  apiHandlers,
}: OAuthProviderOptions<Env>): Understood<Env>["apiHandlers"] {
  if (apiRoute === undefined && apiHandler === undefined) {
    if (typeof apiHandlers !== "object") {
      refuse('OAuthProvider needs a route: apiHandlers: { "/mcp": MyMCP.serve("/mcp") }.');
    }
    const entries = Object.entries(apiHandlers).map(([route, handler]) => [pathOf(route), asHandler(handler)]);
    return Object.fromEntries(entries) as Understood<Env>["apiHandlers"];
  }
  if (apiHandlers !== undefined) refuse("OAuthProvider: give `apiHandlers`, or `apiRoute` and `apiHandler`, not both.");
  if (apiRoute === undefined || apiHandler === undefined) {
    refuse("OAuthProvider: `apiRoute` and `apiHandler` go together.");
  }
  const routes = typeof apiRoute === "string" ? [apiRoute] : apiRoute;
  const handler = asHandler(apiHandler) as ApiHandler<Env>;
  return Object.fromEntries(routes.map((route) => [pathOf(route), handler]));
}

/** A route may be written as a URL. */
const pathOf = (route: string) => (isUrl(route) ? new URL(route).pathname : route);

/** A handler as it is, or one that makes an object of its class for each request. */
function asHandler<Env>(handler: unknown): unknown {
  const { prototype } = (typeof handler === "function" ? handler : {}) as { prototype?: { fetch?: unknown } };
  if (typeof prototype?.fetch !== "function") return handler;
  const Entrypoint = handler as new (ctx: ExecutionContext, env: Env) => { fetch(request: Request): Promise<Response> };
  const fetch: FetchHandler<Env> = (request, env, ctx) => new Entrypoint(contextOf(ctx), env).fetch(request);
  return { fetch };
}

function describe<Env>(made: Understood<Env>, metadata: ProviderResourceMetadata | undefined): void {
  if (!metadata) return;
  const { resource, authorization_servers: servers, scopes_supported: scopes, resource_name: name } = metadata;
  const origin = resource === undefined ? undefined : resourceOf(made, resource);
  if (servers?.some((server) => new URL(server).origin !== (made.issuer ?? origin ?? new URL(server).origin))) {
    refuse(
      "OAuthProvider: `resourceMetadata.authorization_servers` can only be this server. For others use `protect`.",
    );
  }
  if (scopes !== undefined) made.scopes ??= scopes;
  if (name !== undefined) made.name ??= name;
  if (metadata.bearer_methods_supported?.some((method) => method !== "header")) {
    refuse('OAuthProvider: `resourceMetadata.bearer_methods_supported` can only be ["header"].');
  }
}

/** The resource is its route at the issuer; one that is the whole origin is another spelling of it. */
function resourceOf<Env>(made: Understood<Env>, resource: string): string {
  if (!URL.canParse(resource)) refuse(`OAuthProvider: \`resourceMetadata.resource\` must be a URL: ${resource}`);
  const { origin, pathname } = new URL(resource);
  if (made.issuer !== undefined && made.issuer !== origin) {
    refuse(`OAuthProvider: \`resourceMetadata.resource\` is at ${origin}, but \`issuer\` is ${made.issuer}.`);
  }
  made.issuer = origin;
  const routes = Object.keys(made.apiHandlers);
  const route = routes.find((route) => route === pathname.replace(/(.)\/$/, "$1"));
  if (route !== undefined) {
    const { [route]: first, ...others } = made.apiHandlers;
    made.apiHandlers = { [route]: first as ApiHandler<Env>, ...others };
    return origin;
  }
  if (pathname !== "/") {
    refuse(`OAuthProvider: \`resourceMetadata.resource\` is ${resource}, but the routes are ${routes.join(", ")}.`);
  }
  made.resourceAliases = [...(made.resourceAliases ?? []), origin, `${origin}/`];
  return origin;
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** The error that `response` tells a client, if it tells one. */
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
  const told = (await response
    .clone()
    .json()
    .catch(() => undefined)) as { error?: unknown; error_description?: unknown } | undefined;
  if (typeof told?.error !== "string") return undefined;
  return { code: told.error, description: text(told.error_description), ...about };
}
