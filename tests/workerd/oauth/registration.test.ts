/** Who may register, and how: what the operator says of it. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { OAuthProvider } from "mcp-wicket/oauth";
import { expect, test } from "vitest";
import { approving, audited } from "./app/worker.ts";
import * as lib from "./lib/client.ts";
import { DOCUMENTED } from "./lib/documents.ts";

const CONFIDENTIAL = "https://confidential.example.com";
const APPROVE = "https://approve.example.com";

test("disallowPublicClientRegistration: only a client that gets a secret may register itself", async () => {
  const ask = (method?: string | null) =>
    lib.send(
      `${CONFIDENTIAL}/register`,
      lib.json({ client_name: "Test", redirect_uris: [lib.REDIRECT], token_endpoint_auth_method: method }),
    );
  const refused = await ask("none");
  expect([refused.status, await refused.json()]).toEqual([
    400,
    {
      error: "invalid_client_metadata",
      error_description:
        "This server registers no clients without a secret: token_endpoint_auth_method must be client_secret_basic or client_secret_post.",
    },
  ]);
  // Who says nothing gets a secret (RFC 7591 section 2), here as everywhere.
  for (const method of ["client_secret_basic", "client_secret_post", "", null, undefined]) {
    const answer = await ask(method);
    expect([answer.status, await answer.json()]).toEqual([
      201,
      expect.objectContaining({ client_secret: expect.stringMatching(/^[\w-]{43}$/) as string }),
    ]);
  }
  // A client that is known by a URL has no secret: that is not registered, so the metadata still says so.
  const metadata = await lib.send(`${CONFIDENTIAL}/.well-known/oauth-authorization-server`);
  expect(await metadata.json()).toMatchObject({
    client_id_metadata_document_supported: true,
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
  });
});

test.each([
  ["registered itself", () => lib.register({ client_name: `New ${lib.random()}` }, APPROVE)],
  [
    "registered itself, with a secret",
    () => lib.register({ client_name: "Secretive", token_endpoint_auth_method: "client_secret_post" }, APPROVE),
  ],
  ["is known by a URL", () => Promise.resolve({ client_id: DOCUMENTED })],
])("approve: nobody is asked for a client that %s before the operator has said yes", async (_, made) => {
  const api = approving.api(env, createExecutionContext(), { issuer: APPROVE });
  const waiting = async () => (await api.listWaitingClients()).items.map(({ clientId }) => clientId);
  const client = await made();
  const id = client.client_id;
  const url = lib.authorizeUrl((await lib.asking(client)).params, APPROVE);
  const ask = () => new lib.Browser("ann").go(url);
  expect(await waiting()).not.toContain(id);
  audited.length = 0;
  for (let times = 0; times < 2; times++) {
    const answer = await ask();
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
    const page = await answer.text();
    expect(page).toContain("have not approved it yet");
    expect(page).not.toContain('name="consent"');
  }
  expect(audited.filter(({ event, client }) => event === "client waits" && client === id)).toHaveLength(1);
  expect(await waiting()).toContain(id);
  await api.approveClient(id);
  expect(await waiting()).not.toContain(id);
  expect((await ask()).status).toBe(200);
  expect((await lib.code(client, { site: APPROVE })).code).not.toBe("");
  await api.dismissClient(id);
  expect((await ask()).status).toBe(403);
  expect(audited.map(({ event }) => event)).toEqual(expect.arrayContaining(["client approved", "client dismissed"]));
});

test("a client that the operator has made needs no further yes, and one that waits is no reason for a redirect", async () => {
  const api = approving.api(env, createExecutionContext(), { issuer: APPROVE });
  const ours = await api.createClient({
    clientName: "Ours",
    redirectUris: [lib.REDIRECT],
    tokenEndpointAuthMethod: "none",
  });
  const { params } = await lib.asking({ client_id: ours.clientId });
  expect((await lib.send(lib.authorizeUrl(params, APPROVE))).status).toBe(200);
  const stranger = await lib.register({ client_name: `Stranger ${lib.random()}` }, APPROVE);
  const query = (await lib.asking(stranger)).params;
  const parsing = api.parseAuthRequest(new Request(lib.authorizeUrl(query, APPROVE)));
  await expect(parsing).rejects.toMatchObject({ code: "ERR_AUTHORIZE", redirectTo: undefined });
  await expect(api.approveClient("no client at all")).rejects.toThrow("not a client identifier");
});

test("what registration cannot be", () => {
  const made = (more: object) =>
    new OAuthProvider({
      apiHandlers: { "/mcp": { fetch: () => new Response() } },
      defaultHandler: { identify: () => null },
      ...more,
    });
  expect(() => made({ registration: "approved" })).toThrow('`registration` is "approved", but it can only be "open"');
  expect(() => made({ registration: "closed", allowDynamicClientRegistration: true })).toThrow("contradict each other");
  expect(() => made({ registration: "open", allowDynamicClientRegistration: false })).toThrow("contradict each other");
  expect(() => made({ registration: "approve", allowDynamicClientRegistration: true })).not.toThrow();
  expect(() => made({ allowClientIdMetadataDocuments: [] })).toThrow("true, false, or a list of hosts");
  expect(() => made({ allowClientIdMetadataDocuments: "claude.ai" })).toThrow("true, false, or a list of hosts");
});
