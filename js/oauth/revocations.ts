/**
 * The object `revocations`: the list of grants that have ended while access tokens of theirs may still be in use. It only
 * grows; each isolate follows it by its cursor (`followed.ts`).
 */
import { now } from "../clock.js";
import type { Role } from "../objects/roles.js";

/** Entries in one answer. */
const MAX_ENTRIES = 1000;

/** One answer of the list. */
export interface Ended {
  cursor: number;
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
    if (call === "since") {
      const { cursor } = JSON.parse(input) as { cursor: number };
      const query = "SELECT seq, grant_id, until FROM wicket_ended WHERE seq > ? ORDER BY seq LIMIT ?";
      const rows = sql.exec<{ seq: number; grant_id: string; until: number }>(query, cursor, MAX_ENTRIES).toArray();
      return JSON.stringify({
        cursor: rows.at(-1)?.seq ?? cursor,
        grants: rows.map(({ grant_id, until }) => [grant_id, until]),
        more: rows.length === MAX_ENTRIES,
      } satisfies Ended);
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
    const [row] = sql.exec<{ next: number | null }>("SELECT MIN(until) AS next FROM wicket_ended").toArray();
    if (row?.next != null) await storage.setAlarm(row.next);
  },
};
