/**
 * Requests whose callbacks overlap stay until the last of them has ended. Libraries that keep one queue for all requests
 * (octokit's throttling has one) run the work of one request within another: whoever frees a place starts what is next in
 * line, in the context of its own request. When that request ends, the runtime drops what still runs there, whoever waits for it waits
 * for ever, and its place in the queue is never free again. See decision 13.
 *
 * What requests share here are numbers: none awaits a promise of another.
 */
import { waitUntil } from "#workers";

/** Callbacks that overlap, each with another of them. */
class Shift {
  readonly since = Date.now();
  running = 0;
}

/** So long a shift takes callbacks in, so that none lasts longer than its requests can, in milliseconds. */
const OPEN_MS = 5_000;
/** So long a callback waits at most for the shift before it to end. */
const WAIT_MS = 1_000;
/** The runtime ends what runs behind an answer after 30 seconds. */
const STAY_MS = 25_000;
/** Behind a call of a tool, so long at most: there are many of them. */
const STAY_BEHIND_CALL_MS = 2_000;
/** How often those who wait for the next shift look, and those who stay: at first, and then half as often each time. */
const WAITING_MS = 20;
const STAYING_MS = 250;

let shift = new Shift();
/** Calls of tools and the like that wait for something. They may last, so nobody waits for their end to begin. */
let calls = 0;

/** True if the next callback has to wait a moment: `turn` then says when it may begin. */
export function isClosed(): boolean {
  return shift.running > 0 && Date.now() - shift.since > OPEN_MS;
}

/** Ends when the shift is over that takes nobody in any more, or has lasted too long. */
export async function turn(): Promise<void> {
  const closed = shift;
  for (let waited = 0; waited < WAIT_MS && closed.running > 0; waited += WAITING_MS) await sleep(WAITING_MS);
  if (shift === closed) shift = new Shift();
}

/** A callback has begun, and gives `ends` in this request; what comes back says that nobody waits for it any more. */
export function begun(ends: Promise<unknown>): () => void {
  if (shift.running === 0) shift = new Shift();
  const mine = shift;
  mine.running++;
  let isCounted = true;
  waitUntil(stay(mine, ends));
  return () => {
    if (isCounted) mine.running--;
    isCounted = false;
  };
}

async function stay(mine: Shift, ends: Promise<unknown>): Promise<void> {
  const until = Date.now() + STAY_MS;
  let stop = () => {};
  const limit = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, STAY_MS);
    stop = () => clearTimeout(timer);
  });
  const ended = ends.then(
    () => {},
    () => {},
  );
  await Promise.race([ended, limit]);
  stop();
  await whileOthersRun(mine, until);
}

/** A handler that may take long gives `ends` in this request. Where nobody else is there when it has ended, this costs nothing. */
export function beside<T>(ends: Promise<T>): Promise<T> {
  calls++;
  return ends.finally(() => {
    calls--;
    if (calls > 0 || shift.running > 0) waitUntil(whileOthersRun(shift, Date.now() + STAY_BEHIND_CALL_MS));
  });
}

async function whileOthersRun(mine: Shift, until: number): Promise<void> {
  for (let ms = STAYING_MS; (mine.running > 0 || calls > 0) && Date.now() < until; ms *= 2) await sleep(ms);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
