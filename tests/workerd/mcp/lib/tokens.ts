/** Tokens for tests: made by another implementation, or by hand where that would refuse. */
import { type CryptoKey, type JWK, SignJWT, exportJWK, generateKeyPair } from "jose";
import { inject } from "vitest";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "https://mcp.example.com/mcp";
export const SECRET = "correct-horse-battery-staple-and-32-more";
export const NOW = () => Math.floor(Date.now() / 1000);

/** Claims that a verifier of these tests takes. */
export const claimsOf = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "ann",
  iat: NOW(),
  exp: NOW() + 900,
  ...more,
});

const base64url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export const encoded = (text: string): string => base64url(new TextEncoder().encode(text));

/** An HS256 token of exactly these texts. */
export async function hs256(payload: string | object, header: string | object = {}, secret = SECRET): Promise<string> {
  const text = (part: string | object, base: object) =>
    encoded(typeof part === "string" ? part : JSON.stringify({ ...base, ...part }));
  const signed = `${text(header, { alg: "HS256", typ: "JWT" })}.${text(payload, {})}`;
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return `${signed}.${base64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(signed))))}`;
}

/** A key pair of an issuer, and tokens signed with it. */
export interface Signer {
  jwk: JWK;
  sign: (claims?: Record<string, unknown>, header?: Record<string, unknown>) => Promise<string>;
}

export async function signer(alg: string, kid?: string): Promise<Signer> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk: JWK = { ...(await exportJWK(pair.publicKey)), ...(kid !== undefined && { kid }) };
  return { jwk, sign: (claims, header) => signWith(pair.privateKey, alg, kid, claims, header) };
}

function signWith(
  key: CryptoKey,
  alg: string,
  kid: string | undefined,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claimsOf(claims))
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
    .sign(key);
}

/** Puts `text` at a URL of the upstream; nothing takes it away. Gives the URL. */
export async function publish(name: string, text: string): Promise<string> {
  const url = `${inject("upstream")}/published/${name}`;
  await (await fetch(url, { method: "POST", body: text })).text();
  return url;
}

/** How often it was fetched. */
export async function fetches(name: string): Promise<number> {
  return Number(await (await fetch(`${inject("upstream")}/fetched/${name}`)).text());
}
