/**
 * The whole way, with a real OpenID provider as upstream: discovery, registration, consent, sign-in, code, tokens, a tool call,
 * refreshing and revoking, by clients that others wrote.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v2 from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as oauth from "oauth4webapi";
import { beforeAll, describe, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { ClientState } from "../../harness/oauth-client.ts";
import { at } from "../../harness/paths.ts";
import { type OpenIDProvider, signInAs } from "../../harness/provider.ts";
import { type Running } from "../../harness/workerd.ts";
import { behindProvider } from "./lib/behind-provider.ts";

const REDIRECT = "http://127.0.0.1:33418/callback";
const ADA = { sub: "ada", name: "ada of the tests", email: "ada@example.com" };

let provider: OpenIDProvider;
let worker: Running;

beforeAll(async () => {
  const set = await behindProvider();
  ({ provider, worker } = set);
  return () => set.stop();
});

/** The person allows the client and signs in; gives the client's redirect URI with the answer. */
async function approve(url: string, login = "ada"): Promise<URL> {
  const agent = new UserAgent(fetch);
  const upstream = await agent.decide(url, "allow");
  const callback = await signInAs(agent, upstream, login, `${worker.url}/callback`);
  return new URL(await agent.location(callback));
}

async function whoami(access: string): Promise<[number, string]> {
  const client = new v1.Client({ name: "e2e", version: "1.0.0" });
  const headers = { authorization: `Bearer ${access}` };
  const probe = await fetch(`${worker.url}/mcp`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: "{}",
  });
  if (probe.status === 401) return [401, probe.headers.get("www-authenticate") ?? ""];
  await client.connect(new StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { requestInit: { headers } }));
  const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as { content: { text: string }[] };
  await client.close();
  return [200, content[0]?.text ?? ""];
}

test("oauth4webapi: from discovery to revocation", async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const resource = new URL(`${worker.url}/mcp`);
  const metadata = await oauth.processResourceDiscoveryResponse(
    resource,
    await oauth.resourceDiscoveryRequest(resource, options),
  );
  expect(metadata.authorization_servers).toEqual([worker.url]);
  const issuer = new URL(metadata.authorization_servers?.[0] ?? "");
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" }),
  );
  const registered = await oauth.dynamicClientRegistrationRequest(
    server,
    { client_name: "e2e", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" },
    options,
  );
  const client = (await oauth.processDynamicClientRegistrationResponse(registered)) as oauth.Client;
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const asked = new URL(server.authorization_endpoint ?? "");
  asked.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "read",
    state,
    resource: resource.href,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const answer = oauth.validateAuthResponse(server, client, await approve(asked.href), state);
  const redeem = () =>
    oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, REDIRECT, verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, await redeem());
  expect(tokens.scope).toBe("read");
  const [status, props] = await whoami(tokens.access_token);
  expect([status, JSON.parse(props)]).toEqual([200, expect.objectContaining(ADA)]);

  const refresh = async (token = "") =>
    oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, options),
    );
  const next = await refresh(tokens.refresh_token);
  expect(next.refresh_token).not.toBe(tokens.refresh_token);
  expect((await whoami(next.access_token))[0]).toBe(200);

  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, oauth.None(), next.refresh_token ?? "", options),
  );
  // That was the person's last grant, so the provider is told that its own tokens are not needed any more.
  expect(provider.asked).toContain("POST /token/revocation");
  expect(worker.log()).toContain('"event":"upstream credential revoked"');
  await expect(refresh(next.refresh_token)).rejects.toMatchObject({ error: "invalid_grant" });
  expect((await whoami(next.access_token))[0]).toBe(401);
});

test("the official client, version 1, with its own OAuth", async () => {
  let asked: URL | undefined;
  const authProvider = new ClientState(REDIRECT, (url) => (asked = url));
  const transport = () => new StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  const first = transport();
  await expect(
    new v1.Client({ name: "v1", version: "1" }).connect(first as Parameters<v1.Client["connect"]>[0]),
  ).rejects.toThrow(UnauthorizedError);
  const answer = await approve(asked?.href ?? "");
  await first.finishAuth(answer.searchParams.get("code") ?? "");
  const client = new v1.Client({ name: "v1", version: "1" });
  await client.connect(transport());
  const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as { content: { text: string }[] };
  expect(JSON.parse(content[0]?.text ?? "")).toMatchObject(ADA);
  await client.close();
});

test("the official client, version 2, with its own OAuth", async () => {
  let asked: URL | undefined;
  const authProvider = new ClientState(REDIRECT, (url) => (asked = url)) as unknown as v2.OAuthClientProvider;
  const transport = () => new v2.StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  const first = transport();
  await expect(new v2.Client({ name: "v2", version: "1" }).connect(first)).rejects.toThrow(v2.UnauthorizedError);
  const answer = await approve(asked?.href ?? "");
  await first.finishAuth(answer.searchParams);
  const client = new v2.Client({ name: "v2", version: "1" });
  await client.connect(transport());
  const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as { content: { text: string }[] };
  expect(JSON.parse(content[0]?.text ?? "")).toMatchObject(ADA);
  await client.close();
});

test("who denies is not sent to the provider at all", async () => {
  let asked: URL | undefined;
  const authProvider = new ClientState(REDIRECT, (url) => (asked = url));
  const transport = new StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  await new v1.Client({ name: "v1", version: "1" })
    .connect(transport as Parameters<v1.Client["connect"]>[0])
    .catch(() => undefined);
  const answer = new URL(await new UserAgent(fetch).decide(asked?.href ?? "", "deny"));
  expect([answer.searchParams.get("error"), answer.searchParams.get("iss")]).toEqual(["access_denied", worker.url]);
});

describe("mcp-remote", () => {
  let child: ChildProcessWithoutNullStreams;
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-remote-"));
    const args = [
      at("node_modules/mcp-remote/dist/proxy.js"),
      `${worker.url}/mcp`,
      "33419",
      "--allow-http",
      "--transport",
      "http-only",
    ];
    // BROWSER: nothing opens; the URL stands in what it says.
    const env = { ...process.env, MCP_REMOTE_CONFIG_DIR: folder, BROWSER: "true", DISPLAY: "" };
    child = spawn(process.execPath, args, { env });
    return () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    };
  });

  test("signs in and calls", async () => {
    let said = "";
    let answered = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stdout.on("data", (chunk: Buffer) => (answered += chunk.toString()));
    const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    send({
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "desktop", version: "1" } },
    });
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/http\S+\/authorize\?\S+/);
    const url = /http\S+\/authorize\?\S+/.exec(said)?.[0] ?? "";
    const back = await approve(url);
    await fetch(back);
    await expect.poll(() => answered, { timeout: 20_000 }).toContain('"serverInfo"');
    send({ method: "notifications/initialized" });
    send({ id: 2, method: "tools/call", params: { name: "whoami", arguments: {} } });
    await expect.poll(() => answered, { timeout: 20_000 }).toContain("ada@example.com");
  }, 60_000);
});
