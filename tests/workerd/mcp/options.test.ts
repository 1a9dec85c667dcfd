/** Options: a name that is not known is refused where the thing is made, and the error says which one was meant. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import * as oauth from "mcp-wicket/oauth";
import { modern } from "../../harness/messages.ts";
import { SECRET } from "./lib/tokens.ts";
import {
  McpAgent,
  McpServer,
  ResourceTemplate,
  WicketError,
  createMcpHandler,
  WorkerTransport,
  startPage,
} from "mcp-wicket/oauth";

class Agent extends McpAgent<unknown, { count: number }> {}

const info = { name: "s", version: "1" };
const text = () => ({ content: [] });
const server = () => new McpServer(info);
const verifier = new oauth.JWTVerifier({ issuer: "https://a.example", audience: "b", secret: SECRET });
const handler = createMcpHandler(server);
const provider = (more: object) =>
  new oauth.OAuthProvider({
    apiHandlers: { "/mcp": Agent.serve("/mcp") },
    defaultHandler: new oauth.GitHubHandler({ clientId: "a", clientSecret: "b" }),
    ...more,
  });
const jwt = (more: object) =>
  new oauth.JWTVerifier({ issuer: "https://a.example", audience: "b", secret: SECRET, ...more });
const upstream = { clientId: "a", clientSecret: "b" };
const tool = (config: object) => server().registerTool("t", config, text);

const refused: [string, () => unknown, string][] = [
  [
    "a tool's annotations",
    () => tool({ annotations: { readonlyHint: true } }),
    "Did you mean `annotations.readOnlyHint`?",
  ],
  ["capabilities", () => new McpServer(info, { capabilities: { loging: {} } as object }), "`capabilities.logging`?"],
  ["a rule about a claim", () => jwt({ claims: { role: { oneOf: ["a"] } } }), "claims.role must be a string, a number"],
  [
    "what is no verifier",
    () => oauth.protect({ verify: 1 } as never, handler),
    "The first argument of protect must be a verifier",
  ],
  [
    "an origin instead of a list",
    () => createMcpHandler(server, { allowedOrigins: "https://a.example" as never }),
    'createMcpHandler: `allowedOrigins` must be a list of strings, or "*" for all.',
  ],
  [
    "a host that is no string",
    () => createMcpHandler(server, { allowedHosts: [1] as never }),
    "createMcpHandler: `allowedHosts` must be a list of strings.",
  ],
  ["a tool's name", () => server().registerTool("a\ud800", {}, text), "has a lone surrogate in its name"],
  ["a URI", () => server().registerResource("a", "x://\ud800", {}, () => ({ contents: [] })), "lone surrogate"],
  ["OAuthProvider", () => provider({ kvs: 1 }), "OAuthProvider has no option `kvs`. Did you mean `kv`?"],
  ["its limits", () => provider({ limits: { autorize: 1 } }), "Did you mean `limits.authorize`?"],
  ["its pages", () => provider({ pages: { logo: "/l.svg" } }), "OAuthProvider has no option `pages.logo`"],
  ["the brand", () => provider({ pages: { brand: { acent: "#000000" } } }), "Did you mean `pages.brand.accent`?"],
  [
    "the accent",
    () => provider({ pages: { brand: { accent: { light: "#000000", dusk: "#000000" } } } }),
    "no option `pages.brand.accent.dusk`",
  ],
  ["the copy", () => provider({ pages: { copy: { alow: "Yes" } } }), "Did you mean `pages.copy.allow`?"],
  [
    "a language",
    () => provider({ pages: { languages: { de: { allwo: "Ja" } } } }),
    "Did you mean `pages.languages.de.allow`?",
  ],
  ["a value", () => provider({ revocation: "strickt" }), '`revocation` is "strickt", but it can only be "strict"'],
  ["another value", () => provider({ accessTokens: "JWT" }), 'only be "sealed" or "jwt"'],
  ["OAuthProvider.api", () => provider({}).api({}, {}, { isuer: "" } as object), "Did you mean `issuer`?"],
  ["JWTVerifier", () => jwt({ jwksUrl: "https://a.example/jwks" }), "Did you mean `jwksUri`?"],
  ["JWTVerifier, another case", () => jwt({ clocktolerance: 1 }), "Did you mean `clockTolerance`?"],
  ["JWTVerifier, a name without a value", () => jwt({ jwksUrl: undefined }), "Did you mean `jwksUri`?"],
  ["APIKeyVerifier", () => new oauth.APIKeyVerifier({ keys: [], peper: "" } as never), "Did you mean `pepper`?"],
  [
    "a record of a key",
    () => new oauth.APIKeyVerifier({ keys: [{ id: "a", hash: "b", scope: ["read"] } as never] }),
    "A record of APIKeyVerifier has no option `scope`. Did you mean `scopes`?",
  ],
  [
    "IntrospectionVerifier",
    () => new oauth.IntrospectionVerifier({ clientID: "a" } as never),
    "Did you mean `clientId`?",
  ],
  [
    "cloudflareAccess",
    () => oauth.cloudflareAccess({ team: "t", aud: "x" } as never),
    "has no option `aud`. Known options:",
  ],
  ["protect", () => oauth.protect(verifier, handler, { impliedScope: () => [] } as object), "`impliedScopes`?"],
  [
    "protect, by a name from before",
    () => oauth.protect(verifier, handler, { scopes: ["a"] } as object),
    "Use `requiredScopes`",
  ],
  ["createMcpHandler", () => createMcpHandler(server, { path: "/x" } as object), "has no option `path`. Use `route`."],
  ["createMcpHandler, a text", () => createMcpHandler(server, "/mcp" as never), "must be an object"],
  ["McpAgent.serve", () => Agent.serve("/mcp", { bindings: "A" } as object), "McpAgent.serve has no option `bindings`"],
  ["McpAgent.serveSSE", () => Agent.serveSSE("/sse", { object: "A" } as object), "Did you mean `objects`?"],
  ["a kind of sessions", () => Agent.serve("/mcp", { sessions: "kv" as never }), 'can only be "object"'],
  ["McpServer", () => new McpServer(info, { instruction: "" } as object), "Did you mean `instructions`?"],
  [
    "registerTool",
    () => tool({ inputSchem: {} }),
    "registerTool has no option `inputSchem`. Did you mean `inputSchema`?",
  ],
  ["registerTool, scopes of another name", () => tool({ requiredScopes: ["a"] }), "Use `scopes`."],
  [
    "registerPrompt",
    () => server().registerPrompt("p", { args: {} } as object, () => ({ messages: [] })),
    "`argsSchema`?",
  ],
  [
    "registerResource",
    () => server().registerResource("r", "a:b", { mimetype: "x" } as object, () => ({ contents: [] })),
    "Did you mean `mimeType`?",
  ],
  ["a tool's update", () => tool({}).update({ inputSchema: {} } as object), "Use `paramsSchema`"],
  ["ResourceTemplate", () => new ResourceTemplate("a:{b}", { lists: undefined } as never), "Did you mean `list`?"],
  ["startPage", () => startPage(new Request("https://a.example/"), { title: "x" } as object), "Known options: `name`,"],
  ["GitHubHandler", () => new oauth.GitHubHandler({ ...upstream, clientSecrets: "" } as never), "`clientSecret`?"],
  ["GoogleHandler", () => new oauth.GoogleHandler({ ...upstream, tenant: "" } as never), "GoogleHandler has no option"],
  ["AzureADHandler", () => new oauth.AzureADHandler({ ...upstream, tenantId: "" } as never), "Did you mean `tenant`?"],
  [
    "GenericOAuthHandler",
    () => new oauth.GenericOAuthHandler({ ...upstream, endpoints: { authorisation: "" } as never }),
    "Did you mean `endpoints.authorization`?",
  ],
  ["a rule of allow", () => new oauth.GitHubHandler({ ...upstream, allow: { org: ["a"] } as never }), "`allow.orgs`?"],
  [
    "one of several rules",
    () => new oauth.GitHubHandler({ ...upstream, allow: [{ ids: ["1"] }, { email: ["a"] } as never] }),
    "Did you mean `allow[1].emails`?",
  ],
];

test.each(refused)("a name that is not known is refused: %s", (_, make, message) => {
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(WicketError);
  expect(thrown).toMatchObject({ code: "ERR_ARGUMENT", message: expect.stringContaining(message) as string });
});

test("who hears of a change is not guessed", async () => {
  await expect(server().sendToolListChanged({ everyone: true } as object)).rejects.toThrow("`everybody`?");
});

describe("values of OAuthProvider that cannot be are refused when it is made", () => {
  const external = { resolveExternalToken: () => null };
  test.each<[object, string]>([
    [{ codeTtl: 29 }, "OAuthProvider: codeTtl must be a whole number of seconds from 30 to 600"],
    [{ codeTtl: 601 }, "codeTtl"],
    [{ codeTtl: NaN }, "codeTtl"],
    [{ codeTtl: "300" }, "codeTtl"],
    [{ codeTtl: 45.5 }, "codeTtl"],
    [{ codeTtl: null }, "codeTtl"],
    [{ accessTokenTTL: 7200 }, "OAuthProvider: accessTokenTTL must be a whole number of seconds from 60 to 3600"],
    [{ accessTokenTtl: 7200 }, "accessTokenTtl"],
    [{ refreshTokenTTL: 60 }, "refreshTokenTTL"],
    [{ refreshReplay: 121 }, "refreshReplay"],
    [{ limits: { token: -1 } }, "limits.token must be a positive whole number of requests per minute"],
    [{ limits: 5 }, "limits must be an object"],
    [{ redirectSchemes: ["javascript"] }, "redirectSchemes"],
    [{ redirectSchemes: "myapp" }, "redirectSchemes must be a list"],
    [{ issuer: "https://mcp.example.com/path" }, "issuer must be an origin"],
    [{ issuer: "http://mcp.example.com" }, "issuer must be an origin"],
    [{ scopes: "mcp" }, "OAuthProvider: scopes must be a list of strings"],
    [{ scopes: null }, "scopes must be a list"],
    [{ scopes: { mcp: 5 } }, "scopes must be an object of strings"],
    [{ scopesSupported: ["a b"] }, "scopesSupported must not contain spaces"],
    [{ name: 5 }, "name must be a string"],
    [{ callbackEndpoint: "callback" }, "callbackEndpoint must be a path such as /callback"],
    [{ authorizeEndpoint: "authorize" }, "authorizeEndpoint must be a path such as /authorize"],
    [{ authorizeEndpoint: "https://other.example/authorize" }, "authorizeEndpoint` is at https://other.example"],
    [{ issuer: "https://a.example", tokenEndpoint: "https://b.example/token" }, 'Use its path: "/token"'],
    [{ authorizeEndpoint: "/mcp" }, "authorizeEndpoint and apiHandlers have the same path, /mcp"],
    [{ tokenEndpoint: "/authorize" }, "tokenEndpoint and authorizeEndpoint have the same path, /authorize"],
    [{ tokenEndpoint: "/register/" }, "same path"],
    [{ accessTokens: "jwt", jwksEndpoint: "/token" }, "jwksEndpoint and tokenEndpoint"],
    [{ apiHandlers: { "/token": Agent.serve("/token") } }, "tokenEndpoint and apiHandlers"],
    [{ requiredScopes: ["zzz"] }, 'requiredScopes has "zzz", which is not one of `scopes`: mcp'],
    [{ requiredScopes: "mcp" }, "requiredScopes is a list of scopes"],
    [{ requiredScopes: { "/mcp": ["zzz"] } }, "is not one of"],
    [{ resourceServers: { files: "short" } }, "resourceServers.files must have a secret of at least 32 characters"],
    [{ resourceServers: { files: 5 } }, "resourceServers must be an object of strings"],
    [{ allowDynamicClientRegistration: "false" }, '`allowDynamicClientRegistration` is "false"'],
    [{ auditRequired: "yes" }, "can only be true or false"],
    [{ audit: {} }, "`audit` must be a function"],
  ])("%o", (more, says) => {
    expect(() => provider(more)).toThrow(WicketError);
    expect(() => provider(more)).toThrow(says);
  });

  test.each<[object]>([
    [{ requiredScopes: ["zzz"], ...external }],
    [{ requiredScopes: ["mcp"] }],
    [{ apiHandlers: { "/introspect": Agent.serve("/introspect"), "/jwks": Agent.serve("/jwks") } }],
    [{ apiHandlers: { "/connected": Agent.serve("/connected") }, defaultHandler: { fetch: () => new Response() } }],
    [{ issuer: "https://a.example", tokenEndpoint: "https://a.example/oauth/token" }],
    [{ tokenEndpoint: "/oauth/token/", scopes: { mcp: "Everything" }, codeTtl: 30, refreshReplay: 0 }],
    [{ resourceServers: { files: () => undefined } }],
  ])("and these are taken: %o", (more) => {
    expect(() => provider(more)).not.toThrow();
  });
});

test("names that everything has are none of its own", () => {
  expect(() => new McpServer(info, { toString: 1 } as object)).toThrow("McpServer has no option `toString`");
  expect(() => createMcpHandler(server, JSON.parse('{"__proto__":1}') as object)).toThrow("`__proto__`");
});

test("what is known is taken", () => {
  expect(() =>
    provider({ limits: { token: 10 }, revocation: "strict", pages: { brand: { accent: "#0b57d0" } } }),
  ).not.toThrow();
  expect(() => new oauth.GitHubHandler({ ...upstream, allow: "anyone" })).not.toThrow();
});

describe("names of workers-oauth-provider", () => {
  const handler = Agent.serve("/mcp");
  const made = (more: object) =>
    new oauth.OAuthProvider({
      apiRoute: "/mcp",
      apiHandler: handler,
      defaultHandler: new oauth.GitHubHandler(upstream),
      ...more,
    });

  test.each<[string, object]>([
    ["a list of routes", { apiRoute: ["/mcp", "/other"], apiHandler: () => Promise.resolve(new Response()) }],
    [
      "routes and endpoints as URLs",
      { apiRoute: "https://a.example/mcp", tokenEndpoint: "https://a.example/oauth/token" },
    ],
    ["lifetimes", { accessTokenTTL: 3600, refreshTokenTTL: 86400, refreshTokenIdleTTL: 3600 }],
    ["scopes", { scopesSupported: ["read"] }],
    ["a resource", { resourceMetadata: { resource: "https://a.example/mcp", resource_name: "A" } }],
    ["a resource that is the origin", { resourceMetadata: { resource: "https://a.example" } }],
    ["what is so anyway", { allowImplicitFlow: false, allowPlainPKCE: false, allowTokenExchangeGrant: false }],
    ["only clients with a secret", { disallowPublicClientRegistration: true }],
    ["client ID metadata documents", { clientIdMetadataDocumentEnabled: true }],
  ])("are taken: %s", (_, more) => {
    expect(() => made(more)).not.toThrow();
  });

  test.each<[string, object, string]>([
    ["a route twice", { apiHandlers: { "/mcp": handler } }, "set `apiHandlers`, or `apiRoute` and `apiHandler`"],
    ["a route without its handler", { apiHandler: undefined }, "together"],
    [
      "a lifetime twice",
      { accessTokenTTL: 60, accessTokenTtl: 60 },
      "`accessTokenTTL` and `accessTokenTtl` mean the same",
    ],
    ["no refresh tokens", { refreshTokenTTL: 0 }, "`refreshTokenTTL: 0` is not supported"],
    ["the implicit grant", { allowImplicitFlow: true }, "OAuth 2.1 has no implicit grant"],
    ["a resource of another path", { resourceMetadata: { resource: "https://a.example/sse" } }, "the routes are /mcp"],
    [
      "another issuer",
      { resourceMetadata: { authorization_servers: ["https://b.example"], resource: "https://a.example/mcp" } },
      "For others, use `protect`.",
    ],
    ["props at each exchange", { tokenExchangeCallback: () => {} }, "Use `context` of GitHubHandler"],
    ["other cookies", { cookiePrefix: "__Host-x" }, "Omit it"],
  ])("are refused where they cannot be: %s", (_, more, message) => {
    expect(() => made(more)).toThrow(message);
  });

  test("onError is told of what clients are, and may answer instead", async () => {
    const told: object[] = [];
    const onError = (error: oauth.ProviderError) => {
      told.push({ code: error.code, status: error.status });
      return error.code === "invalid_token" ? new Response("mine", { status: 418 }) : undefined;
    };
    const provider = made({ onError });
    const ask = (path: string) => {
      const request = new Request(`https://a.example${path}`, { method: "POST", body: "{}" });
      return provider.fetch(request, env, createExecutionContext());
    };
    expect((await ask("/mcp")).status).toBe(418);
    expect((await ask("/token")).status).toBe(400);
    expect(told).toEqual([
      { code: "invalid_token", status: 401 },
      { code: "invalid_request", status: 400 },
    ]);
  });
});

test("an onError that fails is in the log, and the answer is as without it", async () => {
  const error = vi.spyOn(console, "error").mockReturnValue();
  const fails = [
    () => {
      throw new Error("out of order");
    },
    () => Promise.reject(new Error("out of order")),
  ];
  for (const onError of fails) {
    const failing = provider({ onError });
    const request = new Request("https://a.example/mcp", { method: "POST", body: "{}" });
    const answer = await failing.fetch(request, env, createExecutionContext());
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("resource_metadata=") as string,
    ]);
    expect(error.mock.lastCall?.join(" ")).toMatch(/onError of OAuthProvider failed .*out of order/);
  }
  error.mockRestore();
});

describe("names of agents", () => {
  const agent = () => new Agent(createExecutionContext(), {});

  test("mount is serveSSE, and so is a transport", async () => {
    vi.spyOn(console, "error").mockReturnValue();
    for (const made of [Agent.serveSSE("/sse"), Agent.mount("/sse"), Agent.serve("/sse", { transport: "sse" })]) {
      const ask = (path: string) => made.fetch(new Request(`https://a.example${path}`), {}, createExecutionContext());
      expect((await ask("/sse/message")).status).toBe(405);
      expect((await ask("/mcp")).status).toBe(404);
    }
  });

  test.each<[string, RegExp]>([
    ["schedule", /this.schedule is not available. .*alarm/],
    ["queue", /this.queue is not available. .*queue binding/],
    ["broadcast", /this.broadcast is not available/],
  ])("what cannot be says what to use: %s", (name, message) => {
    expect(() => (agent() as unknown as Record<string, () => void>)[name]?.()).toThrow(message);
  });

  test("what is no session says so", () => {
    expect(() => agent().getSessionId()).toThrow('static placement = "session"');
  });

  test("a placement that is none is refused", () => {
    class Misplaced extends McpAgent {
      static override placement = "object" as never;
    }
    expect(() => Misplaced.serve("/mcp")).toThrow('It can only be "session", or omitted.');
  });

  test("a transport is left out", () => {
    expect(() => createMcpHandler(server, { sessionIdGenerator: () => "" } as object)).toThrow("Omit it");
    expect(() => new WorkerTransport()).toThrow("createMcpHandler(() => server)");
  });

  test("a server may be given for one request, and for no other", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const handler = createMcpHandler(server());
    const ask = () => handler(modern("https://a.example/mcp", "tools/list"), env, createExecutionContext());
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(500);
    expect(logged).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ code: "ERR_ARGUMENT" }));
  });
});
