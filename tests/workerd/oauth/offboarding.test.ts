/** Ending what was granted, without knowing to whom: by client, all of it, before a point in time, with a client's secret. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { clock } from "mcp-wicket/testing";
import { afterEach, expect, test, vi } from "vitest";
import { offboarding } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://offboarding.example.com";
const api = () => offboarding.api(env, createExecutionContext());
afterEach(() => {
  clock.reset();
  vi.restoreAllMocks();
});

const used = async (access: string, site = SITE) => (await lib.whoami(access, site)).status;
const refreshed = (client: { client_id: string }, token: string, more = {}) =>
  lib.errorOf(lib.refresh(client, token, more, SITE));

/** A person and a client of their own. */
async function signIn(user: string) {
  const client = await lib.register({ client_name: `Client of ${user}` }, SITE);
  const got = await lib.code(client, { site: SITE, user });
  const tokens: lib.Tokens = await (await lib.redeem(client, got, {}, SITE)).json();
  return { client, tokens };
}

test("revokeClient ends what a client has, for everybody, and nothing else", async () => {
  const [ann, ben] = [await signIn("ann"), await signIn("ben")];
  expect(await used(ann.tokens.access_token)).toBe(200);
  expect(await api().revokeClient(ann.client.client_id)).toEqual({ known: true });
  expect([await used(ann.tokens.access_token), await used(ben.tokens.access_token)]).toEqual([401, 200]);
  expect(await refreshed(ann.client, ann.tokens.refresh_token)).toEqual([400, "invalid_grant"]);
  expect((await refreshed(ben.client, ben.tokens.refresh_token))[0]).toBe(200);
  const { items } = await api().listUserGrants("ann");
  expect(items).toEqual([]);
  // Whoever allows it again has it again.
  clock.advance(1);
  const again = await signIn("ann");
  expect(await used(again.tokens.access_token)).toBe(200);
});

test("a rotated secret: the former one and what was issued under it are good for nothing", async () => {
  const made = await api().createClient({ clientName: "Ours", redirectUris: [lib.REDIRECT] });
  const client = { client_id: made.clientId };
  const former = { client_secret: made.clientSecret ?? "" };
  const got = await lib.code(client, { site: SITE, user: "eve" });
  const tokens: lib.Tokens = await (await lib.redeem(client, got, former, SITE)).json();
  const pending = await lib.code(client, { site: SITE, user: "eve" });
  expect(await used(tokens.access_token)).toBe(200);
  const rotated = await api().rotateClientSecret(made.clientId);
  const latter = { client_secret: rotated?.clientSecret ?? "" };
  expect(latter.client_secret).not.toBe(former.client_secret);
  expect(await used(tokens.access_token)).toBe(401);
  expect((await refreshed(client, tokens.refresh_token, former))[0]).toBe(400);
  // With the new secret the client has authenticated: what is over is the grant (RFC 6749 5.2). With any other it has not.
  const wrong = { client_secret: "x".repeat(43) };
  for (const [shown, answer] of [
    [latter, [400, "invalid_grant"]],
    [wrong, [401, "invalid_client"]],
    [{}, [401, "invalid_client"]],
  ] as const) {
    expect(await refreshed(client, tokens.refresh_token, shown)).toEqual(answer);
    expect(await lib.errorOf(lib.redeem(client, pending, shown, SITE))).toEqual(answer);
  }
  expect(await lib.errorOf(lib.redeem(client, pending, former, SITE))).toEqual([400, "invalid_grant"]);
  clock.advance(1);
  const next = await lib.code(client, { site: SITE, user: "eve" });
  expect(await lib.errorOf(lib.redeem(client, next, former, SITE))).toEqual([401, "invalid_client"]);
  expect((await lib.redeem(client, next, latter, SITE)).status).toBe(200);
  expect((await api().revokeClientSecret(made.clientId))?.clientSecret).toBeUndefined();
  clock.advance(1);
  const last = await lib.code(client, { site: SITE, user: "eve" });
  expect(await lib.errorOf(lib.redeem(client, last, latter, SITE))).toEqual([401, "invalid_client"]);
  expect(await api().rotateClientSecret("o_" + "A".repeat(32))).toBeNull();
});

test("what is ended is told as it was: a name that is mistyped shows", async () => {
  const { client, tokens } = await signIn("fay");
  const second = await signIn("fay");
  const { items } = await api().listUserGrants("fay");
  const first = items.find(({ clientId }) => clientId === client.client_id);
  expect(await api().revokeGrant("nope", "fay")).toEqual({ ended: 0 });
  expect(await api().revokeGrant(first?.id ?? "", "nobody")).toEqual({ ended: 0 });
  expect(await api().revokeGrant("*", "nobody")).toEqual({ ended: 0 });
  expect(await api().revokeGrant(first?.id ?? "", "fay")).toEqual({ ended: 1 });
  expect(await api().revokeGrant(first?.id ?? "", "fay")).toEqual({ ended: 0 });
  expect(await api().revokeGrant("*", "fay")).toEqual({ ended: 1 });
  expect([await used(tokens.access_token), await used(second.tokens.access_token)]).toEqual([401, 401]);
  for (const mistyped of ["nope", client.client_id.slice(1), `${client.client_id}A`]) {
    await expect(api().revokeClient(mistyped)).rejects.toThrow("not a client identifier");
  }
  const nobody = "o_" + "A".repeat(32);
  expect(await api().revokeClient(nobody)).toEqual({ known: false });
  const made = await api().createClient({ clientName: "Ours", redirectUris: [lib.REDIRECT] });
  expect(await api().deleteClient(nobody)).toEqual({ known: false });
  expect(await api().deleteClient(made.clientId)).toEqual({ known: true });
  expect(await api().deleteClient(made.clientId)).toEqual({ known: false });
  expect(await api().revokeClient(made.clientId)).toEqual({ known: false });
});

// The last of this server: its clock was ahead.
test("revokeAll ends everything that was granted, revokeBefore what was granted before", async () => {
  const first = await signIn("cid");
  clock.advance("1h");
  const between = clock.now();
  clock.advance("1m");
  const second = await signIn("dan");
  expect(await api().revokeBefore(between)).toEqual({ before: between });
  expect(await refreshed(first.client, first.tokens.refresh_token)).toEqual([400, "invalid_grant"]);
  expect(await used(second.tokens.access_token)).toBe(200);
  const { before } = await api().revokeAll();
  expect(Math.abs(before.getTime() - clock.now().getTime())).toBeLessThan(10_000);
  expect(await used(second.tokens.access_token)).toBe(401);
  expect(await refreshed(second.client, second.tokens.refresh_token)).toEqual([400, "invalid_grant"]);
  await expect(api().revokeBefore(new Date(Date.now() + 10 * 86_400_000))).rejects.toThrow("not in the future");
  await expect(api().revokeBefore("yesterday" as unknown as Date)).rejects.toThrow("Date");
});

test("where no issuer is set, two host names are told of, and a person's grants end by way of both", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const [one, other] = ["https://one.hosts.example.com", "https://two.hosts.example.com"];
  const here = await lib.signIn({ site: one, user: "kim" });
  const there = await lib.signIn({ site: other, user: "kim" });
  expect(warned.mock.calls.flat().join("\n")).toContain(
    `${one} and ${other} are two issuers with separate tokens and grants`,
  );
  expect([await used(here.tokens.access_token, one), await used(there.tokens.access_token, other)]).toEqual([200, 200]);
  const { hosts } = await import("./app/worker.ts");
  await hosts.api(env, createExecutionContext(), { issuer: one }).revokeGrant("*", "kim");
  expect([await used(here.tokens.access_token, one), await used(there.tokens.access_token, other)]).toEqual([401, 401]);
  expect(await lib.errorOf(lib.refresh(there.client, there.tokens.refresh_token, {}, other))).toEqual([
    400,
    "invalid_grant",
  ]);
});
