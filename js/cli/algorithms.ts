/** The algorithms of keys and tokens, with their names in WebCrypto. */

export interface Signing {
  /** For `generateKey` and `importKey`. */
  key: { name: string; hash?: string; namedCurve?: string; modulusLength?: number; publicExponent?: Uint8Array };
  /** For `sign`. */
  sign: { name: string; hash?: string; saltLength?: number };
  /** Length of a shared secret, in bytes. */
  secret?: number;
}

const rsa = (name: string, bits: number): Signing => ({
  key: { name, hash: `SHA-${String(bits)}`, modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) },
  sign: name === "RSA-PSS" ? { name, saltLength: bits / 8 } : { name },
});
const ec = (namedCurve: string, bits: number): Signing => ({
  key: { name: "ECDSA", namedCurve },
  sign: { name: "ECDSA", hash: `SHA-${String(bits)}` },
});
const hmac = (bits: number): Signing => ({
  key: { name: "HMAC", hash: `SHA-${String(bits)}` },
  sign: { name: "HMAC" },
  secret: bits / 8,
});

export const algorithms: Record<string, Signing> = {
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
  RS256: rsa("RSASSA-PKCS1-v1_5", 256),
  RS384: rsa("RSASSA-PKCS1-v1_5", 384),
  RS512: rsa("RSASSA-PKCS1-v1_5", 512),
  PS256: rsa("RSA-PSS", 256),
  PS384: rsa("RSA-PSS", 384),
  PS512: rsa("RSA-PSS", 512),
  ES256: ec("P-256", 256),
  ES384: ec("P-384", 384),
  ES512: ec("P-521", 512),
  EdDSA: { key: { name: "Ed25519" }, sign: { name: "Ed25519" } },
};

/** The algorithm `name`. Throws with the supported names. */
export function algorithmOf(name: string): Signing {
  const found = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (!found) throw new Error(`Unknown algorithm "${name}". Available: ${Object.keys(algorithms).join(", ")}.`);
  return found;
}
