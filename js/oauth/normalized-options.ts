/** Converts options under the names of `@cloudflare/workers-oauth-provider` to those of this package. */
import { WicketError } from "../common/errors.js";
import { type ApiHandler, type FetchHandler, contextOf } from "../common/runtime.js";
import type { EntrypointClass, ProviderResourceMetadata } from "./compatibility-options.js";
import type { OAuthProviderOptions } from "./options.js";

/** The options as the rest of the package uses them. */
export type NormalizedOptions<Env> = Omit<OAuthProviderOptions<Env>, "apiHandlers" | "defaultHandler"> & {
  apiHandlers: Record<string, ApiHandler<Env>>;
  defaultHandler: Exclude<OAuthProviderOptions<Env>["defaultHandler"], EntrypointClass<never>>;
};

/** `options` under the names of this package. Throws `ERR_ARGUMENT` for contradictory or invalid ones. */
export function normalizeOptions<Env>(options: OAuthProviderOptions<Env>): NormalizedOptions<Env> {
  refuseUnsupported(options);
  const made = { ...options } as NormalizedOptions<Env>;
  made.apiHandlers = routesOf(options);
  made.defaultHandler = asHandler(options.defaultHandler) as NormalizedOptions<Env>["defaultHandler"];
  setAlias(made, "accessTokenTtl", options.accessTokenTTL, "accessTokenTTL");
  setAlias(made, "refreshTokenTtl", options.refreshTokenIdleTTL ?? options.refreshTokenTTL, "refreshTokenTTL");
  if (options.refreshTokenIdleTTL === undefined) setAlias(made, "grantTtl", options.refreshTokenTTL, "refreshTokenTTL");
  setAlias(made, "scopes", options.scopesSupported, "scopesSupported");
  setAlias(
    made,
    "allowClientIdMetadataDocuments",
    options.clientIdMetadataDocumentEnabled,
    "clientIdMetadataDocumentEnabled",
  );
  describe(made, options.resourceMetadata);
  checkUrls(made, options);
  return made;
}

/** Routes and endpoints may be URLs of this server. The URL of another host would silently become a path here. */
function checkUrls<Env>(made: NormalizedOptions<Env>, options: OAuthProviderOptions<Env>): void {
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
    const here = home === undefined ? "it is unknown whether that is this server" : `this server is ${home}`;
    refuse(`OAuthProvider: \`${name}\` is at ${origin}, but ${here}. Use its path: "${pathname}".`);
  }
}

const isUrl = (text: unknown): text is string =>
  typeof text === "string" && /^https?:/i.test(text) && URL.canParse(text);

function refuse(message: string): never {
  throw new WicketError("ERR_ARGUMENT", message);
}

/** Options that must be absent. */
function refuseUnsupported<Env>(options: OAuthProviderOptions<Env>): void {
  const only: [keyof OAuthProviderOptions, unknown, string][] = [
    ["allowImplicitFlow", false, "OAuth 2.1 has no implicit grant: clients use the authorization code."],
    ["allowPlainPKCE", false, "OAuth 2.1 has no plain code challenge: clients use S256."],
    ["allowTokenExchangeGrant", false, "Token exchange is not supported."],
    ["allowPrivateUseRedirectUris", true, "Private-use schemes are always allowed, with a warning to people."],
  ];
  for (const [name, value, why] of only) {
    const given = options[name] as unknown;
    if (given !== undefined && given !== value) {
      refuse(`OAuthProvider: \`${name}: ${JSON.stringify(given)}\` is not supported. ${why}`);
    }
  }
  if (options.refreshTokenTTL === 0)
    refuse("OAuthProvider: `refreshTokenTTL: 0` is not supported: clients need to refresh.");
}

function setAlias<Env, Name extends keyof NormalizedOptions<Env>>(
  made: NormalizedOptions<Env>,
  name: Name,
  value: NormalizedOptions<Env>[Name] | undefined,
  theirs: string,
): void {
  if (value === undefined) return;
  if (made[name] !== undefined) refuse(`OAuthProvider: \`${theirs}\` and \`${name}\` mean the same: set one of them.`);
  made[name] = value;
}

function routesOf<Env>({
  apiRoute,
  apiHandler,
  apiHandlers,
}: OAuthProviderOptions<Env>): NormalizedOptions<Env>["apiHandlers"] {
  if (apiRoute === undefined && apiHandler === undefined) {
    if (typeof apiHandlers !== "object") {
      refuse('OAuthProvider needs a route: apiHandlers: { "/mcp": MyMCP.serve("/mcp") }.');
    }
    const entries = Object.entries(apiHandlers).map(([route, handler]) => [pathOf(route), asHandler(handler)]);
    return Object.fromEntries(entries) as NormalizedOptions<Env>["apiHandlers"];
  }
  if (apiHandlers !== undefined) refuse("OAuthProvider: set `apiHandlers`, or `apiRoute` and `apiHandler`, not both.");
  if (apiRoute === undefined || apiHandler === undefined) {
    refuse("OAuthProvider: set `apiRoute` and `apiHandler` together.");
  }
  const routes = typeof apiRoute === "string" ? [apiRoute] : apiRoute;
  const handler = asHandler(apiHandler) as ApiHandler<Env>;
  return Object.fromEntries(routes.map((route) => [pathOf(route), handler]));
}

/** A route may be a URL. */
const pathOf = (route: string) => (isUrl(route) ? new URL(route).pathname : route);

/** A handler as it is, or one that creates an instance of its class for each request. */
function asHandler<Env>(handler: unknown): unknown {
  const { prototype } = (typeof handler === "function" ? handler : {}) as { prototype?: { fetch?: unknown } };
  if (typeof prototype?.fetch !== "function") return handler;
  const Entrypoint = handler as new (ctx: ExecutionContext, env: Env) => { fetch(request: Request): Promise<Response> };
  const fetch: FetchHandler<Env> = (request, env, ctx) => new Entrypoint(contextOf(ctx), env).fetch(request);
  return { fetch };
}

function describe<Env>(made: NormalizedOptions<Env>, metadata: ProviderResourceMetadata | undefined): void {
  if (!metadata) return;
  const { resource, authorization_servers: servers, scopes_supported: scopes, resource_name: name } = metadata;
  const origin = resource === undefined ? undefined : resourceOf(made, resource);
  if (servers?.some((server) => new URL(server).origin !== (made.issuer ?? origin ?? new URL(server).origin))) {
    refuse(
      "OAuthProvider: `resourceMetadata.authorization_servers` can only be this server. For others, use `protect`.",
    );
  }
  if (scopes !== undefined) made.scopes ??= scopes;
  if (name !== undefined) made.name ??= name;
  if (metadata.bearer_methods_supported?.some((method) => method !== "header")) {
    refuse('OAuthProvider: `resourceMetadata.bearer_methods_supported` can only be ["header"].');
  }
}

/** The resource is its route at the issuer; one that is the whole origin is another spelling of it. */
function resourceOf<Env>(made: NormalizedOptions<Env>, resource: string): string {
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
