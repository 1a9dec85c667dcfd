/** Opaque tokens of a real authorization server (`oidc-provider`), which is asked about each (RFC 7662). */
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";

const RESOURCE = "https://mcp.example.com/mcp";
const CLIENT_SECRET = "s3cret: with a colon & 100 %";

let issuer: string;
let worker: Running;
/** What becomes of a question before the authorization server sees it; true if it is answered. */
let instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
/** The questions so far. */
let asked: string[] = [];

beforeAll(async () => {
  const site: { provider?: Provider } = {};
  const server = createServer((request, response) => {
    if (request.url === "/token/introspection") {
      asked.push(String(request.headers.authorization));
      if (instead?.(request, response)) return;
    }
    void site.provider?.callback()(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const server_ = { grant_types: [], redirect_uris: [], response_types: [], client_secret: CLIENT_SECRET };
  const client = {
    redirect_uris: [],
    response_types: [],
    grant_types: ["client_credentials"],
    client_secret: "s3cret",
  };
  site.provider = new Provider(issuer, {
    clients: [
      { client_id: "robot", ...client },
      { client_id: "mcp-server", ...server_ },
      { client_id: "posts", ...server_, token_endpoint_auth_method: "client_secret_post" },
    ],
    scopes: ["read", "write"],
    ttl: { ClientCredentials: 600 },
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: "read write",
          audience: resource,
          accessTokenFormat: "opaque",
        }),
      },
    },
  });
  worker = await start(at("tests/sockets/mcp/introspection/wrangler.toml"), {
    vars: { ISSUER: issuer, CLIENT_SECRET },
  });
  return async () => {
    await worker.stop();
    server.close();
    server.closeAllConnections();
  };
});

beforeEach(() => {
  asked = [];
});
afterEach(() => {
  instead = undefined;
});

const basic = { authorization: `Basic ${Buffer.from("robot:s3cret").toString("base64")}` };

async function token(fields: Record<string, string> = {}): Promise<string> {
  const body = new URLSearchParams({ grant_type: "client_credentials", resource: RESOURCE, scope: "read", ...fields });
  const response = await fetch(`${issuer}/token`, { method: "POST", headers: basic, body });
  return ((await response.json()) as { access_token: string }).access_token;
}

const call = (bearer: string, path = "/mcp", name = "whoami") =>
  fetch(modern(worker.url + path, "tools/call", { name }, { headers: { authorization: `Bearer ${bearer}` } }));

const said = async (response: Response) => {
  const { result } = (await response.json()) as { result: { content: [{ text: string }] } };
  return JSON.parse(result.content[0].text) as {
    props: Record<string, unknown>;
    principal: string;
    scopes: string[];
    auth: Record<string, unknown>;
  };
};

test("an active token: the caller is who the authorization server says, with the scopes that it says", async () => {
  const bearer = await token();
  expect(bearer).not.toContain(".");
  for (const path of ["/mcp", "/post", "/direct"]) {
    const found = await said(await call(bearer, path));
    expect(found.scopes).toEqual(["read"]);
    expect(found.props).toMatchObject({ active: true, client_id: "robot", aud: RESOURCE, iss: issuer });
    expect(found.auth).toMatchObject({ clientId: "robot", scopes: ["read"], resource: RESOURCE });
    expect(found.auth.expiresAt).toBe(found.props.exp);
    expect(found.auth).not.toHaveProperty("token");
    expect(found.principal).toBe(`client:${issuer.replaceAll(":", "%3A")}:robot`);
  }
  expect((await call(bearer, "/mcp", "write")).status).toBe(403);
});

test("the server authenticates itself: both form-encoded (RFC 6749 §2.3.1), or in the body", async () => {
  await call(await token(), "/at-once");
  expect(asked).toEqual([
    `Basic ${Buffer.from("mcp-server:s3cret%3A%20with%20a%20colon%20%26%20100%20%25").toString("base64")}`,
  ]);
  await call(await token(), "/post");
  expect(asked[1]).toBe("undefined");
});

test("what is found is remembered, a refusal as well", async () => {
  const [bearer, made] = [await token(), "made-up"];
  for (let n = 0; n < 5; n++) expect((await call(bearer)).status).toBe(200);
  expect(asked).toHaveLength(1);
  for (let n = 0; n < 5; n++) expect((await call(made)).status).toBe(401);
  expect(asked).toHaveLength(2);
  for (let n = 0; n < 3; n++) expect((await call(bearer, "/at-once")).status).toBe(200);
  expect(asked).toHaveLength(5);
});

/** How many requests the Worker has got so far. */
const arrived = async () => (await (await fetch(`${worker.url}/test`)).json()) as number;

test("200 requests with a token that is new are one question", async () => {
  const bearer = await token();
  let answer: (() => void) | undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  instead = (request, response) => {
    if (request.headers["x-held"]) return false;
    void held.then(async () => {
      const headers = { ...(request.headers as Record<string, string>), "x-held": "1" } as Record<string, string>;
      const body = Buffer.concat(await request.toArray()).toString();
      const asking = await fetch(`${issuer}/token/introspection`, { method: "POST", headers: pick(headers), body });
      response.writeHead(asking.status, { "content-type": "application/json" }).end(await asking.text());
    });
    return true;
  };
  const before = await arrived();
  const calls = Array.from({ length: 200 }, () => call(bearer));
  await expect.poll(() => asked.length).toBe(1);
  await expect.poll(arrived).toBe(before + 200);
  expect(asked).toHaveLength(1);
  answer?.();
  const answers = await Promise.all(calls);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  // One of the Worker's, and the one that the test has passed on.
  expect(asked).toHaveLength(2);
});

test("a flood of made-up tokens: 64 questions at a time, and who was seen before goes on", async () => {
  const known = await token();
  expect((await call(known)).status).toBe(200);
  asked = [];
  const held: ServerResponse[] = [];
  instead = (_, response) => held.push(response) > 0;
  const calls = Array.from({ length: 100 }, (_, n) => call(`made-up-${String(n)}`));
  const answered: Response[] = [];
  for (const call of calls) void call.then((response) => answered.push(response));
  await expect.poll(() => answered.length).toBe(36);
  for (const { status, headers } of answered) expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  // Of all that were not turned away.
  await expect.poll(() => asked.length).toBe(64);
  expect((await call(known)).status).toBe(200);
  for (const response of held) response.writeHead(200, { "content-type": "application/json" }).end('{"active":false}');
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  expect([401, 503].map((code) => statuses.filter((status) => status === code).length)).toEqual([64, 36]);
  instead = undefined;
  expect((await call(await token())).status).toBe(200);
});

const pick = ({ authorization = "", "content-type": type = "", "x-held": held = "" }: Record<string, string>) => ({
  authorization,
  "content-type": type,
  "x-held": held,
});

describe("nobody comes in with", () => {
  const challenge = (response: Response) => response.headers.get("www-authenticate");

  test("a token that is revoked", async () => {
    const bearer = await token();
    expect((await call(bearer, "/at-once")).status).toBe(200);
    const body = new URLSearchParams({ token: bearer });
    expect((await fetch(`${issuer}/token/revocation`, { method: "POST", headers: basic, body })).status).toBe(200);
    const refused = await call(bearer, "/at-once");
    expect(refused.status).toBe(401);
    expect(challenge(refused)).toContain('error="invalid_token"');
    expect(worker.log()).toContain("the token is not active, according to the authorization server");
  });

  test("a token for another server", async () => {
    const bearer = await token({ resource: "https://another.example/mcp" });
    expect((await call(bearer)).status).toBe(401);
    expect((await call(await token(), "/elsewhere")).status).toBe(401);
    expect(worker.log()).toContain("the aud does not include this server");
  });

  const lies: [string, unknown, number][] = [
    ["an answer that is no JSON", "<html>", 503],
    ["active in words", { active: "true" }, 503],
    ["active that is absent", { sub: "ann" }, 503],
    ["active twice", '{"active":true,"active":true,"aud":"https://mcp.example.com/mcp"}', 503],
    ["no audience", { active: true }, 401],
    ["another audience among none of ours", { active: true, aud: ["https://a.example"] }, 401],
    ["another issuer", { active: true, aud: RESOURCE, iss: "https://evil.example" }, 401],
    ["an end that is over", { active: true, aud: RESOURCE, exp: 1000 }, 401],
    ["an odd end", { active: true, aud: RESOURCE, exp: "later" }, 401],
    ["a beginning to come", { active: true, aud: RESOURCE, nbf: 9_999_999_999 }, 401],
    ["a refresh token", { active: true, aud: RESOURCE, token_type: "refresh_token" }, 401],
    ["a token that is bound to a key", { active: true, aud: RESOURCE, cnf: { jkt: "x" } }, 401],
  ];
  test.each(lies)("%s", async (name, answer, status) => {
    instead = (_request, response) => {
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
      return true;
    };
    expect((await call(`lie-${name.replaceAll(" ", "-")}`)).status).toBe(status);
  });

  test("a refresh token, where no audience is asked for", async () => {
    const answers = async (answer: object) => {
      instead = (_request, response) => Boolean(response.end(JSON.stringify(answer)));
      return (await call(`any-${JSON.stringify(answer).length}`, "/any")).status;
    };
    expect(await answers({ active: true, sub: "ann", token_type: "Bearer" })).toBe(200);
    expect(await answers({ active: true, sub: "ann" })).toBe(401);
    expect(await answers({ active: true, sub: "ann", token_type: "Refresh" })).toBe(401);
    expect(await answers({ active: true, sub: "ann", token_type: "bearer", aud: "https://a.example" })).toBe(401);
  });

  test("a secret that is wrong: 503, since the client's token may be good", async () => {
    const response = await call(await token(), "/wrong-secret");
    expect([response.status, response.headers.get("retry-after"), challenge(response)]).toEqual([503, "5", null]);
    expect(worker.log()).toContain("rejects clientId and clientSecret");
  });

  test.each<[string, NonNullable<typeof instead>]>([
    ["500", (_, response) => Boolean(response.writeHead(500).end("upstream text"))],
    ["a redirect", (_, response) => Boolean(response.writeHead(302, { location: "/elsewhere" }).end())],
    ["a reset", (_, response) => Boolean(response.socket?.resetAndDestroy())],
    [
      "half an answer",
      (_, response) => {
        response.writeHead(200, { "content-length": "100" }).write('{"active":true');
        // real time: half an answer is on its way by then; the outcome is the same if none is
        setTimeout(() => response.socket?.resetAndDestroy(), 20);
        return true;
      },
    ],
  ])(
    "an authorization server that answers with %s: 503, nothing of its text, and the next question counts",
    async (_, fails) => {
      const bearer = await token();
      instead = fails;
      const response = await call(bearer, "/at-once");
      expect(response.status).toBe(503);
      expect(await response.text()).not.toContain("upstream text");
      instead = undefined;
      // real time: an outage is shared for a moment (js/common/shared.ts)
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await call(bearer, "/at-once")).status).toBe(200);
    },
  );
});

test("no token and no secret in the log", async () => {
  const bearer = await token();
  instead = (_, response) => Boolean(response.socket?.resetAndDestroy());
  await call(bearer, "/at-once");
  instead = undefined;
  await call("another-made-up-token", "/at-once");
  const log = worker.log();
  expect(log).toContain('The effect "fetch" failed');
  for (const secret of [
    bearer,
    "another-made-up-token",
    "s3cret",
    Buffer.from("mcp-server:s3cret").toString("base64").slice(0, 16),
  ]) {
    expect(log).not.toContain(secret);
  }
});
