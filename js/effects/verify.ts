/** The effect "verify": a signature checked by the runtime. Which algorithm and which key is the effect's own. */
import type { Outcome } from "../run.js";
import type { VerifyEffect } from "../wire.js";

/** Imported keys by what they are; importing one costs as much as a signature. */
const imported = new Map<string, CryptoKey>();
const MAX_IMPORTED = 256;

const RIGHT: Outcome = { json: "true" };
/** The same where nothing is left to decide. */
const SETTLED: Outcome = { json: "true", splice: "" };
const WRONG: Outcome = { json: "false" };

/** Performs it; the outcome is `true` or `false`. */
export function performVerify(effect: VerifyEffect): Promise<Outcome> {
  const name = effect.import + effect.key;
  const key = imported.get(name);
  if (key) return verify(key, effect);
  const made = crypto.subtle.importKey(
    "jwk",
    JSON.parse(effect.key) as JsonWebKey,
    JSON.parse(effect.import) as { name: string },
    false,
    ["verify"],
  );
  return made.then((key) => {
    if (imported.size >= MAX_IMPORTED) imported.clear();
    imported.set(name, key);
    return verify(key, effect);
  });
}

async function verify(key: CryptoKey, { algorithm, signature, signed, splice }: VerifyEffect): Promise<Outcome> {
  const isRight = await crypto.subtle.verify(algorithm, key, bytesOf(signature), encoder.encode(signed));
  return isRight ? (splice ? SETTLED : RIGHT) : WRONG;
}

const encoder = new TextEncoder();

function bytesOf(base64url: string): Uint8Array {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
