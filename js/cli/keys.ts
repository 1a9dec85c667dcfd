/** `mcp-wicket keys`: secrets and key pairs of the right strength, key sets, rotation. */
import { algorithmOf } from "./algorithms.js";
import { base64url } from "../common/base64url.js";

export interface KeysOptions {
  /** Default HS256. */
  alg?: string | undefined;
  /** The ID of a new key; by default its thumbprint (RFC 7638). */
  kid?: string | undefined;
  /** The text of the key set to which the new public key is added. */
  jwks?: string | undefined;
  /** The text of a public key in PEM, which is converted to a JWK; no key is created. */
  pem?: string | undefined;
}

/** The output: a secret, or JSON with the private key and the key set. Throws with what to do instead. */
export async function keys({ alg = "HS256", kid, jwks, pem }: KeysOptions): Promise<string> {
  const algorithm = algorithmOf(alg);
  const { secret } = algorithm;
  if (pem !== undefined) {
    if (secret !== undefined) throw new Error("Set the algorithm of the key: --alg RS256, ES256, EdDSA, …");
    return JSON.stringify(setOf(jwks, await fromPem(pem, alg, kid)), null, 2);
  }
  if (secret !== undefined) return base64url(crypto.getRandomValues(new Uint8Array(secret)));
  const pair = (await crypto.subtle.generateKey(algorithm.key, true, ["sign", "verify"])) as CryptoKeyPair;
  const publicJwk = await published(pair.publicKey, alg, kid);
  const {
    key_ops: _ops,
    ext: _ext,
    ...exported
  } = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
  const privateJwk = { ...exported, kid: publicJwk.kid, alg };
  return JSON.stringify({ privateJwk, jwks: setOf(jwks, publicJwk) }, null, 2);
}

type Published = JsonWebKey & { kid: string };

async function published(key: CryptoKey, alg: string, kid: string | undefined): Promise<Published> {
  const { key_ops: _ops, ext: _ext, ...jwk } = (await crypto.subtle.exportKey("jwk", key)) as JsonWebKey;
  return { ...jwk, kid: kid ?? (await thumbprint(jwk)), alg, use: "sig" };
}

async function fromPem(pem: string, alg: string, kid: string | undefined): Promise<Published> {
  if (pem.includes("PRIVATE KEY"))
    throw new Error("This is a private key. Use the public key: openssl pkey -in key.pem -pubout");
  const body = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(pem)?.[1];
  if (body === undefined) throw new Error("The file has no PEM public key (-----BEGIN PUBLIC KEY-----).");
  const bytes = Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("spki", bytes, algorithmOf(alg).key, true, ["verify"]);
  return published(key, alg, kid);
}

/** The set with the new key after the existing ones, whose tokens stay valid until they expire. */
function setOf(text: string | undefined, key: Published): { keys: unknown[] } {
  let before: { keys?: { kid?: string }[] } = { keys: [] };
  try {
    if (text !== undefined) before = JSON.parse(text) as typeof before;
  } catch {
    throw new Error("The file is not JSON, so it is not a JWK Set.");
  }
  if (!Array.isArray(before.keys)) throw new Error('The file is no JWK Set: it needs a list "keys".');
  if (before.keys.some(({ kid }) => kid === key.kid)) throw new Error(`The set already has a key "${key.kid}".`);
  return { keys: [...before.keys, key] };
}

/** RFC 7638. */
async function thumbprint({ crv, e, kty, n, x, y }: JsonWebKey): Promise<string> {
  const text = JSON.stringify({ crv, e, kty, n, x, y });
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
