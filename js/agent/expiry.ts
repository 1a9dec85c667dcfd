/**
 * How long an agent's object keeps what it has (`this.state`, `this.sql`): until nobody can come back for it. Rust says how
 * long that is (`src/mcp/place.rs`); the object's alarm does it.
 */
import { logged } from "../errors.js";
import { askObject, objectsOf } from "../objects/objects.js";
import type { RoleObject } from "../objects/roles.js";
import type { Placed } from "../wire.js";

/** What the alarm has to know: for how long (in milliseconds), and who tells whether the session is still there. */
export type Expiry = Omit<Extract<Placed, { object: string }>, "object">;

/** Where an object keeps it. */
const EXPIRY = "wicket:expiry";

/** To the hour is exact enough, and spares a write with each request. */
const HOUR = 3600 * 1000;

interface Kept extends Expiry {
  objects?: string;
}

/**
 * What the object has, if anything, is kept for so long from now on; `until` is when the alarm was last set to go off, and so
 * is what comes back. Without `keeps` it is kept for good. What is written here is there before any answer leaves the object.
 */
export function keepFor(
  storage: DurableObjectStorage,
  expiry: Expiry,
  objects: string | undefined,
  until: number,
): number {
  if (expiry.keeps === undefined) return until;
  const end = Date.now() + expiry.keeps;
  if (until > end - HOUR || isEmpty(storage)) return until;
  const kept: Kept = { ...expiry, ...(objects !== undefined && { objects }) };
  storage.kv.put(EXPIRY, kept);
  void storage.setAlarm(end);
  return end;
}

/** True for an object in which nobody has put anything. The tables of the runtime begin with `_cf_`. */
function isEmpty({ kv, sql }: DurableObjectStorage): boolean {
  for (const _ of kv.list({ limit: 1 })) return false;
  const tables = sql.exec("select 1 from sqlite_master where substr(name, 1, 4) <> '_cf_' limit 1");
  return tables.toArray().length === 0;
}

/** The alarm: what the object has goes, unless its session is still there. */
export async function expire({ className, ctx, env }: Omit<RoleObject, "name">): Promise<void> {
  const kept = ctx.storage.kv.get<Kept>(EXPIRY);
  if (!kept) return;
  if (kept.mailbox !== undefined && (await isThere(kept.mailbox))) {
    await ctx.storage.setAlarm(Date.now() + HOUR);
    return;
  }
  await clear(ctx.storage, false);

  async function isThere(mailbox: string): Promise<boolean> {
    try {
      const place = { objects: kept?.objects, agent: className };
      return (await askObject(await objectsOf(ctx, env, place), mailbox, "there", "null")) === "true";
    } catch (error) {
      logged("Whether a session is over could not be told", error);
      return true;
    }
  }
}

/** Deletes what an object has; where calls still run, what they write is deleted in an hour. */
export async function clear(storage: DurableObjectStorage, isBusy: boolean): Promise<void> {
  await storage.deleteAlarm();
  await storage.deleteAll();
  if (!isBusy) return;
  storage.kv.put(EXPIRY, { keeps: HOUR } satisfies Kept);
  await storage.setAlarm(Date.now() + HOUR);
}
