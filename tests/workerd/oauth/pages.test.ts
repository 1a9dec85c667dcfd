/** Handlers with pages of their own, written for `parseAuthRequest` and `completeAuthorization`, and what operators may ask. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { AuthRequest } from "mcp-wicket/oauth";
import { pages } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://pages.example.com";
const api = () => pages.api(env, createExecutionContext(), { issuer: SITE });

interface Shown {
  state: string;
  name: string;
  asked: AuthRequest;
}

/** Opens the client's link, and answers the handler's page. */
async function connect(
  client: { client_id: string },
  user: string,
  {
    more = {},
    change,
    fields = {},
  }: Partial<{
    more: Record<string, string>;
    change: (asked: AuthRequest) => unknown;
    fields: Record<string, string>;
  }> = {},
) {
  const { params, verifier } = await lib.asking(client, more);
  const shown: Shown = await (await lib.send(lib.authorizeUrl(params, SITE))).json();
  const state = change ? btoa(JSON.stringify(change(shown.asked))) : shown.state;
  const answer = await lib.send(`${SITE}/approve`, lib.form({ state, user, ...fields }));
  const location = answer.headers.get("location");
  return { shown, answer, verifier, params, url: location === null ? undefined : new URL(location) };
}

async function tokensOf(client: { client_id: string }, user: string, options: Parameters<typeof connect>[2] = {}) {
  const { url, verifier } = await connect(client, user, options);
  const code = url?.searchParams.get("code") ?? "";
  return (await lib.redeem(client, { code, verifier }, {}, SITE)).json<lib.Tokens>();
}

test("from parseAuthRequest to a tool that knows who is calling", async () => {
  const client = await lib.register({ client_name: "Theirs" }, SITE);
  const { shown, url, params, verifier } = await connect(client, "ada");
  expect(shown.name).toBe("Theirs");
  expect(shown.asked).toEqual({
    responseType: "code",
    clientId: client.client_id,
    redirectUri: lib.REDIRECT,
    scope: ["read", "write"],
    state: params.state,
    codeChallenge: params.code_challenge,
    codeChallengeMethod: "S256",
    resource: `${SITE}/mcp`,
  });
  expect([url?.origin, url?.searchParams.get("state"), url?.searchParams.get("iss")]).toEqual([
    "https://client.example",
    params.state,
    SITE,
  ]);
  const code = url?.searchParams.get("code") ?? "";
  const tokens: lib.Tokens = await (await lib.redeem(client, { code, verifier }, {}, SITE)).json();
  expect(await (await lib.whoami(tokens.access_token, SITE)).text()).toContain('{\\"login\\":\\"ada\\"}');
  expect((await lib.refresh(client, tokens.refresh_token, {}, SITE)).status).toBe(200);
});

test("what parseAuthRequest refuses is told to whom it may be told", async () => {
  const client = await lib.register({}, SITE);
  const { params } = await lib.asking(client);
  const ask = (more: Record<string, string>) => lib.send(lib.authorizeUrl({ ...params, ...more }, SITE));
  for (const [more, text] of [
    [{ client_id: "c_nobody" }, "client_id is unknown"],
    [{ redirect_uri: "https://evil.example/cb" }, "redirect_uri is not registered for the client"],
  ] as const) {
    const refused = await ask(more);
    expect([refused.status, refused.headers.get("location")]).toEqual([400, null]);
    expect(await refused.text()).toContain(text);
  }
  for (const [more, error] of [
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ code_challenge: "short" }, "invalid_request"],
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ resource: "https://evil.example/mcp" }, "invalid_target"],
    [{ scope: 'read "write"' }, "invalid_scope"],
  ] as const) {
    const refused = await ask(more);
    expect([refused.status, refused.headers.get("location")]).toEqual([400, null]);
    const url = new URL(lib.clickIn(await refused.text()));
    expect([url.origin, url.searchParams.get("error")]).toEqual(["https://client.example", error]);
    expect([url.searchParams.get("state"), url.searchParams.get("iss")]).toEqual([params.state, SITE]);
  }
});

test("a request that was changed on its way through the handler's form is judged anew", async () => {
  const client = await lib.register({}, SITE);
  const other = await lib.register({ client_name: "Other", redirect_uris: ["https://other.example/cb"] }, SITE);
  for (const change of [
    (asked: AuthRequest) => ({ ...asked, redirectUri: "https://evil.example/cb" }),
    (asked: AuthRequest) => ({ ...asked, clientId: other.client_id }),
    (asked: AuthRequest) => ({ ...asked, clientId: "" }),
    (asked: AuthRequest) => ({ ...asked, codeChallenge: "", codeChallengeMethod: "" }),
    (asked: AuthRequest) => ({ ...asked, codeChallengeMethod: "plain" }),
    (asked: AuthRequest) => ({ ...asked, resource: "https://evil.example/mcp" }),
    (asked: AuthRequest) => ({ ...asked, responseType: "token" }),
    (asked: AuthRequest) => ({ ...asked, scope: "read" }),
    () => ({}),
  ]) {
    const { url } = await connect(client, "ada", { change });
    expect(url?.searchParams.get("code") ?? null).toBeNull();
    expect(url?.origin ?? "https://client.example").toBe("https://client.example");
  }
  // Scopes can be fewer, and never more than were asked for.
  const fewer = await tokensOf(client, "ada", { fields: { scope: "read admin" } });
  expect(fewer.scope).toBe("read");
  expect((await connect(client, "ada", { fields: { scope: "admin" } })).url).toBeUndefined();
  expect((await connect(client, "", {})).url).toBeUndefined();
});

test("grants of a person are listed and ended", async () => {
  const client = await lib.register({ client_name: "Listed" }, SITE);
  const first = await tokensOf(client, "grace");
  await tokensOf(client, "grace", { fields: { scope: "read" } });
  const { items } = await api().listUserGrants("grace");
  expect(items).toHaveLength(2);
  const grant = items.find(({ scope }) => scope.length === 2);
  expect(grant).toMatchObject({
    clientId: client.client_id,
    userId: "grace",
    scope: ["read", "write"],
    metadata: { label: "grace@example.com", clientName: "Listed" },
  });
  expect(Math.abs((grant?.createdAt ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  // Somebody else's grants are not reached by knowing their ids.
  await api().revokeGrant(grant?.id ?? "", "heidi");
  expect((await lib.whoami(first.access_token, SITE)).status).toBe(200);
  await api().revokeGrant(grant?.id ?? "", "grace");
  expect((await lib.whoami(first.access_token, SITE)).status).toBe(401);
  expect(await lib.errorOf(lib.refresh(client, first.refresh_token, {}, SITE))).toEqual([400, "invalid_grant"]);
  expect((await api().listUserGrants("grace")).items).toHaveLength(1);
  // A new grant may take the place of all others of its client.
  await tokensOf(client, "grace", { fields: { fresh: "1" } });
  expect((await api().listUserGrants("grace")).items).toHaveLength(1);
  await api().revokeGrant("*", "grace");
  expect((await api().listUserGrants("grace")).items).toEqual([]);
});

test("clients of the operator: made, listed, changed, forgotten", async () => {
  const made = await api().createClient({ clientName: "Ours", redirectUris: [lib.REDIRECT] });
  expect(made).toMatchObject({
    clientName: "Ours",
    redirectUris: [lib.REDIRECT],
    tokenEndpointAuthMethod: "client_secret_basic",
  });
  expect(made.clientSecret).toMatch(/^[\w-]{43}$/);
  const { clientSecret: secret = "", ...shown } = made;
  expect(await api().lookupClient(made.clientId)).toEqual(shown);
  expect((await api().listClients()).items).toContainEqual(shown);
  expect(JSON.stringify(await api().listClients())).not.toContain(secret);

  // It works, with its secret only, and the consent page of this server would call it known.
  const client = { client_id: made.clientId };
  const { url, verifier } = await connect(client, "ada");
  const code = url?.searchParams.get("code") ?? "";
  expect(await lib.errorOf(lib.redeem(client, { code, verifier }, {}, SITE))).toEqual([401, "invalid_client"]);
  expect((await lib.redeem(client, { code, verifier }, { client_secret: secret }, SITE)).status).toBe(200);

  const second = "https://client.example/second";
  const changed = await api().updateClient(made.clientId, { clientName: "Still ours", redirectUris: [second] });
  expect(changed).toMatchObject({ clientName: "Still ours", redirectUris: [second] });
  await lib.send(lib.authorizeUrl((await lib.asking(client)).params, SITE));
  const { params } = await lib.asking(client);
  expect((await lib.send(lib.authorizeUrl(params, SITE))).status).toBe(400);
  expect((await lib.send(lib.authorizeUrl({ ...params, redirect_uri: second }, SITE))).status).toBe(200);

  await api().deleteClient(made.clientId);
  expect(await api().lookupClient(made.clientId)).toBeNull();
  expect((await api().listClients()).items.map(({ clientId }) => clientId)).not.toContain(made.clientId);
  expect(await api().updateClient(made.clientId, { clientName: "x" })).toBeNull();
});

test("what cannot be is refused with the reason", async () => {
  const registered = await lib.register({}, SITE);
  const refused = async (work: Promise<unknown>) =>
    work.then(
      () => "done",
      (error: unknown) => [(error as { code?: string }).code, (error as Error).message],
    );
  const cases: [Promise<unknown>, string][] = [
    [api().createClient({ clientName: "x" }), "redirectUris must be a list"],
    [api().createClient({ redirectUris: [lib.REDIRECT] }), "clientName must be"],
    [api().createClient({ clientName: "x", redirectUris: ["http://plain.example/cb"] }), "an invalid URI"],
    [api().createClient({ clientName: "x", redirectUris: ["javascript:alert(1)"] }), "an invalid URI"],
    [
      api().createClient({ clientName: "x", redirectUris: [lib.REDIRECT], tokenEndpointAuthMethod: "mtls" }),
      "tokenEndpointAuthMethod",
    ],
    [api().updateClient(registered.client_id, { clientName: "x" }), "Only clients from createClient"],
    [api().deleteClient(registered.client_id), "Only clients from createClient"],
    [api().listUserGrants(""), "userId is missing"],
    [api().revokeGrant("", "ada"), "grantId is missing"],
  ];
  for (const [work, reason] of cases) {
    expect(await refused(work)).toEqual(["ERR_AUTHORIZE", expect.stringContaining(reason)]);
  }
  expect(() => pages.api(env, createExecutionContext())).toThrow("api needs the issuer");
});

test("other paths are the handler's", async () => {
  for (const path of ["/", "/connected", "/callback"]) {
    expect(await (await lib.send(SITE + path)).text()).toBe("home");
  }
});
