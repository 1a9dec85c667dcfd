/** `mcp-wicket keys --api`: an API key, and its record for the server. */
import { base64url } from "../common/base64url.js";

export interface ApiKeyOptions {
  /** The owner of the key. */
  name: string;
  /** The prefix of the key. Default `wk`. */
  prefix?: string | undefined;
  /** Scopes, separated by spaces. */
  scope?: string | undefined;
  /** Lifetime in days. Default 90; 0 for a key that does not expire. */
  days?: string | undefined;
  /** The text of the list of records to which the new one is added. */
  list?: string | undefined;
  /** The server's pepper. */
  pepper?: string | undefined;
}

interface Record {
  id: string;
  [member: string]: unknown;
}

const MAX_DAYS = 366;

/** The output. Throws with what to do instead. */
export async function apiKey(options: ApiKeyOptions, now = Date.now()): Promise<{ text: string; warning?: string }> {
  const { name, prefix = "wk", scope, days = "90", list, pepper } = options;
  if (!/^[a-z0-9_-]{1,19}[a-z0-9-]$/.test(prefix)) {
    throw new Error("--prefix must be 2 to 20 lowercase letters, digits, `-` or `_`, the same as in the verifier.");
  }
  if (pepper !== undefined && pepper.length < 32) {
    throw new Error("API_KEY_PEPPER must have at least 32 bytes: create one with npx mcp-wicket keys.");
  }
  const lives = Number(days);
  if (!(lives >= 0 && lives <= MAX_DAYS)) {
    throw new Error(`--days must be a number up to ${String(MAX_DAYS)}, or 0 for a key that never expires.`);
  }
  const records = list === undefined ? [] : (JSON.parse(list) as Record[]);
  if (!Array.isArray(records)) throw new Error("The file must be a list of records, beginning with [.");
  const id = newId();
  const secret = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const record: Record = {
    id,
    name,
    hash: base64url(await hashed(id, secret, pepper)),
    ...(scope !== undefined && { scopes: scope.split(" ").filter(Boolean) }),
    ...(lives > 0 && { expires: new Date(now + lives * 86_400_000).toISOString().slice(0, 19) + "Z" }),
  };
  const text = JSON.stringify({ key: `${prefix}_${id}_${secret}`, keys: [...records, record] }, null, 2);
  if (lives > 0) return { text };
  return { text, warning: "The key never expires: anyone who finds it can use it until you revoke it." };
}

/** A unique ID: twelve characters without `_`. */
function newId(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => letters[byte % 32]).join("");
}

/** The same hash as in `src/guard/api_key.rs`. */
async function hashed(id: string, secret: string, pepper: string | undefined): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const parts = ["api key", id, secret].flatMap((part) => {
    const bytes = encoder.encode(part);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(bytes.length));
    return [length, bytes];
  });
  const whole = [encoder.encode("mcp-wicket "), ...parts].flatMap((bytes) => [...bytes]);
  const plain = await crypto.subtle.digest("SHA-256", Uint8Array.from(whole));
  if (pepper === undefined) return new Uint8Array(plain);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(pepper), hmac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, plain));
}
