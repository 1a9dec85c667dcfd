/** `OAuthProvider`: an authorization server in front of MCP endpoints (patterns 3 and 4). */
import { BearerGuard } from "../auth/bearer-guard.js";
import { CallbackTimeout, awaited, limitOf } from "../callback.js";
import { needsRuntime, respond } from "../endpoint.js";
import { EffectFailure, WicketError, logged } from "../errors.js";
import { type Endpoint, type Guard, endpointOf } from "../guard.js";
import { type PagesHandler, hasPages, identityOf } from "../handlers/identity.js";
import { Incoming } from "../incoming.js";
import type { ObjectPlace } from "../objects/objects.js";
import { checkOptions, namesOf } from "../options.js";
import { type Page, renderPage } from "../pages/oauth.js";
import { startPage } from "../pages/start.js";
import { refused } from "../refusals.js";
import { Route, plainPath } from "../route.js";
import { run } from "../run.js";
import { type RequestContext, contextOf } from "../runtime.js";
import { unsetResponse } from "../unset.js";
import { awayReply, lazyBearerCore } from "../wasm.js";
import { Followed } from "./followed.js";
import { WithFurther } from "./further.js";
import { readSmallBody } from "./form-body.js";
import { NOTHING_TO_PURGE, type PurgeResult } from "./moved.js";
import { AuthorizeError, type OAuthHelpers, helpersOf } from "./operator.js";
import { type Understood, errorOf, understood } from "./incumbent.js";
import { provideGiver } from "./giving.js";
import { type OAuthProviderOptions, PROVIDER } from "./options.js";
import { PLAIN, plain } from "./plain.js";
import { check, checkConfig, checkRoute, checkScopes, configOf, scopesOf } from "./set-up.js";
import { type Making, Site } from "./site.js";
import { provideTeller } from "./telling.js";
import { AccessTokens } from "./verifier.js";
import type { Due, EndpointName, OAuthInput, Reply, Settled } from "./wire.js";

const RESOURCE = "/.well-known/oauth-protected-resource";
/** Whose name stands behind this: whatever begins like it is the provider's, and never another handler's page. */
const WELL_KNOWN = /^(.*?)\/\.well-known\/(?:oauth-|openid-configuration)/;

/**
 * Your Worker's default export: it signs people in, asks them, issues its own tokens, and lets requests with one through to
 * `apiHandlers`. Throws `ERR_ARGUMENT` or `ERR_OPTIONS` for options that cannot be.
 */
export class OAuthProvider<Env = unknown> {
  readonly #options: Understood<Env>;
  readonly #making: Making<Env>;
  readonly #endpoints = new Map<string, EndpointName>();
  readonly #routes = new Map<string, Endpoint<Env>>();
  /** Those of `#routes` that are no exact path. */
  readonly #patterns: [Route, Endpoint<Env>][] = [];
  /** Each route's own, as far as it needs other scopes than the rest. */
  readonly #guards = new Map<Endpoint<Env>, Guard<Env>>();
  #site: Site<Env> | undefined;
  /** The first origin that was asked, where no issuer is set. */
  #issuer: string | undefined;
  #warned = false;

  constructor(given: OAuthProviderOptions<Env>) {
    checkOptions(PROVIDER, given);
    const options = understood(given);
    check(options);
    this.#options = options;
    const followed = new Followed();
    const config = configOf(options);
    const place: ObjectPlace = { objects: options.objects, any: true };
    const byRoute: [string, Endpoint<Env>][] = [];
    for (const [route, handler] of Object.entries(options.apiHandlers)) {
      const endpoint = endpointOf<Env>(handler) ?? plain(route, handler);
      byRoute.push([route, endpoint]);
      place.agent ??= endpoint.agent;
      checkRoute(route, endpoint);
      for (const at of endpoint.routes) {
        if (at.isPattern) this.#patterns.push([at, endpoint]);
        else this.#routes.set(at.path, endpoint);
      }
    }
    const callbackTimeout = limitOf(options.callbackTimeout, "OAuthProvider");
    this.#making = { options, handler: identityOf(options.defaultHandler), place, followed, config, callbackTimeout };
    if ("identity" in options.defaultHandler) {
      provideGiver((due, { env, ctx }) => this.#give(due, env as Env, ctx as unknown as ExecutionContext));
    }
    const { audit } = options;
    if (audit) {
      config.teller = [options.issuer ?? "", ...Object.keys(options.apiHandlers)].join(" ");
      provideTeller(config.teller, (event, env) =>
        awaited("audit of OAuthProvider", callbackTimeout, () => audit(event, env as Env)),
      );
    }
    const names: EndpointName[] = ["authorize", "token", "register", "revoke", "callback", "connected"];
    if (options.resourceServers) names.push("introspect");
    if (options.accessTokens === "jwt") names.push("keys");
    const theirs = hasPages(options.defaultHandler) ? PAGES : [];
    for (const name of names as (keyof typeof config & EndpointName)[]) {
      if (theirs.includes(name)) continue;
      this.#endpoints.set(plainPath(config[name] ?? (name === "keys" ? "/jwks" : `/${name}`)), name);
    }
    config.routes = [...this.#routes.keys()];
    config.below = this.#patterns.map(([{ prefix }]) => prefix);
    config.absent = ALL.filter((name) => !names.includes(name) || (name !== "authorize" && theirs.includes(name)));
    checkConfig(given, config);
    checkScopes(options);
    const [canonical] = config.resources;
    const siteOf = (_: Request, env: Env, ctx: ExecutionContext) => this.#siteOf(env, ctx);
    const own = new AccessTokens<Env>(siteOf, followed, options.revocation === "strict");
    const hasFurther = options.tokens !== undefined || options.resolveExternalToken !== undefined;
    const tokens = hasFurther ? new WithFurther(own, siteOf, options, callbackTimeout) : own;
    const metadata = ({ site, path }: Incoming) => {
      const route = plainPath(path) in options.apiHandlers ? plainPath(path) : (canonical ?? "");
      return (options.issuer ?? site) + RESOURCE + route;
    };
    const usual = config.scopes ?? ["mcp"];
    const core = lazyBearerCore();
    const guards = new Map<readonly string[] | undefined, Guard<Env>>();
    for (const [route, endpoint] of byRoute) {
      const scopes = scopesOf(options.requiredScopes, route);
      let guard = guards.get(scopes);
      if (!guard) {
        const needs = {
          requiredScopes: scopes,
          ...(options.impliedScopes && { impliedScopes: options.impliedScopes }),
        };
        guards.set(scopes, (guard = new BearerGuard(core, tokens, needs, metadata, usual, undefined, config.name)));
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
      const told = awaited("onError of OAuthProvider", this.#making.callbackTimeout, () => onError(error) as unknown);
      const instead = await told;
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
    const endpoint = known ? undefined : (this.#endpoints.get(path) ?? this.#described(path));
    const route = known ?? (endpoint ? undefined : (this.#matching(incoming.path) ?? this.#below(path)));
    try {
      if (route) return await route.serve(incoming, env, ctx, this.#guards.get(route) as Guard<Env>);
      if (endpoint) return await this.#answer(endpoint, incoming, env, ctx);
    } catch (error) {
      if (needsRuntime(error)) throw error;
      const unset = unsetResponse(error, incoming.site);
      if (unset) return unset;
      const away = endpoint && isAway(error) ? await awayReply(inputOf(endpoint, incoming)) : undefined;
      if (!away) return failed(error);
      logged("Storage that this server needs does not answer", error);
      return this.#respond(incoming, away);
    }
    const { defaultHandler } = this.#options;
    if (hasPages(defaultHandler)) return this.#pages(defaultHandler, incoming, env, ctx);
    const { fetch } = this.#making.handler;
    if (fetch) return fetch.call(this.#options.defaultHandler, request, env, ctx);
    if (incoming.path === "/") return startPage(request, this.#connecting());
    return new Response(`Not found. The MCP endpoint is ${Object.keys(this.#options.apiHandlers).join(", ")}.`, {
      status: 404,
    });
  }

  /** What the page at `/` says, where the handler has none. */
  #connecting() {
    const { name } = this.#making.config;
    const [path = "/mcp"] = Object.keys(this.#options.apiHandlers);
    return { ...(name !== undefined && { name }), path, auth: true };
  }

  /**
   * What a handler finds as `env.OAUTH_PROVIDER`, for other places: a scheduled job, an admin page, a script. `issuer` is
   * needed unless the option of that name is set.
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
    return helpersOf(() => this.#siteOf(env, ctx), origin, { request: new Request(origin), env, ctx });
  }

  /** Does nothing: what is over is deleted by itself. For Workers that call it on a schedule. */
  purgeExpiredData(_env: Env, _options?: object): Promise<PurgeResult> {
    return Promise.resolve(NOTHING_TO_PURGE);
  }

  /** The handler's own pages, with what they answer by. */
  async #pages(handler: PagesHandler<Env>, { request, site }: Incoming, env: Env, ctx: ExecutionContext) {
    const helpers = helpersOf(() => this.#siteOf(env, ctx), site, { request, env, ctx });
    try {
      return await handler.fetch(request, { ...env, OAUTH_PROVIDER: helpers }, ctx);
    } catch (error) {
      if (!(error instanceof AuthorizeError)) throw error;
      const { message, redirectTo } = error;
      if (redirectTo !== undefined && !error.page) return Response.redirect(redirectTo, 302);
      const page: Page = error.page ?? { kind: "error", title: "This did not work", text: message };
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

  /** The documents of the provider and of its routes; Rust says which there are. */
  #described(path: string): EndpointName | undefined {
    const before = path.includes("/.well-known/") ? WELL_KNOWN.exec(path)?.[1] : undefined;
    return before === "" || (before !== undefined && (this.#routes.has(before) || this.#matching(before) !== undefined))
      ? "metadata"
      : undefined;
  }

  /** The document of a path that a pattern matches is that of the resource it belongs to. */
  #documented(path: string): string {
    const resource = path.startsWith(RESOURCE) ? path.slice(RESOURCE.length) : "";
    const at = resource === "" ? undefined : this.#patterns.find(([route]) => route.match(resource));
    return at ? RESOURCE + at[0].prefix : path;
  }

  #matching(path: string): Endpoint<Env> | undefined {
    return this.#patterns.find(([route]) => route.match(path))?.[1];
  }

  /** A handler of the app's own answers everything below its route. */
  #below(path: string): Endpoint<Env> | undefined {
    for (const [route, endpoint] of this.#routes) {
      if (PLAIN in endpoint && path.startsWith(`${route}/`)) return endpoint;
    }
    return undefined;
  }

  #siteOf(env: Env, ctx: ExecutionContext): Site<Env> | Promise<Site<Env>> {
    return this.#site ?? Site.make(this.#making, env, ctx).then((site) => (this.#site ??= site));
  }

  /** In an object, whose alarm has found what is due. */
  async #give(due: Due, env: Env, ctx: ExecutionContext): Promise<Settled> {
    const site = await this.#siteOf(env, ctx);
    const world = await site.world(new Request("https://localhost/"), env, ctx);
    const ended = await run<Settled>(site.steps.give, JSON.stringify(due), "", world);
    if (!("done" in ended)) throw new Error("what is settled is never spliced");
    return ended.done;
  }

  /** Each origin is an issuer of its own where none is set. */
  #sameIssuer(origin: string): void {
    const first = (this.#issuer ??= origin);
    if (first === origin || this.#warned) return;
    this.#warned = true;
    console.warn(
      `[mcp-wicket] ${first} and ${origin} are two issuers: the tokens and grants of one are none of the other. If that is not meant, set issuer: "https://…" in the options of OAuthProvider.`,
    );
  }

  async #answer(endpoint: EndpointName, incoming: Incoming, env: Env, ctx: ExecutionContext): Promise<Response> {
    const site = await this.#siteOf(env, ctx);
    if (this.#options.issuer === undefined) this.#sameIssuer(incoming.site);
    const input = inputOf(endpoint, incoming);
    if (endpoint === "metadata") input.path = this.#documented(input.path);
    // Whoever gives tokens out, or says what they are good for, has to know what was ended.
    if ((endpoint === "token" || endpoint === "introspect") && !(await site.current(env, ctx))) input.deaf = true;
    const { rules } = site;
    if (rules) input.rules = rules;
    let body = "";
    if (incoming.method === "POST") {
      const read = await readSmallBody(incoming);
      if (read === undefined) input.unread = true;
      else body = read;
    }
    const world = await site.world(incoming.request, env, ctx);
    const ended = await run<Reply>(site.steps.oauth, JSON.stringify(input), body, world);
    if (!("done" in ended)) throw new Error("an authorization server's answer is never spliced");
    return this.#respond(incoming, ended.done);
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

/** What a handler with pages of its own answers itself. */
const PAGES: EndpointName[] = ["authorize", "callback", "connected"];

/** What has a path of its own. */
const ALL: EndpointName[] = ["authorize", "token", "register", "revoke", "introspect", "keys", "callback", "connected"];

/** The head of a request, as the core reads it. */
function inputOf(endpoint: EndpointName, { method, headers, site, path, request }: Incoming): OAuthInput {
  const input: OAuthInput = { endpoint, method, origin: site, path: plainPath(path) };
  const { url } = request;
  const query = url.indexOf("?");
  if (query >= 0) [input.query = ""] = url.slice(query + 1).split("#", 1);
  const named = {
    contentType: "content-type",
    authorization: "authorization",
    cookie: "cookie",
    from: "origin",
    site: "sec-fetch-site",
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

/** True where something of ours does not answer at present, such as the object that keeps the key. */
function isAway(error: unknown): boolean {
  if (error instanceof WicketError) return error.code === "ERR_AUDIT";
  return error instanceof EffectFailure && !(error instanceof CallbackTimeout);
}

/** What is missing from the set-up is said in full; everything else stays in the log. */
function failed(error: unknown): Response {
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  if (error instanceof WicketError && error.code === "ERR_NO_OBJECT") {
    console.error(`[mcp-wicket] ${error.message}`);
    return new Response(error.message, { status: 503, headers });
  }
  const id = logged("A request could not be served", error);
  if (error instanceof CallbackTimeout || (error instanceof WicketError && error.code === "ERR_AUDIT")) {
    const text = `The server cannot answer at present. Its log has the reason under ${id}.`;
    return new Response(text, { status: 503, headers: { ...headers, "retry-after": "5" } });
  }
  return new Response(`The server failed. Its log has the reason under ${id}.`, { status: 500, headers });
}
