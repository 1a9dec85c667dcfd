/** `JWTVerifier` in workerd: algorithms, claims, options, and what is remembered. */
import { type JWK, SignJWT } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  JWTVerifier,
  type JWTVerifierOptions,
  McpServer,
  WicketError,
  createMcpHandler,
  protect,
} from "mcp-wicket/jwt";
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { modern } from "../../harness/messages.ts";
import { AUDIENCE, ISSUER, NOW, SECRET, claimsOf, encoded, fetches, hs256, publish, signer } from "./lib/tokens.ts";
import { watched } from "./lib/schema.ts";

/** Now it is so many seconds later. */
function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + seconds * 1000);
}
afterEach(() => void vi.useRealTimers());

const base = { issuer: ISSUER, audience: AUDIENCE };
const withSecret = (more: Partial<JWTVerifierOptions> = {}) => new JWTVerifier({ ...base, secret: SECRET, ...more });

/** Why a token is refused. */
async function reason(verifier: JWTVerifier, token: string): Promise<string> {
  try {
    await verifier.verify(token);
  } catch (error) {
    if (error instanceof WicketError && error.code === "ERR_TOKEN") return error.message;
    throw error;
  }
  throw new Error("the token is taken");
}

describe("algorithms", () => {
  test.each(["HS256", "HS384", "HS512"])("a token of another implementation, %s", async (alg) => {
    const secret = crypto.getRandomValues(new Uint8Array(64));
    const token = await new SignJWT(claimsOf()).setProtectedHeader({ alg }).sign(secret);
    const verifier = new JWTVerifier({ ...base, secret });
    expect(await verifier.verify(token)).toMatchObject({ sub: "ann" });
    const others = new JWTVerifier({
      ...base,
      secret,
      algorithms: ["HS256", "HS384", "HS512"].filter((it) => it !== alg),
    });
    expect(await reason(others, token)).toContain("alg");
    expect(await reason(new JWTVerifier({ ...base, secret: secret.slice(1) }), token)).toMatch(/signature|alg/);
  });

  test.each(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"])(
    "a token of another implementation, %s",
    async (alg) => {
      const { jwk, sign } = await signer(alg, "one");
      const token = await sign();
      for (const keys of [jwk, [jwk], { keys: [jwk] }, { ...jwk, alg, use: "sig" }]) {
        const verifier = new JWTVerifier({ ...base, keys: keys as JWTVerifierOptions["keys"] & object });
        expect(await verifier.verify(token)).toMatchObject({ sub: "ann" });
      }
      const { jwk: another } = await signer(alg, "one");
      expect(await reason(new JWTVerifier({ ...base, keys: [another as never] }), token)).toContain("signature");
    },
  );

  test("the key chooses the algorithm, not the token", async () => {
    const rsa = await signer("RS256", "one");
    const verifier = new JWTVerifier({ ...base, keys: { ...rsa.jwk, alg: "RS512" } as never });
    expect(await reason(verifier, await rsa.sign())).toContain("kid and alg");
  });

  test("algorithm confusion: HS256 with the public key as secret is refused", async () => {
    const { jwk } = await signer("RS256", "one");
    const verifier = new JWTVerifier({ ...base, keys: jwk as never });
    for (const secret of [JSON.stringify(jwk), String(jwk.n)]) {
      expect(await reason(verifier, await hs256(claimsOf(), { kid: "one" }, secret))).toContain("alg");
    }
    const both = new JWTVerifier({ ...base, keys: jwk as never, secret: SECRET });
    expect(await reason(both, await hs256(claimsOf(), { kid: "one" }, JSON.stringify(jwk)))).toContain("signature");
  });

  test.each(["none", "None", "NONE", "nOnE", ""])("alg %j is refused", async (alg) => {
    const token = `${encoded(JSON.stringify({ alg }))}.${encoded(JSON.stringify(claimsOf()))}.`;
    expect(await reason(withSecret(), token)).toContain("alg");
  });
});

describe("the header brings nothing along", () => {
  test.each([
    [{ crit: ["exp"], exp: 1 }, "crit"],
    [{ crit: [] }, "crit"],
    [{ crit: "b64" }, "crit"],
    [{ b64: false }, "b64"],
    [{ zip: "DEF" }, "zip"],
    [{ jku: "https://evil.example/keys" }, "jku"],
    [{ x5u: "https://evil.example/cert" }, "x5u"],
    [{ x5c: [] }, "x5c"],
    [{ jwk: { kty: "oct", k: "AA" } }, "jwk"],
    [{ typ: "logout+jwt" }, "typ"],
    [{ typ: 1 }, "typ"],
    [{ kid: 1 }, "JWT"],
  ])("%j", async (header, words) => {
    expect(await reason(withSecret(), await hs256(claimsOf(), header))).toContain(words);
  });

  test("typ can be pinned", async () => {
    const pinned = withSecret({ typ: "at+jwt" });
    for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt"]) {
      expect(await pinned.verify(await hs256(claimsOf(), { typ }))).toMatchObject({ sub: "ann" });
    }
    for (const typ of ["JWT", "at+jwt2", undefined]) {
      expect(await reason(pinned, await hs256(claimsOf(), { typ }))).toContain("typ");
    }
  });
});

describe("members that are there twice", () => {
  const payload = JSON.stringify(claimsOf()).slice(0, -1);
  test.each([`${payload},"sub":"bob"}`, `${payload},"x":{"a":1,"a":2}}`, `${payload},"x":[{"a":1,"\\u0061":2}]}`])(
    "%s",
    async (text) => {
      expect(await reason(withSecret(), await hs256(text))).toContain("a duplicate member");
    },
  );
  test("in the header", async () => {
    expect(await reason(withSecret(), await hs256(claimsOf(), '{"alg":"HS256","alg":"HS256"}'))).toContain(
      "a duplicate member",
    );
  });
});

describe("dates", () => {
  const verifier = withSecret();
  const signed = (claims: object) => hs256({ ...claimsOf(), ...claims });

  test.each(["exp", "nbf", "iat"])("an odd %s is a rejection", async (name) => {
    const { [name]: _left, ...others } = claimsOf();
    const rest = JSON.stringify(others).slice(0, -1);
    for (const text of [
      '"1900000000"',
      "null",
      "true",
      "[]",
      "{}",
      "-1",
      "-0",
      "1e400",
      "1e30",
      '"NaN"',
      "99999999999999999999",
    ]) {
      expect(await reason(verifier, await hs256(`${rest},"${name}":${text}}`))).toContain("number of seconds");
    }
    for (const text of ["NaN", "Infinity", "01", "+1", ".5", "1.", "0x10"]) {
      expect(await reason(verifier, await hs256(`${rest},"${name}":${text}}`))).toContain("compact serialization");
    }
  });

  test("exp must be there, unless that is relaxed", async () => {
    const { exp: _exp, ...others } = claimsOf();
    expect(await reason(verifier, await hs256(others))).toContain("no exp");
    expect(await withSecret({ requireExp: false }).verify(await hs256(others))).toMatchObject({ sub: "ann" });
  });

  test("clocks may differ by a minute, or by what is configured", async () => {
    expect(await verifier.verify(await signed({ exp: NOW() - 50 }))).toBeDefined();
    expect(await reason(verifier, await signed({ exp: NOW() - 61 }))).toContain("expired");
    expect(await verifier.verify(await signed({ nbf: NOW() + 50, iat: NOW() + 50 }))).toBeDefined();
    expect(await reason(verifier, await signed({ nbf: NOW() + 65 }))).toContain("future");
    expect(await reason(verifier, await signed({ iat: NOW() + 65 }))).toContain("future");
    expect(await reason(withSecret({ clockTolerance: 0 }), await signed({ exp: NOW() }))).toContain("expired");
  });

  test("dates may have fractions and exponents", async () => {
    const payload = JSON.stringify(claimsOf({ exp: undefined })).slice(0, -1);
    const later = NOW() + 900;
    for (const text of [`${String(later)}.5`, `${String(later)}e0`, `${String(later / 1e10)}E+10`]) {
      expect(await verifier.verify(await hs256(`${payload},"exp":${text}}`))).toBeDefined();
    }
  });

  test("a life of more than an hour is a warning, or a rejection where it is limited", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const loose = withSecret({ claims: { sub: "ann" }, clockTolerance: 61 });
    const long = await signed({ exp: NOW() + 7200 });
    await loose.verify(long);
    await loose.verify(await signed({ exp: NOW() + 7201 }));
    const texts = warned.mock.calls.map(String).filter((text) => text.includes("longer than an hour"));
    warned.mockRestore();
    expect(texts).toHaveLength(1);
    expect(await reason(withSecret({ maxLifetime: 3600 }), long)).toContain("maxLifetime");
  });
});

describe("whom a token is from and for", () => {
  const verifier = withSecret();
  test.each([
    undefined,
    "https://issuer.example/",
    "HTTPS://issuer.example",
    "https://other.example",
    ["https://issuer.example"],
    1,
  ])("iss %j is refused", async (iss) =>
    expect(await reason(verifier, await hs256(claimsOf({ iss })))).toContain("iss"),
  );
  test.each([undefined, `${AUDIENCE}/`, "https://mcp.example.com", [], [1, AUDIENCE], { a: AUDIENCE }, 1, ""])(
    "aud %j is refused",
    async (aud) => expect(await reason(verifier, await hs256(claimsOf({ aud })))).toContain("aud"),
  );
  test("lists of each", async () => {
    const several = withSecret({ issuer: ["https://a.example", ISSUER], audience: ["urn:b", AUDIENCE] });
    for (const aud of [AUDIENCE, "urn:b", ["x", "urn:b"]]) {
      expect(await several.verify(await hs256(claimsOf({ aud })))).toMatchObject({ aud });
    }
  });
  test.each([1, null, "", {}])("sub %j is refused", async (sub) => {
    expect(await reason(verifier, await hs256(claimsOf({ sub })))).toContain("sub");
  });
  test("rules for other claims, asked each time", async () => {
    let open = true;
    const ruled = withSecret({ claims: { tenant: "t1", level: (value) => open && Number(value) > 2 } });
    const token = await hs256(claimsOf({ tenant: "t1", level: 3 }));
    expect(await ruled.verify(token)).toMatchObject({ tenant: "t1" });
    open = false;
    expect(await reason(ruled, token)).toContain('"level"');
    expect(await reason(ruled, await hs256(claimsOf({ tenant: "t2", level: 3 })))).toContain('"tenant"');
    expect(await reason(withSecret({ claims: { toString: "x" } }), await hs256(claimsOf()))).toContain("toString");
  });
});

test("what is no token", async () => {
  const [header = "", payload = "", signature = ""] = (await hs256(claimsOf())).split(".");
  const whole = [header, payload, signature].join(".");
  expect(await withSecret().verify(whole)).toBeDefined();
  for (const text of [
    "",
    ".",
    "../..",
    "...",
    header,
    `${header}.${payload}`,
    `${whole}.`,
    `.${whole}`,
    `${whole}.x.y`,
    `${header}=.${payload}.${signature}`,
    `${header}.${payload}.${signature}=`,
    `${header}.${payload}.${signature}\n`,
    ` ${whole}`,
    `${encoded("[]")}.${payload}.${signature}`,
    `${encoded("\ufeff{}")}.${payload}.${signature}`,
    `${header}.${encoded("1")}.${signature}`,
    `${header}._w.${signature}`,
    `${whole.replaceAll("-", "+").replaceAll("_", "/")}+`,
  ]) {
    expect(await reason(withSecret(), text), JSON.stringify(text)).toMatch(/compact serialization|signature|alg/);
  }
  await expect(withSecret().verify(undefined as never)).rejects.toMatchObject({ code: "ERR_TOKEN" });
});

test("any single bit that is flipped spoils the token", async () => {
  const rsa = await signer("ES256");
  const tokens: [JWTVerifier, string][] = [
    [withSecret(), await hs256(claimsOf())],
    [new JWTVerifier({ ...base, keys: rsa.jwk as never }), await rsa.sign()],
  ];
  for (const [verifier, token] of tokens) {
    expect(await verifier.verify(token)).toBeDefined();
    const bytes = new TextEncoder().encode(token);
    const flips = Array.from({ length: bytes.length * 8 }, (_, at) => at);
    const taken = await Promise.all(
      flips.map(async (at) => {
        const flipped = bytes.slice();
        flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
        const text = new TextDecoder("latin1").decode(flipped);
        return verifier.verify(text).then(
          () => at,
          () => -1,
        );
      }),
    );
    expect(taken.filter((at) => at >= 0)).toEqual([]);
  }
});

describe("options are checked when the verifier is made", () => {
  const jwk: JWK = { kty: "RSA", n: "AQAB", e: "AQAB" };
  const bad: [string, object, string][] = [
    ["a short secret", { secret: "x".repeat(31) }, "`secret` has 31 bytes"],
    ["a secret of one character", { secret: "x".repeat(40) }, "a few repeated characters"],
    ["a PEM as secret", { secret: `-----BEGIN PUBLIC KEY-----\n${"MIIBIjANBg".repeat(5)}` }, "PEM key"],
    ["a JWK as secret", { secret: JSON.stringify({ kty: "oct", k: SECRET }) }, "is a JWK"],
    ["an old secret that is weak", { secret: [SECRET, "short"] }, "`secret` has 5 bytes"],
    ["no issuer", { secret: SECRET, issuer: undefined }, "`issuer` must be a string or a list of strings"],
    ["an empty audience", { secret: SECRET, audience: [] }, "`audience` must be a string or a list of strings"],
    [
      "an audience that is no text",
      { secret: SECRET, audience: [1] },
      "`audience` must be a string or a list of strings",
    ],
    ["no key at all", { issuer: "your-auth-server" }, "There is no key"],
    ["none", { secret: SECRET, algorithms: ["none"] }, '`algorithms` has "none"'],
    ["no algorithms", { secret: SECRET, algorithms: [] }, "`algorithms` is empty"],
    ["HS512 with a secret that is too short", { secret: SECRET, algorithms: ["HS512"] }, "needs 64 bytes"],
    ["RS256 without keys", { secret: SECRET, algorithms: ["RS256"] }, "no public keys"],
    ["HS256 without a secret", { jwksUri: "https://a.example/k", algorithms: ["HS256"] }, "there is no `secret`"],
    ["keys over http", { jwksUri: "http://a.example/keys" }, "must be an https URL"],
    ["keys twice", { jwksUri: "https://a.example/keys", keys: jwk }, "cannot be used together"],
    ["no keys", { keys: [] }, "`keys` is empty"],
    ["a small RSA key", { keys: jwk }, "2048"],
    ["a shared secret among the keys", { keys: { kty: "oct", k: "AA" } }, "shared secret"],
    ["a private key", { keys: { ...jwk, d: "AQ" } }, "private key"],
    ["a key for encryption", { keys: { ...jwk, use: "enc" } }, "do not allow verifying"],
    ["an odd tolerance", { secret: SECRET, clockTolerance: 601 }, "`clockTolerance` must be"],
    ["a tolerance that is none", { secret: SECRET, clockTolerance: "60" }, "`clockTolerance` must be"],
    ["several issuers without keys", { issuer: ["https://a.example", "https://b.example"] }, "one issuer"],
  ];
  test.each(bad)("%s", (_, options, words) => {
    const make = () => new JWTVerifier({ ...base, ...options });
    expect(make).toThrow(
      expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringContaining(words) as unknown }),
    );
  });

  test("a secret that is on its way out still counts, and one that is gone does not", async () => {
    const old = "another-correct-horse-battery-staple-old";
    const rotating = withSecret({ secret: [SECRET, old, undefined] });
    expect(await rotating.verify(await hs256(claimsOf(), {}, old))).toBeDefined();
    expect(await reason(withSecret(), await hs256(claimsOf(), {}, old))).toContain("signature");
  });
});

describe("keys of an issuer", () => {
  const name = () => crypto.randomUUID();
  const set = (...keys: JWK[]) => JSON.stringify({ keys });

  test("are fetched at the first token, once", async () => {
    const [{ jwk, sign }, at] = [await signer("ES256", "one"), name()];
    const verifier = new JWTVerifier({ ...base, jwksUri: await publish(at, set(jwk)) });
    expect(await fetches(at)).toBe(0);
    for (const token of [await sign(), await sign({ n: 1 }), await sign({ n: 2 })]) await verifier.verify(token);
    expect(await fetches(at)).toBe(1);
  });

  test("a new kid is fetched for, and a kid that is unknown not again within the cool-down", async () => {
    const [one, two, at] = [await signer("ES256", "one"), await signer("ES256", "two"), name()];
    const verifier = new JWTVerifier({ ...base, jwksUri: await publish(at, set(one.jwk)), keysCooldown: 2 });
    await verifier.verify(await one.sign());
    await publish(at, set(one.jwk, two.jwk));
    later(2.1);
    await verifier.verify(await two.sign());
    expect(await fetches(at)).toBe(2);
    const made = await signer("ES256", "made-up");
    for (let n = 0; n < 5; n++) expect(await reason(verifier, await made.sign({ n }))).toContain("kid");
    expect(await fetches(at)).toBe(2);
  });

  test("what a withdrawn key has vouched for is forgotten with it", async () => {
    const [one, two, at] = [await signer("ES256", "one"), await signer("ES256", "two"), name()];
    const verifier = new JWTVerifier({ ...base, jwksUri: await publish(at, set(one.jwk)), keysCooldown: 1 });
    const token = await one.sign();
    await verifier.verify(token);
    await publish(at, set(two.jwk));
    later(1.1);
    await verifier.verify(await two.sign());
    expect(await reason(verifier, token)).toContain("kid");
  });

  test("200 requests on a new kid are one fetch", async () => {
    const [one, two, at] = [await signer("ES256", "one"), await signer("ES256", "two"), name()];
    await publish(at, set(one.jwk));
    const jwksUri = (await publish(at, set(one.jwk))).replace("/published/", "/slow/");
    const verifier = new JWTVerifier({ ...base, jwksUri, keysCooldown: 1 });
    await verifier.verify(await one.sign());
    await publish(at, set(one.jwk, two.jwk));
    later(1.1);
    const before = await fetches(at);
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, n) => two.sign({ n })));
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(await fetches(at)).toBe(before + 1);
  });

  test("an issuer that cannot be reached: 503 without keys, and those it had while there are some", async () => {
    const [{ jwk, sign }, at] = [await signer("ES256", "one"), name()];
    const jwksUri = await publish(at, "");
    const verifier = new JWTVerifier({ ...base, jwksUri });
    const silence = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(await reason(verifier, await sign())).toContain("cannot be fetched");
    expect(await reason(verifier, await sign({ n: 1 }))).toContain("cannot be fetched");
    silence.mockRestore();
    expect(await fetches(at)).toBe(1);
    expect(jwk.kid).toBe("one");
  });

  test.each(["<html>", "{}", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AA"}]}', '{"keys":{}}'])(
    "%s is no key set, and replaces none",
    async (garbage) => {
      const [one, two, at] = [await signer("ES256", "one"), await signer("ES256", "two"), name()];
      const verifier = new JWTVerifier({ ...base, jwksUri: await publish(at, set(one.jwk)), keysCooldown: 1 });
      await verifier.verify(await one.sign());
      await publish(at, garbage);
      later(1.1);
      await reason(verifier, await two.sign());
      expect(await verifier.verify(await one.sign({ n: 1 }))).toBeDefined();
    },
  );

  test("keys that cannot be used are left out, and the others count", async () => {
    const [{ jwk, sign }, at] = [await signer("ES256", "one"), name()];
    const odd = [
      { kty: "new" },
      { kty: "RSA", n: "AQAB", e: "AQAB", kid: "one" },
      { kty: "oct", k: "AA", kid: "one" },
      1,
      jwk,
    ];
    const verifier = new JWTVerifier({ ...base, jwksUri: await publish(at, JSON.stringify({ keys: odd })) });
    expect(await verifier.verify(await sign())).toBeDefined();
  });

  test("a token without kid is tried with the keys of its kind", async () => {
    const [one, two] = [await signer("ES256"), await signer("ES256", "two")];
    const verifier = new JWTVerifier({ ...base, keys: [two.jwk, one.jwk] as never });
    expect(await verifier.verify(await one.sign())).toBeDefined();
  });
});

describe("behind protect", () => {
  const handler = createMcpHandler(({ props }) => {
    const server = new McpServer({ name: "test", version: "1.0.0" });
    const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
    server.registerTool("whoami", {}, ({ caller }) => text({ props, principal: caller?.principal }));
    return server;
  });
  const guarded = protect(withSecret(), handler);
  const worker = watched((request) => guarded.fetch(request, env, createExecutionContext()));
  const call = (token: string) =>
    worker(modern(AUDIENCE, "tools/call", { name: "whoami" }, { headers: { authorization: `Bearer ${token}` } }));
  const said = async (token: string) => {
    const { result } = await (await call(token)).json<{ result: { content: [{ text: string }] } }>();
    return JSON.parse(result.content[0].text) as { props: Record<string, unknown>; principal: string };
  };

  test.each([
    [{ sub: "ann" }, "user:https%3A//issuer.example:ann"],
    [{ sub: "app", client_id: "app" }, "client:https%3A//issuer.example:app"],
    [{ sub: undefined, azp: "app" }, "client:https%3A//issuer.example:app"],
    [{ sub: "a:b%" }, "user:https%3A//issuer.example:a:b%"],
  ])("claims %j", async (claims, principal) => {
    const found = await said(await hs256(claimsOf(claims)));
    expect(found.principal).toBe(principal);
    expect(found.props).toMatchObject(JSON.parse(JSON.stringify(claims)) as object);
  });

  test("a token that names nobody is a principal of its own", async () => {
    const [one, two] = [
      { sub: undefined, n: 1 },
      { sub: undefined, n: 2 },
    ];
    const names = [await said(await hs256(claimsOf(one))), await said(await hs256(claimsOf(two)))];
    expect(names[0]?.principal).toMatch(/^token:https%3A\/\/issuer.example:[\w-]{43}$/);
    expect(names[0]?.principal).not.toBe(names[1]?.principal);
  });

  const challenge =
    'Bearer error="invalid_token", error_description="The access token is malformed, expired or revoked, or was issued for another server.", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"';
  test.each([
    ["expired", { exp: 1 }],
    ["for another audience", { aud: "https://other.example" }],
    ["from another issuer", { iss: "https://other.example" }],
  ])("a token that is %s is answered like any bad one", async (_, claims) => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await call(await hs256(claimsOf(claims)));
    expect(warned.mock.calls).toHaveLength(1);
    warned.mockRestore();
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      error: {
        code: -32600,
        message: "The access token is malformed, expired or revoked, or was issued for another server.",
      },
    });
  });

  test("two headers, or a header that is none", async () => {
    const token = await hs256(claimsOf());
    const silent = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect((await call(`${token}, Bearer ${token}`)).status).toBe(400);
    silent.mockRestore();
  });

  test("props are frozen: no tool leaves anything behind for the next request", async () => {
    const verifier = withSecret();
    const claims = await verifier.verify(await hs256(claimsOf({ nested: { list: [1] } })));
    expect(Object.isFrozen(claims) && Object.isFrozen((claims.nested as { list: object }).list)).toBe(true);
  });
});

test("a token that has been verified is remembered: no step of Rust for it, and the same caller", async () => {
  const [{ jwk, sign }, verifies] = [await signer("ES256", "one"), vi.spyOn(crypto.subtle, "verify")];
  const verifier = new JWTVerifier({ ...base, keys: jwk as never });
  const token = await sign();
  const incoming = { headers: new Headers({ authorization: `Bearer ${token}` }) } as never;
  const first = await verifier.identify(incoming);
  expect(verifies).toHaveBeenCalledTimes(1);
  expect(await verifier.identify(incoming)).toBe(first);
  expect(await verifier.verify(token)).toBe((first as { props: object }).props);
  expect(verifies).toHaveBeenCalledTimes(1);
  verifies.mockRestore();
});

describe("later tokens of a key, which cross by their places in the header", () => {
  const keysOf = (...jwks: unknown[]) => new JWTVerifier({ ...base, keys: jwks as never });
  const subOf = async (verifier: JWTVerifier, authorization: string) => {
    const found = await verifier.identify({ headers: new Headers({ authorization }) } as never);
    return "refused" in found ? found.reason : found.principal;
  };
  const forged = (token: string) => token.slice(0, -4) + (token.endsWith("AAAA") ? "BBBB" : "AAAA");

  test.each(["RS256", "PS256", "ES256", "EdDSA"])("%s", async (alg) => {
    const silent = vi.spyOn(console, "warn").mockImplementation(() => {});
    const [one, other, verifies] = [
      await signer(alg, "one"),
      await signer(alg, "one"),
      vi.spyOn(crypto.subtle, "verify"),
    ];
    const verifier = keysOf(one.jwk);
    const person = async (sub: string) => one.sign({ sub });
    const right = expect.stringContaining("zoe") as string;
    expect(await subOf(verifier, `Bearer ${await person("ann")}`)).toContain("ann");
    expect(await subOf(verifier, `Bearer ${await person("zoe")}`)).toEqual(right);
    expect(await subOf(verifier, `bearer   ${await person("zoe 2")}`)).toEqual(right);
    expect(await subOf(verifier, `BEARER ${await person("zoe 3")} \t`)).toEqual(right);
    expect(await subOf(verifier, `Bearer ${forged(await person("zoe"))}`)).toContain("signature is invalid");
    expect(await subOf(verifier, `Bearer ${await other.sign({ sub: "zoe" })}`)).toContain("signature is invalid");
    expect(verifies).toHaveBeenCalledTimes(6);
    expect((await verifier.verify(await person("zoe 4"))).sub).toBe("zoe 4");
    await expect(verifier.verify(forged(await person("zoe")))).rejects.toThrow("signature is invalid");
    verifies.mockRestore();
    silent.mockRestore();
  });

  test("two keys, when the token does not say which", async () => {
    const [one, other] = [await signer("RS256"), await signer("RS256")];
    const verifier = keysOf(one.jwk, other.jwk);
    for (const n of [1, 2, 3]) {
      for (const { sign } of [one, other]) {
        expect(await subOf(verifier, `Bearer ${await sign({ sub: `ann ${String(n)}` })}`)).toContain("ann");
      }
    }
  });
});

describe("what a handler knows of a token", () => {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "test", version: "1.0.0" });
    server.registerTool("auth", {}, ({ authInfo }) => ({
      content: [{ type: "text", text: JSON.stringify(authInfo) }],
    }));
    return server;
  });
  const authOf = async (verifier: JWTVerifier, claims: Record<string, unknown>) => {
    const token = await hs256(claimsOf(claims));
    const request = modern("https://mcp.example.com/mcp", "tools/call", { name: "auth" });
    request.headers.set("authorization", `Bearer ${token}`);
    const guarded = protect(verifier, handler);
    const response = await watched((request) => guarded.fetch(request, env, createExecutionContext()))(request);
    const { result } = await response.json<{ result: { content: [{ text: string }] } }>();
    expect(result.content[0].text).not.toContain(token);
    return JSON.parse(result.content[0].text) as Record<string, unknown>;
  };

  test("client, scopes, end, resource and claims", async () => {
    const exp = NOW() + 600;
    expect(await authOf(withSecret(), { client_id: "c1", scope: "read write", exp })).toEqual({
      clientId: "c1",
      scopes: ["read", "write"],
      expiresAt: exp,
      resource: AUDIENCE,
      extra: expect.objectContaining({ sub: "ann", client_id: "c1" }) as object,
    });
  });

  test("what the token does not say is not there", async () => {
    const verifier = new JWTVerifier({ ...base, audience: ["mcp", AUDIENCE], secret: SECRET });
    const auth = await authOf(verifier, { aud: ["another", "mcp"] });
    expect(auth).toMatchObject({ clientId: "", scopes: [] });
    expect(auth).not.toHaveProperty("resource");
    expect(await authOf(verifier, { aud: ["mcp", AUDIENCE], azp: "c2" })).toMatchObject({
      clientId: "c2",
      resource: AUDIENCE,
    });
  });
});
