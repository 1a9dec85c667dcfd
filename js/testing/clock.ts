/** The package's clock, for tests of expiry. */
import { WicketError } from "../common/errors.js";
import { move, now } from "../common/clock.js";

/** A duration: seconds, or `"15m"`, `"2h"`, `"30d"`. */
export type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * The package's clock: it decides whether tokens, codes, grants and cached keys have expired, and which times new ones
 * contain. It is moved for the whole isolate of the test, including Durable Objects. Your own code keeps the runtime's
 * clock (which `vi.setSystemTime` moves), and so do timers, alarms and the lifetimes of KV entries.
 */
export const clock = {
  /** The package's current time. */
  now: (): Date => new Date(now()),
  /** Moves the clock forward: `clock.advance("16m")`. */
  advance(by: Duration): void {
    move(now() + secondsOf(by) * 1000 - Date.now());
  },
  /** Sets the clock to a time, from which it continues. */
  set(to: Date | string | number): void {
    const time = new Date(to).getTime();
    if (Number.isNaN(time)) throw new WicketError("ERR_ARGUMENT", `clock.set: ${String(to)} is not a date.`);
    move(time - Date.now());
  },
  /** Back to the runtime's time. For `afterEach`. */
  reset(): void {
    move(0);
  },
};

function secondsOf(by: Duration): number {
  const [, amount, unit] = /^(-?\d+(?:\.\d+)?)([smhd])?$/.exec(String(by)) ?? [];
  if (amount === undefined) throw new WicketError("ERR_ARGUMENT", `"${by}" is not a duration: use 90, "15m" or "30d".`);
  return Number(amount) * SECONDS[(unit ?? "s") as keyof typeof SECONDS];
}
