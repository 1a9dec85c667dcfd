/**
 * The object `revocations`: the list of grants that have ended while access tokens of theirs may still be in use. It only
 * grows; each isolate follows it by its cursor (`followed.ts`).
 */
import { now } from "../clock.js";
import type { Role } from "../objects/roles.js";

/** A rule once more counts from the later point in time. */
const RULE = `INSERT INTO wicket_rules VALUES (?, ?, ?, (SELECT COALESCE(MAX(version), 0) + 1 FROM wicket_rules))
  ON CONFLICT (rule) DO UPDATE SET before = MAX(before, excluded.before), until = MAX(until, excluded.until),
  version = excluded.version`;

/** Each isolate knows all rules, so there are only so many; of those about one person the eldest go first. */
const MAX_RULES = 5000;
const CROWDED = `DELETE FROM wicket_rules WHERE rule IN (SELECT rule FROM wicket_rules WHERE rule LIKE 'person:%'
  ORDER BY version DESC LIMIT -1 OFFSET ?)`;

interface RuleRow extends Record<string, SqlStorageValue> {
  rule: string;
  before: number;
  until: number;
  version: number;
}

/** Entries in one answer. */
const MAX_ENTRIES = 1000;

/** A rule ends all grants that it names and that began before a point in time (`src/oauth/rule.rs`). */
export type Rule = [rule: string, before: number, until: number];

/** One answer of the list. */
export interface Ended {
  cursor: number;
  /** Those that are new, and how many changes of rules there have been. */
  rules: Rule[];
  version: number;
  /** Grant, and until when it has to be remembered (milliseconds since 1970). */
  grants: [grant: string, until: number][];
  more: boolean;
}

export const revocations: Role = {
  async ask({ ctx: { storage } }, call, input) {
    const { sql } = storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS wicket_ended (seq INTEGER PRIMARY KEY AUTOINCREMENT, grant_id TEXT UNIQUE, until INTEGER)",
    );
    sql.exec(
      "CREATE TABLE IF NOT EXISTS wicket_rules (rule TEXT PRIMARY KEY, before INTEGER, until INTEGER, version INTEGER)",
    );
    if (call === "since") {
      const { cursor, version = 0 } = JSON.parse(input) as { cursor: number; version?: number };
      const rules = sql.exec<RuleRow>("SELECT * FROM wicket_rules WHERE version > ?", version).toArray();
      const query = "SELECT seq, grant_id, until FROM wicket_ended WHERE seq > ? ORDER BY seq LIMIT ?";
      const rows = sql.exec<{ seq: number; grant_id: string; until: number }>(query, cursor, MAX_ENTRIES).toArray();
      return JSON.stringify({
        cursor: rows.at(-1)?.seq ?? cursor,
        grants: rows.map(({ grant_id, until }) => [grant_id, until]),
        rules: rules.map(({ rule, before, until }) => [rule, before, until]),
        version: Math.max(version, ...rules.map(({ version }) => version)),
        more: rows.length === MAX_ENTRIES,
      } satisfies Ended);
    }
    if (call === "rule") {
      const { rule, before, until } = JSON.parse(input) as { rule: string; before: number; until: number };
      sql.exec(RULE, rule, before, until);
      sql.exec(CROWDED, MAX_RULES);
      if ((await storage.getAlarm()) === null) await storage.setAlarm(until);
      return "true";
    }
    if (call !== "append") throw new Error(`the list of revocations has no "${call}"`);
    const { grants, until } = JSON.parse(input) as { grants: string[]; until: number };
    for (const grant of grants) {
      sql.exec("INSERT OR IGNORE INTO wicket_ended (grant_id, until) VALUES (?, ?)", grant, until);
    }
    const set = await storage.getAlarm();
    if (set === null) await storage.setAlarm(until);
    return "true";
  },

  async alarm({ ctx: { storage } }) {
    const { sql } = storage;
    sql.exec("DELETE FROM wicket_ended WHERE until <= ?", now());
    sql.exec("DELETE FROM wicket_rules WHERE until <= ?", now());
    const next = "SELECT MIN(until) AS next FROM (SELECT until FROM wicket_ended UNION SELECT until FROM wicket_rules)";
    const [row] = sql.exec<{ next: number | null }>(next).toArray();
    if (row?.next != null) await storage.setAlarm(row.next);
  },
};
