/** `await this.upstream.accessToken()` in a tool, with a real provider whose refresh tokens are good once. */
import { beforeAll, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { at } from "../../harness/paths.ts";
import { type OpenIDProvider, openIDProvider, signInAs } from "../../harness/provider.ts";
import { sha256 } from "../../harness/stand-ins/server.ts";
import { type Running, start } from "../../harness/workerd.ts";

const REDIRECT = "https://client.example/callback";
const VERIFIER = "a-code-verifier-of-more-than-forty-three-characters";
/** What ends within a minute is renewed: so each token is good for three seconds here. */
const TTL = 63;

let provider: OpenIDProvider;
let worker: Running;

beforeAll(async () => {
  provider = await openIDProvider();
  provider.accessTokenTtl = TTL;
  worker = await start(at("tests/sockets/oauth/wrangler.toml"), {
    vars: { UPSTREAM: "generic", ISSUER: provider.issuer },
  });
  await provider.admit(`${worker.url}/callback`);
  return async () => {
    await worker.stop();
    provider.stop();
  };
});

interface Session {
  client_id: string;
  access_token: string;
  refresh_token: string;
}

const post = (path: string, fields: Record<string, string>) =>
  fetch(worker.url + path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });

async function signIn(login: string): Promise<Session> {
  const registered = await fetch(`${worker.url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "e2e", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const asked = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: REDIRECT,
    code_challenge: await sha256(VERIFIER),
    code_challenge_method: "S256",
  });
  const agent = new UserAgent(fetch);
  const upstream = await agent.decide(`${worker.url}/authorize?${asked.toString()}`, "allow");
  const callback = await signInAs(agent, upstream, login, `${worker.url}/callback`);
  const code = new URL(await agent.location(callback)).searchParams.get("code") ?? "";
  const fields = { grant_type: "authorization_code", client_id, code, redirect_uri: REDIRECT, code_verifier: VERIFIER };
  return { client_id, ...((await (await post("/token", fields)).json()) as Omit<Session, "client_id">) };
}

interface Result {
  isError?: boolean;
  content: { text: string }[];
}

/** Calls the tool that shows the provider's token. */
async function tool({ access_token }: Session): Promise<Result> {
  const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
  const params = { name: "upstream", arguments: {} };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const response = await fetch(`${worker.url}/mcp`, { method: "POST", headers, body });
  return ((await response.json()) as { result: Result }).result;
}

const textOf = ({ content }: Result) => content[0]?.text ?? "";
const tokenRequests = () => provider.asked.filter((line) => line === "POST /token").length;
// real time: the provider's own tokens end by its clock
const later = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Whose token it is, as the provider says. */
async function whose(token: string): Promise<unknown> {
  const answer = await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
  return answer.status === 200 ? ((await answer.json()) as { sub: string }).sub : answer.status;
}

test("a tool gets a token of the provider, the same as long as it is good, and a new one after that", async () => {
  const session = await signIn("ada");
  const before = tokenRequests();
  const first = textOf(await tool(session));
  expect(await whose(first)).toBe("ada");
  expect(textOf(await tool(session))).toBe(first);
  expect(tokenRequests()).toBe(before);
  await later(TTL - 60 + 1);
  const second = textOf(await tool(session));
  expect(second).not.toBe(first);
  expect(await whose(second)).toBe("ada");
  expect(tokenRequests()).toBe(before + 1);
  expect(session.access_token + session.refresh_token).not.toContain(second);
});

test("thirty tools that want one at once get the same one, which was fetched once", async () => {
  const session = await signIn("ben");
  await later(TTL - 60 + 1);
  const before = tokenRequests();
  const all = await Promise.all(Array.from({ length: 30 }, () => tool(session)));
  expect(new Set(all.map(textOf)).size).toBe(1);
  expect(await whose(textOf(all[0] ?? { content: [] }))).toBe("ben");
  expect(tokenRequests()).toBe(before + 1);
});

test("tools and a refresh at once: nobody is logged out, and no refresh token of the provider's is used twice", async () => {
  const session = await signIn("eve");
  await later(TTL - 60 + 1);
  const refresh = () =>
    post("/token", { grant_type: "refresh_token", client_id: session.client_id, refresh_token: session.refresh_token });
  const [refreshed, ...all] = await Promise.all([refresh(), ...Array.from({ length: 10 }, () => tool(session))]);
  for (const result of all) expect(result.isError, textOf(result)).not.toBe(true);
  // While a tool renews the provider's token, the refresh may be told to come again; it is not told that it is over.
  expect([200, 503]).toContain(refreshed.status);
  expect((await refresh()).status).toBe(200);
  expect(await whose(textOf(await tool(session)))).toBe("eve");
});

test("two clients of one person share the provider's token, and the next person does not", async () => {
  const [one, two, other] = [await signIn("zoe"), await signIn("zoe"), await signIn("max")];
  expect(textOf(await tool(one))).toBe(textOf(await tool(two)));
  expect(await whose(textOf(await tool(other)))).toBe("max");
});

test("whose grant has ended gets none, although the token is still being believed", async () => {
  const [kept, ended] = [await signIn("kim"), await signIn("kim")];
  expect((await tool(ended)).isError).not.toBe(true);
  await post("/revoke", { client_id: ended.client_id, token: ended.refresh_token });
  const refused = await fetch(`${worker.url}/mcp`, { headers: { authorization: `Bearer ${ended.access_token}` } });
  expect(refused.status).toBe(401);
  expect(await whose(textOf(await tool(kept)))).toBe("kim");
});

test("a provider that does not answer: the tool fails, says nothing of why, and the grant stands", async () => {
  const session = await signIn("pat");
  await later(TTL - 60 + 1);
  provider.stop();
  const result = await tool(session);
  expect(result.isError).toBe(true);
  expect(textOf(result)).not.toMatch(/token|provider|metadata|127\.0\.0\.1/);
  const fields = { grant_type: "refresh_token", client_id: session.client_id, refresh_token: session.refresh_token };
  const refused = await post("/token", fields);
  expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
    503,
    "temporarily_unavailable",
  ]);
});
