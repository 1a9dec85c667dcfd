/** `mcp-wicket/development`: a stand-in for the provider on this computer, and nothing for anybody else. */
import { developmentSignIn } from "mcp-wicket/development";
import {
  AzureADHandler,
  GenericOAuthHandler,
  GitHubHandler,
  GoogleHandler,
  McpServer,
  OAuthProvider,
  createMcpHandler,
} from "mcp-wicket/oauth";
import { env as bound } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { describe, expect, test } from "vitest";

interface Env {
  MCP_WICKET_DEVELOPMENT?: string;
  WICKET_SECRET?: string;
  CLIENT_ID?: string;
}

const HERE = "http://127.0.0.1:8787";
const PAGE = "/development/github/login/oauth/authorize";
const CALLBACK = `?redirect_uri=${encodeURIComponent(`${HERE}/callback`)}&state=s&client_id=development`;

const gitHub = new GitHubHandler<Env>({ clientId: (env) => env.CLIENT_ID, clientSecret: (env) => env.CLIENT_ID });
const worker = developmentSignIn<Env, OAuthProvider<Env>>(
  new OAuthProvider<Env>({
    apiHandlers: { "/mcp": createMcpHandler<Env>(() => new McpServer({ name: "test", version: "1.0.0" })) },
    defaultHandler: gitHub,
    objects: "MyMCP",
  }),
);

const on = { MCP_WICKET_DEVELOPMENT: "sign-in" };
const local = { "cf-connecting-ip": "127.0.0.1" };

/** What the Worker answers to a request with these headers. */
async function ask(url: string, headers: Record<string, string> = local, env: Env = on, init: RequestInit = {}) {
  const all = { ...bound, ...env } as Env;
  const response = await worker.fetch(new Request(url, { ...init, headers }), all, createExecutionContext());
  return { status: response.status, text: await response.text(), headers: response.headers };
}

describe("on this computer", () => {
  test.each(["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"])(
    "%s has the page",
    async (origin) => {
      const { status, text, headers } = await ask(`${origin}${PAGE}${CALLBACK}`);
      expect(status).toBe(200);
      expect(text).toContain("This page stands in for GitHub. It is not GitHub");
      expect([...text.matchAll(/href="([^"]+)\/callback\?code=/g)].map(([, where]) => where)).toEqual([HERE, HERE]);
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
      expect(headers.get("cache-control")).toBe("no-store");
    },
  );

  test.each([
    "https://evil.example/",
    "http://127.0.0.1:9999/callback",
    "http://127.0.0.1.evil.example:8787/",
    "nothing",
  ])("no code goes to %s", async (redirect) => {
    const { status, text } = await ask(`${HERE}${PAGE}?redirect_uri=${encodeURIComponent(redirect)}`);
    expect([status, text]).toEqual([400, "redirect_uri must be the callback of this Worker.\n"]);
  });

  test("a name of a person that is markup is text", async () => {
    const people = [{ id: 1, login: "x", name: "<script>alert(1)</script>", email: "x@example.com" }];
    const other = developmentSignIn<Env, OAuthProvider<Env>>(worker as OAuthProvider<Env>, { people });
    const request = new Request(`${HERE}${PAGE}${CALLBACK}`, { headers: local });
    const page = await other.fetch(request, on, createExecutionContext());
    expect(await page.text()).not.toContain("<script>");
  });

  test("the other endpoints of a provider are only inside the Worker", async () => {
    for (const path of ["/login/oauth/access_token", "/api/v3/user", "/api/v3/applications/development/token"]) {
      const headers = { ...local, authorization: "Bearer development-1" };
      expect(await ask(`${HERE}/development/github${path}`, headers)).toMatchObject({ status: 404 });
      const posted = await ask(`${HERE}/development/github${path}`, headers, on, { method: "POST", body: "code=x" });
      expect(posted.status).toBe(404);
    }
  });

  test("a made-up code is worth nothing, and a real one nothing without its verifier, or a second time", async () => {
    const { text } = await ask(`${HERE}${PAGE}${CALLBACK}&code_challenge=${CHALLENGE}`);
    const [, code = ""] = /code=([\w-]+)/.exec(text) ?? [];
    expect(await redeem("made-up", VERIFIER)).toEqual({ error: "bad_verification_code" });
    expect(await redeem(code, "another")).toEqual({ error: "bad_verification_code" });
    expect(await redeem(code, VERIFIER)).toEqual({ error: "bad_verification_code" });
    const [, next = ""] =
      /code=([\w-]+)/.exec((await ask(`${HERE}${PAGE}${CALLBACK}&code_challenge=${CHALLENGE}`)).text) ?? [];
    expect(await redeem(next, VERIFIER)).toMatchObject({ token_type: "bearer" });
    expect(await redeem(next, VERIFIER)).toEqual({ error: "bad_verification_code" });
  });
});

describe("what the app asks a provider with a token of a stand-in", () => {
  const get = async (url: string) => {
    await ask(`${HERE}/`);
    return fetch(url, { headers: { authorization: "Bearer development-1" } });
  };

  test.each([
    ["https://api.github.com/user", { id: 1, login: "ada", name: "Ada Lovelace" }],
    ["https://api.github.com/user/emails", [{ email: "ada@example.com", verified: true, primary: true }]],
    ["https://openidconnect.googleapis.com/v1/userinfo", { sub: "1", email: "ada@example.com" }],
    ["https://graph.microsoft.com/v1.0/me", { displayName: "Ada Lovelace", mail: "ada@example.com" }],
  ])("is answered here: %s", async (url, answer) => {
    expect(await (await get(url)).json()).toMatchObject(answer);
  });

  test("never reaches anybody else", async () => {
    const response = await get("https://api.example.com/things");
    expect(response.status).toBe(501);
    expect(await response.text()).toContain("no answer for GET api.example.com/things");
  });
});

/** RFC 7636, Appendix B. */
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/** The Worker's own request to the stand-in. */
async function redeem(code: string, code_verifier: string): Promise<unknown> {
  const body = new URLSearchParams({ code, code_verifier, redirect_uri: `${HERE}/callback` });
  return (await fetch(`${HERE}/development/github/login/oauth/access_token`, { method: "POST", body })).json();
}

describe("anywhere else", () => {
  const PATHS = [
    "/",
    "/authorize",
    "/callback?code=x&state=y",
    "/mcp",
    "/.well-known/oauth-authorization-server",
    PAGE,
  ];

  /** Whoever sends this gets nothing, at any path. */
  async function isRefused(origin: string, headers: Record<string, string>) {
    for (const path of PATHS) {
      const { status, text } = await ask(`${origin}${path}`, headers);
      expect([path, status, text.includes("href"), text.includes("on this computer only")]).toEqual([
        path,
        403,
        false,
        false,
      ]);
    }
  }

  test.each([
    ["https, as at Cloudflare's network", "https://127.0.0.1:8787", local],
    ["its public name", "http://notes.example.workers.dev", local],
    ["a name that only begins like this computer's", "http://127.0.0.1.evil.example", local],
    ["a name that leads to this computer (DNS rebinding)", "http://rebound.evil.example:8787", local],
    ["an address of the network that it is in", "http://192.168.1.20:8787", local],
    ["another name in its Host header", HERE, { ...local, host: "notes.example.workers.dev" }],
    ["nothing about where it is from", HERE, {}],
  ])("a request with %s is refused", async (_, origin, headers) => {
    await isRefused(origin, headers);
  });

  test("an attacker who sends a loopback Host header to a deployed Worker gets nothing", async () => {
    // The edge sets CF-Connecting-IP to the visitor's address, whatever the visitor has sent, and adds CF-Ray.
    const atTheEdge = {
      host: "127.0.0.1",
      "cf-connecting-ip": "203.0.113.7",
      "cf-ray": "8f2-AMS",
      "cf-visitor": '{"scheme":"http"}',
    };
    await isRefused("http://127.0.0.1", atTheEdge);
    await isRefused("http://localhost", { "cf-connecting-ip": "203.0.113.7" });
    await isRefused("http://localhost", { "cf-connecting-ip": "127.0.0.1, 203.0.113.7" });
  });

  test.each([
    "cf-ray",
    "cdn-loop",
    "cf-visitor",
    "cf-worker",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "true-client-ip",
    // What `wrangler dev` adds where it replaces the host: with --host, and with routes.
    "mf-original-hostname",
  ])("what a tunnel or a proxy passes on (%s) is refused, even with this computer's name", async (header) => {
    await isRefused(HERE, { ...local, [header]: "127.0.0.1" });
  });

  test.each([
    ["the variable is not set", {}],
    ["the variable is empty", { MCP_WICKET_DEVELOPMENT: "" }],
    ["the variable says something else", { MCP_WICKET_DEVELOPMENT: "true" }],
    ["there is a production secret", { ...on, WICKET_SECRET: "x".repeat(43) }],
  ])("no request finds a stand-in where %s", async (_, env) => {
    expect((await ask(`${HERE}${PAGE}${CALLBACK}`, local, env)).text).not.toContain("stands in");
    expect(() => gitHub.identity({ ...env })).toThrow("clientId of GitHubHandler");
  });

  test("whoever has credentials is led to the provider, never to a stand-in", () => {
    const given = gitHub.identity({ ...on, CLIENT_ID: "Iv1.real" });
    expect(given).toMatchObject({ kind: "github", clientId: "Iv1.real", clientSecret: "Iv1.real" });
    expect(given).not.toHaveProperty("baseUrl");
  });
});

test.each([
  [
    "GitHub",
    new GitHubHandler<Env>({ clientId: (env) => env.CLIENT_ID, apiUrl: "https://api.git.example" }),
    { baseUrl: `${HERE}/development/github` },
  ],
  ["Google", new GoogleHandler<Env>({ clientId: (env) => env.CLIENT_ID }), { baseUrl: `${HERE}/development/google` }],
  [
    "Entra",
    new AzureADHandler<Env>({ clientId: (env) => env.CLIENT_ID, tenant: "common" }),
    { authority: `${HERE}/development/azure` },
  ],
  [
    "OpenID",
    new GenericOAuthHandler<Env>({ clientId: (env) => env.CLIENT_ID }),
    { issuer: `${HERE}/development/generic` },
  ],
])("without a client ID, %s is led to its stand-in with credentials that are nobody's", async (_, handler, options) => {
  await ask(`${HERE}/`);
  const given = handler.identity(on);
  expect(given).toMatchObject({ ...options, clientId: "development", clientSecret: "development" });
  expect(given.apiUrl).toBeUndefined();
});

test("options and targets that make no sense are refused", () => {
  expect(() => developmentSignIn({} as never)).toThrow("developmentSignIn needs a Worker's default export");
  expect(() => developmentSignIn(worker, { person: [] } as never)).toThrow("people");
});
