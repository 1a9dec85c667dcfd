/** `mcp-wicket keys --api`: an API key, and the record of it that a server keeps. */
import { base64url } from "./algorithms.js";

export interface ApiKeyOptions {
  /** Whose key it is. */
  name: string;
  /** How keys begin. Default `wk`. */
  prefix?: string | undefined;
  /** Scopes, separated by spaces. */
  scope?: string | undefined;
  /** Days until it ends. Default 90; 0 for one that never does. */
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

/** What is printed. Throws with what to do instead. */
export async function apiKey(options: ApiKeyOptions, now = Date.now()): Promise<{ text: string; warning?: string }> {
  const { name, prefix = "wk", scope, days = "90", list, pepper } = options;
  if (!/^[a-z0-9_-]{1,19}[a-z0-9-]$/.test(prefix)) {
    throw new Error("--prefix takes 2 to 20 lower-case letters, digits, `-` or `_`, as the verifier has it.");
  }
  if (pepper !== undefined && pepper.length < 32) {
    throw new Error("API_KEY_PEPPER needs 32 bytes or more: npx mcp-wicket keys makes one.");
  }
  const lives = Number(days);
  if (!(lives >= 0 && lives <= MAX_DAYS)) {
    throw new Error(`--days takes a number up to ${String(MAX_DAYS)}, or 0 for a key that never ends.`);
  }
  const records = list === undefined ? [] : (JSON.parse(list) as Record[]);
  if (!Array.isArray(records)) throw new Error("The file is no list of records: it begins with [.");
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
  return { text, warning: "It never ends: whoever finds it can use it until you take it back." };
}

/** Twelve characters without `_`, of which no two keys share all. */
function newId(): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => letters[byte % 32]).join("");
}

/** As `src/auth/api_key.rs` has it. */
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
