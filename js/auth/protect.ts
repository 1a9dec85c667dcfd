/**
 * `protect(verifier, endpoints)`: the short form of pattern 2. It requires a token, answers with the challenge that lets a
 * client obtain one, serves the protected resource metadata, and passes the claims of the token to the endpoint.
 */
import { respond } from "../http/response.js";
import { type ApiHandler, type FetchHandler, contextOf, fetchOf } from "../common/runtime.js";
import { WicketError } from "../common/errors.js";
import { type Endpoint, endpointOf } from "./guard.js";
import { Incoming } from "../http/incoming.js";
import { checkOptions, namesOf } from "../common/options.js";
import { type StartPageOptions, startPage } from "../pages/start.js";
import { plainPath } from "../http/route.js";
import { ownerOf } from "../http/well-known.js";
import { run } from "../boundary/interpreter.js";
import { lazyBearerCore, wellKnown } from "../boundary/wasm.js";
import type { Answer, BearerCore, MetadataInput } from "../boundary/wire.js";
import { BearerGuard, type BearerGuardOptions, type TokenLimits } from "./bearer-guard.js";
import { NO_WORLD } from "../boundary/world.js";
import type { TokenVerifier } from "./verifier.js";

export interface ProtectOptions<Env = unknown> extends BearerGuardOptions<Env> {
  /** The public URL of the endpoint, if it differs from the URL of the requests. */
  resource?: string;
  /** The URLs of the authorization servers that issue the tokens; by default those of the verifier. */
  authorizationServers?: readonly string[];
  /** All scopes that a client may request; by default those that every request needs. */
  scopesSupported?: readonly string[];
  /** The name of the server, as shown to people. */
  name?: string | undefined;
  /** The URL of its documentation for developers. */
  resourceDocumentation?: string;
  /**
   * True: with several endpoints, a token whose audience is one of them is accepted at all. By default each endpoint accepts
   * its own URL, and audiences of the verifier that are not the URL of an endpoint.
   */
  sharedAudience?: boolean;
  /** Handles requests to other paths, without a guard. By default `/` is the page that shows how to connect. */
  defaultHandler?: ApiHandler<Env>;
}

const PROTECT = namesOf<ProtectOptions>(
  "protect",
  {
    requiredScopes: true,
    impliedScopes: true,
    context: true,
    limits: namesOf<TokenLimits>("limits of protect", { failures: true, calls: true }),
    rateLimiter: true,
    sharedAudience: true,
    resource: true,
    authorizationServers: true,
    scopesSupported: true,
    name: true,
    resourceDocumentation: true,
    defaultHandler: true,
    callbackTimeout: true,
  },
  {
    scopes:
      "Use `requiredScopes` for the scopes that every request needs, and `scopesSupported` for those that clients may request.",
    resourceName: "Use `name`.",
  },
);

/** A Worker's default export. */
export interface Protected<Env> {
  fetch: FetchHandler<Env>;
}

/** One endpoint, and the path of its metadata. */
interface Route<Env> {
  endpoint: Endpoint<Env>;
  guard: BearerGuard<Env>;
  /** The resource's own URL, without its origin if that is the request's. */
  resource: { origin: string | undefined; path: string };
}

/**
 * Guards one or several endpoints with `verifier`: `protect(verifier, MyMCP.serve("/mcp"))`. Throws `ERR_ARGUMENT` for a
 * handler that is not an endpoint of this package.
 */
export function protect<Env = unknown>(
  verifier: TokenVerifier<Env>,
  endpoints: ApiHandler<Env> | readonly ApiHandler<Env>[],
  options: ProtectOptions<Env> = {},
): Protected<Env> {
  checkOptions(PROTECT, options);
  if (!isVerifier(verifier)) {
    throw new WicketError(
      "ERR_ARGUMENT",
      "The first argument of protect must be a verifier: a JWTVerifier, an APIKeyVerifier, anyOf(…), or an object with `issuers` and `identify`.",
    );
  }
  const core = lazyBearerCore();
  const known = wellKnown();
  const isOfSignIn = (path: string) => known.endpoints.includes(path) || ownerOf(path, known) !== undefined;
  const handlers = Array.isArray(endpoints) ? (endpoints as ApiHandler<Env>[]) : [endpoints as ApiHandler<Env>];
  const issuers = (options.authorizationServers ?? verifier.issuers).filter((issuer) => URL.canParse(issuer));
  checkLimits(options.limits);
  const paths = options.sharedAudience
    ? []
    : handlers.flatMap((handler) => endpointOf(handler)?.routes[0]?.prefix ?? []);
  const at = issuers.length > 0 ? known.resource : undefined;
  const routes = handlers.map((handler) => routeOf(handler, core, verifier, options, at, paths));
  if (options.resource !== undefined && routes.length > 1) {
    throw new WicketError("ERR_ARGUMENT", "`resource` can only name one endpoint: call protect once for each.");
  }
  const all = routes.flatMap((route) => route.endpoint.routes.map((at) => [at, route] as const));
  const byPath = new Map(all.filter(([at]) => !at.isPattern).map(([{ path }, route]) => [path, route]));
  const patterns = all.filter(([at]) => at.isPattern);
  const { resource } = known;
  const documents = new Map(routes.map((route) => [resource + route.resource.path, route]));
  for (const [{ path }, route] of all) documents.set(resource + path, route);
  const [first] = routes;
  if (first) documents.set(resource, first);

  const describedAt = (path: string) =>
    documents.get(path) ?? (path.startsWith(resource) ? routeAt(patterns, path.slice(resource.length)) : undefined);

  return {
    fetch: (request, env, given) => {
      const ctx = contextOf(given);
      const incoming = new Incoming(request);
      const route = byPath.get(plainPath(incoming.path)) ?? routeAt(patterns, incoming.path);
      if (route) return route.endpoint.serve(incoming, env, ctx, route.guard);
      const described = issuers.length > 0 ? describedAt(plainPath(incoming.path)) : undefined;
      if (described) return metadataResponse(core, incoming, described, issuers, options);
      const { defaultHandler } = options;
      const path = plainPath(incoming.path);
      if (defaultHandler) {
        const answer = Promise.resolve(fetchOf(defaultHandler)(request, env, ctx));
        if (!isOfSignIn(path)) return answer;
        return answer.then((answer) => (isAnswer(answer, path) ? answer : noSignIn()));
      }
      if (isOfSignIn(path)) return noSignIn();
      if (path === "/") return Promise.resolve(startPage(request, pageOf(routes, issuers.length > 0, options)));
      const paths = all.map(([{ path }]) => path).join(", ");
      return Promise.resolve(new Response(`Not found. The MCP endpoint is ${paths}.`, { status: 404 }));

      function noSignIn(): Promise<Response> {
        return noSignInResponse(core, incoming, issuers, verifier.header);
      }
    },
  };
}

function isVerifier(given: unknown): boolean {
  const { identify, issuers } = (given ?? {}) as { identify?: unknown; issuers?: unknown };
  return typeof identify === "function" && Array.isArray(issuers);
}

function routeAt<Env>(patterns: readonly (readonly [Endpoint<Env>["routes"][number], Route<Env>])[], path: string) {
  return patterns.find(([at]) => at.match(path))?.[1];
}

/** True for an intended response: not one that says there is no such page, and not the app's page for unknown paths. */
function isAnswer({ status, headers }: Response, path: string): boolean {
  if (status === 404 || status === 405) return false;
  return !path.startsWith("/.well-known/") || !headers.get("content-type")?.includes("text/html");
}

/** What the page at `/` says about these endpoints. */
function pageOf<Env>(routes: Route<Env>[], hasIssuers: boolean, { name }: ProtectOptions<Env>): StartPageOptions {
  const page: StartPageOptions = { auth: hasIssuers ? true : "token" };
  if (name !== undefined) page.name = name;
  for (const { endpoint } of routes) {
    const [at, messages] = endpoint.routes;
    if (!at || at.isPattern) continue;
    if (messages !== undefined) page.ssePath ??= at.path;
    else page.path ??= at.path;
  }
  if (page.ssePath !== undefined) page.path ??= page.ssePath;
  return page;
}

function routeOf<Env>(
  handler: ApiHandler<Env>,
  core: BearerCore,
  verifier: TokenVerifier<Env>,
  options: ProtectOptions<Env>,
  /** The path of the metadata, if there is any. */
  documents: string | undefined,
  paths: readonly string[],
): Route<Env> {
  const endpoint = endpointOf<Env>(handler);
  const [at] = endpoint?.routes ?? [];
  if (!endpoint || !at) {
    throw new WicketError(
      "ERR_ARGUMENT",
      'protect takes the result of MyMCP.serve("/mcp"), MyMCP.serveSSE("/sse") or createMcpHandler(…). In a handler of ' +
        "your own, call verifier.verify(token).",
    );
  }
  const resource = { origin: undefined as string | undefined, path: at.prefix };
  if (options.resource !== undefined) {
    const url = new URL(options.resource);
    resource.origin = url.origin;
    resource.path = url.pathname === "/" ? "" : url.pathname;
  }
  const others = paths.filter((other) => other !== at.prefix);
  const siblings = others.length > 0 ? { own: at.prefix, others } : undefined;
  const metadata = ({ origin }: Incoming) =>
    documents === undefined ? undefined : (resource.origin ?? origin) + documents + resource.path;
  return {
    endpoint,
    resource,
    guard: new BearerGuard(core, verifier, options, { metadata, siblings, name: options.name }),
  };
}

/** The same as the limits of `OAuthProvider`. */
function checkLimits(limits: TokenLimits = {}): void {
  for (const [name, most] of Object.entries(limits) as [string, unknown][]) {
    if (most === undefined || (Number.isSafeInteger(most) && (most as number) > 0)) continue;
    throw new WicketError(
      "ERR_OPTIONS",
      `protect: limits.${name} must be a positive whole number of requests per minute.`,
    );
  }
}

/** The response to a client that looks for a sign-in if there is none. */
async function noSignInResponse(
  core: BearerCore,
  { method }: Incoming,
  issuers: readonly string[],
  header: string | undefined,
): Promise<Response> {
  const input: MetadataInput = { method, resource: "", issuers, scopes: [], absent: true };
  if (header !== undefined) input.header = header;
  return respond(await run<Answer>(core.metadata, JSON.stringify(input), "", NO_WORLD), []);
}

async function metadataResponse<Env>(
  core: BearerCore,
  incoming: Incoming,
  { resource }: Route<Env>,
  issuers: readonly string[],
  options: ProtectOptions<Env>,
): Promise<Response> {
  const input: MetadataInput = {
    method: incoming.method,
    resource: options.resource ?? incoming.origin + resource.path,
    issuers,
    scopes: options.scopesSupported ?? options.requiredScopes ?? [],
  };
  if (options.name !== undefined) input.name = options.name;
  if (options.resourceDocumentation !== undefined) input.documentation = options.resourceDocumentation;
  return respond(await run<Answer>(core.metadata, JSON.stringify(input), "", NO_WORLD), []);
}
