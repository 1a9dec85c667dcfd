/** What the operator is told: each event once, as a chain, without secrets, and kept in D1 where they want it. */
import { env } from "cloudflare:workers";
import { clock } from "mcp-wicket/testing";
import { afterEach, expect, test } from "vitest";
import { audited, deaf } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://audited.example.com";

afterEach(() => clock.reset());

test("from the grant to its end: told, chained, and in D1", async () => {
  const began = Date.now();
  audited.length = 0;
  const { client, tokens } = await lib.signIn({ site: SITE, user: "carol", more: { scope: "read" } });
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token, {}, SITE)).json();
  expect(await lib.errorOf(lib.refresh(client, next.refresh_token, { scope: "write" }, SITE))).toEqual([
    400,
    "invalid_scope",
  ]);
  const revoked = await lib.send(
    `${SITE}/revoke`,
    lib.form({ client_id: client.client_id, token: next.refresh_token }),
  );
  expect(revoked.status).toBe(200);

  const [registered, ...chain] = audited;
  expect(registered).toMatchObject({ event: "client registered", client: client.client_id, name: "Test" });
  expect(chain.map(({ event, reason }) => [event, reason])).toEqual([
    ["access granted", undefined],
    ["code redeemed", undefined],
    ["token refreshed", undefined],
    ["refresh refused", "none of the requested scopes was granted"],
    ["access ended", "the client revoked its token"],
  ]);
  expect(chain.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  expect(new Set(chain.map(({ chain }) => chain)).size).toBe(1);
  for (const event of chain) {
    expect(event).toMatchObject({ client: client.client_id, subject: "user:app:carol" });
    expect(Date.parse(event.time)).toBeGreaterThanOrEqual(began);
    expect(event.request).toMatch(/^[\w-]{16}$/);
  }
  const told = JSON.stringify(audited);
  for (const secret of [tokens.access_token, tokens.refresh_token, next.access_token, next.refresh_token]) {
    expect(told).not.toContain(secret);
  }

  const { results } = await env.DB.prepare("SELECT * FROM wicket_audit WHERE chain IS NOT NULL ORDER BY seq").all();
  expect(results.map(({ event, seq }) => [event, seq])).toEqual(chain.map(({ event, seq }) => [event, seq]));
  expect(results.every(({ record }) => !String(record).includes("carol"))).toBe(true);
  // A copy that comes twice is there once.
  await lib.signIn({ site: SITE, user: "carol" });
  const again = await env.DB.prepare("SELECT count(*) AS n FROM wicket_audit").first<{ n: number }>();
  expect(again?.n).toBe(audited.length);
});

test("whom it is about is a commitment, which subject and salt open", async () => {
  audited.length = 0;
  await lib.signIn({ site: SITE, user: "dave" });
  const [first, second] = audited;
  const hash = async (parts: string[]) => {
    const texts = ["audit subject", ...parts].map((part) => new TextEncoder().encode(part));
    const bytes: number[] = [...new TextEncoder().encode("mcp-wicket ")];
    for (const text of texts)
      bytes.push(...new Uint8Array(new BigUint64Array([BigInt(text.length)]).buffer).reverse(), ...text);
    return lib.base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes))));
  };
  expect(await hash([first?.salt ?? "", first?.subject ?? ""])).toBe(first?.who);
  expect(second?.who).toBe(first?.who);
});

test("strangers' words are cut and cleaned before anybody gets them", async () => {
  audited.length = 0;
  await lib.register(
    { client_name: "Nice\u202eclient", redirect_uris: [`https://${"a".repeat(60)}.example/${"b".repeat(900)}`] },
    SITE,
  );
  const [registered] = audited;
  expect(registered?.event).toBe("client registered");
  expect((registered?.["redirects"] as string[])[0]).toHaveLength(200);
  const guess = lib.form({ client_id: `\u202e\n${"A".repeat(60_000)}`, client_secret: "x", token: "y" });
  expect((await lib.send(`${SITE}/introspect`, guess)).status).toBe(401);
  const refused = audited.at(-1);
  expect([refused?.event, refused?.client?.length]).toEqual(["introspection refused", 200]);
  expect(refused?.client?.startsWith("  AAA")).toBe(true);
  expect(refused?.request).toMatch(/^[\w-]{16}$/);
});

test("a Deny is told", async () => {
  audited.length = 0;
  const client = await lib.register({}, SITE);
  const { params } = await lib.asking(client);
  const browser = new lib.Browser("eve");
  const page = await browser.go(lib.authorizeUrl(params, SITE));
  await lib.decide(browser, lib.consentIn(await page.text()), "deny", [], SITE);
  expect(audited.map(({ event, client }) => [event, client])).toContainEqual(["consent denied", client.client_id]);
});

test("where audit is required, what cannot be told is a 503", async () => {
  const site = "https://deaf.example.com";
  const { client, tokens } = await lib.signIn({ site });
  const answer = await lib.refresh(client, tokens.refresh_token, {}, site);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
});

test("where audit is required and away for minutes, nobody loses a grant: a refresh that was not answered has not happened", async () => {
  const site = "https://deaf.example.com";
  const { client, tokens } = await lib.signIn({ site });
  const refresh = (token: string) => lib.refresh(client, token, {}, site);
  for (let time = 0; time < 3; time++) {
    expect((await refresh(tokens.refresh_token)).status).toBe(503);
    clock.advance(45);
  }
  deaf.isFull = false;
  try {
    const first = await refresh(tokens.refresh_token);
    expect(first.status).toBe(200);
    const next: lib.Tokens = await first.json();
    expect((await refresh(next.refresh_token)).status).toBe(200);
    clock.advance(45);
    expect(await lib.errorOf(refresh(tokens.refresh_token))).toEqual([400, "invalid_grant"]);
  } finally {
    deaf.isFull = true;
  }
});
