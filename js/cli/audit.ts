/**
 * `mcp-wicket audit verify`: whether the chains in exported audit events are whole. What a chain is, says `docs/storage.md`,
 * "The audit chain".
 */
import { base64url } from "./algorithms.js";

export interface AuditOptions {
  /** The text of the export: lines of the log, a JSON list of events, or rows of the table `wicket_audit`. */
  text: string;
  /** The server's secrets, `current,previous,…`; without them only what is missing shows. */
  secrets?: string | undefined;
}

/** What is printed, and whether something is wrong. */
export interface Verified {
  report: string;
  wrong: boolean;
}

/** One link of a chain, as it was told. */
interface Link {
  chain: string;
  seq: number;
  kid: string;
  mac: string;
  who?: string;
  subject?: string;
  salt?: string;
  /** The text that the MAC is over. */
  record: string;
}

/** Members that are told beside the record. */
const BESIDE = ["wicket", "time", "kid", "mac", "subject", "salt"];

/** Throws with what to do instead. */
export async function verifyAudit({ text, secrets }: AuditOptions): Promise<Verified> {
  const links = linksIn(text);
  if (links.length === 0) {
    throw new Error(
      "The file has no records of a chain: export lines of the log, or the column `record` of wicket_audit.",
    );
  }
  const keys = secrets === undefined ? undefined : await keysOf(secrets);
  const chains = new Map<string, Link[]>();
  for (const link of links) chains.set(link.chain, [...(chains.get(link.chain) ?? []), link]);
  const lines: string[] = [];
  let wrong = 0;
  for (const [chain, all] of chains) {
    const { found, notes, records } = await verifyChain(all, keys);
    wrong += found.length;
    const last = Math.max(...all.map(({ seq }) => seq));
    lines.push(`chain ${chain}: ${String(records)} records, the last is ${String(last)}`);
    lines.push(...notes.map((note) => `  note: ${note}`), ...found.map((what) => `  WRONG: ${what}`));
  }
  const checked = keys ? "" : " The MACs were not checked, so a change would not show.";
  const verdict = wrong > 0 ? `${String(wrong)} things are wrong.` : "Nothing is missing in between or changed.";
  lines.push(`${verdict}${checked} That an end was cut off shows only beside another copy.`);
  return { report: lines.join("\n"), wrong: wrong > 0 };
}

async function verifyChain(all: Link[], keys: Keys | undefined) {
  const [found, notes]: [string[], string[]] = [[], []];
  const sorted = all.sort((one, other) => one.seq - other.seq);
  let before: Link | undefined;
  let records = 0;
  for (const link of sorted) {
    const name = `record ${String(link.seq)}`;
    if (before?.seq === link.seq) {
      // The same event may have been delivered twice.
      if (before.mac !== link.mac || before.record !== link.record) found.push(`${name} is there twice, and differs`);
      continue;
    }
    records++;
    const expected = (before?.seq ?? 0) + 1;
    if (link.seq !== expected) {
      const gap = `${String(expected)} to ${String(link.seq - 1)}`;
      if (before) found.push(`${gap} are missing`);
      else notes.push(`${gap} are not in this file; the MAC of ${name} cannot be checked without them`);
    }
    found.push(...(await namedWrongly(link, name)));
    if (keys && link.seq === expected) {
      const key = keys.get(link.kid);
      if (!key) found.push(`${name} was made under the secret ${link.kid}, which is not among those given`);
      else if ((await macOf(key, before?.mac ?? "", link.record)) !== link.mac) found.push(`${name} was changed`);
    }
    before = link;
  }
  return { found, notes, records };
}

async function namedWrongly({ who, subject, salt }: Link, name: string): Promise<string[]> {
  if (subject === undefined || salt === undefined) return [];
  const parts = ["audit subject", salt, subject].flatMap((part) => [...sized(part)]);
  const hash = await crypto.subtle.digest("SHA-256", new Uint8Array([...utf8("mcp-wicket "), ...parts]));
  return base64url(new Uint8Array(hash)) === who ? [] : [`${name} names another person than it was made for`];
}

/** The links in a text: JSON as a whole, else line by line. */
function linksIn(text: string): Link[] {
  const whole = parsed(text);
  if (whole !== undefined) return linksOf(whole);
  return text.split("\n").flatMap((line) => linksOf(parsed(line.slice(Math.max(0, line.indexOf("{"))))));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lists, results of queries and rows hold links; `logs` and `message` are those of `wrangler tail --format json`. */
function linksOf(value: unknown): Link[] {
  if (Array.isArray(value)) return value.flatMap(linksOf);
  if (typeof value === "string") return value.startsWith("{") ? linksOf(parsed(value)) : [];
  if (typeof value !== "object" || value === null) return [];
  const { chain, seq, kid, mac, who, subject, salt, results, record, logs, message } = value as Record<string, unknown>;
  if (typeof chain === "string" && typeof seq === "number" && typeof mac === "string" && typeof kid === "string") {
    const members = Object.entries(value).filter(([name]) => !BESIDE.includes(name));
    const texts = Object.fromEntries(Object.entries({ who, subject, salt }).filter(([, it]) => typeof it === "string"));
    return [{ chain, seq, kid, mac, ...texts, record: JSON.stringify(Object.fromEntries(members)) }];
  }
  if (typeof record === "string") {
    // A row: what is personal stands in columns of its own.
    const personal = typeof subject === "string" && typeof salt === "string" ? { subject, salt } : {};
    return linksOf(parsed(record)).map((link) => ({ ...link, ...personal }));
  }
  return [results, logs, message].flatMap(linksOf);
}

type Keys = Map<string, CryptoKey>;

/** The keys of chains by the names of their secrets; `src/crypto/keys.rs` makes them in the same way. */
async function keysOf(secrets: string): Promise<Keys> {
  const keys: Keys = new Map();
  for (const secret of secrets.split(",").map((secret) => secret.trim())) {
    if (secret === "") throw new Error("WICKET_SECRET has an empty value in its list: there is a comma too many.");
    const root = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveBits"]);
    const derived = async (label: string, bytes: number) => {
      const salt = utf8("mcp-wicket root key, version 1");
      const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: utf8(`mcp-wicket key for ${label}`) };
      return new Uint8Array(await crypto.subtle.deriveBits(algorithm, root, bytes * 8));
    };
    const hmac = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", await derived("audit", 32), hmac, false, ["sign"]);
    keys.set(base64url(await derived("kid", 4)), key);
  }
  return keys;
}

async function macOf(key: CryptoKey, before: string, record: string): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", key, new Uint8Array([...sized(before), ...sized(record)]));
  return base64url(new Uint8Array(mac));
}

const utf8 = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

/** A text with its length before it, in eight bytes. */
function sized(text: string): Uint8Array<ArrayBuffer> {
  const bytes = utf8(text);
  const all = new Uint8Array(8 + bytes.length);
  new DataView(all.buffer).setBigUint64(0, BigInt(bytes.length));
  all.set(bytes, 8);
  return all;
}
