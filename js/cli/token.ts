/** `mcp-wicket token`: a short-lived token for trials. */
import { algorithmOf } from "./algorithms.js";
import { base64url } from "../common/base64url.js";

export interface TokenOptions {
  issuer?: string | undefined;
  audience?: string | undefined;
  subject?: string | undefined;
  scope?: string | undefined;
  /** Minutes until it expires. Default 15. */
  minutes?: string | undefined;
  /** `NAME=VALUE`; the value is JSON if it can be read as such. */
  claims?: readonly string[] | undefined;
  /** The algorithm of a secret. Default HS256. A key names its own. */
  alg?: string | undefined;
  /** The shared secret. */
  secret?: string | undefined;
  /** The text of a private JWK, instead of a secret. */
  key?: string | undefined;
}

const WARN_MINUTES = 60;
const MAX_MINUTES = 24 * 60;

/** The token, and a warning if there is one. Throws with what to do instead. */
export async function token(options: TokenOptions, now = Date.now()): Promise<{ token: string; warning?: string }> {
  const { issuer, audience, subject, scope, claims = [] } = options;
  if (!issuer || !audience) throw new Error("Set --issuer and --audience, the same as in the verifier.");
  const minutes = Number(options.minutes ?? "15");
  if (!(minutes > 0)) throw new Error("--minutes must be a number above 0.");
  if (minutes > MAX_MINUTES) {
    throw new Error(
      "Tokens of more than 24 hours are not issued, because anyone who finds one can use it that long. Use an API key.",
    );
  }
  const issued = Math.floor(now / 1000);
  const more = Object.fromEntries(claims.map(claim));
  const payload = {
    iss: issuer,
    aud: audience,
    ...(subject !== undefined && { sub: subject }),
    ...(scope !== undefined && { scope }),
    iat: issued,
    exp: issued + Math.round(minutes * 60),
    ...more,
  };
  const made = await sign(payload, options);
  return minutes > WARN_MINUTES
    ? {
        token: made,
        warning:
          "The token is valid for more than 60 minutes. 15 to 60 minutes are usually enough, and limit the use of a stolen token.",
      }
    : { token: made };
}

function claim(text: string): [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new Error(`--claim ${text} must have the form NAME=VALUE.`);
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (name === "exp" || name === "iat") throw new Error(`--claim ${name}: use --minutes instead.`);
  try {
    return [name, JSON.parse(value) as unknown];
  } catch {
    return [name, value];
  }
}

async function sign(payload: object, { secret, key, alg: asked }: TokenOptions): Promise<string> {
  const jwk = key === undefined ? undefined : (parsed(key) as JsonWebKey & { kid?: string; privateJwk?: JsonWebKey });
  const own = (jwk?.privateJwk ?? jwk) as (JsonWebKey & { kid?: string }) | undefined;
  if (own && asked !== undefined) throw new Error("Omit --alg: the key has its own.");
  const alg = own ? own.alg : (asked ?? "HS256");
  if (alg === undefined) throw new Error('The key needs its "alg", for example "ES256".');
  if (own && own.d === undefined && own.k === undefined) {
    throw new Error("This is a public key: tokens are signed with the private key.");
  }
  const algorithm = algorithmOf(alg);
  const header = { alg, typ: "JWT", ...(own?.kid !== undefined && { kid: own.kid }) };
  const encoder = new TextEncoder();
  let imported: CryptoKey;
  if (own) {
    imported = await crypto.subtle.importKey("jwk", own, algorithm.key, false, ["sign"]);
  } else {
    const bytes = encoder.encode(secret ?? "");
    if (algorithm.secret === undefined) throw new Error(`${alg} requires a private JWK: set --key FILE.`);
    if (bytes.length < algorithm.secret) {
      const least = String(algorithm.secret);
      throw new Error(
        `Set JWT_SECRET to the server's secret (at least ${least} bytes), or use --key FILE with a private JWK.`,
      );
    }
    imported = await crypto.subtle.importKey("raw", bytes, algorithm.key, false, ["sign"]);
  }
  const text = (part: object) => base64url(encoder.encode(JSON.stringify(part)));
  const signed = `${text(header)}.${text(payload)}`;
  const signature = await crypto.subtle.sign(algorithm.sign, imported, encoder.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

function parsed(key: string): unknown {
  try {
    return JSON.parse(key);
  } catch {
    throw new Error(
      "The file is not JSON. It must contain a private JWK: create one with `npx mcp-wicket keys --alg ES256`.",
    );
  }
}
