/** The options of `OAuthProvider` as they are checked, and as Rust is told them. */
import { WicketError } from "../errors.js";
import type { Endpoint } from "../guard.js";
import { checkPages } from "../pages/oauth.js";
import { Route, plainPath } from "../route.js";
import { checkServer } from "../wasm.js";
import { checkFurther } from "./further.js";
import type { Understood } from "./incumbent.js";
import type { OAuthProviderOptions } from "./options.js";
import type { ServerConfig } from "./wire.js";

/** What a handler has one of. */
const KINDS = ["identity", "identify", "fetch"];

export function check<Env>(options: Understood<Env>): void {
  const { allowConsentScreen, apiHandlers, defaultHandler, pages } = options;
  const refuse = (message: string) => {
    throw new WicketError("ERR_ARGUMENT", message);
  };
  if (allowConsentScreen === false) {
    refuse(
      "allowConsentScreen: false would let any client act for whoever opens its link. Leave it out: people are asked once.",
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
    refuse("defaultHandler must be a handler such as new GitHubHandler({…}), or have a function identify or fetch.");
  }
  if (pages) checkPages(pages);
  for (const name of ["audit", "impliedScopes", "onError", "rateLimiter"] as const) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== "function") refuse(`OAuthProvider: \`${name}\` must be a function.`);
  }
  checkFurther<Env>(options);
}

/** A secret that is known at a request alone. */
const SOME_SECRET = "0".repeat(32);

/** What Rust says of the set-up, as far as no environment is needed to tell. Throws `ERR_OPTIONS`. */
export function checkConfig<Env>(given: OAuthProviderOptions<Env>, config: Omit<ServerConfig, "handler">): void {
  const { resourceServers } = given;
  const known = resourceServers && {
    resourceServers: Object.fromEntries(
      Object.entries(resourceServers).map(([id, secret]) => [id, typeof secret === "function" ? SOME_SECRET : secret]),
    ),
  };
  try {
    checkServer({ ...config, ...known });
  } catch (error) {
    if (!(error instanceof WicketError)) throw error;
    const named = error.message.replace(/^\w+/, (name) => THEIRS[name]?.find((theirs) => theirs in given) ?? name);
    throw new WicketError(error.code, `OAuthProvider: ${named}`, { cause: error });
  }
}

/** The names under which an option may have been given as well. */
const THEIRS: Readonly<Record<string, readonly (keyof OAuthProviderOptions)[]>> = {
  accessTokenTtl: ["accessTokenTTL"],
  refreshTokenTtl: ["refreshTokenIdleTTL", "refreshTokenTTL"],
  grantTtl: ["refreshTokenTTL"],
  scopes: ["scopesSupported"],
};

/** A route whose endpoint answers at another would match nothing. */
export function checkRoute<Env>(route: string, { routes }: Endpoint<Env>): void {
  if (routes.some(({ path }) => path === plainPath(route))) return;
  const [first] = routes;
  const path = first?.path ?? "";
  throw new WicketError(
    "ERR_ARGUMENT",
    `apiHandlers has "${route}" for an endpoint that answers ${path}, so nothing would match: write { "${path}": … }.`,
  );
}

export function configOf<Env>(options: Understood<Env>): Omit<ServerConfig, "handler"> {
  const { scopes } = options;
  const isNamed = typeof scopes === "object" && (scopes as unknown) !== null && !Array.isArray(scopes);
  const named = isNamed ? (scopes as Record<string, string>) : undefined;
  const config = {
    issuer: options.issuer,
    name: options.name ?? options.pages?.brand?.name,
    authorize: options.authorizeEndpoint,
    token: options.tokenEndpoint,
    register: options.clientRegistrationEndpoint,
    revoke: options.revocationEndpoint,
    introspect: options.introspectionEndpoint,
    keys: options.jwksEndpoint,
    jwt: options.accessTokens === "jwt" || undefined,
    callback: options.callbackEndpoint,
    connected: options.connectedAppsEndpoint,
    // Tokens are for what stands before the first part of a pattern: it is one resource for all that match.
    resources: [...new Set(Object.keys(options.apiHandlers).map((route) => new Route("apiHandlers", route).prefix))],
    aliases: options.resourceAliases,
    scopes: named ? Object.keys(named) : (scopes as readonly string[] | undefined),
    scopeTexts: named,
    schemes: options.redirectSchemes,
    registration: options.registration === "closed" ? false : options.allowDynamicClientRegistration,
    approve: options.registration === "approve" || undefined,
    public: options.disallowPublicClientRegistration === true ? false : undefined,
    documentHosts: hostsOf(options),
    rawSubject: options.rawSubject,
    codeTtl: options.codeTtl,
    accessTokenTtl: options.accessTokenTtl,
    refreshTokenTtl: options.refreshTokenTtl,
    grantTtl: options.grantTtl,
    refreshReplay: options.refreshReplay,
    limits: options.limits,
    callbackTimeout: options.callbackTimeout && Math.ceil(options.callbackTimeout),
  };
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Omit<ServerConfig, "handler">;
}

/** The hosts of clients that are known by a URL; an empty list would be none, which is what `false` says. */
function hostsOf<Env>({ allowClientIdMetadataDocuments: hosts }: Understood<Env>): readonly string[] | undefined {
  if (hosts === undefined || typeof hosts === "boolean") return undefined;
  if (Array.isArray(hosts) && hosts.length > 0) return hosts as readonly string[];
  throw new WicketError(
    "ERR_ARGUMENT",
    'allowClientIdMetadataDocuments is true, false, or a list of hosts such as ["claude.ai", "*.example.com"].',
  );
}

/** The scopes that a route needs. */
export function scopesOf(
  required: OAuthProviderOptions["requiredScopes"],
  route: string,
): readonly string[] | undefined {
  return required === undefined || isList(required) ? required : required[route];
}

const isList = (required: readonly string[] | Record<string, readonly string[]>): required is readonly string[] =>
  Array.isArray(required);

/** Scopes of a route that is not there would protect nothing, and scopes that nobody can have let nobody in. */
export function checkScopes<Env>(options: Understood<Env>): void {
  const { requiredScopes, apiHandlers, scopes = ["mcp"] } = options;
  // Other tokens have scopes of their own, and a scope may stand for others.
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
      wrong(`requiredScopes has "${other}", which nobody can have: \`scopes\` are ${known.join(", ")}.`);
    }
    return;
  }
  for (const [route, needed] of Object.entries(requiredScopes)) {
    if (!(route in apiHandlers)) {
      const routes = Object.keys(apiHandlers).map((route) => `"${route}"`);
      wrong(`requiredScopes has "${route}", which is no route of apiHandlers: they are ${routes.join(", ")}.`);
    }
    if (!isList(needed)) wrong(`requiredScopes["${route}"] is a list of scopes: { "${route}": ["admin"] }.`);
    const other = needed.find(isUnknown);
    if (other !== undefined) {
      wrong(`requiredScopes["${route}"] has "${other}", which nobody can have: \`scopes\` are ${known.join(", ")}.`);
    }
  }
}
