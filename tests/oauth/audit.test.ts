/** What the operator is told: each event once, as a chain, without secrets, and kept in D1 where they want it. */
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { audited } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://audited.example.com";

test("from the grant to its end: told, chained, and in D1", async () => {
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

  expect(audited.map(({ event, reason }) => [event, reason])).toEqual([
    ["access granted", undefined],
    ["code redeemed", undefined],
    ["token refreshed", undefined],
    ["refresh refused", "none of the scopes was granted"],
    ["access ended", "the client revoked its token"],
  ]);
  expect(audited.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  expect(new Set(audited.map(({ chain }) => chain)).size).toBe(1);
  for (const event of audited) {
    expect(event).toMatchObject({ client: client.client_id, subject: "user:app:carol" });
    expect(Date.parse(event.time)).toBeGreaterThan(Date.now() - 60_000);
    expect(event.request).toMatch(/^[\w-]{16}$/);
  }
  const told = JSON.stringify(audited);
  for (const secret of [tokens.access_token, tokens.refresh_token, next.access_token, next.refresh_token]) {
    expect(told).not.toContain(secret);
  }

  const { results } = await env.DB.prepare("SELECT * FROM wicket_audit ORDER BY seq").all();
  expect(results.map(({ event, seq }) => [event, seq])).toEqual(audited.map(({ event, seq }) => [event, seq]));
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

test("where audit is required, what cannot be told is a 503", async () => {
  const site = "https://deaf.example.com";
  const { client, tokens } = await lib.signIn({ site });
  const answer = await lib.refresh(client, tokens.refresh_token, {}, site);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
});
