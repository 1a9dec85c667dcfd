/** `mcp-wicket/testing`: signing in without a browser, at each provider and by the app's own means. */
import {
  AzureADHandler,
  GenericOAuthHandler,
  GitHubHandler,
  GoogleHandler,
  McpServer,
  OAuthProvider,
  type OAuthProviderOptions,
  createMcpHandler,
} from "mcp-wicket/oauth";
import { HttpError, type TestPerson, clock, connect, signIn, textOf } from "mcp-wicket/testing";
import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ownPages } from "./app/pages.ts";

const app = { clientId: "app", clientSecret: "secret" };

const whoami = createMcpHandler(({ props }) => {
  const server = new McpServer({ name: "whoami", version: "1.0.0" });
  server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: JSON.stringify(props) }] }));
  return server;
});

const provider = (defaultHandler: OAuthProviderOptions["defaultHandler"], more: Partial<OAuthProviderOptions> = {}) =>
  new OAuthProvider({
    apiHandlers: { "/mcp": whoami },
    defaultHandler,
    scopes: ["read", "write"],
    objects: "MyMCP",
    ...more,
  });

async function propsOf(worker: OAuthProvider, token: string): Promise<Record<string, unknown>> {
  const client = await connect(worker, { token });
  return JSON.parse(textOf(await client.callTool("whoami"))) as Record<string, unknown>;
}

afterEach(() => clock.reset());

const allow = "anyone" as const;
const providers: [string, OAuthProviderOptions["defaultHandler"], TestPerson, object][] = [
  [
    "GitHub",
    new GitHubHandler({ ...app, allow: { orgs: ["acme"] } }),
    { login: "grace", orgs: ["acme"] },
    { login: "grace" },
  ],
  [
    "Google",
    new GoogleHandler({ ...app, allow, hd: "acme.com" }),
    { tenant: "acme.com" },
    { email: "ada@example.com" },
  ],
  ["Entra", new AzureADHandler({ ...app, allow, tenant: "organizations" }), { name: "Grace" }, { name: "Grace" }],
  [
    "an OpenID provider",
    new GenericOAuthHandler({ ...app, allow, issuer: "https://id.example/realm" }),
    { id: "u-7" },
    { sub: "u-7" },
  ],
  [
    "an OAuth server without discovery",
    new GenericOAuthHandler({
      ...app,
      allow,
      endpoints: {
        authorization: "https://id.example/authorize",
        token: "https://id.example/token",
        userinfo: "https://id.example/me",
      },
    }),
    {},
    { sub: "1", name: "Ada" },
  ],
];

describe.each(providers)("at %s", (_, handler, person, props) => {
  test("a person signs in, uses the server, is asked for again at a refresh, and signs in once more", async () => {
    const worker = provider(handler);
    const real = globalThis.fetch;
    const session = await signIn(worker, { person });
    expect(globalThis.fetch).toBe(real);
    expect(await propsOf(worker, session.accessToken)).toMatchObject(props);
    const next = await session.refresh();
    expect(next.accessToken).not.toBe(session.accessToken);
    expect(await propsOf(worker, next.accessToken)).toMatchObject(props);
    const again = await signIn(worker, { person });
    expect(await propsOf(worker, again.accessToken)).toMatchObject(props);
  });
});

test("the app's own functions run, with the person's token at the provider", async () => {
  const context = async (accessToken: string) => {
    const headers = { authorization: `Bearer ${accessToken}`, "user-agent": "test" };
    const user = await (await fetch("https://api.github.com/user", { headers })).json<{ login: string }>();
    return { login: user.login, from: "context" };
  };
  const worker = provider(new GitHubHandler({ ...app, context, allow: { logins: ["ada"] } }));
  const { accessToken } = await signIn(worker, { person: { login: "ada" } });
  expect(await propsOf(worker, accessToken)).toEqual({ login: "ada", from: "context" });
  const refused = await signIn(worker, { person: { login: "mallory" } }).catch((error: unknown) => error);
  expect(String(refused)).toMatch(/mallory|may not|access_denied/);
});

test("a person of the app's own signs in by a cookie", async () => {
  const identify = (request: Request) => {
    const id = /user=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
    return id === undefined ? null : { id, props: { id } };
  };
  const worker = provider({ identify });
  const { accessToken, scopes } = await signIn(worker, { headers: { cookie: "user=ann" }, scopes: ["read"] });
  expect(scopes).toEqual(["read"]);
  expect(await propsOf(worker, accessToken)).toEqual({ id: "ann" });
});

test("the app's own pages are filled in", async () => {
  const form = (state: string) =>
    `<form action="/approve" method="post"><input type="hidden" name="state" value="${state}"><input name="user"></form>`;
  const fetch = async (request: Request, env: Parameters<typeof ownPages.fetch>[1]) => {
    const response = await ownPages.fetch(request, env);
    if (new URL(request.url).pathname !== "/authorize") return response;
    return new Response(form((await response.json<{ state: string }>()).state), {
      headers: { "content-type": "text/html" },
    });
  };
  const { accessToken } = await signIn(provider({ fetch }), { fill: () => ({ user: "ann" }) });
  expect(await propsOf(provider({ fetch }), accessToken)).toEqual({ login: "ann" });
});

test("a person who says no is an error of the sign-in", async () => {
  const worker = provider(new GitHubHandler({ ...app, allow }));
  await expect(signIn(worker, { decision: "deny" })).rejects.toThrow("access_denied");
});

test("access tokens and grants end when the clock says so", async () => {
  const worker = provider(new GitHubHandler({ ...app, allow }));
  const session = await signIn(worker);
  expect(await propsOf(worker, session.accessToken)).toMatchObject({ login: "ada" });
  clock.advance(session.expiresIn + 61);
  const refused = await connect(worker, { token: session.accessToken }).catch((error: unknown) => error);
  expect((refused as HttpError).status).toBe(401);
  const next = await session.refresh();
  expect(await propsOf(worker, next.accessToken)).toMatchObject({ login: "ada" });
  clock.advance("31d");
  await expect(next.refresh()).rejects.toThrow("invalid_grant");
});

test("refusals of the authorization server are lines of the log, with the client that the request names", async () => {
  const lines: Record<string, unknown>[] = [];
  const warned = vi.spyOn(console, "warn").mockImplementation((line: string) => {
    if (line.startsWith('{"wicket":"refused"')) lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  const worker = provider({ identify: () => null });
  const send = async (path: string, init?: RequestInit) => {
    const ctx = { waitUntil() {}, passThroughOnException() {}, exports } as unknown as ExecutionContext;
    await (await worker.fetch(new Request(`https://mcp.example.com${path}`, init), env, ctx)).text();
  };
  try {
    const form = { grant_type: "refresh_token", refresh_token: "x", client_id: "nobody\u202e\n" };
    await send("/token", { method: "POST", body: new URLSearchParams(form) });
    await send("/register", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    await send("/authorize?client_id=nobody&response_type=code");
    await send("/mcp", { method: "POST", headers: { authorization: "Bearer made-up", "cf-ray": "8c1-FRA" } });
  } finally {
    warned.mockRestore();
  }
  expect(lines.map(({ path, code, client }) => [path, code, client])).toEqual([
    ["/token", "invalid_client", "nobody  "],
    ["/register", expect.stringMatching(/^invalid_/), undefined],
    ["/authorize", "unknown_client", "nobody"],
    ["/mcp", "token", undefined],
  ]);
  expect(lines[3]).toMatchObject({
    verifier: "OAuthProvider",
    request: "8c1-FRA",
    time: expect.stringMatching(/^20/) as string,
  });
});
