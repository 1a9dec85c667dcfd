/**
 * `mcp-wicket audit verify`: checks whether the chains in exported audit events are complete. `docs/storage.md` describes
 * chains, in "The audit chain".
 */
import { base64url } from "../common/base64url.js";

export interface AuditOptions {
  /** The text of the export: lines of the log, a JSON list of events, or rows of the table `wicket_audit`. */
  text: string;
  /** The server's secrets, `current,previous,…`; without them only gaps are found. */
  secrets?: string | undefined;
  /** Where chains begin in the export, `CHAIN:SEQ:MAC` each: the last record of a chain that was verified before. */
  from?: readonly string[] | undefined;
}

/** The output and the result. */
export interface AuditReport {
  report: string;
  /** Something is wrong. */
  wrong: boolean;
  /** The number of records that may be right: nothing proves that this server has written them. */
  unverified: number;
}

/** One link of a chain, as it was exported. */
interface Link {
  chain: string;
  seq: number;
  kid: string;
  mac: string;
  who?: string;
  subject?: string;
  salt?: string;
  /** The text that the MAC covers. */
  record: string;
  /** Members besides the record that contradict it. */
  differs: string[];
}

/** The end of the part of a chain that was verified before. */
type Known = Pick<Link, "seq" | "mac">;

/** The contents of an export: links, and entries that look like links but are malformed. */
interface Export {
  links: Link[];
  broken: string[];
}

/** Members besides the record. */
const BESIDE = ["wicket", "time", "kid", "mac", "subject", "salt"];
/** Columns of `wicket_audit` that repeat the record. */
const COLUMNS = ["chain", "seq", "time", "event", "client", "grant", "reason", "request", "who"];
/**
 * `time` is when the event was delivered, `at` in the record when it happened. Failed deliveries are repeated for four
 * days.
 */
const EARLIER = 10 * 60 * 1000;
const LATER = 5 * 24 * 3600 * 1000;

/** Throws with what to do instead. */
export async function verifyAudit({ text, secrets, from = [] }: AuditOptions): Promise<AuditReport> {
  const { links, broken } = linksIn(text);
  if (links.length === 0 && broken.length === 0) {
    throw new Error("There are no chain records: export lines of the log, or the column `record` of wicket_audit.");
  }
  const keys = secrets === undefined ? undefined : await keysOf(secrets);
  const known = new Map(from.map(readFrom));
  const chains = new Map<string, Link[]>();
  for (const link of links) chains.set(link.chain, [...(chains.get(link.chain) ?? []), link]);
  const lines = broken.map((what) => `WRONG: ${what}`);
  const sum = { records: 0, verified: 0, unverified: 0, wrong: broken.length };
  for (const [chain, all] of chains) {
    const { found, unverified, records, former, verified, last, end } = await verifyChain(all, keys, known.get(chain));
    sum.records += records;
    sum.verified += verified;
    sum.unverified += unverified.length;
    sum.wrong += found.length;
    lines.push(`chain ${chain}: ${String(records)} records, the last is ${String(last.seq)}`);
    lines.push(...unverified.map((what) => `  UNVERIFIED: ${what}`), ...found.map((what) => `  WRONG: ${what}`));
    if (former > 0) lines.push(`  ${String(former)} of them were verified before, according to --from, and not again`);
    if (end === last && found.length === 0)
      lines.push(`  for the next export: --from ${chain}:${String(last.seq)}:${last.mac}`);
  }
  const absent = [...known.keys()].filter((chain) => !chains.has(chain));
  lines.push(...absent.map((chain) => `chain ${chain}: no records in this file`));
  lines.push(...verdict(sum, keys !== undefined, chains.size));
  return { report: lines.join("\n"), wrong: sum.wrong > 0, unverified: sum.unverified };
}

/** What was proved, and what was not. */
function verdict(
  sum: Record<"records" | "verified" | "unverified" | "wrong", number>,
  hasKeys: boolean,
  chains: number,
) {
  const counts = hasKeys ? `${String(sum.verified)} verified, ${String(sum.unverified)} unverified` : "none verified";
  const lines = [`${String(sum.records)} records in ${String(chains)} chains: ${counts}.`];
  if (sum.wrong > 0) lines.push(`${String(sum.wrong)} errors.`);
  if (sum.unverified > 0) {
    lines.push(
      `${String(sum.unverified)} records may be forged or modified: nothing proves that this server created them.`,
    );
  }
  if (sum.wrong === 0 && sum.unverified === 0) {
    lines.push(hasKeys ? "No gaps and no modifications." : "No gaps.");
  }
  if (!hasKeys) lines.push("The MACs were not checked, so modifications would not be detected.");
  else if (sum.verified > 0) {
    lines.push("Verified means: created with this server's secret, unmodified, directly after the previous record.");
  }
  lines.push(
    "Not detected: a missing end of a chain, a missing chain (compare another copy, or the last records of an earlier run),",
    "and events without a chain, which have no MAC.",
  );
  return lines;
}

function readFrom(text: string): [string, Known] {
  const [chain = "", seq = "", mac = "", more] = text.split(":");
  if (chain === "" || mac === "" || more !== undefined || !/^[1-9]\d*$/.test(seq)) {
    throw new Error(
      `--from ${text} is not CHAIN:SEQ:MAC: use the line that an earlier run printed, or the members of a record.`,
    );
  }
  return [chain, { seq: Number(seq), mac }];
}

async function verifyChain(all: Link[], keys: Keys | undefined, known: Known | undefined) {
  const [found, unverified]: [string[], string[]] = [[], []];
  const sorted = all.sort((one, other) => one.seq - other.seq);
  const isWhole = sorted[0]?.seq === 1;
  let before: (Known & Partial<Link>) | undefined = isWhole ? undefined : known;
  let [records, verified, former] = [0, 0, 0];
  let end: Known | undefined;
  let last: Known = { seq: 0, mac: "" };
  for (const link of sorted) {
    const name = `record ${String(link.seq)}`;
    found.push(...link.differs.map((what) => `${name}: ${what}`), ...(await namedWrongly(link, name)));
    if (last.seq === link.seq && before?.record !== undefined) {
      // The same event may have been delivered twice.
      if (before.mac !== link.mac || before.record !== link.record)
        found.push(`${name} is duplicated, with differences`);
      continue;
    }
    records++;
    last = link;
    if (link.seq === known?.seq && link.mac !== known.mac) found.push(`${name} has a different MAC than --from`);
    if (known && !isWhole && link.seq <= known.seq) {
      former++;
      continue;
    }
    const expected = (before?.seq ?? 0) + 1;
    const gap = `${String(expected)} to ${String(link.seq - 1)}`;
    const key = keys?.get(link.kid);
    if (link.seq !== expected) {
      if (before) found.push(`${gap} are missing`);
      unverified.push(`${name}, because ${gap} are not in this file: use --from to continue there`);
    } else if (keys && !key) {
      unverified.push(`${name} was created under the secret ${link.kid}, which is not among the given secrets`);
    } else if (key && (await macOf(key, before?.mac ?? "", link.record)) !== link.mac) {
      found.push(`${name} was modified`);
    } else if (key) {
      verified++;
      end = link;
    }
    before = link;
  }
  if (known && last.seq < known.seq) found.push(`the end is missing: --from refers to record ${String(known.seq)}`);
  return { found, unverified, records, former, verified, last, end };
}

async function namedWrongly({ who, subject, salt }: Link, name: string): Promise<string[]> {
  if (subject === undefined || salt === undefined) return [];
  const parts = ["audit subject", salt, subject].flatMap((part) => [...sized(part)]);
  const hash = await crypto.subtle.digest("SHA-256", new Uint8Array([...utf8("mcp-wicket "), ...parts]));
  return base64url(new Uint8Array(hash)) === who ? [] : [`${name} names a different person than it was created for`];
}

/** The links in a text: JSON as a whole, else line by line. */
function linksIn(text: string): Export {
  const all: Export = { links: [], broken: [] };
  const whole = parsed(text);
  if (whole !== undefined) collect(whole, all);
  else for (const line of text.split("\n")) collect(parsed(line.slice(Math.max(0, line.indexOf("{")))), all);
  return all;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Lists, query results and rows contain links; `logs` and `message` are those of `wrangler tail --format json`. */
function collect(value: unknown, all: Export): void {
  if (Array.isArray(value)) for (const item of value) collect(item, all);
  else if (typeof value === "string") collect(value.startsWith("{") ? parsed(value) : undefined, all);
  else if (typeof value === "object" && value !== null) {
    const members = value as Record<string, unknown>;
    if (typeof members["record"] === "string") collectRow(members, members["record"], all);
    else if (typeof members["chain"] === "string" && "seq" in members) collectEvent(members, [], all);
    else for (const name of ["results", "logs", "message"]) collect(members[name], all);
  }
}

/** An event as it is delivered: flat. */
function collectEvent(event: Record<string, unknown>, differs: string[], all: Export): void {
  const { chain, seq, kid, mac, who, subject, salt, time, at } = event;
  const name = `record ${String(seq)} of chain ${String(chain)}`;
  if (typeof chain !== "string" || typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) {
    all.broken.push(`${name} is malformed`);
  } else if (typeof mac !== "string" || typeof kid !== "string") {
    all.broken.push(`${name} has no MAC, or does not name its secret`);
  } else {
    const members = Object.entries(event).filter(([member]) => !BESIDE.includes(member));
    const texts = Object.fromEntries(Object.entries({ who, subject, salt }).filter(([, it]) => typeof it === "string"));
    const told = typeof time === "string" ? Date.parse(time) : NaN;
    const isTime = told >= Number(at) - EARLIER && told <= Number(at) + LATER;
    const late =
      time !== undefined && !isTime ? [`time is ${JSON.stringify(time)}, but the record has ${dateOf(at)}`] : [];
    const record = JSON.stringify(Object.fromEntries(members));
    all.links.push({ chain, seq, kid, mac, ...texts, record, differs: [...differs, ...late] });
  }
}

/** A row of `wicket_audit`: personal data is in columns of its own, the others repeat the record. */
function collectRow(row: Record<string, unknown>, record: string, all: Export): void {
  const event = parsed(record);
  const members = typeof event === "object" && event !== null ? (event as Record<string, unknown>) : {};
  const isLink = "chain" in members;
  if (!isLink && (row["chain"] ?? null) === null) return;
  if (!isLink) {
    all.broken.push(`the row ${String(row["seq"])} of chain ${String(row["chain"])} has a record without a chain`);
    return;
  }
  const shown = (value: unknown) => JSON.stringify(value ?? null);
  const columns = COLUMNS.filter((column) => column in row && shown(row[column]) !== shown(members[column]));
  const differs = columns.map(
    (column) => `the column ${column} has ${shown(row[column])}, but the record has ${shown(members[column])}`,
  );
  const { subject, salt } = row;
  const personal = typeof subject === "string" && typeof salt === "string" ? { subject, salt } : {};
  collectEvent({ ...members, ...personal }, differs, all);
}

function dateOf(at: unknown): string {
  const date = new Date(Number(at));
  return Number.isNaN(date.getTime()) ? "nothing" : date.toISOString();
}

type Keys = Map<string, CryptoKey>;

/** The keys of chains by the names of their secrets, derived as in `src/crypto/keys.rs`. */
async function keysOf(secrets: string): Promise<Keys> {
  const keys: Keys = new Map();
  for (const secret of secrets.split(",").map((secret) => secret.trim())) {
    if (secret === "") throw new Error("WICKET_SECRET has an empty value in its list: remove the extra comma.");
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

/** A text, preceded by its length in eight bytes. */
function sized(text: string): Uint8Array<ArrayBuffer> {
  const bytes = utf8(text);
  const all = new Uint8Array(8 + bytes.length);
  new DataView(all.buffer).setBigUint64(0, BigInt(bytes.length));
  all.set(bytes, 8);
  return all;
}
