/** `OAuthProvider`: an authorization server in front of MCP endpoints (patterns 3 and 4). */
import { BearerGuard } from "../auth/bearer-guard.js";
import { CallbackTimeout, awaited, limitOf } from "../common/callback.js";
import { needsRuntime, respond } from "../http/response.js";
import { EffectFailure, WicketError, logged } from "../common/errors.js";
import { type Endpoint, type Guard, endpointOf } from "../auth/guard.js";
import { type HandlerContext, type PagesHandler, hasPages, identityOf } from "./identity/identity.js";
import { Incoming } from "../http/incoming.js";
import type { ObjectPlace } from "../objects/objects.js";
import { checkOptions, namesOf } from "../common/options.js";
import { type Page, renderPage } from "../pages/oauth.js";
import { startPage } from "../pages/start.js";
import { refused } from "../common/refusals.js";
import { Route, plainPath } from "../http/route.js";
import { ownerOf } from "../http/well-known.js";
import { type RequestContext, contextOf } from "../common/runtime.js";
import { missingSettingResponse } from "../common/missing-setting.js";
import { awayReply, lazyBearerCore, wellKnown } from "../boundary/wasm.js";
import { RevocationList } from "./revocation-list.js";
import { WithExternalTokens } from "./external-tokens.js";
import { readSmallBody } from "../http/body.js";
import { NOTHING_TO_PURGE, type PurgeResult } from "./compatibility-exports.js";
import { AuthorizeError, type OAuthHelpers, helpersOf } from "./operator.js";
import { operatorGuard } from "./operator-route.js";
import { errorOf } from "./compatibility-options.js";
import { type NormalizedOptions, normalizeOptions } from "./normalized-options.js";
import { provideUpstreamRevoker } from "./upstream-revocation.js";
import { type OAuthProviderOptions, PROVIDER } from "./options.js";
import { APP_ENDPOINT, appEndpoint } from "./app-endpoint.js";
import { check, checkConfig, checkRoute, checkScopes, configOf, scopesOf } from "./set-up.js";
import { type ServerInit, AuthorizationServer } from "./authorization-server.js";
import { provideAuditSink } from "./outbox.js";
import { AccessTokenVerifier } from "./access-token-verifier.js";
import type { EndpointRoute, OAuthInput, DueRevocations, Reply, SettledRevocations } from "../boundary/wire.js";

/**
 * Your Worker's default export: signs people in, asks for their consent, issues its own tokens, and passes requests
 * with such a token to `apiHandlers`. Throws `ERR_ARGUMENT` or `ERR_OPTIONS` for invalid options.
 *
 * ```ts
 * import { GitHubHandler, McpAgent, McpServer, OAuthProvider } from "mcp-wicket/oauth";
 *
 * export class MyMCP extends McpAgent<Env> {
 *   server = new McpServer({ name: "notes", version: "1.0.0" });
 *
 *   init() {
 *     this.server.registerTool("whoami", { description: "Says who you are" }, () => ({
 *       content: [{ type: "text", text: String(this.props.login) }],
 *     }));
 *   }
 * }
 *
 * export default new OAuthProvider<Env>({
 *   apiHandlers: { "/mcp": MyMCP.serve("/mcp") },
 *   defaultHandler: new GitHubHandler<Env>({
 *     clientId: (env) => env.GITHUB_CLIENT_ID,
 *     clientSecret: (env) => env.GITHUB_CLIENT_SECRET,
 *     allow: { logins: ["your-name"] },
 *   }),
 *   scopes: { mcp: "Use your notes" },
 * });
 * ```
 */
export class OAuthProvider<Env = unknown> {
  readonly #options: NormalizedOptions<Env>;
  readonly #init: ServerInit<Env>;
  readonly #endpoints = new Map<string, EndpointRoute>();
  readonly #wellKnown = wellKnown();
  readonly #routes = new Map<string, Endpoint<Env>>();
  /** Those of `#routes` that are patterns. */
  readonly #patterns: [Route, Endpoint<Env>][] = [];
  /** The guards of routes that need other scopes than the rest. */
  readonly #guards = new Map<Endpoint<Env>, Guard<Env>>();
  /** The guard of the operator route. */
  readonly #operator: Guard<Env> | undefined;
  #server: AuthorizationServer<Env> | undefined;
  /** The first origin that was called, if no issuer is configured. */
  #issuer: string | undefined;
  #warned = false;

  constructor(given: OAuthProviderOptions<Env>) {
    checkOptions(PROVIDER, given);
    const options = normalizeOptions(given);
    check(options);
    this.#options = options;
    const revocations = new RevocationList();
    const config = configOf(options);
    const place: ObjectPlace = { objects: options.objects, any: true };
    const byRoute: [string, Endpoint<Env>][] = [];
    for (const [route, handler] of Object.entries(options.apiHandlers)) {
      const endpoint = endpointOf<Env>(handler) ?? appEndpoint(route, handler);
      byRoute.push([route, endpoint]);
      place.agent ??= endpoint.agent;
      checkRoute(route, endpoint);
      for (const at of endpoint.routes) {
        if (at.isPattern) this.#patterns.push([at, endpoint]);
        else this.#routes.set(at.path, endpoint);
      }
    }
    const callbackTimeout = limitOf(options.callbackTimeout, "OAuthProvider");
    this.#init = { options, handler: identityOf(options.defaultHandler), place, revocations, config, callbackTimeout };
    if ("identity" in options.defaultHandler) {
      provideUpstreamRevoker((due, { env, ctx }) =>
        this.#revokeUpstream(due, env as Env, ctx as unknown as ExecutionContext),
      );
    }
    const { audit } = options;
    if (audit) {
      config.sink = [options.issuer ?? "", ...Object.keys(options.apiHandlers)].join(" ");
      provideAuditSink(config.sink, (event, env) =>
        awaited("audit of OAuthProvider", callbackTimeout, () => audit(event, env as Env)),
      );
    }
    config.routes = [...this.#routes.keys()];
    config.below = this.#patterns.map(([{ prefix }]) => prefix);
    for (const [path, endpoint] of Object.entries(checkConfig(given, config))) {
      this.#endpoints.set(plainPath(path), endpoint);
    }
    checkScopes(options);
    const [canonical] = config.resources;
    const serverOf = (env: Env, ctx: ExecutionContext, needsKeys = true) =>
      needsKeys ? this.#serverOf(env, ctx) : this.#serverWithoutKeys(env, ctx);
    const own = new AccessTokenVerifier<Env>(serverOf, revocations, options.revocation === "strict");
    const hasExternal = options.tokens !== undefined || options.resolveExternalToken !== undefined;
    const tokens = hasExternal ? new WithExternalTokens(own, serverOf, options, callbackTimeout) : own;
    const metadata = ({ origin, path }: Incoming) => {
      const route = plainPath(path) in options.apiHandlers ? plainPath(path) : (canonical ?? "");
      return (options.issuer ?? origin) + this.#wellKnown.resource + route;
    };
    const usual = config.scopes ?? ["mcp"];
    const core = lazyBearerCore();
    this.#operator = options.operator && operatorGuard(core, own, options.operator, options);
    const guards = new Map<readonly string[] | undefined, Guard<Env>>();
    for (const [route, endpoint] of byRoute) {
      const scopes = scopesOf(options.requiredScopes, route);
      let guard = guards.get(scopes);
      if (!guard) {
        const needs = {
          requiredScopes: scopes,
          ...(options.impliedScopes && { impliedScopes: options.impliedScopes }),
        };
        guards.set(scopes, (guard = new BearerGuard(core, tokens, needs, { metadata, usual, name: config.name })));
      }
      this.#guards.set(endpoint, guard);
    }
  }

  /** Answers a request. */
  async fetch(request: Request, env: Env, given?: RequestContext): Promise<Response> {
    const ctx = contextOf(given);
    const { onError } = this.#options;
    if (!onError) return this.#serve(request, env, ctx);
    const response = await this.#serve(request, env, ctx);
    const error = await errorOf(response, request);
    if (!error) return response;
    try {
      const result = awaited("onError of OAuthProvider", this.#init.callbackTimeout, () => onError(error) as unknown);
      const instead = await result;
      if (instead instanceof Response) return instead;
    } catch (failure) {
      logged("onError of OAuthProvider failed", failure);
    }
    return response;
  }

  async #serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const incoming = new Incoming(request);
    const path = plainPath(incoming.path);
    const known = this.#routes.get(path);
    const endpoint = known ? undefined : (this.#endpoints.get(path) ?? this.#documentEndpoint(path));
    const route = known ?? (endpoint ? undefined : (this.#patternEndpoint(incoming.path) ?? this.#appEndpoint(path)));
    try {
      if (route) return await route.serve(incoming, env, ctx, this.#guards.get(route) as Guard<Env>);
      if (endpoint) return await this.#answer(endpoint, incoming, env, ctx);
    } catch (error) {
      if (needsRuntime(error)) throw error;
      const unset = missingSettingResponse(error, incoming.origin);
      if (unset) return unset;
      const away = endpoint && isUnavailable(error) ? await awayReply(inputOf(endpoint, incoming)) : undefined;
      if (!away) return failed(error);
      logged("The storage that this server needs is unavailable", error);
      return this.#respond(incoming, away);
    }
    const { defaultHandler } = this.#options;
    if (hasPages(defaultHandler)) return this.#pages(defaultHandler, incoming, env, ctx);
    const { fetch } = this.#init.handler;
    if (fetch) return fetch.call(this.#options.defaultHandler, request, env, ctx);
    if (incoming.path === "/") return startPage(request, this.#startPageOptions());
    return new Response(`Not found. The MCP endpoint is ${Object.keys(this.#options.apiHandlers).join(", ")}.`, {
      status: 404,
    });
  }

  /** The page at `/`, if the handler has none. */
  #startPageOptions() {
    const { name } = this.#init.config;
    const [path = "/mcp"] = Object.keys(this.#options.apiHandlers);
    return { ...(name !== undefined && { name }), path, auth: true };
  }

  /**
   * The API that a handler gets as `env.OAUTH_PROVIDER`, for other places: a scheduled job, an admin page, a script.
   * `issuer` is required unless the option of that name is set.
   */
  api(env: Env, given?: RequestContext, options: { issuer?: string } = {}): OAuthHelpers {
    const ctx = contextOf(given);
    checkOptions(API, options);
    const { issuer } = options;
    const origin = this.#options.issuer ?? issuer;
    if (origin === undefined) {
      throw new WicketError(
        "ERR_ARGUMENT",
        'api needs the issuer: api(env, ctx, { issuer: "https://mcp.example.com" }).',
      );
    }
    return this.#helpers(origin, { request: new Request(origin), env, ctx });
  }

  #helpers(origin: string, context: HandlerContext<Env>): OAuthHelpers {
    return helpersOf(origin, async (input, body) => {
      const server = await this.#serverOf(context.env, context.ctx);
      const { rules } = server;
      return server.run("operate", { ...input, ...(rules && { rules }) }, body, context);
    });
  }

  /** Does nothing: expired data is deleted automatically. For Workers that call it on a schedule. */
  purgeExpiredData(_env: Env, _options?: object): Promise<PurgeResult> {
    return Promise.resolve(NOTHING_TO_PURGE);
  }

  /** Calls the handler's own pages, with the API that they need. */
  async #pages(handler: PagesHandler<Env>, { request, origin }: Incoming, env: Env, ctx: ExecutionContext) {
    const helpers = this.#helpers(origin, { request, env, ctx });
    try {
      return await handler.fetch(request, { ...env, OAUTH_PROVIDER: helpers }, ctx);
    } catch (error) {
      if (!(error instanceof AuthorizeError)) throw error;
      const { message, redirectTo } = error;
      if (redirectTo !== undefined && !error.page) return Response.redirect(redirectTo, 302);
      const page: Page = error.page ?? { kind: "error", title: "Something went wrong", text: message };
      return this.#page(400, [["cache-control", "no-store"]], page, request.headers.get("accept-language"));
    }
  }

  async #page(status: number, headers: [string, string][], model: Page, language: string | null): Promise<Response> {
    const { html, csp } = await renderPage(model, this.#options.pages, language);
    return new Response(html, {
      status,
      headers: [
        ...headers,
        ["content-type", "text/html; charset=utf-8"],
        ["content-security-policy", csp],
        ["x-content-type-options", "nosniff"],
      ],
    });
  }

  /** The documents of the provider and of its routes; Rust decides which ones exist. */
  #documentEndpoint(path: string): EndpointRoute | undefined {
    const before = ownerOf(path, this.#wellKnown);
    return before === "" ||
      (before !== undefined && (this.#routes.has(before) || this.#patternEndpoint(before) !== undefined))
      ? DOCUMENT
      : undefined;
  }

  /** The document of a path that a pattern matches is that of its resource. */
  #documentPath(path: string): string {
    const { resource: document } = this.#wellKnown;
    const resource = path.startsWith(document) ? path.slice(document.length) : "";
    const at = resource === "" ? undefined : this.#patterns.find(([route]) => route.match(resource));
    return at ? document + at[0].prefix : path;
  }

  #patternEndpoint(path: string): Endpoint<Env> | undefined {
    return this.#patterns.find(([route]) => route.match(path))?.[1];
  }

  /** A handler of the app answers everything below its route. */
  #appEndpoint(path: string): Endpoint<Env> | undefined {
    for (const [route, endpoint] of this.#routes) {
      if (APP_ENDPOINT in endpoint && path.startsWith(`${route}/`)) return endpoint;
    }
    return undefined;
  }

  async #serverOf(env: Env, ctx: ExecutionContext): Promise<AuthorizationServer<Env>> {
    const server = await this.#serverWithoutKeys(env, ctx);
    if (server.hasKeys) return server;
    const keyed = await server.withKeys(env, ctx);
    if (this.#server?.hasKeys) return this.#server;
    return (this.#server = keyed);
  }

  /** The same for a request without a token, which needs no keys. */
  async #serverWithoutKeys(env: Env, ctx: ExecutionContext): Promise<AuthorizationServer<Env>> {
    const made = this.#server ?? (await AuthorizationServer.create(this.#init, env, ctx));
    return (this.#server ??= made);
  }

  /** In an object whose alarm has found credentials to revoke. */
  async #revokeUpstream(due: DueRevocations, env: Env, ctx: ExecutionContext): Promise<SettledRevocations> {
    const server = await this.#serverOf(env, ctx);
    return server.run<SettledRevocations>("revoke_upstream", due, "", {
      request: new Request("https://localhost/"),
      env,
      ctx,
    });
  }

  /** If no issuer is configured, each origin is an issuer of its own. */
  #warnOfIssuers(origin: string): void {
    const first = (this.#issuer ??= origin);
    if (first === origin || this.#warned) return;
    this.#warned = true;
    console.warn(
      `[mcp-wicket] ${first} and ${origin} are two issuers with separate tokens and grants. If this is not intended, set issuer: "https://…" in the options of OAuthProvider.`,
    );
  }

  async #answer(endpoint: EndpointRoute, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Response> {
    const input = inputOf(endpoint, incoming);
    if (endpoint.operator) {
      const access = await this.#operator?.admit({ headers: [] }, incoming, env, ctx);
      if (access instanceof Response) return access;
      if (access?.caller) input.operator = access.caller.principal;
    }
    const server = await this.#serverOf(env, ctx);
    if (this.#options.issuer === undefined) this.#warnOfIssuers(incoming.origin);
    if (endpoint === DOCUMENT) input.path = this.#documentPath(input.path);
    if (endpoint.current && !(await server.refreshRevocations(env, ctx))) input.revocationsStale = true;
    const { rules } = server;
    if (rules) input.rules = rules;
    let body = "";
    if (incoming.method === "POST") {
      const read = await readSmallBody(incoming);
      if (read === undefined) input.unread = true;
      else body = read;
    }
    const { request } = incoming;
    return this.#respond(incoming, await server.run<Reply>("oauth", input, body, { request, env, ctx }));
  }

  async #respond(incoming: Incoming, reply: Reply): Promise<Response> {
    const why = "answer" in reply ? reply.answer.refused : reply.page.refused;
    if (why) refused(incoming, why);
    if ("answer" in reply) return respond(reply.answer, []);
    const { status, headers, model } = reply.page;
    return this.#page(status, headers, model, incoming.headers.get("accept-language"));
  }
}

const API = namesOf<{ issuer?: string }>("OAuthProvider.api", { issuer: true });

/** Paths below `/.well-known/`. */
const DOCUMENT: EndpointRoute = { name: "metadata" };

/** The head of a request, as Rust reads it. */
function inputOf({ name: endpoint }: EndpointRoute, { method, headers, origin, path, request }: Incoming): OAuthInput {
  const input: OAuthInput = { endpoint, method, origin, path: plainPath(path) };
  const { url } = request;
  const query = url.indexOf("?");
  if (query >= 0) [input.query = ""] = url.slice(query + 1).split("#", 1);
  const named = {
    contentType: "content-type",
    authorization: "authorization",
    cookie: "cookie",
    originHeader: "origin",
    secFetchSite: "sec-fetch-site",
    peer: "cf-connecting-ip",
    ray: "cf-ray",
    requestedHeaders: "access-control-request-headers",
  } as const;
  for (const [member, name] of Object.entries(named) as [keyof typeof named, string][]) {
    const value = headers.get(name);
    if (value !== null) input[member] = value;
  }
  return input;
}

/** True if something of ours is unavailable at the moment, such as the object with the key. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof WicketError) return error.code === "ERR_AUDIT";
  return error instanceof EffectFailure && !(error instanceof CallbackTimeout);
}

/** What is missing from the set-up is said in full; other errors stay in the log. */
function failed(error: unknown): Response {
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  if (error instanceof WicketError && error.code === "ERR_NO_OBJECT") {
    console.error(`[mcp-wicket] ${error.message}`);
    return new Response(error.message, { status: 503, headers });
  }
  const id = logged("A request could not be served", error);
  if (error instanceof CallbackTimeout || (error instanceof WicketError && error.code === "ERR_AUDIT")) {
    const text = `The server is temporarily unavailable. Its log has the reason under the ID ${id}.`;
    return new Response(text, { status: 503, headers: { ...headers, "retry-after": "5" } });
  }
  return new Response(`The server failed. Its log has the reason under the ID ${id}.`, { status: 500, headers });
}
