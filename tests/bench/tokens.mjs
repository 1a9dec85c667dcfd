/** JWTs of an issuer that lives in this file, and the calls that carry them. */
import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { modernCall } from "./requests.mjs";

/** @typedef {import("./load.mjs").FixedRequest} FixedRequest */

const secret = randomBytes(32).toString("base64url");
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const kid = "bench";

/** What contestants have in their environment. */
export const jwtVars = {
  JWT_SECRET: secret,
  JWKS: JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" }] }),
};

/**
 * So many that one which comes round again has been forgotten: no verifier here remembers more than 4,000. RSA signs about
 * a thousand in a second.
 */
const DIFFERENT = 4_800;

/** `tools/call` of `add` with an HS256 token. @returns {Promise<FixedRequest>} */
export async function hs256Call() {
  return withToken(hs256("ann"));
}

/** The same with an RS256 token. @returns {Promise<FixedRequest>} */
export async function rs256Call() {
  return withToken(rs256("ann"));
}

/** The same with another token each time. @returns {Promise<FixedRequest>} */
export async function rs256Calls() {
  const tokens = (different ??= Array.from({ length: DIFFERENT }, (_, n) => `Bearer ${rs256(`person-${n}`)}`));
  return { ...withToken(rs256("ann")), series: { header: "Authorization", values: tokens, next: 0 } };
}

/** @type {string[] | undefined} */
let different;

/** @returns {FixedRequest} */
function withToken(/** @type {string} */ token) {
  return { ...modernCall, headers: { ...modernCall.headers, Authorization: `Bearer ${token}` } };
}

function hs256(/** @type {string} */ sub) {
  const text = unsigned({ alg: "HS256", typ: "JWT" }, sub);
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

function rs256(/** @type {string} */ sub) {
  const text = unsigned({ alg: "RS256", typ: "JWT", kid }, sub);
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

function unsigned(/** @type {object} */ header, /** @type {string} */ sub) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: "https://issuer.example",
    aud: "https://mcp.example.com/mcp",
    sub,
    scope: "notes:read notes:write",
    iat: now,
    exp: now + 3600,
  };
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}`;
}
