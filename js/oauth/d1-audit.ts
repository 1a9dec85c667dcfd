/** Storage for audit events: a table in D1. */
import type { AuditEvent } from "./options.js";

const TABLE = `CREATE TABLE IF NOT EXISTS wicket_audit (
  chain TEXT, seq INTEGER, time TEXT NOT NULL, event TEXT NOT NULL, client TEXT, "grant" TEXT, reason TEXT, request TEXT,
  who TEXT, record TEXT NOT NULL, subject TEXT, salt TEXT, UNIQUE (chain, seq))`;

const INSERT = `INSERT OR IGNORE INTO wicket_audit
  (chain, seq, time, event, client, "grant", reason, request, who, record, subject, salt)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * For the option `audit`: stores each event in the table `wicket_audit` of a D1 database, and creates the table if it is
 * missing. Personal data is only in the columns `subject` and `salt`: set them to `NULL` to erase a person.
 */
export function d1Audit<Env>(database: (env: Env) => D1Database): (event: AuditEvent, env: Env) => Promise<void> {
  return async ({ subject, salt, ...record }, env) => {
    const { chain, seq, time, event, client, grant, reason, request, who } = record;
    const columns = [
      chain,
      seq,
      time,
      event,
      client,
      grant,
      reason,
      request,
      who,
      JSON.stringify(record),
      subject,
      salt,
    ];
    const db = database(env);
    const insert = db.prepare(INSERT).bind(...columns.map((column) => column ?? null));
    await db.batch([db.prepare(TABLE), insert]);
  };
}
