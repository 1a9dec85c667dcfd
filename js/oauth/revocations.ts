/**
 * The revocation list: grants that have ended while their access tokens may still be in use. Each isolate polls it with
 * its cursor and the version of the rules (`revocation-list.ts`): both only grow, whatever was deleted meanwhile because it
 * had expired.
 *
 * The object `revocations` stores the list. An object answers about a thousand requests a second, so if many isolates
 * poll, they ask relays instead: the objects `revocations:0`, `revocations:1`, …, which store nothing, and each of
 * which asks the list every five seconds. The list says how many relays there are (`relays.ts`). See docs/scale.md.
 */
import { now } from "../common/clock.js";
import { siblingsOf } from "../objects/find.js";
import { type RoleStub, askObject } from "../objects/objects.js";
import { type Role, type RoleObject, rememberName } from "../objects/roles.js";
import { type RevocationChanges, Relay, Relays, type ChangesRequest } from "./relays.js";

/** The object that stores the list. */
export const LIST = "revocations";

const TABLES = `
  CREATE TABLE IF NOT EXISTS wicket_ended (seq INTEGER PRIMARY KEY AUTOINCREMENT, grant_id TEXT UNIQUE, until INTEGER);
  CREATE TABLE IF NOT EXISTS wicket_rules (rule TEXT PRIMARY KEY, before INTEGER, until INTEGER, version INTEGER)`;

/** If a rule is repeated, the later time counts. */
const RULE = `INSERT INTO wicket_rules VALUES (?, ?, ?, ?)
  ON CONFLICT (rule) DO UPDATE SET before = MAX(before, excluded.before), until = MAX(until, excluded.until),
  version = excluded.version`;

/** Each isolate has all rules, so their number is limited; the oldest ones about one person are removed first. */
const MAX_RULES = 5000;
const CROWDED = `DELETE FROM wicket_rules WHERE rule IN (SELECT rule FROM wicket_rules WHERE rule LIKE 'person:%'
  ORDER BY version DESC LIMIT -1 OFFSET ?)`;

/** The storage key of the last rule's version, which outlives the rule. */
const VERSION = "wicket:rules";

/** Minimum time between two deletions of expired entries, in milliseconds; they are not returned in the meantime. */
const APART = 60_000;

/** Maximum number of entries in one answer, about 60 bytes each: enough to need only one call. */
const MAX_ENTRIES = 10_000;

export const revocations: Role = {
  sparing: true,

  async ask(object, call, input) {
    if (object.name !== LIST) return askRelay(object, call, input);
    object.ctx.storage.sql.exec(TABLES);
    if (call === "since") return changesSince(object, JSON.parse(input) as ChangesRequest);
    rememberName(object);
    const { storage } = object.ctx;
    const { until } = JSON.parse(input) as { until: number };
    if (call === "rule") {
      const { rule, before } = JSON.parse(input) as { rule: string; before: number };
      storage.sql.exec(RULE, rule, before, until, nextVersion(storage));
      storage.sql.exec(CROWDED, MAX_RULES);
    } else if (call === "append") {
      const { grants } = JSON.parse(input) as { grants: string[] };
      for (const grant of grants) {
        storage.sql.exec("INSERT OR IGNORE INTO wicket_ended (grant_id, until) VALUES (?, ?)", grant, until);
      }
    } else throw new Error(`the list of revocations has no "${call}"`);
    const set = await storage.getAlarm();
    if (set === null || set > until) await storage.setAlarm(until);
    return "true";
  },

  async alarm({ ctx: { storage } }) {
    const { sql } = storage;
    sql.exec("DELETE FROM wicket_ended WHERE until <= ?", now());
    sql.exec("DELETE FROM wicket_rules WHERE until <= ?", now());
    const next = "SELECT MIN(until) AS next FROM (SELECT until FROM wicket_ended UNION SELECT until FROM wicket_rules)";
    const [row] = sql.exec<{ next: number | null }>(next).toArray();
    if (row?.next != null) await storage.setAlarm(Math.max(row.next, now() + APART));
  },
};

/** The version of the last rule, which an earlier release did not store separately. */
function lastVersion({ kv, sql }: DurableObjectStorage): number {
  const last = "SELECT MAX(version) AS last FROM wicket_rules";
  return kv.get<number>(VERSION) ?? sql.exec<{ last: number | null }>(last).one().last ?? 0;
}

/**
 * A version that no isolate has seen, even if the list of an earlier release started again after its rules had expired:
 * at least the milliseconds since 1970.
 */
function nextVersion(storage: DurableObjectStorage): number {
  const version = Math.max(lastVersion(storage) + 1, now());
  storage.kv.put(VERSION, version);
  return version;
}

/** The storage key of the number of relays. */
const RELAYS = "wicket:relays";

/** The calculation of the number of relays, by the list's object. */
const spread = new WeakMap<DurableObjectState, Relays>();

function changesSince({ ctx }: RoleObject, { cursor, version, calls }: ChangesRequest): string {
  const { kv, sql } = ctx.storage;
  let relays = spread.get(ctx);
  if (!relays) spread.set(ctx, (relays = new Relays(kv.get<number>(RELAYS) ?? 0, now())));
  if (relays.count(now(), calls)) kv.put(RELAYS, relays.number);
  const entries = "SELECT seq, grant_id, until FROM wicket_ended WHERE seq > ? AND until > ? ORDER BY seq LIMIT ?";
  const rows = sql
    .exec<{ seq: number; grant_id: string; until: number }>(entries, cursor, now(), MAX_ENTRIES)
    .toArray();
  // A reader with a version that the list does not have gets everything.
  const after = version !== undefined && version <= lastVersion(ctx.storage) ? version : 0;
  const changed = "SELECT rule, before, until, version FROM wicket_rules WHERE version > ? AND until > ?";
  const rules = sql
    .exec<{ rule: string; before: number; until: number; version: number }>(changed, after, now())
    .toArray();
  return JSON.stringify({
    cursor: rows.at(-1)?.seq ?? cursor,
    grants: rows.map(({ grant_id, until, seq }) => [grant_id, until, seq]),
    more: rows.length === MAX_ENTRIES,
    rules: rules.map(({ rule, before, until, version }) => [rule, before, until, version]),
    version: Math.max(version ?? 0, ...rules.map(({ version }) => version)),
    relays: relays.number,
    age: 0,
  } satisfies RevocationChanges);
}

/** The copy of each relay. */
const relayOf = new WeakMap<DurableObjectState, Relay>();

async function askRelay({ name, className, ctx, env }: RoleObject, call: string, input: string): Promise<string> {
  if (call !== "since") throw new Error(`${name} is a relay, and has no "${call}"`);
  let relay = relayOf.get(ctx);
  if (!relay) relayOf.set(ctx, (relay = new Relay(MAX_ENTRIES)));
  const changes = await relay.since(JSON.parse(input) as ChangesRequest, async (request) => {
    const list = siblingsOf<RoleStub>(ctx, env, className);
    return JSON.parse(await askObject(list, LIST, "since", JSON.stringify(request))) as RevocationChanges;
  });
  return JSON.stringify(changes);
}
