/**
 * Work that several concurrent requests need and that one does for all. Its leader runs it under `waitUntil`, so that it
 * finishes even if its client disconnects. The others wait, each with its own time limit, because a promise of another
 * request may never settle: a request that has waited too long, or sees the work fail, becomes the leader.
 */
import { waitUntil } from "#workers";
import { BOUNDS } from "../boundary/caches.js";
import { EffectFailure } from "./errors.js";

/** How long a follower waits for a leader, in milliseconds. */
const FOLLOW_MS = 2_000;
/** How long the result of finished work is still returned to others, in milliseconds. */
const LINGER_MS = 250;
/** How many times a request follows before it gives up. */
const ROUNDS = 3;

/** Work that has not ended after this time is lost, because its leader's request has ended. In milliseconds. */
const LOST_MS = 60_000;
/** With more entries than this, expired ones are removed. */
const MANY = 64;

interface SharedWork {
  readonly promise: Promise<unknown>;
  readonly since: number;
  endedAt: number | undefined;
}

const going = new Map<string, SharedWork>();

/**
 * The result of the work `key`, done by this request or by another one that is still running or ended at most `linger`
 * milliseconds ago.
 */
export async function shared<T>(key: string, work: () => Promise<T>, linger = LINGER_MS): Promise<T> {
  let failed: unknown = new EffectFailure(
    "timeout",
    "other requests have started the same work, and none has finished in time",
  );
  const came = Date.now();
  for (let round = 0; round < ROUNDS; round++) {
    const other = going.get(key);
    // Work that began after this request arrived is as new as its own would be, however long ago it ended.
    if (!other || (isOver(other, linger) && other.since <= came)) {
      return going.size < BOUNDS.shared.value ? lead(key, work) : work();
    }
    const followed = await follow<T>(other.promise);
    if (followed && "value" in followed) return followed.value;
    if (followed) failed = followed.error;
    // The first to return becomes the leader, the others follow it.
    if (going.get(key) === other) going.delete(key);
  }
  // Each follower is one of many: if all began the work themselves, they would flood a server that is slow already.
  throw failed;
}

function isOver({ endedAt, since }: SharedWork, linger = LINGER_MS): boolean {
  return endedAt === undefined ? Date.now() - since > LOST_MS : Date.now() - endedAt > linger;
}

function lead<T>(key: string, work: () => Promise<T>): Promise<T> {
  const promise = work();
  const mine: SharedWork = { promise, since: Date.now(), endedAt: undefined };
  if (going.size >= MANY) for (const [key, work] of going) if (isOver(work)) going.delete(key);
  going.set(key, mine);
  const ended = promise.then(
    () => {
      mine.endedAt = Date.now();
    },
    () => {
      if (going.get(key) === mine) going.delete(key);
    },
  );
  waitUntil(ended);
  return promise;
}

/** The result of `promise`; undefined if it takes too long. */
async function follow<T>(promise: Promise<unknown>): Promise<{ value: T } | { error: unknown } | undefined> {
  let stop = () => {};
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(resolve, FOLLOW_MS);
    stop = () => clearTimeout(timer);
  });
  const done = promise.then(
    (value) => ({ value: value as T }),
    (error: unknown) => ({ error }),
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    stop();
  }
}
