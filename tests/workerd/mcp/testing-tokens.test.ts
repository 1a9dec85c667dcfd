/** `mcp-wicket/testing`: tokens and keys, and a clock that is moved past their end. */
import { APIKeyVerifier, JWTVerifier, McpServer, type TokenVerifier, createMcpHandler, protect } from "mcp-wicket/jwt";
import { HttpError, clock, connect, textOf, tokens } from "mcp-wicket/testing";
import { afterEach, describe, expect, test } from "vitest";

const AUDIENCE = "https://mcp.example.com/mcp";

const guarded = (verifier: TokenVerifier) =>
  protect(
    verifier,
    createMcpHandler(({ props }) => {
      const server = new McpServer({ name: "guarded", version: "1.0.0" });
      server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: String(props?.sub) }] }));
      return server;
    }),
  );

const statusOf = (connecting: Promise<unknown>) =>
  connecting.then(
    () => 200,
    (error: unknown) => (error as HttpError).status,
  );

afterEach(() => clock.reset());

describe("an issuer", () => {
  test.each(["ES256", "RS256", "EdDSA", "PS256"])(
    "signs with %s what a verifier of its keys takes",
    async (algorithm) => {
      const issuer = await tokens.issuer({ algorithm });
      const worker = guarded(new JWTVerifier({ keys: issuer.jwks, issuer: issuer.issuer, audience: AUDIENCE }));
      const client = await connect(worker, { token: await issuer.sign({ sub: "ada" }) });
      expect(textOf(await client.callTool("whoami"))).toBe("ada");
      expect(await statusOf(connect(worker, { token: await issuer.sign({ aud: "https://other.example" }) }))).toBe(401);
      expect(await statusOf(connect(worker, { token: await issuer.sign({ iss: undefined }) }))).toBe(401);
      expect(await statusOf(connect(worker, { token: await issuer.sign({}, { lifetime: -600 }) }))).toBe(401);
      expect(await statusOf(connect(worker))).toBe(401);
    },
  );

  test("signs with a secret", async () => {
    const secret = "correct-horse-battery-staple-and-32-more";
    const issuer = await tokens.issuer({ secret });
    const worker = guarded(new JWTVerifier({ secret, issuer: issuer.issuer, audience: AUDIENCE }));
    expect(await statusOf(connect(worker, { token: await issuer.sign() }))).toBe(200);
    const other = await tokens.issuer({ secret: secret.toUpperCase() });
    expect(await statusOf(connect(worker, { token: await other.sign() }))).toBe(401);
  });

  test("publishes its keys where the Worker under test fetches them, and takes them away", async () => {
    const issuer = await tokens.issuer({ issuer: "https://published.example/tenant" });
    const worker = guarded(new JWTVerifier({ issuer: issuer.issuer, audience: AUDIENCE }));
    const real = globalThis.fetch;
    const stop = issuer.serve();
    expect(await statusOf(connect(worker, { token: await issuer.sign() }))).toBe(200);
    stop();
    expect(globalThis.fetch).toBe(real);
  });
});

test("a token ends when the clock says so, also one that was remembered", async () => {
  const issuer = await tokens.issuer();
  const worker = guarded(new JWTVerifier({ keys: issuer.jwks, issuer: issuer.issuer, audience: AUDIENCE }));
  const token = await issuer.sign();
  expect(await statusOf(connect(worker, { token }))).toBe(200);
  clock.advance("14m");
  expect(await statusOf(connect(worker, { token }))).toBe(200);
  clock.advance(240);
  expect(await statusOf(connect(worker, { token }))).toBe(401);
  expect(await statusOf(connect(worker, { token: await issuer.sign() }))).toBe(200);
  clock.reset();
  expect(await statusOf(connect(worker, { token: await issuer.sign() }))).toBe(200);
});

test("an API key is taken for as long as its record says", async () => {
  const { key, record } = await tokens.apiKey({ name: "ci", scopes: ["read"], props: { team: "a" }, lifetime: 3600 });
  const worker = guarded(new APIKeyVerifier({ keys: [record] }));
  expect(textOf(await (await connect(worker, { token: key })).callTool("whoami"))).toBe("ci");
  clock.set(new Date(Date.now() + 3_700_000));
  expect(await statusOf(connect(worker, { token: key }))).toBe(401);
});

test("lengths of time and dates that are none are said", () => {
  expect(() => clock.advance("soon" as never)).toThrow('use 90, "15m" or "30d"');
  expect(() => clock.set("never")).toThrow("is not a date");
});
