/** What the operator reads of requests that were refused: lines of JSON, with a code of a list. Limits and audiences of `protect`. */
import {
  APIKeyVerifier,
  JWTVerifier,
  McpAgent,
  McpServer,
  type ProtectOptions,
  type TokenVerifier,
  anyOf,
  createMcpHandler,
  protect,
} from "mcp-wicket/jwt";
import { HttpError, clock, connect, textOf, tokens } from "mcp-wicket/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cleaned, plain } from "../../../dist/common/refusals.js";

type Line = Record<string, unknown>;
let lines: Line[] = [];
let minute = Math.floor(Date.now() / 60_000);

beforeEach(() => {
  lines = [];
  // A new minute for each test: what is counted within one is counted anew.
  clock.set(++minute * 60_000 + 1000);
  vi.spyOn(console, "warn").mockImplementation((line: unknown) => {
    if (typeof line === "string" && line.startsWith('{"wicket":"refused"')) lines.push(JSON.parse(line) as Line);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  clock.reset();
});

const AUDIENCE = "https://mcp.example.com/mcp";
const server = () => {
  const made = new McpServer({ name: "refusals", version: "1.0.0" });
  made.registerTool("write", { scopes: ["write"] }, () => ({ content: [{ type: "text", text: "written" }] }));
  made.registerTool("read", {}, () => ({ content: [{ type: "text", text: "read" }] }));
  return made;
};
const guarded = (verifier: TokenVerifier, options?: ProtectOptions) =>
  protect(verifier, createMcpHandler(server), options);

const statusOf = (connecting: Promise<unknown>) =>
  connecting.then(
    () => 200,
    (error: unknown) => (error as HttpError).status,
  );

async function jwt(audience: string | string[] = AUDIENCE) {
  const issuer = await tokens.issuer();
  return { issuer, verifier: new JWTVerifier({ keys: issuer.jwks, issuer: issuer.issuer, audience }) };
}

describe("a line", () => {
  test("says when, where, why, by whom and of which request", async () => {
    const { issuer, verifier } = await jwt();
    const token = await issuer.sign({ aud: "https://elsewhere.example" });
    expect(await statusOf(connect(guarded(verifier), { token, headers: { "cf-ray": "8c1-FRA" } }))).toBe(401);
    expect(lines).toEqual([
      {
        wicket: "refused",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
        path: "/mcp",
        code: "token",
        reason: expect.stringContaining("aud does not include") as string,
        verifier: "JWTVerifier",
        request: "8c1-FRA",
      },
    ]);
    await statusOf(connect(guarded(verifier)));
    expect(lines[1]).toMatchObject({ code: "absent", request: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
  });

  test("of several verifiers has what each says", async () => {
    const { issuer, verifier } = await jwt();
    const { record } = await tokens.apiKey();
    const both = anyOf(verifier, new APIKeyVerifier({ keys: [record] }));
    const token = await issuer.sign({ aud: "https://elsewhere.example" });
    expect(await statusOf(connect(guarded(both), { token }))).toBe(401);
    expect(lines[0], "on top is what tells most").toMatchObject({
      verifier: "JWTVerifier",
      reason: "the aud does not include this server",
    });
    expect(lines[0]?.verifiers).toEqual([
      { verifier: "JWTVerifier", code: "token", reason: expect.stringContaining("aud does not include") as string },
      { verifier: "APIKeyVerifier", code: "token", reason: expect.any(String) as string },
    ]);
  });

  test("tells of scopes that are missing, with the client", async () => {
    const { issuer, verifier } = await jwt();
    const token = await issuer.sign({ scope: "read", client_id: "app-7" });
    const client = await connect(guarded(verifier), { token });
    expect(await statusOf(client.callTool("write"))).toBe(403);
    expect(await statusOf(connect(guarded(verifier, { requiredScopes: ["admin"] }), { token }))).toBe(403);
    expect(lines.map(({ code, reason, client }) => [code, reason, client])).toEqual([
      ["scope", "the request needs the scopes write", "app-7"],
      ["scope", "the token does not have the scope admin", "app-7"],
    ]);
  });

  test("tells of pages that may not ask, and of hosts on loopback", async () => {
    const handler = createMcpHandler(server);
    expect(await statusOf(connect(handler, { headers: { origin: "https://evil.example" } }))).toBe(403);
    expect(lines).toMatchObject([{ code: "origin", origin: "https://evil.example" }]);
  });

  test("is one line, short and clean, whatever strangers write", () => {
    expect(plain("a\nb\u0000c\u202ed\u2066e\u2028f\u200f")).toBe("a b c d e f ");
    expect(plain("x".repeat(500))).toHaveLength(200);
    expect(plain("\u00ada\u180eb\u206ac\ufffbd\u{e0041}e\ud800")).toBe(" a b c d e ");
    const event = {
      client: "A".repeat(60_000),
      scopes: Array.from({ length: 999 }, () => "\u202e"),
      deep: { text: "\n" },
    };
    const told = cleaned(event);
    expect([told.client.length, told.scopes.length, told.scopes[0], told.deep.text]).toEqual([200, 50, " ", " "]);
  });
});

test("equal lines are written five times within a minute, and then counted", async () => {
  const { verifier } = await jwt();
  const worker = guarded(verifier);
  for (let n = 0; n < 20; n++) await statusOf(connect(worker, { token: "made.up.token" }));
  expect(lines).toHaveLength(5);
  clock.advance("1m");
  await statusOf(connect(worker, { token: "made.up.token" }));
  expect(lines[5]).toMatchObject({ code: lines[0]?.code, dropped: 15 });
});

describe("limits of protect", () => {
  const from = (peer: string) => ({ "cf-connecting-ip": peer });

  test("failures of one network are told to wait, and good tokens are let in from there all the same", async () => {
    const { issuer, verifier } = await jwt();
    const worker = guarded(verifier, { limits: { failures: 3 } });
    const fail = (peer: string) => connect(worker, { token: `made.up.${Math.random()}`, headers: from(peer) });
    for (let n = 1; n <= 3; n++) expect(await statusOf(fail(`2001:db8::${n}`))).toBe(401);
    const refused = await fail("2001:db8::4").catch((error: unknown) => error as HttpError);
    expect([(refused as HttpError).status, Number((refused as HttpError).headers.get("retry-after"))]).toEqual([
      429, 59,
    ]);
    expect(await statusOf(connect(worker, { token: await issuer.sign(), headers: from("2001:db8::4") }))).toBe(200);
    expect(await statusOf(fail("2001:db8:0:1::1"))).toBe(401);
    clock.advance("1m");
    expect(await statusOf(fail("2001:db8::1"))).toBe(401);
  });

  test("calls of one caller have a limit, whatever its token and address", async () => {
    const { issuer, verifier } = await jwt();
    const worker = guarded(verifier, { limits: { calls: 3 } });
    const client = await connect(worker, { token: await issuer.sign({ sub: "ann" }) });
    await client.callTool("read");
    await client.callTool("read");
    expect(await statusOf(client.callTool("read"))).toBe(429);
    expect(await statusOf(connect(worker, { token: await issuer.sign({ sub: "ann" }) }))).toBe(429);
    expect(lines.at(-1)).toMatchObject({
      code: "slow_down",
      reason: "the caller has made more than 3 requests within a minute",
    });
    expect(await statusOf(connect(worker, { token: await issuer.sign({ sub: "bob" }) }))).toBe(200);
  });

  test("a rate limiting binding is asked beside them", async () => {
    const { issuer, verifier } = await jwt();
    const asked: string[] = [];
    const limit = async ({ key }: { key: string }) => ({ success: asked.push(key) < 2 });
    const worker = guarded(verifier, { limits: { calls: 100 }, rateLimiter: () => ({ limit }) });
    const client = await connect(worker, { token: await issuer.sign() });
    expect(await statusOf(client.callTool("read"))).toBe(429);
    expect(asked[0]).toMatch(/^calls:/);
  });

  test("must be whole numbers", async () => {
    const { verifier } = await jwt();
    expect(() => guarded(verifier, { limits: { calls: 0 } })).toThrow("limits.calls must be a positive whole number");
    expect(() => guarded(verifier, { limits: { call: 1 } as never })).toThrow("calls");
  });
});

describe("with several endpoints", () => {
  class Agent extends McpAgent {
    override server = server();
  }
  const endpoints = [Agent.serve("/one"), Agent.serve("/two")];
  const [one, two] = ["https://mcp.example.com/one", "https://mcp.example.com/two"];

  test("each has its own audience", async () => {
    const { issuer, verifier } = await jwt([one, two, "the-server"]);
    const worker = protect(verifier, endpoints);
    const at = async (path: string, aud: string | string[]) =>
      statusOf(connect(worker, { path, token: await issuer.sign({ aud }) }));
    expect([await at("/one", one), await at("/two", two)]).toEqual([200, 200]);
    expect([await at("/one", two), await at("/two", one)]).toEqual([401, 401]);
    expect([await at("/one", [one, two]), await at("/two", [one, two])]).toEqual([200, 200]);
    expect([await at("/one", "the-server"), await at("/two", "the-server")]).toEqual([200, 200]);
    expect(lines[0]).toMatchObject({ code: "token", reason: "the audience is another endpoint of this server" });
  });

  test("unless they share them", async () => {
    const { issuer, verifier } = await jwt([one, two]);
    const worker = protect(verifier, endpoints, { sharedAudience: true });
    const client = await connect(worker, { path: "/two", token: await issuer.sign({ aud: one }) });
    expect(textOf(await client.callTool("read"))).toBe("read");
  });
});
