/** Clients that registered with `@cloudflare/workers-oauth-provider`, whose records that package has written here. */
import Former, { type ClientInfo, type OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { createExecutionContext, env } from "cloudflare:test";
import { OAuthProvider } from "mcp-wicket/oauth";
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

const SITE = "https://legacy.example.com";

interface FormerEnv {
  OAUTH_PROVIDER: OAuthHelpers;
}

/** The server before its move; `/client` creates a client as its operator would. */
const former = new Former<FormerEnv>({
  apiRoute: "/mcp",
  apiHandler: { fetch: () => new Response("in") },
  defaultHandler: {
    fetch: async (request, { OAUTH_PROVIDER: helpers }: FormerEnv) => {
      if (new URL(request.url).pathname === "/client") {
        return Response.json(await helpers.createClient(await request.json<Partial<ClientInfo>>()));
      }
      const asked = await helpers.parseAuthRequest(request);
      const { redirectTo } = await helpers.completeAuthorization({
        request: asked,
        userId: "ann",
        metadata: {},
        scope: asked.scope,
        props: { login: "ann" },
      });
      return Response.redirect(redirectTo, 302);
    },
  },
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/token",
  clientRegistrationEndpoint: "/register",
  resourceMetadata: { resource: `${SITE}/mcp` },
});

const before = (path: string, init: RequestInit = {}) =>
  former.fetch(new Request(`${SITE}${path}`, { redirect: "manual", ...init }), env as never, createExecutionContext());

async function registeredBefore(metadata: Record<string, unknown> = {}): Promise<lib.Registered> {
  const body = { client_name: "Cursor", redirect_uris: [lib.REDIRECT], token_endpoint_auth_method: "none" };
  const response = await before("/register", lib.json({ ...body, ...metadata }));
  expect(response.status).toBe(201);
  return response.json();
}

const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });

test("a public client that signed in before the move refreshes in vain, and signs in with the ID that it has", async () => {
  const client = await registeredBefore();
  const { params, verifier } = await lib.asking(client, { scope: "read" });
  const answer = await before(`/authorize?${new URLSearchParams(params).toString()}`);
  const code = new URL(answer.headers.get("location") ?? "").searchParams.get("code") ?? "";
  const fields = { grant_type: "authorization_code", client_id: client.client_id, code, code_verifier: verifier };
  const redeemed = await before("/token", lib.form({ ...fields, redirect_uri: lib.REDIRECT }));
  const old = await redeemed.json<lib.Tokens>();
  expect(old.refresh_token).toBeTypeOf("string");

  expect((await lib.whoami(old.access_token, SITE)).status).toBe(401);
  expect(await lib.errorOf(lib.refresh(client, old.refresh_token, {}, SITE))).toEqual([400, "invalid_grant"]);
  // Without the option it would have to register again.
  expect(await lib.errorOf(lib.refresh(client, old.refresh_token))).toEqual([401, "invalid_client"]);

  const tokens = await lib.redeem(client, await lib.code(client, { site: SITE }), {}, SITE);
  expect(tokens.status).toBe(200);
  const { access_token, refresh_token } = await tokens.json<lib.Tokens>();
  expect((await lib.whoami(access_token, SITE)).status).toBe(200);
  expect((await lib.refresh(client, refresh_token, {}, SITE)).status).toBe(200);
});

test.each(["client_secret_basic", "client_secret_post"])("a client with a secret: %s", async (method) => {
  const client = await registeredBefore({ token_endpoint_auth_method: method });
  const { client_id, client_secret: secret = "" } = client;
  const redeemed = await lib.code(client, { site: SITE });
  for (const wrong of [{}, { client_secret: "wrong" }, { client_secret: secret.toLowerCase() }]) {
    const refused = lib.errorOf(lib.redeem(client, redeemed, wrong, SITE));
    expect(await refused).toEqual([401, "invalid_client"]);
  }
  const stored = await env.OAUTH_KV.get<{ clientSecret: string }>(`client:${client_id}`, "json");
  const hash = { client_secret: stored?.clientSecret ?? "" };
  expect(hash.client_secret).toMatch(/^[\da-f]{64}$/);
  expect(await lib.errorOf(lib.redeem(client, redeemed, hash, SITE))).toEqual([401, "invalid_client"]);
  const tokens = await (await lib.redeem(client, redeemed, { client_secret: secret }, SITE)).json<lib.Tokens>();
  const { body } = lib.form({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
  const headers = { "content-type": "application/x-www-form-urlencoded", ...basic(client_id, secret) };
  expect((await lib.send(`${SITE}/token`, { method: "POST", headers, body: body ?? null })).status).toBe(200);
});

test("a client that the operator created there is one that nobody vouches for", async () => {
  const created = await before("/client", lib.json({ clientName: "Desk", redirectUris: [lib.REDIRECT] }));
  const { clientId, clientSecret = "" } = await created.json<ClientInfo>();
  const client = { client_id: clientId };
  const page = await new lib.Browser("ann").go(lib.authorizeUrl((await lib.asking(client)).params, SITE));
  expect(await page.text()).toContain("Unverified");
  const redeemed = await lib.code(client, { site: SITE });
  expect((await lib.redeem(client, redeemed, { client_secret: clientSecret }, SITE)).status).toBe(200);
});

test("a record that somebody has changed or put under another ID is of no client", async () => {
  const [one, other] = [await registeredBefore(), await registeredBefore({ client_name: "Other" })];
  const key = (client: lib.Registered) => `client:${client.client_id}`;
  const statusOf = async (client: lib.Registered) =>
    (await lib.send(lib.authorizeUrl((await lib.asking(client)).params, SITE), { headers: { "x-user": "ann" } }))
      .status;
  expect(await statusOf(one)).toBe(200);
  const text = (await env.OAUTH_KV.get(key(one))) ?? "";
  await env.OAUTH_KV.put(key(other), text);
  expect(await statusOf(other)).toBe(400);
  await env.OAUTH_KV.put(key(one), text.replace(lib.REDIRECT, "javascript:alert(1)"));
  expect(await statusOf(one)).toBe(400);
  await env.OAUTH_KV.put(key(one), text);
  expect(await statusOf(one)).toBe(200);
  await env.OAUTH_KV.delete(key(one));
  expect(await statusOf(one)).toBe(400);
});

test("the option needs the namespace", () => {
  const options = {
    apiHandlers: { "/mcp": { fetch: () => new Response() } },
    defaultHandler: { identify: () => null },
  };
  expect(() => new OAuthProvider({ ...options, legacyClients: true })).toThrow(
    "legacyClients: true needs the namespace in which workers-oauth-provider has stored them: kv: (env) => env.OAUTH_KV.",
  );
});
