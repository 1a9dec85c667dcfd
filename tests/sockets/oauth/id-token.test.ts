/** What a real OpenID provider signs lets people in, and nothing else does. */
import {
  type CryptoKey,
  type JWTHeaderParameters,
  SignJWT,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
} from "jose";
import { afterEach, beforeAll, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { type OpenIDProvider, signInAs } from "../../harness/provider.ts";
import { sha256 } from "../../harness/stand-ins/server.ts";
import { type Running } from "../../harness/workerd.ts";
import { behindProvider, registered } from "./lib/behind-provider.ts";

const REDIRECT = "https://client.example/callback";
const VERIFIER = "a-code-verifier-of-more-than-forty-three-characters";

let provider: OpenIDProvider;
let worker: Running;
let client: string;

beforeAll(async () => {
  const set = await behindProvider();
  ({ provider, worker } = set);
  client = await registered(worker, REDIRECT);
  return () => set.stop();
});

afterEach(() => {
  provider.lie = undefined;
});

/** Somebody signs in; gives `code`, or the error and what the log says of it. */
async function signIn(): Promise<string> {
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: REDIRECT,
    code_challenge: await sha256(VERIFIER),
    code_challenge_method: "S256",
  });
  const agent = new UserAgent(fetch);
  const upstream = await agent.decide(`${worker.url}/authorize?${asked.toString()}`, "allow");
  const before = worker.log().length;
  const callback = await signInAs(agent, upstream, "ada", `${worker.url}/callback`);
  const { searchParams } = new URL(await agent.location(callback));
  if (searchParams.has("code")) return "code";
  const reason = /"reason":"([^"]*)"/.exec(worker.log().slice(before))?.[1] ?? "";
  return `${searchParams.get("error") ?? ""}: ${reason}`;
}

type Claims = Record<string, unknown>;

/** The token with other claims or another header, signed with `key`. */
async function signedAgain(token: string, key: CryptoKey, claims: Claims = {}, header: Claims = {}): Promise<string> {
  const head = { ...decodeProtectedHeader(token), ...header } as JWTHeaderParameters;
  return new SignJWT({ ...decodeJwt(token), ...claims }).setProtectedHeader(head).sign(key);
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a token with another key's signature lets nobody in, whatever it says", async () => {
  const { privateKey } = await generateKeyPair("RS256");
  provider.lie = (token) => signedAgain(token, privateKey);
  expect(await signIn()).toBe("server_error: the ID token has an invalid signature");
  provider.lie = (token) => signedAgain(token, privateKey, {}, { kid: "made-up" });
  expect(await signIn()).toBe("server_error: the ID token is signed with a key that the provider does not publish");
});

test("a token whose claims were changed lets nobody in", async () => {
  provider.lie = (token) => {
    const [header = "", , signature = ""] = token.split(".");
    return `${header}.${part({ ...decodeJwt(token), sub: "eve" })}.${signature}`;
  };
  expect(await signIn()).toBe("server_error: the ID token has an invalid signature");
});

test("alg none lets nobody in, with or without a signature", async () => {
  for (const alg of ["none", "None", "NONE"]) {
    for (const keep of [true, false]) {
      provider.lie = (token) => {
        const [, claims = "", signature = ""] = token.split(".");
        return `${part({ alg, kid: "key-1" })}.${claims}.${keep ? signature : ""}`;
      };
      expect(await signIn()).toMatch(/^server_error: the ID token (is rejected: the alg|cannot be read)/);
    }
  }
});

test("a secret never signs, neither ours nor the public key's text", async () => {
  const secrets = ["s3cret", JSON.stringify(await (await fetch(`${provider.issuer}/jwks`)).json())];
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey("raw", Buffer.from(secret), { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
    ]);
    provider.lie = async (token) => {
      const signed = `${part({ alg: "HS256", kid: "key-1" })}.${token.split(".")[1] ?? ""}`;
      return `${signed}.${Buffer.from(await crypto.subtle.sign("HMAC", key, Buffer.from(signed))).toString("base64url")}`;
    };
    expect(await signIn()).toMatch(/^server_error: the ID token is signed with the client secret/);
  }
});

test("a good token of another sign-in lets nobody in: its nonce is another", async () => {
  let first: string | undefined;
  provider.lie = (token) => (first ??= token);
  expect(await signIn()).toBe("code");
  expect(await signIn()).toBe("server_error: the ID token belongs to another sign-in");
});

test("claims that are not for us, each signed well", async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const wrong: [Claims, string][] = [
    [{ aud: "client-2" }, "is for another client"],
    [{ aud: ["client-2", "client-3"] }, "is for another client"],
    [{ aud: ["client-1", "client-2"] }, "is for several clients, but has no azp"],
    [{ azp: "client-2" }, "was issued to another client"],
    [{ iss: "http://127.0.0.1:1" }, "has another issuer"],
    [{ iss: `${provider.issuer}/` }, "has another issuer"],
    [{ nonce: undefined }, "belongs to another sign-in"],
    [{ nonce: "another" }, "belongs to another sign-in"],
    [{ exp: Math.floor(Date.now() / 1000) - 61 }, "has expired"],
    [{ exp: undefined }, "has no expiry"],
    [{ iat: Math.floor(Date.now() / 1000) + 120 }, "is not valid yet"],
    [{ sub: "" }, "has no subject"],
  ];
  // The provider's key is ours for this test, so that what is refused is the claim.
  await provider.admit(`${worker.url}/callback`, "RS256", { privateKey, publicKey });
  provider.lie = (token) => signedAgain(token, privateKey);
  expect(await signIn()).toBe("code");
  for (const [claims, reason] of wrong) {
    provider.lie = (token) => signedAgain(token, privateKey, claims);
    expect(await signIn(), JSON.stringify(claims)).toBe(`server_error: the ID token ${reason}`);
  }
});

test("the provider changes its key, of whatever kind: the next one signs in, and the former key does not", async () => {
  for (const algorithm of ["RS256", "PS256", "ES256", "EdDSA"]) {
    await provider.admit(`${worker.url}/callback`, algorithm);
    expect(await signIn(), algorithm).toBe("code");
    // Kept: the second does not fetch them again.
    const fetches = () => provider.asked.filter((line) => line === "GET /jwks").length;
    const before = fetches();
    expect(await signIn(), algorithm).toBe("code");
    expect(fetches()).toBe(before);
  }
  const former = await generateKeyPair("RS256", { extractable: true });
  await provider.admit(`${worker.url}/callback`, "RS256", former);
  let kid: unknown;
  provider.lie = (token) => {
    ({ kid } = decodeProtectedHeader(token));
    return token;
  };
  expect(await signIn()).toBe("code");
  await provider.admit(`${worker.url}/callback`);
  provider.lie = undefined;
  expect(await signIn()).toBe("code");
  provider.lie = (token) => signedAgain(token, former.privateKey, {}, { kid });
  expect(await signIn()).toBe("server_error: the ID token is signed with a key that the provider does not publish");
});
