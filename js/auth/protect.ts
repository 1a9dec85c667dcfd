/**
 * `protect(verifier, endpoints)`: the short form of pattern 2. It asks for a token, answers with the challenge that lets a
 * client get one, serves the protected resource metadata, and hands what the token says to the endpoint.
 */
import { type AppFetch, type FetchHandler, respond } from "../endpoint.js";
import { WicketError } from "../errors.js";
import { type Endpoint, endpointOf } from "../guard.js";
import { Incoming } from "../incoming.js";
import { checkOptions, namesOf } from "../options.js";
import { type StartPageOptions, startPage } from "../pages/start.js";
import { plainPath } from "../route.js";
import { run } from "../run.js";
import { contextOf } from "../runtime.js";
import { lazyBearerCore } from "../wasm.js";
import type { Answer, BearerCore, MetadataInput } from "../wire.js";
import { BearerGuard, type BearerGuardOptions, type TokenLimits } from "./bearer-guard.js";
import { NO_WORLD } from "./no-world.js";
import type { TokenVerifier } from "./verifier.js";

/** What `serve`, `serveSSE` and `createMcpHandler` give. */
export type Protectable<Env> = AppFetch<Env> | { fetch: AppFetch<Env> };

export interface ProtectOptions<Env = unknown> extends BearerGuardOptions<Env> {
  /** The URL under which clients know the one endpoint, where it is not the one that they call. */
  resource?: string;
  /** The URLs of the authorization servers that issue its tokens; by default those of the verifier. */
  authorizationServers?: readonly string[];
  /** All scopes that a client may ask for; by default those that every request needs. */
  scopesSupported?: readonly string[];
  /** What people call the server. */
  name?: string | undefined;
  /** The URL of a page about it for developers. */
  resourceDocumentation?: string;
  /**
   * True: with several endpoints, a token whose audience is one of them is good at all. By default each endpoint takes its own
   * URL, beside audiences of the verifier that are no endpoint's URL.
   */
  sharedAudience?: boolean;
  /** Answers requests to other paths, without a guard. By default `/` is the page that shows how to connect. */
  defaultHandler?: Protectable<Env>;
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
    scopes: "Use `requiredScopes` for what every request needs, `scopesSupported` for what clients may ask for.",
    resourceName: "Use `name`.",
  },
);

/** A Worker's default export. */
export interface Protected<Env> {
  fetch: FetchHandler<Env>;
}

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** One endpoint, and where its metadata is. */
interface Route<Env> {
  endpoint: Endpoint<Env>;
  guard: BearerGuard<Env>;
  /** The resource's own URL, without its site where that is the request's. */
  resource: { site: string | undefined; path: string };
}

/**
 * Puts `verifier` in front of one endpoint, or of several: `protect(verifier, MyMCP.serve("/mcp"))`. Throws `ERR_ARGUMENT`
 * for a handler that is no endpoint of this package.
 */
export function protect<Env = unknown>(
  verifier: TokenVerifier<Env>,
  endpoints: Protectable<Env> | readonly Protectable<Env>[],
  options: ProtectOptions<Env> = {},
): Protected<Env> {
  checkOptions(PROTECT, options);
  if (!isVerifier(verifier)) {
    throw new WicketError(
      "ERR_ARGUMENT",
      "protect needs a verifier first: a JWTVerifier, an APIKeyVerifier, anyOf(…), or an object with `issuers` and `identify`.",
    );
  }
  const core = lazyBearerCore();
  const handlers = Array.isArray(endpoints) ? (endpoints as Protectable<Env>[]) : [endpoints as Protectable<Env>];
  const issuers = (options.authorizationServers ?? verifier.issuers).filter((issuer) => URL.canParse(issuer));
  checkLimits(options.limits);
  const paths = options.sharedAudience
    ? []
    : handlers.flatMap((handler) => endpointOf(handler)?.routes[0]?.prefix ?? []);
  const routes = handlers.map((handler) => routeOf(handler, core, verifier, options, issuers.length > 0, paths));
  if (options.resource !== undefined && routes.length > 1) {
    throw new WicketError("ERR_ARGUMENT", "`resource` names one endpoint: call protect once for each.");
  }
  const all = routes.flatMap((route) => route.endpoint.routes.map((at) => [at, route] as const));
  const byPath = new Map(all.filter(([at]) => !at.isPattern).map(([{ path }, route]) => [path, route]));
  const patterns = all.filter(([at]) => at.isPattern);
  const documents = new Map(routes.map((route) => [WELL_KNOWN + route.resource.path, route]));
  for (const [{ path }, route] of all) documents.set(WELL_KNOWN + path, route);
  const [first] = routes;
  if (first) documents.set(WELL_KNOWN, first);

  const describedAt = (path: string) =>
    documents.get(path) ?? (path.startsWith(WELL_KNOWN) ? routeAt(patterns, path.slice(WELL_KNOWN.length)) : undefined);

  return {
    fetch: (request, env, given) => {
      const ctx = contextOf(given);
      const incoming = new Incoming(request);
      const route = byPath.get(plainPath(incoming.path)) ?? routeAt(patterns, incoming.path);
      if (route) return route.endpoint.serve(incoming, env, ctx, route.guard);
      const described = issuers.length > 0 ? describedAt(plainPath(incoming.path)) : undefined;
      if (described) return document(core, incoming, described, issuers, options);
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
        return absent(core, incoming, issuers, verifier.header);
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

/**
 * Where clients look for a sign-in: documents, and the endpoints that they try without one (MCP 2025-03-26
 * §2.3.3). Some put the path of the endpoint in front.
 */
const SIGN_IN = /^(?:\/(register|authorize|token)|(?:\/.*)?\/\.well-known\/(oauth-[^/]*|openid-configuration)(\/.*)?)$/;

function isOfSignIn(path: string): boolean {
  return SIGN_IN.test(path);
}

/** True for what an app means to say there: not that it has no such page, and not its page for all that it does not know. */
function isAnswer({ status, headers }: Response, path: string): boolean {
  if (status === 404 || status === 405) return false;
  return !path.startsWith("/.well-known/") || !headers.get("content-type")?.includes("text/html");
}

/** What the page at `/` says of these endpoints. */
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
  handler: Protectable<Env>,
  core: BearerCore,
  verifier: TokenVerifier<Env>,
  options: ProtectOptions<Env>,
  hasIssuers: boolean,
  paths: readonly string[],
): Route<Env> {
  const endpoint = endpointOf<Env>(handler);
  const [at] = endpoint?.routes ?? [];
  if (!endpoint || !at) {
    throw new WicketError(
      "ERR_ARGUMENT",
      'protect takes what MyMCP.serve("/mcp"), MyMCP.serveSSE("/sse") or createMcpHandler(…) gave. For a handler of your ' +
        "own, call verifier.verify(token) in it.",
    );
  }
  const resource = { site: undefined as string | undefined, path: at.prefix };
  if (options.resource !== undefined) {
    const url = new URL(options.resource);
    resource.site = url.origin;
    resource.path = url.pathname === "/" ? "" : url.pathname;
  }
  const others = paths.filter((other) => other !== at.prefix);
  const neighbours = others.length > 0 ? { own: at.prefix, others } : undefined;
  const metadata = ({ site }: Incoming) =>
    hasIssuers ? (resource.site ?? site) + WELL_KNOWN + resource.path : undefined;
  return {
    endpoint,
    resource,
    guard: new BearerGuard(core, verifier, options, metadata, [], neighbours, options.name),
  };
}

/** As the limits of `OAuthProvider`. */
function checkLimits(limits: TokenLimits = {}): void {
  for (const [name, most] of Object.entries(limits) as [string, unknown][]) {
    if (most === undefined || (Number.isSafeInteger(most) && (most as number) > 0)) continue;
    throw new WicketError(
      "ERR_OPTIONS",
      `protect: limits.${name} must be a whole number of requests in a minute, from 1 on.`,
    );
  }
}

/** What is said where a client looks for a sign-in that there is not. */
async function absent(
  core: BearerCore,
  { method }: Incoming,
  issuers: readonly string[],
  header: string | undefined,
): Promise<Response> {
  const input: MetadataInput = { method, resource: "", issuers, scopes: [], absent: true };
  if (header !== undefined) input.header = header;
  const ended = await run<Answer>(core.metadata, JSON.stringify(input), "", NO_WORLD);
  if (!("done" in ended)) throw new Error("metadata is never spliced");
  return respond(ended.done, []);
}

async function document<Env>(
  core: BearerCore,
  incoming: Incoming,
  { resource }: Route<Env>,
  issuers: readonly string[],
  options: ProtectOptions<Env>,
): Promise<Response> {
  const input: MetadataInput = {
    method: incoming.method,
    resource: options.resource ?? incoming.site + resource.path,
    issuers,
    scopes: options.scopesSupported ?? options.requiredScopes ?? [],
  };
  if (options.name !== undefined) input.name = options.name;
  if (options.resourceDocumentation !== undefined) input.documentation = options.resourceDocumentation;
  const ended = await run<Answer>(core.metadata, JSON.stringify(input), "", NO_WORLD);
  if (!("done" in ended)) throw new Error("metadata is never spliced");
  return respond(ended.done, []);
}

function fetchOf<Env>(handler: Protectable<Env>): AppFetch<Env> {
  return typeof handler === "function" ? handler : (request, env, ctx) => handler.fetch(request, env, ctx);
}
