/**
 * Work that several requests want at the same time and that one does for all. Its leader runs it under `waitUntil`, so
 * that it ends although its client may go away. The others follow, each with a limit of its own, since a promise of another
 * request may never settle: whoever waits too long, or sees the work fail, takes the lead.
 */
import { waitUntil } from "#workers";
import { BOUNDS } from "./bounds.js";
import { EffectFailure } from "./errors.js";

/** How long a follower waits for a leader, in milliseconds. */
const FOLLOW_MS = 2_000;
/** Work that has ended is still handed to those who come this much later, in milliseconds. */
const LINGER_MS = 250;
/** How often a request follows before it gives up. */
const ROUNDS = 3;

/** Work that has not ended after this is given up: its leader's request is over. In milliseconds. */
const LOST_MS = 60_000;
/** More entries than this are looked through for those that are over. */
const MANY = 64;

interface Work {
  readonly promise: Promise<unknown>;
  readonly since: number;
  endedAt: number | undefined;
}

const going = new Map<string, Work>();

/**
 * The outcome of the work `key`, done by this request or by another; by another that ended `linger` milliseconds ago at most,
 * or is under way.
 */
export async function shared<T>(key: string, work: () => Promise<T>, linger = LINGER_MS): Promise<T> {
  let failed: unknown = new EffectFailure("timeout", "others have begun the same, and none of them has ended in time");
  const came = Date.now();
  for (let round = 0; round < ROUNDS; round++) {
    const other = going.get(key);
    // What was begun after this request came is as new as what it would begin itself, however long it has ended.
    if (!other || (isOver(other, linger) && other.since <= came)) {
      return going.size < BOUNDS.shared.value ? lead(key, work) : work();
    }
    const followed = await follow<T>(other.promise);
    if (followed && "value" in followed) return followed.value;
    if (followed) failed = followed.error;
    // The first to come back takes the lead, the others follow it.
    if (going.get(key) === other) going.delete(key);
  }
  // Whoever comes is one of many: to begin it for each would be a flood at whoever is slow already.
  throw failed;
}

function isOver({ endedAt, since }: Work, linger = LINGER_MS): boolean {
  return endedAt === undefined ? Date.now() - since > LOST_MS : Date.now() - endedAt > linger;
}

function lead<T>(key: string, work: () => Promise<T>): Promise<T> {
  const promise = work();
  const mine: Work = { promise, since: Date.now(), endedAt: undefined };
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

/** What `promise` comes to; nothing if it takes too long. */
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
