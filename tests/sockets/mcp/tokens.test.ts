/** Tokens of issuers whose keys are fetched, over real sockets: where keys are found, and what many requests at once cost. */
import { type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type JWK, SignJWT, exportJWK, generateKeyPair } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { read, reset, send } from "./lib/socket.ts";

const AUDIENCE = "https://mcp.example.com/mcp";
const TEAM = "https://acme.cloudflareaccess.com";

let worker: Running;
/** What is published where, by URL; a function answers by itself. */
const site = new Map<string, object | ((response: ServerResponse) => void)>();
let fetched: string[] = [];

interface Signer {
  jwk: JWK;
  token: (claims?: object) => Promise<string>;
}

async function signer(iss: string, kid: string, alg = "RS256", aud = AUDIENCE): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
  const token = (claims = {}) =>
    new SignJWT({ iss, aud, sub: "ann", ...claims })
      .setProtectedHeader({ alg, kid })
      .setIssuedAt()
      .setExpirationTime("15 min")
      .sign(privateKey);
  return { jwk, token };
}

beforeAll(async () => {
  // All that the Worker fetches comes here, whatever its host.
  const server = createServer((request, response) => {
    const url = `https://${String(request.headers.host)}${String(request.url)}`;
    fetched.push(url);
    const there = site.get(url);
    if (typeof there === "function") there(response);
    else response.writeHead(there ? 200 : 404).end(there ? JSON.stringify(there) : "nothing");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  worker = await start(at("tests/sockets/mcp/tokens/wrangler.toml"), {
    outbound: (server.address() as AddressInfo).port,
  });
  return async () => {
    await worker.stop();
    server.close();
    server.closeAllConnections();
  };
});

beforeEach(() => {
  fetched = [];
});

const request = (path: string, headers: Record<string, string>) =>
  modern(worker.url + path, "tools/call", { name: "whoami" }, { headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function answer(path: string, headers: Record<string, string>): Promise<string | number> {
  const response = await fetch(request(path, headers));
  if (response.status !== 200) return response.status;
  const { result } = (await response.json()) as { result: { content: [{ text: string }] } };
  return result.content[0].text;
}

test("Cloudflare Access: its header, its keys, the application's audience", async () => {
  const tag = "a".repeat(64);
  const access = await signer(TEAM, "access-1", "RS256", tag);
  site.set(`${TEAM}/cdn-cgi/access/certs`, { keys: [access.jwk], public_certs: [] });
  const asserted = (token: string) => ({ "cf-access-jwt-assertion": token });
  const principal = "user:https%3A//acme.cloudflareaccess.com:ann";
  expect(await answer("/access", asserted(await access.token()))).toBe(principal);
  expect(await answer("/any", asserted(await access.token()))).toBe(principal);
  expect(await answer("/access", bearer(await access.token()))).toBe(401);
  expect(await answer("/access", asserted(await access.token({ aud: "b".repeat(64) })))).toBe(401);
  expect(await answer("/access", asserted(await access.token({ iss: "https://evil.cloudflareaccess.com" })))).toBe(401);
  const forged = await signer(TEAM, "access-1", "RS256", tag);
  expect(await answer("/access", asserted(await forged.token()))).toBe(401);
  expect(await answer("/access", {})).toBe(401);
  expect(fetched).toEqual([`${TEAM}/cdn-cgi/access/certs`]);
});

describe("an issuer's metadata say where its keys are", () => {
  test("OpenID Connect's first", async () => {
    const issuer = "https://issuer.example/tenant";
    const { jwk, token } = await signer(issuer, "one", "ES256");
    const metadata = `${issuer}/.well-known/openid-configuration`;
    site.set(metadata, { issuer, jwks_uri: "https://issuer.example/keys" });
    site.set("https://issuer.example/keys", { keys: [jwk] });
    for (let n = 0; n < 3; n++) {
      expect(await answer("/discovered", bearer(await token({ n })))).toBe("user:https%3A//issuer.example/tenant:ann");
    }
    expect(fetched).toEqual([metadata, "https://issuer.example/keys"]);
    expect(await answer("/any", bearer(await token()))).toBe("user:https%3A//issuer.example/tenant:ann");
  });

  test("else those of RFC 8414, with the well-known part before the path", async () => {
    const issuer = "https://oauth.example/tenant";
    const { jwk, token } = await signer(issuer, "one", "EdDSA");
    const metadata = "https://oauth.example/.well-known/oauth-authorization-server/tenant";
    site.set(metadata, { issuer, jwks_uri: "https://oauth.example/keys" });
    site.set("https://oauth.example/keys", { keys: [jwk] });
    expect(await answer("/oauth", bearer(await token()))).toBe("user:https%3A//oauth.example/tenant:ann");
    expect(fetched).toEqual([`${issuer}/.well-known/openid-configuration`, metadata, "https://oauth.example/keys"]);
  });

  test("metadata of another issuer are none", async () => {
    const issuer = "https://impostor.example";
    const { jwk, token } = await signer(issuer, "one", "ES256");
    site.set(`${issuer}/.well-known/openid-configuration`, { issuer: "https://a.example", jwks_uri: `${issuer}/keys` });
    site.set(`${issuer}/keys`, { keys: [jwk] });
    expect(await answer("/impostor", bearer(await token()))).toBe(503);
    expect(fetched).not.toContain(`${issuer}/keys`);
  });
});

test("anyOf: what none takes is refused; one that cannot be asked is said", async () => {
  const forged = await signer("https://issuer.example/tenant", "one", "ES256");
  expect(await answer("/any", bearer(await forged.token()))).toBe(401);
  expect(await answer("/any", bearer("nonsense"))).toBe(401);
  expect(await answer("/any", {})).toBe(401);
});

describe("200 requests at once on a kid that is new", () => {
  const KEYS = "https://keys.example/keys";
  const IN_ALL = 200;
  let count = 0;
  let before = 0;
  let known: JWK[] = [];

  /** Moves the Worker's clock, in milliseconds. */
  const later = (ms: number) => fetch(`${worker.url}/test?later=${String(ms)}`);
  /** How many requests the Worker has got so far. */
  const arrived = async () => (await (await fetch(`${worker.url}/test`)).json()) as number;

  /** A new key, of which nobody has heard; a token for each request. Requests that came before are over. */
  async function fresh(): Promise<{ tokens: string[]; jwk: JWK }> {
    const { jwk, token } = await signer("https://published.example", `key-${String(count++)}`, "ES256");
    site.set(KEYS, { keys: known });
    const old = await signer("https://published.example", `old-${String(count)}`, "ES256");
    known = [old.jwk];
    site.set(KEYS, { keys: known });
    await later(1_100);
    expect(await answer("/published", bearer(await old.token()))).toContain("ann");
    await later(1_100);
    before = await arrived();
    fetched = [];
    known = [...known, jwk];
    return { jwk, tokens: await Promise.all(Array.from({ length: IN_ALL }, (_, n) => token({ n }))) };
  }

  const all = (tokens: string[]) => tokens.map((token) => fetch(request("/published", bearer(token))));
  const statuses = async (calls: Promise<Response>[]) => (await Promise.all(calls)).map(({ status }) => status);

  test("are one fetch", async () => {
    const { tokens } = await fresh();
    const waiting: ServerResponse[] = [];
    site.set(KEYS, (response) => void waiting.push(response));
    const calls = all(tokens);
    await expect.poll(() => waiting.length).toBe(1);
    await expect.poll(arrived).toBe(before + IN_ALL);
    for (const response of waiting) response.end(JSON.stringify({ keys: known }));
    expect(await statuses(calls)).toEqual(tokens.map(() => 200));
    expect(fetched).toEqual([KEYS]);
  });

  test.each([
    ["and its fetch is answered", true],
    ["and its fetch is never answered", false],
  ])("when the leader's socket is reset midway, %s: 199 get 200, with two fetches at most", async (_, answered) => {
    const { tokens } = await fresh();
    const waiting: ServerResponse[] = [];
    site.set(KEYS, (response) => {
      if (waiting.length === 0) waiting.push(response);
      else response.end(JSON.stringify({ keys: known }));
    });
    const [first = "", ...others] = tokens;
    const leader = await send(worker.port, request("/published", bearer(first)));
    await expect.poll(() => waiting.length).toBe(1);
    const calls = all(others);
    await expect.poll(arrived).toBe(before + IN_ALL);
    await reset(leader);
    // real time: the Worker may have heard of it by then; the outcome is the same if it has not
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (answered) waiting[0]?.end(JSON.stringify({ keys: known }));
    expect(await statuses(calls)).toEqual(others.map(() => 200));
    expect(fetched.length).toBe(answered ? 1 : 2);
    if (!answered) waiting[0]?.end("{}");
    // Whoever comes now finds the keys there.
    const socket = await send(worker.port, request("/published", bearer(first)));
    expect((await read(socket, /HTTP\/1\.1 (\d+)/))[1]).toBe("200");
    socket.destroy();
  });
});
