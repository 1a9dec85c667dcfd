/** Access tokens that others can check (RFC 9068): what stands in them, and that nothing else is taken for one. */
import {
  type JSONWebKeySet,
  SignJWT,
  createLocalJWKSet,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
} from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { RESOURCE_SERVERS } from "./app/worker.ts";
import { slowly } from "./app/slow.ts";
import * as lib from "./lib/client.ts";

const site = "https://jwt.example.com";
const signIn = (user = "ann") => lib.signIn({ site, user });
const call = async (token: string, at = site) => (await lib.whoami(token, at)).status;
const jwks = async () => (await lib.send(`${site}/jwks`)).json<JSONWebKeySet>();
const part = (value: unknown) => lib.base64url(new TextEncoder().encode(JSON.stringify(value)));
const read = (text = "") => JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;

beforeAll(async () => {
  // The first key is wanted by many at once: one is kept.
  const sets = await slowly(() => Promise.all(Array.from({ length: 20 }, jwks)));
  expect(new Set(sets.map((set) => JSON.stringify(set))).size).toBe(1);
});

test("whoever has the keys can check it, and reads no name in it", async () => {
  const { client, tokens } = await signIn();
  const keys = createLocalJWKSet(await jwks());
  const options = { issuer: site, audience: `${site}/mcp`, typ: "at+jwt", algorithms: ["ES256"] };
  const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, options);
  expect(protectedHeader).toEqual({ typ: "at+jwt", alg: "ES256", kid: (await jwks()).keys[0]?.kid });
  const { sealed, jti, iat = 0, exp = 0, sub, ...rest } = payload;
  expect(rest).toEqual({ iss: site, aud: `${site}/mcp`, client_id: client.client_id, scope: "read write" });
  expect([typeof sealed, typeof jti, exp - iat]).toEqual(["string", "string", 900]);
  expect(sub).toMatch(/^[\w-]{43}$/);
  expect(JSON.stringify(payload)).not.toContain("ann");
  const again = await jwtVerify((await signIn()).tokens.access_token, keys, options);
  expect([again.payload.sub, again.payload.jti === jti]).toEqual([sub, false]);
  expect((await jwtVerify((await signIn("ben")).tokens.access_token, keys, options)).payload.sub).not.toBe(sub);
});

test("the keys are published, with no private half, and the metadata say where", async () => {
  const answered = await lib.send(`${site}/jwks`);
  expect(answered.headers.get("access-control-allow-origin")).toBe("*");
  const { keys } = await answered.json<JSONWebKeySet>();
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  const metadata = async (at: string) => (await lib.send(`${at}/.well-known/oauth-authorization-server`)).json();
  expect(await metadata(site)).toMatchObject({ jwks_uri: `${site}/jwks` });
  expect(await metadata(lib.SITE)).not.toHaveProperty("jwks_uri");
  expect((await lib.send(`${lib.SITE}/jwks`)).status).toBe(404);
});

test("it works as any other: calls, refreshing, introspection, revocation", async () => {
  const { client, tokens } = await signIn();
  expect(await (await lib.whoami(tokens.access_token, site)).text()).toContain('{\\"login\\":\\"ann\\"}');
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token, {}, site)).json();
  expect(await call(next.access_token)).toBe(200);
  const asked = { token: next.access_token, client_id: "files", client_secret: RESOURCE_SERVERS.files };
  const told = async () => (await lib.send(`${site}/introspect`, lib.form(asked))).json<Record<string, unknown>>();
  expect(await told()).toMatchObject({ active: true, sub: read(next.access_token.split(".")[1])["sub"] });
  const revoked = lib.form({ client_id: client.client_id, token: next.access_token });
  expect((await lib.send(`${site}/revoke`, revoked)).status).toBe(200);
  expect(await call(next.access_token)).toBe(401);
  expect(await told()).toEqual({ active: false });
});

test("fifty refresh: all answers are the same, signature included", async () => {
  const { client, tokens } = await signIn();
  const answers = await slowly(() =>
    Promise.all(
      Array.from({ length: 50 }, async () => (await lib.refresh(client, tokens.refresh_token, {}, site)).text()),
    ),
  );
  expect(new Set(answers).size).toBe(1);
  expect(await call((JSON.parse(answers[0] ?? "") as lib.Tokens).access_token)).toBe(200);
});

describe("what is no token of ours", () => {
  let header: string;
  let claims: string;
  let signature: string;

  beforeAll(async () => {
    [header = "", claims = "", signature = ""] = (await signIn()).tokens.access_token.split(".");
    expect(await call([header, claims, signature].join("."))).toBe(200);
  });

  test("another signature, or none", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    const { kid } = decodeProtectedHeader([header, claims, signature].join("."));
    const forged = await new SignJWT(read(claims))
      .setProtectedHeader({ typ: "at+jwt", alg: "ES256", ...(kid !== undefined && { kid }) })
      .sign(privateKey);
    const other = (await signIn()).tokens.access_token.split(".")[2] ?? "";
    for (const token of [
      forged,
      [header, claims, other].join("."),
      [header, claims, ""].join("."),
      [header, claims].join("."),
    ]) {
      expect(await call(token)).toBe(401);
    }
  });

  test("other claims, each of them", async () => {
    const said = read(claims);
    for (const [name, value] of Object.entries({
      scope: "read write admin",
      exp: 9_999_999_999,
      sub: "x",
      client_id: "x",
      iss: lib.SITE,
      aud: "x",
    })) {
      expect(await call([header, part({ ...said, [name]: value }), signature].join(".")), name).toBe(401);
    }
  });

  test("another header", async () => {
    const said = read(header);
    const others = [
      { ...said, alg: "none" },
      { ...said, alg: "HS256" },
      { ...said, typ: "JWT" },
      { ...said, typ: undefined },
      { ...said, kid: "unknown" },
      { ...said, crit: ["exp"] },
      { ...said, jwk: (await jwks()).keys[0] },
    ];
    for (const other of others) expect(await call([part(other), claims, signature].join("."))).toBe(401);
    for (const alg of ["none", "HS256"]) expect(await call(`${part({ ...said, alg })}.${claims}.`)).toBe(401);
  });

  test("what is sealed inside, by itself", async () => {
    const { sealed } = read(claims) as { sealed: string };
    expect(await call(sealed)).toBe(401);
    const asked = { token: sealed, client_id: "files", client_secret: RESOURCE_SERVERS.files };
    expect(await (await lib.send(`${site}/introspect`, lib.form(asked))).json()).toEqual({ active: false });
  });

  test("a token of a server beside it", async () => {
    expect(await call([header, claims, signature].join("."), lib.SITE)).toBe(401);
    expect(await call((await lib.signIn()).tokens.access_token)).toBe(401);
  });

  test("a refresh token is none either", async () => {
    const { tokens } = await signIn();
    expect(await call(tokens.refresh_token)).toBe(401);
  });
});
