/** The effect "verify": a signature checked by the runtime. Which algorithm and which key is the effect's own. */
import type { VerifyEffect } from "../wire.js";

/** Imported keys by what they are; importing one costs as much as a signature. */
const imported = new Map<string, CryptoKey>();
const MAX_IMPORTED = 256;

/** Performs it; the outcome is `true` or `false`. */
export async function performVerify({ key, import: as, algorithm, signature, signed }: VerifyEffect): Promise<string> {
  const name = JSON.stringify([as, key]);
  let cryptoKey = imported.get(name);
  if (!cryptoKey) {
    cryptoKey = await crypto.subtle.importKey("jwk", key, as, false, ["verify"]);
    if (imported.size >= MAX_IMPORTED) imported.clear();
    imported.set(name, cryptoKey);
  }
  return String(await crypto.subtle.verify(algorithm, cryptoKey, bytesOf(signature), encoder.encode(signed)));
}

const encoder = new TextEncoder();

function bytesOf(base64url: string): Uint8Array {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
