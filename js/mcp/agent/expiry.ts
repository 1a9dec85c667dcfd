/**
 * The lifetime of an agent's data in its object (`this.state`, `this.sql`): until its session has ended. Rust decides how
 * long that is (`src/mcp/placement.rs`); the object's alarm deletes the data.
 */
import { logged } from "../../common/errors.js";
import { askObject, objectsOf } from "../../objects/objects.js";
import type { RoleObject } from "../../objects/roles.js";
import type { Placement } from "../../boundary/wire.js";

/**
 * What the alarm needs to know: the lifetime (in milliseconds), and the mailbox that knows whether the session still
 * exists.
 */
export type Expiry = Omit<Extract<Placement, { object: unknown }>["object"], "name">;

/** The storage key for it. */
const EXPIRY = "wicket:expiry";

/** Precision of the alarm: an hour is enough, and saves a write with each request. */
const HOUR = 3600 * 1000;

interface StoredExpiry extends Expiry {
  objects?: string;
}

/**
 * The object's data, if there is any, expires after this time; `until` is when the alarm was last set to run, and so is
 * the result. Without `keeps` it never expires. What is written here is stored before any response leaves the object.
 */
export function setExpiry(
  storage: DurableObjectStorage,
  expiry: Expiry,
  objects: string | undefined,
  until: number,
): number {
  if (expiry.keeps === undefined) return until;
  const end = Date.now() + expiry.keeps;
  if (until > end - HOUR || isEmpty(storage)) return until;
  const stored: StoredExpiry = { ...expiry, ...(objects !== undefined && { objects }) };
  storage.kv.put(EXPIRY, stored);
  void storage.setAlarm(end);
  return end;
}

/** True for an object without data. The runtime's own tables begin with `_cf_`. */
function isEmpty({ kv, sql }: DurableObjectStorage): boolean {
  for (const _ of kv.list({ limit: 1 })) return false;
  const tables = sql.exec("select 1 from sqlite_master where substr(name, 1, 4) <> '_cf_' limit 1");
  return tables.toArray().length === 0;
}

/** The alarm: deletes the object's data, unless its session still exists. */
export async function expire({ className, ctx, env }: Omit<RoleObject, "name">): Promise<void> {
  const stored = ctx.storage.kv.get<StoredExpiry>(EXPIRY);
  if (!stored) return;
  if (stored.mailbox !== undefined && (await isThere(stored.mailbox))) {
    await ctx.storage.setAlarm(Date.now() + HOUR);
    return;
  }
  await clear(ctx.storage, false);

  async function isThere(mailbox: string): Promise<boolean> {
    try {
      const place = { objects: stored?.objects, agent: className };
      return (await askObject(await objectsOf(ctx, env, place), mailbox, "there", "null")) === "true";
    } catch (error) {
      logged("Could not check whether a session has ended", error);
      return true;
    }
  }
}

/** Deletes an object's data; if calls are still running, what they write is deleted in an hour. */
export async function clear(storage: DurableObjectStorage, isBusy: boolean): Promise<void> {
  await storage.deleteAlarm();
  await storage.deleteAll();
  if (!isBusy) return;
  storage.kv.put(EXPIRY, { keeps: HOUR } satisfies StoredExpiry);
  await storage.setAlarm(Date.now() + HOUR);
}
