/**
 * The storage of an object: rows with a key and a JSON text, in its own SQLite database. A flow reads rows and the version
 * of the whole, decides, and writes in one transaction that fails if the version has changed; then the flow runs again.
 */
import type { RowsCommit, RowsEffect } from "../boundary/wire.js";

/** A write that came too late: something else was written since its flow read. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** Rows with these prefixes wake the object when they expire, and only flows delete them. */
const IS_DUE = "(key LIKE 'due:%' OR key LIKE 'outbox:%')";
/** When to try again after waking without success, in milliseconds. */
const AGAIN_MS = 3600_000;

/** Maximum number of rows that a flow reads at once. */
const MAX_ROWS = 1000;

/** The rows of one object. Reading creates nothing, so calls with random names leave no objects behind. */
export class Rows {
  readonly #storage: DurableObjectStorage;
  #isThere: boolean;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    const tables = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'wicket_version'";
    this.#isThere = storage.sql.exec(tables).toArray().length > 0;
  }

  /** True once something has been written. */
  get isThere(): boolean {
    return this.#isThere;
  }

  #make(): void {
    const { sql } = this.#storage;
    sql.exec(
      "CREATE TABLE IF NOT EXISTS wicket_rows (key TEXT PRIMARY KEY, body TEXT NOT NULL, expires INTEGER) WITHOUT ROWID",
    );
    sql.exec("CREATE TABLE IF NOT EXISTS wicket_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)");
    sql.exec("INSERT OR IGNORE INTO wicket_version VALUES (1, 0)");
    this.#isThere = true;
  }

  /** The effect "rows": `{"version":…,"rows":[["key","body"],…]}`. */
  read({ keys, prefixes }: Pick<RowsEffect, "keys" | "prefixes">): string {
    if (!this.#isThere) return '{"version":0,"rows":[]}';
    const { sql } = this.#storage;
    const rows: [string, string][] = [];
    const push = (found: Iterable<Row>) => {
      for (const { key, body } of found) rows.push([key, body]);
    };
    for (const key of keys) push(sql.exec<Row>("SELECT key, body FROM wicket_rows WHERE key = ?", key));
    for (const prefix of prefixes) {
      const end = `${prefix}\u{10ffff}`;
      const query = "SELECT key, body FROM wicket_rows WHERE key >= ? AND key < ? ORDER BY key LIMIT ?";
      push(sql.exec<Row>(query, prefix, end, MAX_ROWS));
    }
    return JSON.stringify({ version: this.#version(), rows });
  }

  /** The commit "rows", all or nothing. Throws `Conflict`. */
  write({ guard, put, remove, bump }: Omit<RowsCommit, "kind">): void {
    if (!this.#isThere) this.#make();
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      if (guard !== undefined) {
        if (this.#version() !== guard) throw new Conflict("there was a concurrent write");
        sql.exec("UPDATE wicket_version SET version = version + 1");
      }
      for (const [key, body, expires] of put) {
        sql.exec("INSERT OR REPLACE INTO wicket_rows VALUES (?, ?, ?)", key, body, expires);
      }
      for (const key of remove) sql.exec("DELETE FROM wicket_rows WHERE key = ?", key);
      for (const [key, expires] of bump) {
        sql.exec(
          "INSERT INTO wicket_rows VALUES (?, '1', ?) ON CONFLICT (key) DO UPDATE SET body = CAST(body AS INTEGER) + 1",
          key,
          expires,
        );
      }
    });
  }

  /** Sets the alarm to the next expiry. */
  async arm(): Promise<void> {
    if (!this.#isThere) return;
    const [{ next }] = [...this.#storage.sql.exec<{ next: number | null }>(NEXT)] as [{ next: number | null }];
    if (next === null) return;
    const set = await this.#storage.getAlarm();
    if (set === null || set > next) await this.#storage.setAlarm(next);
  }

  /** Deletes expired rows. */
  drop(now: number): void {
    if (!this.#isThere) return;
    this.#storage.sql.exec(`DELETE FROM wicket_rows WHERE expires <= ? AND NOT ${IS_DUE}`, now);
  }

  /** Sets the next alarm; an object without rows deletes everything. */
  async rest(now: number): Promise<void> {
    if (!this.#isThere) return;
    const { sql } = this.#storage;
    const [{ left }] = [...sql.exec<{ left: number }>("SELECT COUNT(*) AS left FROM wicket_rows")] as [
      { left: number },
    ];
    if (left > 0) {
      sql.exec(`UPDATE wicket_rows SET expires = ? WHERE expires <= ? AND ${IS_DUE}`, now + AGAIN_MS, now);
      return this.arm();
    }
    await this.#storage.deleteAll();
    this.#isThere = false;
  }

  #version(): number {
    const [{ version }] = [...this.#storage.sql.exec<{ version: number }>("SELECT version FROM wicket_version")] as [
      { version: number },
    ];
    return version;
  }
}

const NEXT = "SELECT MIN(expires) AS next FROM wicket_rows WHERE expires IS NOT NULL";

type Row = { key: string; body: string };
