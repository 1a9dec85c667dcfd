/**
 * The official clients go on by themselves from our 401: by its challenge to the protected resource metadata, from there to
 * an authorization server that others wrote (`oidc-provider`), and back with its token, which our verifier takes.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as v2 from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import Provider from "oidc-provider";
import { beforeAll, expect, test } from "vitest";
import { UserAgent } from "../harness/agent.ts";
import { ClientState } from "../harness/oauth-client.ts";
import { at } from "../harness/paths.ts";
import { signInAs } from "../harness/provider.ts";
import { type Running, start } from "../harness/workerd.ts";

const REDIRECT = "http://127.0.0.1:33420/callback";

let issuer: string;
let worker: Running;
let paths: string[] = [];

beforeAll(async () => {
  const site: { provider?: Provider } = {};
  const server = createServer((request, response) => {
    paths.push(`${String(request.method)} ${String(request.url?.split("?")[0])}`);
    void site.provider?.callback()(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  site.provider = new Provider(issuer, {
    clients: [],
    clientDefaults: { token_endpoint_auth_method: "none" },
    scopes: ["openid", "offline_access", "read"],
    cookies: { keys: ["for tests"] },
    pkce: { required: () => true },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600 },
    features: {
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: "read",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
        }),
      },
    },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });
  worker = await start(at("tests/interop/tokens/wrangler.toml"), { vars: { ISSUER: issuer } });
  return async () => {
    await worker.stop();
    server.close();
    server.closeAllConnections();
  };
});

/** Signs in and agrees at the authorization server; gives what comes back to the client. */
async function approve(asked: URL | undefined): Promise<URLSearchParams> {
  expect(asked?.origin).toBe(issuer);
  expect(asked?.searchParams.get("resource")).toBe(`${worker.url}/mcp`);
  // Version 2 asks for a refresh token as well, where the server has any.
  expect(asked?.searchParams.get("scope")).toMatch(/^read( offline_access)?$/);
  return new URL(await signInAs(new UserAgent(fetch), asked?.href ?? "", "ada", REDIRECT)).searchParams;
}

const ada = () => JSON.stringify([`user:${issuer.replaceAll(":", "%3A")}:ada`, ["read"]]);
const said = (result: object) => (result as { content: { text: string }[] }).content[0]?.text;

test("version 1", async () => {
  paths = [];
  let asked: URL | undefined;
  const authProvider = new ClientState(REDIRECT, (url) => (asked = url));
  const transport = () => new StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  const first = transport();
  const connect = (one: ReturnType<typeof transport>) => {
    const client = new v1.Client({ name: "v1", version: "1" });
    return client.connect(one as Parameters<v1.Client["connect"]>[0]).then(() => client);
  };
  await expect(connect(first)).rejects.toThrow(UnauthorizedError);
  await first.finishAuth((await approve(asked)).get("code") ?? "");
  const client = await connect(transport());
  expect(said(await client.callTool({ name: "whoami", arguments: {} }))).toBe(ada());
  await client.close();
  // The Worker has asked for the keys once, by the issuer's metadata.
  expect(paths.filter((path) => path === "GET /jwks")).toHaveLength(1);
});

test("version 2", async () => {
  let asked: URL | undefined;
  const authProvider = new ClientState(REDIRECT, (url) => (asked = url)) as unknown as v2.OAuthClientProvider;
  const transport = () => new v2.StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  const first = transport();
  await expect(new v2.Client({ name: "v2", version: "1" }).connect(first)).rejects.toThrow(v2.UnauthorizedError);
  await first.finishAuth(await approve(asked));
  const client = new v2.Client({ name: "v2", version: "1" });
  await client.connect(transport());
  expect(said(await client.callTool({ name: "whoami", arguments: {} }))).toBe(ada());
  await client.close();
});
