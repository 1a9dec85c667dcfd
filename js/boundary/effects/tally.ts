/** The effect "tally": counts requests per minute, in this isolate's memory. Rust sets the limits. */
import { BOUNDS } from "../caches.js";
import { CALLBACK_TIMEOUT, awaited } from "../../common/callback.js";
import { now as clock } from "../../common/clock.js";
import { logged } from "../../common/errors.js";
import type { Effect } from "../wire.js";

/** The part of a rate limiting binding that is used here. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

const WINDOW_MS = 60_000;
/** Keys of one minute, all of the same length; the least recently counted ones are removed first. */
const MAX_KEYS = BOUNDS.counts.value;
/** Exceeds every limit. */
const BEYOND = 2_000_000_000;

const counts = new Map<string, number>();
let window = 0;

/** Performs it; the outcome is the JSON text of the counts, up to the first that exceeds its limit. */
export async function performTally(
  { limits }: Pick<Extract<Effect, { kind: "tally" }>, "limits">,
  limiter?: RateLimiter,
  callbackTimeout = CALLBACK_TIMEOUT,
): Promise<string> {
  const counted: number[] = [];
  for (const [at, [key, most]] of limits.entries()) {
    const count = countOf(key);
    const isBeyond = count > most;
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

/** A limiter that fails limits nobody. */
async function passes(key: string, limiter: RateLimiter, seconds: number): Promise<boolean> {
  try {
    return (await awaited("limit of the rateLimiter", seconds, () => limiter.limit({ key }))).success;
  } catch (error) {
    logged("The rate limiter failed", error);
    return true;
  }
}
