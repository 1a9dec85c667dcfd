/** The Worker under test: each host name is an authorization server of its own kind. */
import {
  type AppHandler,
  type RefreshCheck,
  type AuditEvent,
  McpAgent,
  McpServer,
  type OAuthProviderOptions,
  OAuthProvider,
  d1Audit,
} from "mcp-wicket/oauth";
import { WorkerEntrypoint } from "cloudflare:workers";

import { KvDouble } from "../lib/kv-double.ts";

import { resolveExternalToken, byCookie, operators, tokens } from "./machines.ts";
import { ownPages } from "./pages.ts";

type Env = Cloudflare.Env;

/** What the tests make the props of, by the header that stands for a session of the app's own. */
const PROPS: Record<string, Record<string, unknown>> = {
  big: { login: "big", note: "x".repeat(5000) },
};

/** The scopes of those who may not have all. */
const SCOPES: Record<string, string[]> = { outsider: [], reader: ["read"] };

export class MyMCP extends McpAgent<Env, unknown, { login: string }> {
  override server = new McpServer({ name: "test", version: "1.0.0" });

  override init(): void {
    this.server.registerTool("auth", {}, ({ authInfo }) => ({
      content: [{ type: "text", text: JSON.stringify(authInfo) }],
    }));
    this.server.registerTool("change", { scopes: ["write"] }, () => ({ content: [{ type: "text", text: "changed" }] }));
    this.server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: JSON.stringify(this.props) }] }));
  }
}

/** Who may ask about tokens. */
export const RESOURCE_SERVERS = {
  files: "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgA",
  "https://mail.example/": "s:W 7%yXoE2iVnC9tGzK4rM6aDhSjQbFuPw",
};

/** Workers KV on a bad day, for the run that has it (see `vitest.oauth.config.ts`). */
export const double = new KvDouble();
let location = 0;

/** The header stands for a session of the app's own. */
const identifying: AppHandler<Env> = {
  identify: (request) => {
    const user = request.headers.get("x-user");
    if (user === null) return null;
    const person = { id: user, label: user, props: PROPS[user] ?? { login: user } };
    const scopes = SCOPES[user];
    return scopes ? { ...person, scopes } : person;
  },
};

const usual: OAuthProviderOptions<Env> = {
  apiHandlers: { "/mcp": MyMCP.serve("/mcp"), "/sse": MyMCP.serveSSE("/sse") },
  defaultHandler: identifying,
  // Each request comes to another of three locations.
  kv: (env) => (env.KV_DOUBLE ? (double.at(location++ % 3) as KVNamespace) : env.OAUTH_KV),
  scopes: { read: "Read your things", write: "Change your things" },
  resourceServers: RESOURCE_SERVERS,
};

/** What the operator was told. */
/** The operator of `deaf.example.com`, whose log may be full. */
export const deaf = { isFull: true };

export const audited: AuditEvent[] = [];
const toD1 = d1Audit<Env>(({ DB }) => DB);

export const pages = new OAuthProvider<Env>({ ...usual, defaultHandler: ownPages });

export const approving = new OAuthProvider<Env>({
  ...usual,
  registration: "approve",
  audit: (event) => void audited.push(event),
});

/** The one whose operator ends things. */
export const offboarding = new OAuthProvider<Env>({ ...usual, issuer: "https://offboarding.example.com" });

/** The one that is reached by two host names. */
export const hosts = new OAuthProvider<Env>(usual);

/** What the app says of people at a refresh, and about whom it was asked. */
export const stillKnown: { asked: string[]; answer: NonNullable<RefreshCheck["stillKnown"]> } = {
  asked: [],
  answer: () => true,
};
const askedAgain: RefreshCheck<Env>["stillKnown"] = (person, env, ctx) => {
  stillKnown.asked.push(person.id);
  return stillKnown.answer(person, env, ctx);
};

/** As Workers are written that come from elsewhere: the handler is known by nothing but its `fetch`. */
class Entrypoint extends WorkerEntrypoint {
  override fetch(request: Request): Promise<Response> {
    return MyMCP.serve("/mcp").fetch(request, this.env, this.ctx);
  }
}
const { apiHandlers: _, ...elsewhere } = usual;

const providers: Record<string, OAuthProvider<Env>> = {
  "still.example.com": new OAuthProvider({
    ...usual,
    callbackTimeout: 0.3,
    defaultHandler: { ...identifying, stillKnown: askedAgain },
  }),
  "still-pages.example.com": new OAuthProvider({
    ...usual,
    defaultHandler: { ...ownPages, stillKnown: askedAgain },
  }),
  "offboarding.example.com": offboarding,
  "one.hosts.example.com": hosts,
  "two.hosts.example.com": hosts,
  "mcp.example.com": new OAuthProvider(usual),
  "nokv.example.com": new OAuthProvider({ ...usual, kv: () => undefined }),
  "legacy.example.com": new OAuthProvider({ ...usual, kv: (env) => env.OAUTH_KV, legacyClients: true }),
  "strict.example.com": new OAuthProvider({ ...usual, revocation: "strict", refreshReplay: 0 }),
  "window.example.com": new OAuthProvider({ ...usual, refreshReplay: 1, audit: (event) => void audited.push(event) }),
  "nodocuments.example.com": new OAuthProvider({ ...usual, allowClientIdMetadataDocuments: false }),
  "machines.example.com": new OAuthProvider({
    ...usual,
    tokens,
    requiredScopes: ["read"],
    audit: (event) => void audited.push(event),
  }),
  "operated.example.com": new OAuthProvider({ ...usual, tokens, operator: { verifier: operators }, audit: toD1 }),
  "operated-elsewhere.example.com": new OAuthProvider({
    ...usual,
    defaultHandler: ownPages,
    operator: { verifier: operators, path: "/internal/ops", scope: "ops" },
    audit: (event, env) => toD1(event, env),
  }),
  "resolving.example.com": new OAuthProvider({
    ...usual,
    resolveExternalToken,
    audit: (event) => void audited.push(event),
  }),
  "closed.example.com": new OAuthProvider({ ...usual, allowDynamicClientRegistration: false }),
  "confidential.example.com": new OAuthProvider({ ...usual, disallowPublicClientRegistration: true }),
  "approve.example.com": approving,
  "scoped.example.com": new OAuthProvider({
    ...usual,
    apiHandlers: {
      "/mcp": MyMCP.serve("/mcp"),
      "/admin": { fetch: (_request, _env, ctx) => Response.json((ctx as { props?: unknown }).props ?? null) },
      "/open": { fetch: () => new Response("open") },
    },
    requiredScopes: { "/admin": ["write"], "/mcp": ["read"] },
  }),
  "homeless.example.com": new OAuthProvider({ ...usual, objects: "NOT_THERE" }),
  "limits.example.com": new OAuthProvider({
    ...usual,
    limits: { authorize: 5, register: 2, token: 5, callback: 2, documents: 2 },
  }),
  "flood.example.com": new OAuthProvider({
    ...usual,
    rateLimiter: () => ({ limit: ({ key }) => Promise.resolve({ success: !key.startsWith("authorize:") }) }),
  }),
  "audited.example.com": new OAuthProvider({
    ...usual,
    auditRequired: true,
    audit: async (event, env) => {
      audited.push(event);
      await toD1(event, env);
    },
  }),
  "deaf.example.com": new OAuthProvider({
    ...usual,
    auditRequired: true,
    audit: ({ event }) => {
      if (event === "token refreshed" && deaf.isFull) throw new Error("the log is full");
    },
  }),
  "late.example.com": new OAuthProvider({
    ...usual,
    callbackTimeout: 0.2,
    defaultHandler: {
      identify: (request) => {
        const user = request.headers.get("x-user") ?? "";
        return user === "late" ? new Promise<never>(() => {}) : { id: user, label: user, props: { login: user } };
      },
    },
    rateLimiter: () => ({ limit: () => new Promise<never>(() => {}) }),
    audit: () => new Promise<never>(() => {}),
  }),
  "late-audit.example.com": new OAuthProvider({
    ...usual,
    callbackTimeout: 0.2,
    auditRequired: true,
    audit: ({ event }) => (event === "token refreshed" ? new Promise<never>(() => {}) : undefined),
  }),
  "jwt.example.com": new OAuthProvider({ ...usual, accessTokens: "jwt" }),
  "raw.example.com": new OAuthProvider({ ...usual, rawSubject: true }),
  "alone.example.com": new OAuthProvider({ ...usual, resourceServers: {} }),
  "pages.example.com": pages,
  "wrapped.example.com": new OAuthProvider({
    ...elsewhere,
    apiRoute: "/mcp",
    apiHandler: { fetch: (request, env, ctx) => MyMCP.serve("/mcp").fetch(request, env, ctx) },
  }),
  "entrypoint.example.com": new OAuthProvider({ ...elsewhere, apiRoute: "/mcp", apiHandler: Entrypoint }),
  "cookies.example.com": new OAuthProvider({
    ...usual,
    tokens: byCookie,
    apiHandlers: {
      "/mcp": MyMCP.serve("/mcp"),
      "/api": { fetch: (_request, _env, ctx) => Response.json((ctx as { props?: unknown }).props ?? null) },
    },
  }),
  "own.example.com": new OAuthProvider({
    ...usual,
    objects: "MyMCP",
    apiHandlers: {
      "/api": { fetch: async (_request, _env, ctx) => Response.json((ctx as { props?: unknown }).props ?? null) },
    },
  }),
};

export default {
  fetch(request, env, ctx) {
    const { hostname } = new URL(request.url);
    const provider = providers[hostname];
    if (!provider) return new Response("Not found", { status: 404 });
    return provider.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
