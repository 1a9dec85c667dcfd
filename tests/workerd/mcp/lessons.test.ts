/** What went wrong elsewhere with tokens and keys, each by its name, and how it goes here. */
import { describe, expect, test, vi } from "vitest";
import { type APIKeyRecord, APIKeyVerifier, JWTVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { apiKey } from "../../../js/cli/api-key.ts";
import { initialize, legacy, modern, post } from "../../harness/messages.ts";
import { AUDIENCE, ISSUER, NOW, SECRET, claimsOf, hs256, publish, signer } from "./lib/tokens.ts";
import { watched } from "./lib/schema.ts";

const base = { issuer: ISSUER, audience: AUDIENCE };
const shared = new JWTVerifier({ ...base, secret: SECRET });

const refused = async (verifier: JWTVerifier, token: string) => {
  await expect(verifier.verify(token), token).rejects.toMatchObject({ code: "ERR_TOKEN" });
};

const handler = createMcpHandler(({ props }) => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
  server.registerTool("whoami", {}, ({ caller }) => text({ sub: props?.sub, principal: caller?.principal }));
  server.registerTool("write", { scopes: ["write"] }, () => text("written"));
  return server;
});
const served = (verifier: Parameters<typeof protect>[0], options = {}) => {
  const { fetch } = protect(verifier, handler, options);
  return watched((request) => fetch(request, env, createExecutionContext()));
};
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const whoami = (token: string, id = 1) => modern(AUDIENCE, "tools/call", { name: "whoami" }, { ...as(token), id });

test("HS* with a public key (CVE-2024-37568, CVE-2022-29217, CVE-2026-22817, CVE-2026-22818): the forgery fails", async () => {
  for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
    const { jwk, sign } = await signer(alg, "one");
    const set = JSON.stringify({ keys: [jwk] });
    const jwksUri = await publish(crypto.randomUUID(), set);
    const { publicKey } = {
      publicKey: await crypto.subtle.importKey("jwk", jwk as JsonWebKey, importOf(alg), true, ["verify"]),
    };
    const spki = btoa(
      String.fromCharCode(...new Uint8Array((await crypto.subtle.exportKey("spki", publicKey)) as ArrayBuffer)),
    );
    const pem = `-----BEGIN PUBLIC KEY-----\n${spki.replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
    const verifiers = [
      new JWTVerifier({ ...base, keys: jwk as never }),
      new JWTVerifier({ ...base, jwksUri }),
      new JWTVerifier({ ...base, keys: jwk as never, secret: SECRET }),
    ];
    for (const verifier of verifiers) {
      expect(await verifier.verify(await sign())).toMatchObject({ sub: "ann" });
      for (const secret of [pem, pem.trimEnd(), spki, set, JSON.stringify(jwk), String(jwk.n ?? jwk.x)]) {
        await refused(verifier, await hs256(claimsOf(), { kid: "one" }, secret));
      }
    }
    for (const secret of [pem, set, JSON.stringify(jwk)]) {
      expect(() => new JWTVerifier({ ...base, secret })).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
    }
  }
});

function importOf(alg: string): { name: string; hash?: string; namedCurve?: string } {
  if (alg === "RS256") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  if (alg === "PS256") return { name: "RSA-PSS", hash: "SHA-256" };
  return alg === "ES256" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
}

test("malformed exp and nbf skipped (CVE-2026-44459, CVE-2026-25537): rejected", async () => {
  const rest = JSON.stringify({ ...claimsOf(), exp: undefined }).slice(0, -1);
  const odd = ['""', '"1"', `"${String(NOW() + 900)}"`, "null", "NaN", "1e400", "-1", "true", "[]", "{}", "0x7fffffff"];
  for (const value of odd) {
    await refused(shared, await hs256(`${rest},"exp":${value}}`));
    await refused(shared, await hs256(`${rest},"exp":${String(NOW() + 900)},"nbf":${value}}`));
  }
});

test("unknown crit ignored (CVE-2026-32597, CVE-2025-59420): rejected", async () => {
  for (const crit of [["x"], ["exp"], ["b64"], [], "x", null, {}, ["alg"]]) {
    await refused(shared, await hs256(claimsOf(), { crit, x: 1, b64: true }));
  }
});

test("a token of another kind accepted as bearer: refused by its typ", async () => {
  for (const typ of ["refresh+jwt", "logout+jwt", "dpop+jwt", "id+jwt", "token-introspection+jwt", "secevent+jwt"]) {
    await refused(shared, await hs256(claimsOf(), { typ }));
  }
});

test("a token that is bound to its client's key, shown without the proof: refused (RFC 9449, RFC 8705)", async () => {
  for (const cnf of [
    { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" },
    { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" },
    {},
  ]) {
    await refused(shared, await hs256(claimsOf({ cnf })));
  }
});

test("identity from a body's userId (CVE-2025-61928): only the key says who it is", async () => {
  const { key, keys } = JSON.parse((await apiKey({ name: "ann" })).text) as { key: string; keys: APIKeyRecord[] };
  const worker = served(new APIKeyVerifier({ keys }));
  const claims = { sub: "root", userId: "root", key: "root", principal: "user:root", name: "root" };
  const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", ...claims };
  const request = modern(
    `${AUDIENCE}?userId=root&sub=root`,
    "tools/call",
    {
      name: "whoami",
      arguments: claims,
      _meta: {
        ...meta,
        "io.modelcontextprotocol/clientInfo": { name: "root", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
    { headers: { authorization: `Bearer ${key}`, "x-user-id": "root", "x-forwarded-user": "root" } },
  );
  const response = await worker(request);
  expect(response.status).toBe(200);
  const said = await response.text();
  expect(said).toContain("key:ann");
  expect(said).not.toContain("root");
});

test("session id hijack (GHSA-qvqr-5cv7-wh35): another principal with the session id gets 404", async () => {
  const worker = served(shared);
  const [ann, bob, anotherAnn] = await Promise.all(
    [{ sub: "ann" }, { sub: "bob" }, { sub: "ann", n: 2 }].map((claims) => hs256(claimsOf(claims))),
  );
  const begun = await worker(initialize(AUDIENCE, as(ann ?? "")));
  const session = begun.headers.get("mcp-session-id") ?? "";
  const ping = async (token = "") => (await worker(legacy(AUDIENCE, "ping", {}, { ...as(token), session }))).status;
  expect([await ping(ann), await ping(bob), await ping(anotherAnn)]).toEqual([200, 404, 200]);
});

test("answers of two users mixed up (CVE-2026-25536): 1,000 rounds with equal ids, interleaved", async () => {
  const worker = served(shared);
  const users = await Promise.all(["ann", "bob"].map(async (sub) => ({ sub, token: await hs256(claimsOf({ sub })) })));
  for (let round = 0; round < 20; round++) {
    const calls = Array.from({ length: 50 }, (_, n) => n).flatMap((n) =>
      users.map(async ({ sub, token }) => {
        const said = await (await worker(whoami(token, n))).text();
        return (
          said.includes(`"id":${String(n)},`) && said.includes(`:${sub}\\"`) && said.includes(`\\"sub\\":\\"${sub}\\"`)
        );
      }),
    );
    expect((await Promise.all(calls)).every(Boolean)).toBe(true);
  }
});

describe("the exact answer", () => {
  const METADATA = 'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"';
  const INVALID = "The access token is malformed, expired or revoked, or was issued for another server.";
  const invalid = `Bearer error="invalid_token", error_description="${INVALID}", scope="read", ${METADATA}`;
  const worker = served(shared, { requiredScopes: ["read"] });
  const answered = async (request: Request) => {
    const silent = vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await worker(request);
    const said = silent.mock.calls.map(String).join("\n");
    silent.mockRestore();
    const { error } = await response.json<{ error: { code: number; message: string } }>();
    const { status, headers } = response;
    return { status, challenge: headers.get("www-authenticate"), cache: headers.get("cache-control"), error, said };
  };
  const refusal = (challenge: string, message: string, status = 401) => ({
    status,
    challenge,
    cache: "no-store",
    error: { code: -32600, message },
  });

  test("without a token", async () => {
    const message = "An access token is required: send it as `Authorization: Bearer …`.";
    const bare = modern(AUDIENCE, "tools/call", { name: "whoami" });
    expect(await answered(bare)).toEqual({
      ...refusal(`Bearer scope="read", ${METADATA}`, message),
      said: expect.stringContaining(`"code":"absent"`) as unknown,
    });
    const body = await answered(post(AUDIENCE, "nonsense"));
    expect(body.challenge).toBe(`Bearer scope="read", ${METADATA}`);
  });

  test.each([
    ["expired", { exp: 1 }, "the token has expired"],
    ["of the wrong audience", { aud: "https://other.example" }, "the aud does not include this server"],
    ["of the wrong issuer", { iss: "https://other.example" }, "the iss is not the configured issuer"],
    ["not valid yet", { nbf: 9_999_999_999 }, "is in the future"],
  ])("a token that is %s: the caller learns nothing more, the log does", async (_, claims, reason) => {
    const found = await answered(whoami(await hs256(claimsOf({ scope: "read", ...claims }))));
    expect(found).toEqual({ ...refusal(invalid, INVALID), said: expect.stringContaining(reason) as unknown });
  });

  test("a token without the scope of every request", async () => {
    const message = "The access token does not have the required scopes.";
    const challenge = `Bearer error="insufficient_scope", error_description="${message}", scope="read", ${METADATA}`;
    expect(await answered(whoami(await hs256(claimsOf({ scope: "write" }))))).toMatchObject(
      refusal(challenge, message, 403),
    );
  });

  test("a token without the scope of the tool: all scopes that are needed", async () => {
    const token = await hs256(claimsOf({ scope: "read" }));
    const found = await answered(modern(AUDIENCE, "tools/call", { name: "write" }, as(token)));
    const words = "The access token does not have the required scopes.";
    expect(found).toMatchObject({
      status: 403,
      challenge: `Bearer error="insufficient_scope", error_description="${words}", scope="read write", ${METADATA}`,
      error: { code: -32600, message: 'The tool "write" requires these scopes: read write.' },
    });
  });
});
