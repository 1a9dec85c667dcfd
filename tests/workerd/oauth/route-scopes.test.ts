/** Routes that need scopes of their own. */
import { expect, test } from "vitest";
import { OAuthProvider } from "mcp-wicket/oauth";
import * as lib from "./lib/client.ts";

const SITE = "https://scoped.example.com";

test("each route needs its own scopes, and its challenge names them", async () => {
  const reader = (await lib.signIn({ site: SITE, user: "reader" })).tokens;
  const writer = (await lib.signIn({ site: SITE, user: "ann" })).tokens;
  expect([reader.scope, writer.scope]).toEqual(["read", "read write"]);
  const ask = (path: string, { access_token }: lib.Tokens) =>
    lib.send(SITE + path, { headers: { authorization: `Bearer ${access_token}` } });
  const refused = await ask("/admin", reader);
  expect(refused.status).toBe(403);
  expect(refused.headers.get("www-authenticate")).toMatch(/error="insufficient_scope".*scope="write"/);
  expect(await (await ask("/admin", writer)).json()).toEqual({ login: "ann" });
  for (const tokens of [reader, writer]) {
    expect((await lib.whoami(tokens.access_token, SITE)).status).toBe(200);
    expect(await (await ask("/open", tokens)).text()).toBe("open");
  }
  const nobody = await lib.send(`${SITE}/admin`);
  expect([nobody.status, nobody.headers.get("www-authenticate")]).toEqual([
    401,
    expect.stringContaining('scope="write"'),
  ]);
});

test("scopes of a route that is not there, or that nobody can have, are refused", () => {
  const made = (requiredScopes: unknown, more: object = {}) =>
    new OAuthProvider({
      apiHandlers: { "/mcp": { fetch: () => new Response() } },
      defaultHandler: { identify: () => null },
      scopes: ["read"],
      requiredScopes: requiredScopes as string[],
      ...more,
    });
  expect(() => made({ "/admin": ["read"] })).toThrow(
    'requiredScopes has "/admin", which is not a route of apiHandlers',
  );
  expect(() => made({ "/mcp": "read" })).toThrow('requiredScopes["/mcp"] must be a list of scopes');
  expect(() => made({ "/mcp": ["admin"] })).toThrow('has "admin", which is not one of `scopes`: read');
  expect(() => made({ "/mcp": ["admin"] }, { impliedScopes: () => ["admin"] })).not.toThrow();
  expect(() => made({ "/mcp": ["read"] })).not.toThrow();
});
