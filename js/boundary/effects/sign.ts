/** The effects "new-key" and "sign": operations with private keys in the runtime's cryptography. */
import { base64url } from "../../common/base64url.js";
import type { Outcome } from "../world.js";
import type { NewKeyEffect, SignEffect } from "../wire.js";

/** Performs "new-key"; the outcome is the private key as a JWK. */
export async function performNewKey({ algorithm }: NewKeyEffect): Promise<Outcome> {
  const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const { kty, crv, x, y, d } = (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey;
  return { json: JSON.stringify({ kty, crv, x, y, d }) };
}

/** Performs "sign"; the outcome is the signature in base64url. */
export async function performSign({ key, import: as, algorithm, text }: SignEffect): Promise<Outcome> {
  const cryptoKey = await crypto.subtle.importKey("jwk", key, as, false, ["sign"]);
  const signature = await crypto.subtle.sign(algorithm, cryptoKey, new TextEncoder().encode(text));
  return { json: JSON.stringify(base64url(new Uint8Array(signature))) };
}
