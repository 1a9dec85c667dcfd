/**
 * Clients that are known by the URL of their metadata: the whole way, by clients that others wrote, with a real OpenID
 * provider as upstream. What the Worker fetches from the clients' hosts arrives here.
 */
import * as v2 from "@modelcontextprotocol/client";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import * as v1 from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as oauth from "oauth4webapi";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { ClientState } from "../../harness/oauth-client.ts";
import { at } from "../../harness/paths.ts";
import { type OpenIDProvider, openIDProvider, signInAs } from "../../harness/provider.ts";
import { type StandIn, type Standing, stand } from "../../harness/stand-ins/server.ts";
import { type Running, start } from "../../harness/workerd.ts";

const CLIENT = "https://client.example/oauth/client.json";
const REDIRECT = "http://127.0.0.1:33420/callback";
const DOCUMENT = {
  client_id: CLIENT,
  client_name: "Documented",
  redirect_uris: ["http://127.0.0.1/callback", "https://client.example/callback"],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
};

/** The host of clients: it answers as the test says. */
class Documents implements StandIn {
  readonly hosts = ["client.example", "metadata.client.example"];
  said: () => Response | Promise<Response> = () => Response.json(DOCUMENT);
  answer = () => this.said();
}

/** Passes on what is for the real provider. */
class Passing implements StandIn {
  readonly hosts: string[];
  readonly #origin: string;
  constructor(origin: string) {
    this.#origin = origin;
    this.hosts = [new URL(origin).host];
  }
  async answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of ["connection", "content-length", "transfer-encoding"]) headers.delete(name);
    const body = request.method === "POST" ? { body: await request.text() } : {};
    const answer = await fetch(this.#origin + pathname + search, { method: request.method, headers, ...body });
    return new Response(await answer.text(), {
      status: answer.status,
      headers: { "content-type": answer.headers.get("content-type") ?? "" },
    });
  }
}

const documents = new Documents();
let provider: OpenIDProvider;
let standing: Standing;
let worker: Running;

beforeAll(async () => {
  provider = await openIDProvider();
  standing = await stand(documents, new Passing(provider.issuer));
  worker = await start(at("tests/sockets/oauth/wrangler.toml"), {
    outbound: standing.port,
    vars: { UPSTREAM: "generic", ISSUER: provider.issuer },
  });
  await provider.admit(`${worker.url}/callback`);
  return async () => {
    await worker.stop();
    await standing.stop();
    provider.stop();
  };
});

beforeEach(() => {
  documents.said = () => Response.json(DOCUMENT);
  standing.asked.length = 0;
});

/** How often something was fetched from a client's host. */
const fetched = () => standing.asked.filter((asked) => asked.includes("client.example"));

async function approve(url: string): Promise<URL> {
  const agent = new UserAgent(fetch);
  const upstream = await agent.decide(url, "allow");
  return new URL(await agent.location(await signInAs(agent, upstream, "ada", `${worker.url}/callback`)));
}

test("oauth4webapi: from discovery to revocation, with no registration", async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(worker.url);
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...options, algorithm: "oauth2" }),
  );
  expect(server.client_id_metadata_document_supported).toBe(true);
  expect(server.token_endpoint_auth_methods_supported).toContain("none");
  const client: oauth.Client = { client_id: CLIENT };
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const asked = new URL(server.authorization_endpoint ?? "");
  asked.search = new URLSearchParams({
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "read",
    state,
    resource: `${worker.url}/mcp`,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const page = await (await fetch(asked)).text();
  expect(page).toContain("This app is published by this website.");
  const answer = oauth.validateAuthResponse(server, client, await approve(asked.href), state);
  const tokens = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, REDIRECT, verifier, options),
  );
  expect(tokens.scope).toBe("read");
  const next = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token ?? "", options),
  );
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, oauth.None(), next.refresh_token ?? "", options),
  );
  const headers = { authorization: `Bearer ${next.access_token}` };
  expect((await fetch(`${worker.url}/mcp`, { method: "POST", headers, body: "{}" })).status).toBe(401);
  // Read where the person was asked, and nowhere else.
  expect(fetched()).toEqual([`GET ${CLIENT}`, `GET ${CLIENT}`]);
});

/** A client of the official SDK that has published its metadata. It fails if it has to register. */
class Documented extends ClientState {
  readonly clientMetadataUrl = CLIENT;
  override saveClientInformation(client: Parameters<ClientState["saveClientInformation"]>[0]) {
    expect(client.client_id).toBe(CLIENT);
    super.saveClientInformation(client);
  }
}

test("the official client, version 1, does not register", async () => {
  let asked: URL | undefined;
  const authProvider = new Documented(REDIRECT, (url) => (asked = url));
  const transport = () => new StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  const first = transport();
  await expect(
    new v1.Client({ name: "v1", version: "1" }).connect(first as Parameters<v1.Client["connect"]>[0]),
  ).rejects.toThrow(UnauthorizedError);
  expect(asked?.searchParams.get("client_id")).toBe(CLIENT);
  await first.finishAuth((await approve(asked?.href ?? "")).searchParams.get("code") ?? "");
  const client = new v1.Client({ name: "v1", version: "1" });
  await client.connect(transport());
  const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as { content: { text: string }[] };
  expect(JSON.parse(content[0]?.text ?? "")).toMatchObject({ sub: "ada" });
  await client.close();
});

test("the official client, version 2, does not register", async () => {
  let asked: URL | undefined;
  const authProvider = new Documented(REDIRECT, (url) => (asked = url)) as unknown as v2.OAuthClientProvider;
  const transport = () => new v2.StreamableHTTPClientTransport(new URL(`${worker.url}/mcp`), { authProvider });
  const first = transport();
  await expect(new v2.Client({ name: "v2", version: "1" }).connect(first)).rejects.toThrow(v2.UnauthorizedError);
  expect(asked?.searchParams.get("client_id")).toBe(CLIENT);
  await first.finishAuth((await approve(asked?.href ?? "")).searchParams);
  const client = new v2.Client({ name: "v2", version: "1" });
  await client.connect(transport());
  const { content } = (await client.callTool({ name: "whoami", arguments: {} })) as { content: { text: string }[] };
  expect(JSON.parse(content[0]?.text ?? "")).toMatchObject({ sub: "ada" });
  await client.close();
});

describe("a host that is no friend", () => {
  /** The status of the page, and how long it took in seconds. */
  async function opened(client = CLIENT): Promise<[number, number]> {
    const asked = new URLSearchParams({ response_type: "code", client_id: client, redirect_uri: REDIRECT, state: "s" });
    const began = Date.now();
    const response = await fetch(`${worker.url}/authorize?${asked.toString()}`, { redirect: "manual" });
    await response.text();
    return [response.status, Math.floor((Date.now() - began) / 1000)];
  }

  test("a redirect is not followed", async () => {
    documents.said = () => new Response(null, { status: 302, headers: { location: `${CLIENT}?again` } });
    expect((await opened())[0]).toBe(400);
    expect(fetched()).toHaveLength(1);
  });

  test("of a body without an end no more is read than shows that it is too long", async () => {
    let sent = 0;
    documents.said = () => {
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          // real time: so that what is sent ahead is little
          await new Promise((resolve) => setTimeout(resolve, 5));
          sent += 1024;
          controller.enqueue(new TextEncoder().encode(" ".repeat(1024)));
        },
      });
      return new Response(body, { headers: { "content-type": "application/json" } });
    };
    expect((await opened())[0]).toBe(400);
    expect(sent).toBeGreaterThan(5 * 1024);
    expect(sent).toBeLessThan(256 * 1024);
  });

  test("nobody waits for more than five seconds", async () => {
    documents.said = () => new Promise(() => {});
    expect(await opened()).toEqual([503, 5]);
  }, 15_000);

  test.each([
    "http://client.example/client.json",
    "https://client.example",
    "https://client.example/",
    "https://client.example:8443/client.json",
    "https://user@client.example/client.json",
    "https://client.example/a/../client.json",
    "https://localhost/client.json",
    "https://printer.local/client.json",
    "https://10.0.0.1/client.json",
    "https://127.0.0.1/client.json",
    "https://169.254.169.254/latest/meta-data",
    "https://0x7f.1/client.json",
    "https://2130706433/client.json",
    "https://[::1]/client.json",
    "https://[::ffff:10.0.0.1]/client.json",
    "https://[64:ff9b::a00:1]/client.json",
    "https://[2002:a00:1::]/client.json",
    "https://metadata.google.internal/client.json",
    "file:///etc/passwd",
  ])("%s is not fetched", async (client) => {
    expect((await opened(client))[0]).toBe(400);
    expect(standing.asked).toEqual([]);
  });
});
