/** Storage for audit events: a table in D1. */
import type { AuditPage } from "../boundary/wire.js";
import type { AuditEvent } from "./options.js";

/** Reads a page of the events that a function has stored: at most `limit` rows after the cursor `after`. */
export type AuditReader<Env> = (env: Env, after: number, limit: number) => Promise<AuditPage>;

/** The property of the function under which its reader is found. */
export const AUDIT_READER: unique symbol = Symbol("mcp-wicket audit reader");

const TABLE = `CREATE TABLE IF NOT EXISTS wicket_audit (
  chain TEXT, seq INTEGER, time TEXT NOT NULL, event TEXT NOT NULL, client TEXT, "grant" TEXT, reason TEXT, request TEXT,
  who TEXT, record TEXT NOT NULL, subject TEXT, salt TEXT, UNIQUE (chain, seq))`;

const INSERT = `INSERT OR IGNORE INTO wicket_audit
  (chain, seq, time, event, client, "grant", reason, request, who, record, subject, salt)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const SELECT = `SELECT rowid AS cursor, * FROM wicket_audit WHERE rowid > ? ORDER BY rowid LIMIT ?`;

/**
 * For the option `audit`: stores each event in the table `wicket_audit` of a D1 database, and creates the table if it is
 * missing. Personal data is only in the columns `subject` and `salt`: set them to `NULL` to erase a person.
 */
export function d1Audit<Env>(database: (env: Env) => D1Database): (event: AuditEvent, env: Env) => Promise<void> {
  const store = async ({ subject, salt, ...record }: AuditEvent, env: Env) => {
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
  const read: AuditReader<Env> = async (env, after, limit) => {
    const db = database(env);
    const select = db.prepare(SELECT).bind(after, limit);
    const [, found] = await db.batch<{ cursor: number }>([db.prepare(TABLE), select]);
    const rows = found?.results ?? [];
    const last = rows.at(-1);
    return { rows, ...(last && rows.length === limit && { cursor: last.cursor }) };
  };
  return Object.assign(store, { [AUDIT_READER]: read });
}
