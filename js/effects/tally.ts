/** The effect "tally": counts requests within the minute, in this isolate's memory. How many there may be, Rust says. */
import { BOUNDS } from "../bounds.js";
import { CALLBACK_TIMEOUT, awaited } from "../callback.js";
import { now as clock } from "../clock.js";
import { logged } from "../errors.js";
import type { Effect } from "../wire.js";

/** The part of a rate limiting binding that is used here. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

const WINDOW_MS = 60_000;
/** Keys of one minute, all of the same length; those that were counted longest ago are forgotten first. */
const MAX_KEYS = BOUNDS.counts.value;
/** Beyond every limit. */
const BEYOND = 2_000_000_000;

const counts = new Map<string, number>();
let window = 0;

/** Performs it; the outcome is the JSON text of the counts, up to the first that is beyond its limit. */
export async function performTally(
  { keys, most }: Pick<Extract<Effect, { kind: "tally" }>, "keys" | "most">,
  limiter?: RateLimiter,
  callbackTimeout = CALLBACK_TIMEOUT,
): Promise<string> {
  const counted: number[] = [];
  for (const [at, key] of keys.entries()) {
    const count = countOf(key);
    const isBeyond = count > (most[at] ?? 0);
    const passed = isBeyond || at > 0 || !limiter || (await passes(key, limiter, callbackTimeout));
    counted.push(passed ? count : BEYOND);
    if (isBeyond || !passed) break;
  }
  return JSON.stringify(counted);
}

function countOf(key: string): number {
  const now = Math.floor(clock() / WINDOW_MS);
  if (now !== window) {
    counts.clear();
    window = now;
  }
  const count = (counts.get(key) ?? 0) + 1;
  counts.delete(key);
  if (counts.size >= MAX_KEYS) for (const first of counts.keys()) if (counts.delete(first)) break;
  counts.set(key, count);
  return count;
}

/** A limiter that does not work keeps nobody out. */
async function passes(key: string, limiter: RateLimiter, seconds: number): Promise<boolean> {
  try {
    return (await awaited("limit of the rateLimiter", seconds, () => limiter.limit({ key }))).success;
  } catch (error) {
    logged("The rate limiter does not answer", error);
    return true;
  }
}
