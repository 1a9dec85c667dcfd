/** What went wrong elsewhere, each as it was done there (`docs/security-tests.md` has the whole list). */
import { clock } from "mcp-wicket/testing";
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";
import { DOCUMENTED } from "./lib/documents.ts";

const LIMITED = "https://limits.example.com";

test("redirect URI unchecked at authorize (CVE-2025-4143): neither a page nor a redirect before it matches", async () => {
  const client = await lib.register();
  for (const redirect_uri of [
    "https://evil.example/cb",
    `${lib.REDIRECT}/`,
    `${lib.REDIRECT}?x=1`,
    "javascript:alert(1)",
  ]) {
    const { params } = await lib.asking(client, { redirect_uri });
    for (const wrong of [params, { ...params, response_type: "token" }, { ...params, code_challenge: "" }]) {
      const answer = await lib.send(lib.authorizeUrl(wrong));
      expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
      const page = await answer.text();
      expect(page).not.toContain('name="consent"');
      expect(page).not.toContain('http-equiv="refresh"');
    }
  }
});

test("PKCE downgrade (CVE-2025-4144): no code without an S256 challenge, no tokens without its verifier", async () => {
  const client = await lib.register();
  const { params, verifier } = await lib.asking(client);
  for (const more of [
    { code_challenge: "" },
    { code_challenge: "", code_challenge_method: "" },
    { code_challenge: verifier, code_challenge_method: "plain" },
    { code_challenge_method: "" },
    { code_challenge: params.code_challenge.slice(1) },
  ]) {
    const answer = await lib.send(lib.authorizeUrl({ ...params, ...more }));
    expect(new URL(lib.clickIn(await answer.text())).searchParams.get("error")).toBe("invalid_request");
  }
  const got = await lib.code(client);
  const challenge = await lib.challengeOf(got.verifier);
  for (const [code_verifier, error] of [
    ["", "invalid_request"],
    ["short", "invalid_grant"],
    [challenge, "invalid_grant"],
    [lib.random(), "invalid_grant"],
  ] as const) {
    expect(await lib.errorOf(lib.redeem(client, { ...got, verifier: code_verifier }))).toEqual([400, error]);
  }
  expect((await lib.redeem(client, got)).status).toBe(200);
});

test("machine grants through self-registration: neither a registered client nor a URL gets a token without a person", async () => {
  const secretive = await lib.register({ token_endpoint_auth_method: "client_secret_post" });
  const clients = [
    { client_id: (await lib.register()).client_id },
    { client_id: secretive.client_id, client_secret: secretive.client_secret ?? "" },
    { client_id: DOCUMENTED },
  ];
  const grants: Record<string, string>[] = [
    { grant_type: "client_credentials", scope: "read" },
    { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", subject_token: "x" },
    { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "x" },
  ];
  for (const client of clients) {
    for (const grant of grants) {
      expect(await lib.errorOf(lib.token({ ...client, ...grant }))).toEqual([400, "unauthorized_client"]);
    }
    for (const grant_type of ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code"]) {
      expect(await lib.errorOf(lib.token({ ...client, grant_type }))).toEqual([400, "unsupported_grant_type"]);
    }
  }
  for (const grant of grants) {
    const only = { redirect_uris: [lib.REDIRECT], grant_types: [grant.grant_type] };
    const refused = lib.send(`${lib.SITE}/register`, lib.json(only));
    expect(await lib.errorOf(refused)).toEqual([400, "invalid_client_metadata"]);
    // Beside what it may have it falls away, and is not to be had.
    const grant_types = ["authorization_code", grant.grant_type ?? ""];
    const {
      client_id,
      client_secret = "",
      ...registered
    } = await lib.register({
      grant_types,
      token_endpoint_auth_method: "client_secret_post",
    });
    expect(registered.grant_types).toEqual(["authorization_code", "refresh_token"]);
    expect(await lib.errorOf(lib.token({ client_id, client_secret, ...grant }))).toEqual([400, "unauthorized_client"]);
  }
});

test("audience widened between consent and token (CVE-2025-69196, GHSA-p2fr-6hmx-4528): invalid_target", async () => {
  const client = await lib.register();
  const got = await lib.code(client, { more: { resource: `${lib.SITE}/mcp` } });
  for (const resource of [
    "https://other.example/mcp",
    `${lib.SITE}.other.example/mcp`,
    `${lib.SITE}:8443/mcp`,
    `${lib.SITE}/mcp2`,
    `${lib.SITE}/mcp#x`,
  ]) {
    expect(await lib.errorOf(lib.redeem(client, got, { resource }))).toEqual([400, "invalid_target"]);
  }
  const tokens = await (await lib.redeem(client, got)).json<lib.Tokens>();
  const resource = "https://other.example/mcp";
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, { resource }))).toEqual([400, "invalid_target"]);
  expect((await lib.refresh(client, tokens.refresh_token)).status).toBe(200);
});

test("IPv6 defeats the rate limit (CVE-2026-45364): a /64 counts as one, and no header but Cloudflare's says who asks", async () => {
  clock.set(Math.ceil(Date.now() / 60_000) * 60_000);
  const client = await lib.register({ client_name: `Many ${lib.random()}` }, LIMITED);
  const { params } = await lib.asking(client);
  const ask = async (headers: Record<string, string>) =>
    (await lib.send(lib.authorizeUrl(params, LIMITED), { headers })).status;
  for (let host = 1; host <= 5; host++) {
    expect(await ask({ "cf-connecting-ip": `2001:db8:1:2:${host}::${host}` })).toBe(200);
  }
  expect(await ask({ "cf-connecting-ip": "2001:db8:1:2:ffff::1" })).toBe(429);
  for (const name of ["x-forwarded-for", "x-real-ip", "true-client-ip", "forwarded"]) {
    expect(await ask({ "cf-connecting-ip": "2001:db8:1:2::9", [name]: "192.0.2.77" })).toBe(429);
  }
  expect(await ask({ "cf-connecting-ip": "2001:db8:1:3::1" })).toBe(200);
  clock.reset();
});

test("authorization server mix-up: iss on success and on error, and it is the issuer of the metadata", async () => {
  const metadata = await (await lib.send(`${lib.SITE}/.well-known/oauth-authorization-server`)).json();
  expect(metadata).toMatchObject({ issuer: lib.SITE, authorization_response_iss_parameter_supported: true });
  const client = await lib.register();
  const browser = new lib.Browser("ann");
  const { params } = await lib.asking(client);
  const arrived = await lib.arrive(browser, await lib.allow(browser, lib.authorizeUrl(params)));
  expect([arrived.searchParams.has("code"), arrived.searchParams.get("iss")]).toEqual([true, lib.SITE]);
  const refused = await lib.send(lib.authorizeUrl({ ...params, response_type: "token" }));
  const error = new URL(lib.clickIn(await refused.text())).searchParams;
  expect([error.get("error"), error.get("iss")]).toEqual(["unsupported_response_type", lib.SITE]);
  const denying = new lib.Browser("ann");
  const form = lib.consentIn(await (await denying.go(lib.authorizeUrl(params))).text());
  const denied = new URL(lib.clickIn(await (await lib.decide(denying, form, "deny")).text())).searchParams;
  expect([denied.get("error"), denied.get("iss")]).toEqual(["access_denied", lib.SITE]);
});

test("open redirector (RFC 9700 4.11.2): whoever registers sends nobody anywhere without a click", async () => {
  const phishing = await lib.register({ redirect_uris: ["https://evil.example/"], client_name: "Your bank" });
  const { params } = await lib.asking(phishing, { redirect_uri: "https://evil.example/" });
  const clients: Record<string, string>[] = [params, { ...params, client_id: DOCUMENTED, redirect_uri: lib.REDIRECT }];
  const wrong: Record<string, string>[] = [
    { response_type: "" },
    { code_challenge: "" },
    { prompt: "none" },
    { resource: "https://evil.example/" },
  ];
  for (const client of clients) {
    for (const more of wrong) {
      for (const init of [undefined, lib.form({ ...client, ...more })]) {
        const url = init ? `${lib.SITE}/authorize` : lib.authorizeUrl({ ...client, ...more });
        const answer = await lib.send(url, init);
        expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
        const page = await answer.text();
        expect(page).not.toContain("http-equiv");
        const link = new URL(lib.clickIn(page));
        expect(page).toContain(`<bdi>${link.host}</bdi>`);
        expect(link.searchParams.get("error")).toBeTruthy();
      }
    }
    const browser = new lib.Browser("ann");
    const form = lib.consentIn(await (await browser.go(lib.authorizeUrl(client))).text());
    const denied = await (await lib.decide(browser, form, "deny")).text();
    expect(new URL(lib.clickIn(denied)).searchParams.get("error")).toBe("access_denied");
  }
});
