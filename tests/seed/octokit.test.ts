/**
 * The seed's pattern 3 with the npm package `octokit`, whose throttling plugin keeps one queue for all requests of an isolate:
 * many people at once, and one token many times at once.
 */
import * as oauth from "oauth4webapi";
import { beforeAll, expect, test } from "vitest";
import { UserAgent } from "../harness/agent.ts";
import { GitHubStandIn } from "../harness/stand-ins/github.ts";
import { type Standing, stand } from "../harness/stand-ins/server.ts";
import { type Running, start } from "../harness/workerd.ts";
import { type Project, assemble } from "./lib/assemble.ts";
import { certify, fetchOn } from "./lib/tls.ts";

const HOST = "my-mcp.workers.dev";
const ISSUER = `https://${HOST}`;
const REDIRECT = "http://127.0.0.1:33418/callback";
const MANY = 50;
const people = Array.from({ length: MANY + 1 }, (_, n) => ({ id: 1000 + n, login: `person-${n}` }));

const server: oauth.AuthorizationServer = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  authorization_response_iss_parameter_supported: true,
};

let project: Project;
let standing: Standing;
let worker: Running;
let direct: typeof fetch;
let client: oauth.Client;

beforeAll(async () => {
  project = assemble("pattern-3", (prelude) => prelude.replace('"@octokit/rest"', '"octokit"'));
  const certificate = certify(HOST);
  const github = new GitHubStandIn({ id: "optional-preconfig", secret: "optional-preconfig" }, people);
  const answer = async (request: Request): Promise<Response> => {
    // As far away as GitHub is, so that those who ask at once are there at once.
    // real time: no assertion depends on it
    await new Promise((resolve) => setTimeout(resolve, 30));
    return github.answer(request);
  };
  standing = await stand({ hosts: github.hosts, answer });
  worker = await start(project.config, { tls: certificate, outbound: standing.port });
  direct = fetchOn(worker.port, certificate);
  const registered = await direct(`${ISSUER}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "My client", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }),
  });
  client = { client_id: ((await registered.json()) as { client_id: string }).client_id };
  return async () => {
    await worker.stop();
    await standing.stop();
    certificate.remove();
    project.remove();
  };
});

/** Signs somebody in, in a browser of their own, up to the answer of the token endpoint. */
async function signIn(login: string): Promise<Response> {
  const agent = new UserAgent((input, init) => {
    const { host } = new URL(input instanceof Request ? input.url : input);
    return host === HOST ? direct(input, init) : standing.fetch(input, init);
  });
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const asked = new URL(`${ISSUER}/authorize`);
  asked.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    response_type: "code",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }).toString();
  const back = await agent.authorize(asked.href, `Authorize as ${login}`);
  const answer = oauth.validateAuthResponse(server, client, back, state);
  const options = { [oauth.customFetch]: direct };
  return oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, REDIRECT, verifier, options);
}

interface Tokens {
  access_token: string;
  refresh_token: string;
}

function refresh(token: string): Promise<Response> {
  const form = { grant_type: "refresh_token", refresh_token: token, client_id: client.client_id };
  return direct(`${ISSUER}/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  });
}

async function whoami(token: string): Promise<string> {
  const response = await direct(`${ISSUER}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "whoami", arguments: {} } }),
  });
  return response.text();
}

/** How often something was asked of GitHub since the last time. */
function count(line: string): number {
  return standing.asked.filter((asked) => asked === line).length;
}

test("fifty people sign in at once, and each is who they are", async () => {
  const responses = await Promise.all(people.slice(0, MANY).map(({ login }) => signIn(login)));
  expect(responses.map(({ status }) => status)).toEqual(Array(MANY).fill(200));
  const tokens = (await Promise.all(responses.map((response) => response.json()))) as Tokens[];
  const said = await Promise.all(tokens.map(({ access_token }) => whoami(access_token)));
  said.forEach((answer, n) => expect(answer).toContain(`"text":"person-${n}"`));
});

test("one token is refreshed fifty times at once: GitHub and context are asked once, and all get the same answer", async () => {
  const { refresh_token } = (await (await signIn("person-0")).json()) as Tokens;
  standing.asked.length = 0;
  const responses = await Promise.all(Array.from({ length: MANY }, () => refresh(refresh_token)));
  expect(responses.map(({ status }) => status)).toEqual(Array(MANY).fill(200));
  const answers = new Set(await Promise.all(responses.map((response) => response.text())));
  expect(answers.size).toBe(1);
  // This package asks for the person and whether the token is its app's; `context` asks for the person again.
  expect(count("GET https://api.github.com/user")).toBe(2);
  expect(count("POST https://api.github.com/applications/optional-preconfig/token")).toBe(1);
  const [next = ""] = answers;
  expect(await whoami((JSON.parse(next) as Tokens).access_token)).toContain('"text":"person-0"');
});

test("fifty people refresh at once", async () => {
  const signedIn = await Promise.all(people.slice(0, MANY).map(({ login }) => signIn(login)));
  const tokens = (await Promise.all(signedIn.map((response) => response.json()))) as Tokens[];
  const responses = await Promise.all(tokens.map(({ refresh_token }) => refresh(refresh_token)));
  expect(responses.map(({ status }) => status)).toEqual(Array(MANY).fill(200));
});

test("a sign-in after all of that", async () => {
  const response = await signIn(`person-${MANY}`);
  expect(response.status).toBe(200);
  expect(await whoami(((await response.json()) as Tokens).access_token)).toContain(`"text":"person-${MANY}"`);
  expect(worker.log()).not.toMatch(/hung|different request|timed out after/);
});
