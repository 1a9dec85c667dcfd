/**
 * How long a revocation takes, in two isolates of one server. They share nothing but objects: news are asked for after 20
 * seconds, waited for after 30, and without any for 60 nobody is let in.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { at } from "../../harness/paths.ts";
import { sha256 } from "../../harness/stand-ins/server.ts";
import { type Running, start } from "../../harness/workerd.ts";

const ISSUER = "https://mcp.example.com";
const REDIRECT = "https://client.example/callback";
const VERIFIER = "a-code-verifier-of-more-than-forty-three-characters";

let worker: Running;
let here: string;
let there: string;

beforeEach(async () => {
  worker = await start(at("tests/sockets/oauth/isolates/wrangler.toml"), { twin: true });
  here = worker.url;
  there = worker.twin.url;
  return () => worker.stop();
});

const post = (path: string, fields: Record<string, string>) =>
  fetch(here + path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });

interface Session {
  client_id: string;
  access_token: string;
  refresh_token: string;
}

/** Somebody signs in at the first isolate. */
async function signIn(): Promise<Session> {
  const registered = await fetch(`${here}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "two", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const asked = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: REDIRECT,
    code_challenge: await sha256(VERIFIER),
    code_challenge_method: "S256",
  });
  const find: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    if (headers.has("origin")) headers.set("origin", here);
    return fetch(new Request(input).url.replace(ISSUER, here), { ...init, headers });
  };
  const agent = new UserAgent(find);
  const callback = await agent.decide(`${ISSUER}/authorize?${asked.toString()}`, "allow");
  const code = new URL(await agent.location(callback)).searchParams.get("code") ?? "";
  const redeemed = { grant_type: "authorization_code", client_id, code, code_verifier: VERIFIER };
  return { client_id, ...((await (await post("/token", redeemed)).json()) as Omit<Session, "client_id">) };
}

async function revoke({ client_id, refresh_token }: Session): Promise<void> {
  expect((await post("/revoke", { client_id, token: refresh_token })).status).toBe(200);
}

/** The status of a tool call with this token. */
async function call(isolate: string, { access_token }: Session, more: Record<string, string> = {}): Promise<number> {
  const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json", ...more };
  const params = { name: "whoami", arguments: {} };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const response = await fetch(`${isolate}/mcp`, { method: "POST", headers, body });
  await response.text();
  return response.status;
}

/** Sets the clock of an isolate, in seconds from now. */
const clock = (isolate: string, seconds: number) => fetch(`${isolate}/test?ahead=${seconds * 1000}`);
/** What becomes of the list of revocations. */
const list = (what: "answers" | "fails" | "hangs") => fetch(`${here}/test?list=${what}`);
const questions = async () => ((await (await fetch(`${here}/test`)).json()) as { asked: number }).asked;

test("the isolate that revokes knows at once, the other within thirty seconds", async () => {
  const [kept, ended] = [await signIn(), await signIn()];
  for (const isolate of [here, there]) {
    expect([await call(isolate, kept), await call(isolate, ended)]).toEqual([200, 200]);
  }
  await revoke(ended);
  expect(await call(here, ended)).toBe(401);
  expect(await call(there, ended), "it cannot know yet").toBe(200);

  // For twenty seconds nobody is asked.
  const before = await questions();
  await clock(there, 19);
  expect(await call(there, ended)).toBe(200);
  expect(await questions()).toBe(before);
  // Then in the background …
  await clock(there, 21);
  expect(await call(there, kept)).toBe(200);
  await expect.poll(() => call(there, ended), { timeout: 5_000 }).toBe(401);
  expect(await call(there, kept)).toBe(200);
  expect(await questions()).toBe(before + 1);
});

test("after thirty seconds even the first call waits for the news", async () => {
  const session = await signIn();
  expect(await call(there, session)).toBe(200);
  await revoke(session);
  await clock(there, 31);
  expect(await call(there, session)).toBe(401);
});

test("strict: the other isolate knows at once", async () => {
  const session = await signIn();
  const strictly = { "x-strict": "1" };
  expect(await call(there, session, strictly)).toBe(200);
  await revoke(session);
  expect(await call(there, session, strictly)).toBe(401);
});

describe("a list of revocations that is silent", () => {
  test("lets people in for a minute, and then nobody, until it answers", async () => {
    const [kept, ended] = [await signIn(), await signIn()];
    expect([await call(there, kept), await call(there, ended)]).toEqual([200, 200]);
    await revoke(ended);
    await list("fails");
    for (const seconds of [21, 31, 59]) {
      await clock(there, seconds);
      expect(await call(there, kept), `${seconds} s`).toBe(200);
    }
    for (const seconds of [61, 300]) {
      await clock(there, seconds);
      expect([await call(there, kept), await call(there, ended)], `${seconds} s`).toEqual([503, 503]);
    }
    // Once it answers, everything is known again; an isolate that was answered in vain asks again after a second.
    await list("answers");
    await expect.poll(() => call(there, kept), { timeout: 5_000 }).toBe(200);
    expect(await call(there, ended)).toBe(401);
  });

  test("that hangs does not keep callers for longer than a question may take", async () => {
    const session = await signIn();
    expect(await call(there, session)).toBe(200);
    await list("hangs");
    await clock(there, 61);
    const statuses = await Promise.all([1, 2, 3].map(() => call(there, session)));
    expect(statuses).toEqual([503, 503, 503]);
    // What cannot be written down is not said to be revoked.
    expect((await post("/revoke", { client_id: session.client_id, token: session.refresh_token })).status).toBe(503);
  }, 60_000);

  test("an isolate that has never heard from it lets nobody in", async () => {
    const session = await signIn();
    await list("fails");
    expect(await call(there, session)).toBe(503);
  });
});
