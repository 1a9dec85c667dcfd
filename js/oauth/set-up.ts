/** Checks the options of `OAuthProvider`, and converts them to Rust's configuration. */
import { WicketError } from "../common/errors.js";
import type { Endpoint } from "../auth/guard.js";
import { checkPages } from "../pages/oauth.js";
import { Route, plainPath } from "../http/route.js";
import { checkServer } from "../boundary/wasm.js";
import { checkExternalTokens } from "./external-tokens.js";
import { checkOperator } from "./operator-route.js";
import { hasPages } from "./identity/identity.js";
import type { NormalizedOptions } from "./normalized-options.js";
import type { OAuthProviderOptions } from "./options.js";
import type { EndpointRoute, ServerConfig } from "../boundary/wire.js";

/** A handler must have one of these members. */
const KINDS = ["identity", "identify", "fetch"];

export function check<Env>(options: NormalizedOptions<Env>): void {
  const { allowConsentScreen, apiHandlers, defaultHandler, pages } = options;
  const refuse = (message: string) => {
    throw new WicketError("ERR_ARGUMENT", message);
  };
  if (allowConsentScreen === false) {
    refuse(
      "allowConsentScreen: false would let any client act for anyone who opens its link. Omit it: people are asked once.",
    );
  }
  if (options.legacyClients === true && options.kv === undefined) {
    refuse(
      "legacyClients: true needs the namespace in which workers-oauth-provider has stored them: kv: (env) => env.OAUTH_KV.",
    );
  }
  const { registration, allowDynamicClientRegistration: isOpen } = options;
  if (registration !== undefined && isOpen !== undefined && isOpen === (registration === "closed")) {
    refuse(`registration: "${registration}" and allowDynamicClientRegistration: ${isOpen} contradict each other.`);
  }
  if (typeof apiHandlers !== "object" || Object.keys(apiHandlers).length === 0) {
    refuse('apiHandlers must have at least one route: { "/mcp": MyMCP.serve("/mcp") }.');
  }
  for (const route of Object.keys(apiHandlers)) {
    new Route("apiHandlers", route);
  }
  const handler = defaultHandler as unknown;
  if (typeof handler !== "object" || handler === null || !KINDS.some((kind) => kind in handler)) {
    refuse(
      "defaultHandler must be a handler such as new GitHubHandler({…}), or have a function `identify` or `fetch`.",
    );
  }
  if (pages) checkPages(pages);
  for (const name of ["audit", "impliedScopes", "onError", "rateLimiter"] as const) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== "function") refuse(`OAuthProvider: \`${name}\` must be a function.`);
  }
  checkExternalTokens<Env>(options);
  checkOperator<Env>(options);
}

/** Stands for a secret that is known only during a request. */
const SOME_SECRET = "0".repeat(32);

/** The routes, after Rust has checked everything that does not depend on the environment. Throws `ERR_OPTIONS`. */
export function checkConfig<Env>(
  given: OAuthProviderOptions<Env>,
  config: Omit<ServerConfig, "handler">,
): Record<string, EndpointRoute> {
  const { resourceServers } = given;
  const known = resourceServers && {
    resourceServers: Object.fromEntries(
      Object.entries(resourceServers).map(([id, secret]) => [id, typeof secret === "function" ? SOME_SECRET : secret]),
    ),
  };
  try {
    return checkServer({ ...config, ...known });
  } catch (error) {
    if (!(error instanceof WicketError)) throw error;
    const named = error.message.replace(/^\w+/, (name) => THEIRS[name]?.find((theirs) => theirs in given) ?? name);
    throw new WicketError(error.code, `OAuthProvider: ${named}`, { cause: error });
  }
}

/** Other names under which an option may have been set. */
const THEIRS: Readonly<Record<string, readonly (keyof OAuthProviderOptions)[]>> = {
  accessTokenTtl: ["accessTokenTTL"],
  refreshTokenTtl: ["refreshTokenIdleTTL", "refreshTokenTTL"],
  grantTtl: ["refreshTokenTTL"],
  scopes: ["scopesSupported"],
};

/** A route whose endpoint has another path would match nothing. */
export function checkRoute<Env>(route: string, { routes }: Endpoint<Env>): void {
  if (routes.some(({ path }) => path === plainPath(route))) return;
  const [first] = routes;
  const path = first?.path ?? "";
  throw new WicketError(
    "ERR_ARGUMENT",
    `apiHandlers has "${route}" for an endpoint that answers ${path}, so no request would match: use { "${path}": … }.`,
  );
}

export function configOf<Env>(options: NormalizedOptions<Env>): Omit<ServerConfig, "handler"> {
  const { scopes } = options;
  const isNamed = typeof scopes === "object" && (scopes as unknown) !== null && !Array.isArray(scopes);
  const named = isNamed ? (scopes as Record<string, string>) : undefined;
  const config = {
    issuer: options.issuer,
    name: options.name ?? options.pages?.brand?.name,
    ...Object.fromEntries(Object.entries(options).filter(([name]) => name.endsWith("Endpoint"))),
    jwt: options.accessTokens === "jwt" || undefined,
    pages: hasPages(options.defaultHandler) || undefined,
    // Tokens are for the fixed beginning of a pattern: it is one resource for all paths that match.
    resources: [...new Set(Object.keys(options.apiHandlers).map((route) => new Route("apiHandlers", route).prefix))],
    aliases: options.resourceAliases,
    scopes: named ? Object.keys(named) : (scopes as readonly string[] | undefined),
    scopeTexts: named,
    schemes: options.redirectSchemes,
    registration: options.registration === "closed" ? false : options.allowDynamicClientRegistration,
    approve: options.registration === "approve" || undefined,
    public: options.disallowPublicClientRegistration === true ? false : undefined,
    documentHosts: hostsOf(options),
    legacyClients: options.legacyClients,
    rawSubject: options.rawSubject,
    codeTtl: options.codeTtl,
    accessTokenTtl: options.accessTokenTtl,
    refreshTokenTtl: options.refreshTokenTtl,
    grantTtl: options.grantTtl,
    refreshReplay: options.refreshReplay,
    operator: options.operator && true,
    "operator.path": options.operator?.path,
    "operator.scope": options.operator?.scope,
    limits: options.limits,
    callbackTimeout: options.callbackTimeout && Math.ceil(options.callbackTimeout),
  };
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Omit<ServerConfig, "handler">;
}

/** The hosts of clients that are known by a URL; an empty list would mean none, for which there is `false`. */
function hostsOf<Env>({
  allowClientIdMetadataDocuments: hosts,
}: NormalizedOptions<Env>): readonly string[] | undefined {
  if (hosts === undefined || typeof hosts === "boolean") return undefined;
  if (Array.isArray(hosts) && hosts.length > 0) return hosts as readonly string[];
  throw new WicketError(
    "ERR_ARGUMENT",
    'allowClientIdMetadataDocuments is true, false, or a list of hosts such as ["claude.ai", "*.example.com"].',
  );
}

/** The scopes that a route requires. */
export function scopesOf(
  required: OAuthProviderOptions["requiredScopes"],
  route: string,
): readonly string[] | undefined {
  return required === undefined || isList(required) ? required : required[route];
}

const isList = (required: readonly string[] | Record<string, readonly string[]>): required is readonly string[] =>
  Array.isArray(required);

/** Scopes for an unknown route would protect nothing, and scopes that nobody can have would admit nobody. */
export function checkScopes<Env>(options: NormalizedOptions<Env>): void {
  const { requiredScopes, apiHandlers, scopes = ["mcp"] } = options;
  // Other tokens have scopes of their own, and a scope may include others.
  const isClosed = !options.impliedScopes && !options.tokens && !options.resolveExternalToken;
  const wrong = (message: string) => {
    throw new WicketError("ERR_ARGUMENT", message);
  };
  if (requiredScopes === undefined) return;
  const known = isList(scopes as never) ? (scopes as readonly string[]) : Object.keys(scopes);
  const isUnknown = (scope: unknown) => isClosed && !known.includes(scope as string);
  const isObject = (given: unknown) => typeof given === "object" && given !== null;
  if (!isObject(requiredScopes)) {
    wrong('requiredScopes is a list of scopes, ["read"], or one for each route: { "/admin": ["admin"] }.');
  }
  if (isList(requiredScopes)) {
    const other = requiredScopes.find(isUnknown);
    if (other !== undefined) {
      wrong(`requiredScopes has "${other}", which is not one of \`scopes\`: ${known.join(", ")}.`);
    }
    return;
  }
  for (const [route, needed] of Object.entries(requiredScopes)) {
    if (!(route in apiHandlers)) {
      const routes = Object.keys(apiHandlers).map((route) => `"${route}"`);
      wrong(`requiredScopes has "${route}", which is not a route of apiHandlers: ${routes.join(", ")}.`);
    }
    if (!isList(needed)) wrong(`requiredScopes["${route}"] must be a list of scopes: { "${route}": ["admin"] }.`);
    const other = needed.find(isUnknown);
    if (other !== undefined) {
      wrong(`requiredScopes["${route}"] has "${other}", which is not one of \`scopes\`: ${known.join(", ")}.`);
    }
  }
}
