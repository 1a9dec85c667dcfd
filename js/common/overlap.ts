/**
 * Keeps a request alive, with `waitUntil`, while callbacks of other requests run. Some libraries keep one queue for the whole
 * isolate (octokit's throttling plugin does): whichever request frees a slot starts the next job, inside its own request
 * context. Once that request has ended, the runtime drops the job. The request that queued it then waits for ever, and the slot is never
 * freed. See decision 13.
 *
 * Requests share counters only: none awaits a promise of another.
 */
import { waitUntil } from "#workers";

/** Callbacks that overlap in time. A group stops taking new ones, so that it never lasts longer than a request may. */
class CallbackGroup {
  readonly startedAt = Date.now();
  /** The running callbacks, with their start times. */
  readonly running = new Set<{ readonly since: number }>();

  /**
   * True if one is running that may end soon. One that has been running for a while may never end, and nobody waits for
   * it.
   */
  get isBusy(): boolean {
    for (const { since } of this.running) if (Date.now() - since < HUNG_MS) return true;
    return false;
  }
}

/** How long a group takes new callbacks, in milliseconds. */
const OPEN_MS = 5_000;
/** A callback that has been running for this long may hang, in milliseconds. */
const HUNG_MS = 5_000;
/** The longest that a new callback waits for a closed group to finish. */
const WAIT_MS = 1_000;
/** The runtime cancels `waitUntil` 30 seconds after the response. */
const KEEP_ALIVE_MS = 25_000;
/** The same after a tool call; shorter, because there are many of them. */
const KEEP_ALIVE_AFTER_CALL_MS = 2_000;
/** How often a waiting callback looks whether the closed group has finished. */
const WAIT_POLL_MS = 20;
/** How soon a finished request first looks whether others still run; the interval doubles each time. */
const KEEP_ALIVE_POLL_MS = 250;

let group = new CallbackGroup();
/** Tool calls and the like that are waiting for something. New callbacks do not wait for these: they may take minutes. */
let calls = 0;

/** True if a new callback has to wait for the current group: call `nextGroup` first. */
export function isClosed(): boolean {
  return group.isBusy && Date.now() - group.startedAt > OPEN_MS;
}

/** Resolves when the closed group has finished, or after a second, and opens a new one. */
export async function nextGroup(): Promise<void> {
  const closed = group;
  for (let waited = 0; waited < WAIT_MS && closed.isBusy; waited += WAIT_POLL_MS) await sleep(WAIT_POLL_MS);
  if (group === closed) group = new CallbackGroup();
}

/** Counts a callback of this request until `promise` settles. The returned function ends the count earlier. */
export function countCallback(promise: Promise<unknown>): () => void {
  if (group.running.size === 0 || Date.now() - group.startedAt > OPEN_MS) group = new CallbackGroup();
  const own = group;
  const mine = { since: Date.now() };
  own.running.add(mine);
  waitUntil(keepAlive(own, promise));
  return () => void own.running.delete(mine);
}

async function keepAlive(own: CallbackGroup, promise: Promise<unknown>): Promise<void> {
  const until = Date.now() + KEEP_ALIVE_MS;
  let stop = () => {};
  const limit = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, KEEP_ALIVE_MS);
    stop = () => clearTimeout(timer);
  });
  const settled = promise.then(
    () => {},
    () => {},
  );
  await Promise.race([settled, limit]);
  stop();
  await whileOthersRun(own, until);
}

/** Counts a handler of this request, which may take long. Costs nothing where nothing else runs when it has finished. */
export function countCall<T>(promise: Promise<T>): Promise<T> {
  calls++;
  promise.then(endCall, endCall);
  return promise;
}

function endCall(): void {
  calls--;
  if (calls > 0 || group.running.size > 0) waitUntil(whileOthersRun(group, Date.now() + KEEP_ALIVE_AFTER_CALL_MS));
}

async function whileOthersRun(own: CallbackGroup, until: number): Promise<void> {
  for (let ms = KEEP_ALIVE_POLL_MS; (own.running.size > 0 || calls > 0) && Date.now() < until; ms *= 2) await sleep(ms);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
