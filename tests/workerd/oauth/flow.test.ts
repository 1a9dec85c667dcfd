/** The whole way: registration, consent, code, tokens, a call, refreshing, revoking. */
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

test("from registration to revocation", async () => {
  const client = await lib.register();
  const got = await lib.code(client);
  const answered = await lib.redeem(client, got);
  expect(answered.status).toBe(200);
  expect(answered.headers.get("cache-control")).toBe("no-store");
  const tokens: lib.Tokens = await answered.json();
  expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 900, scope: "read write" });

  const called = await lib.whoami(tokens.access_token);
  expect(called.status).toBe(200);
  expect(await called.text()).toContain('{\\"login\\":\\"ann\\"}');

  const auth = await lib.whoami(tokens.access_token, lib.SITE, "auth");
  const { result } = await auth.json<{ result: { content: [{ text: string }] } }>();
  const known = JSON.parse(result.content[0].text) as { expiresAt: number };
  expect(known).toMatchObject({
    clientId: client.client_id,
    scopes: ["read", "write"],
    resource: `${lib.SITE}/mcp`,
    extra: { login: "ann" },
  });
  expect(known.expiresAt - Date.now() / 1000).toBeGreaterThan(880);
  expect(known.expiresAt - Date.now() / 1000).toBeLessThan(901);
  expect(JSON.stringify(known)).not.toContain(tokens.access_token);

  const refreshed = await lib.refresh(client, tokens.refresh_token);
  expect(refreshed.status).toBe(200);
  const next: lib.Tokens = await refreshed.json();
  expect(next.refresh_token).not.toBe(tokens.refresh_token);
  expect((await lib.whoami(next.access_token)).status).toBe(200);

  const revoked = await lib.send(
    `${lib.SITE}/revoke`,
    lib.form({ client_id: client.client_id, token: next.refresh_token }),
  );
  expect(revoked.status).toBe(200);
  for (const access of [tokens.access_token, next.access_token]) {
    const refused = await lib.whoami(access);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
  }
  expect(await lib.errorOf(lib.refresh(client, next.refresh_token))).toEqual([400, "invalid_grant"]);
});

test.each(["wrapped", "entrypoint"])(
  "the only class of ours keeps the grants where nothing names it: %s",
  async (name) => {
    const site = `https://${name}.example.com`;
    const { tokens } = await lib.signIn({ site });
    const called = await lib.whoami(tokens.access_token, site);
    expect(await called.text()).toContain('{\\"login\\":\\"ann\\"}');
  },
);
