/** The seed's pattern 3, "OAuth Proxy", as written: its snippet, its bindings and its client configuration. */
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as oauth from "oauth4webapi";
import { beforeAll, expect, test } from "vitest";
import { UserAgent } from "../harness/agent.ts";
import { at } from "../harness/paths.ts";
import { GitHubStandIn } from "../harness/stand-ins/github.ts";
import { type Standing, stand } from "../harness/stand-ins/server.ts";
import { type Running, start } from "../harness/workerd.ts";
import { type Project, assemble, typeErrors } from "./lib/assemble.ts";
import { type Certificate, certify, fetchOn } from "./lib/tls.ts";

const HOST = "my-mcp.workers.dev";
const REDIRECT = "http://127.0.0.1:33418/callback";
const seed = readFileSync(at("tests/seed/pattern-3/seed.md"), "utf8");
const octocat = { id: 583_231, login: "octocat", name: "The Octocat", email: "octocat@github.com" };

let project: Project;
let certificate: Certificate;
let github: GitHubStandIn;
let standing: Standing;
let worker: Running;
let direct: typeof fetch;
let agent: UserAgent;

beforeAll(async () => {
  project = assemble("pattern-3");
  certificate = certify(HOST);
  // The seed's own values: "optional-preconfig" stands for both.
  github = new GitHubStandIn({ id: "optional-preconfig", secret: "optional-preconfig" }, [octocat]);
  standing = await stand(github);
  worker = await start(project.config, { tls: certificate, outbound: standing.port });
  direct = fetchOn(worker.port, certificate);
  agent = new UserAgent((input, init) => {
    const { host } = new URL(input instanceof Request ? input.url : input);
    return host === HOST ? direct(input, init) : standing.fetch(input, init);
  });
  return async () => {
    await worker.stop();
    await standing.stop();
    certificate.remove();
    project.remove();
  };
});

function between(start: string, end: string): string {
  const [before, after, more] = seed.split(start);
  if (before === undefined || after === undefined || more !== undefined) throw new Error(`not once: ${start}`);
  return after.slice(0, after.indexOf(end));
}

test("the snippet is the seed's, byte for byte apart from where it imports from", () => {
  const theirs = between("Implementation\n", "Client Configuration\n");
  const specifier = '"@cloudflare/workers-oauth-provider"';
  expect(theirs.split(specifier)).toHaveLength(2);
  expect(project.snippet).toBe(theirs.replace(specifier, '"mcp-wicket/oauth"'));
});

test("the required bindings are the seed's, byte for byte", () => {
  const bindings = readFileSync(at("tests/seed/pattern-3/bindings.json"), "utf8");
  expect(bindings).toBe(between("Required Bindings\n", "Pros\n"));
  const config = JSON.parse(readFileSync(project.config, "utf8")) as object;
  expect(config).toMatchObject(JSON.parse(bindings) as object);
  const others = Object.keys(config).filter((name) => !(name in (JSON.parse(bindings) as object)));
  expect(others).toEqual(["name", "main", "compatibility_date", "compatibility_flags", "migrations"]);
});

test("it type-checks", async () => {
  expect(await typeErrors(project)).toBe("");
});

test("nobody comes in without a token", async () => {
  for (const path of ["/sse", "/mcp"]) {
    const response = await direct(`https://${HOST}${path}`, { method: path === "/mcp" ? "POST" : "GET" });
    expect([path, response.status]).toEqual([path, 401]);
    expect(response.headers.get("www-authenticate")).toContain("resource_metadata=");
  }
});

/** Signs in as the client configuration says, and gives the tokens. */
async function signIn(authorizationUrl: string, tokenUrl: string) {
  const options = { [oauth.customFetch]: direct };
  const registered = (await (
    await direct(`https://${HOST}/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_name: "My client", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }),
    })
  ).json()) as { client_id: string };
  const client = { client_id: registered.client_id };
  const issuer = `https://${HOST}`;
  const server: oauth.AuthorizationServer = {
    issuer,
    authorization_endpoint: authorizationUrl,
    token_endpoint: tokenUrl,
    authorization_response_iss_parameter_supported: true,
  };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const asked = new URL(authorizationUrl);
  asked.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: "code",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const back = await agent.authorize(asked.href, "Authorize as octocat");
  const answer = oauth.validateAuthResponse(server, client, back, state);
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    answer,
    REDIRECT,
    verifier,
    options,
  );
  return oauth.processAuthorizationCodeResponse(server, client, response);
}

test("the client configuration leads from sign-in to a tool that knows who is calling", async () => {
  const { mcpServers } = JSON.parse(between("Client Configuration\n", "Required Bindings\n")) as {
    mcpServers: { "my-mcp": { url: string; auth: { type: string; authorizationUrl: string; tokenUrl: string } } };
  };
  const { url, auth } = mcpServers["my-mcp"];
  expect(auth.type).toBe("oauth");
  const tokens = await signIn(auth.authorizationUrl, auth.tokenUrl);
  expect(tokens.token_type).toBe("bearer");
  expect(tokens.refresh_token).toBeTypeOf("string");

  const authorized: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${tokens.access_token}`);
    return direct(input, { ...init, headers });
  };
  const transports = [
    new SSEClientTransport(new URL(url), { fetch: authorized }),
    new StreamableHTTPClientTransport(new URL(url.replace(/\/sse$/, "/mcp")), { fetch: authorized }),
  ];
  for (const transport of transports) {
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(transport);
    const { content } = await client.callTool({ name: "whoami", arguments: {} });
    expect(content).toEqual([{ type: "text", text: "octocat" }]);
    await client.close();
  }
});

test("what the Worker asked of GitHub is what GitHub documents", () => {
  const asked = new Set(standing.asked.map((line) => line.replace(/\?.*/, "")));
  for (const line of [
    "POST https://github.com/login/oauth/access_token",
    "POST https://api.github.com/applications/optional-preconfig/token",
    "GET https://api.github.com/user",
  ]) {
    expect(asked).toContain(line);
  }
});

test("the upstream's token is in no token of ours", async () => {
  const tokens = await signIn(`https://${HOST}/authorize`, `https://${HOST}/token`);
  const [upstream = ""] = [...github.tokens.keys()].slice(-1);
  expect(upstream).toMatch(/^gho_/);
  for (const token of [tokens.access_token, tokens.refresh_token ?? ""]) {
    expect(token).not.toContain(upstream);
    expect(Buffer.from(token, "base64url").toString("latin1")).not.toContain(upstream);
  }
});
