/** The package's clock, for tests of what expires. */
import { WicketError } from "../errors.js";
import { move, now } from "../clock.js";

/** A length of time: seconds, or `"15m"`, `"2h"`, `"30d"`. */
export type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * The clock by which the package judges: whether tokens, codes, grants and copies of keys have expired, and what is written
 * into new ones. It is moved for the whole isolate that the test runs in, Durable Objects included. Your own code keeps the
 * runtime's clock (`vi.setSystemTime` moves that), and so do timers, alarms and the lifetimes of KV entries.
 */
export const clock = {
  /** What time it is for the package. */
  now: (): Date => new Date(now()),
  /** Moves the clock by so much: `clock.advance("16m")`. */
  advance(by: Duration): void {
    move(now() + secondsOf(by) * 1000 - Date.now());
  },
  /** Sets the clock to a date, from where it goes on. */
  set(to: Date | string | number): void {
    const time = new Date(to).getTime();
    if (Number.isNaN(time)) throw new WicketError("ERR_ARGUMENT", `clock.set: ${String(to)} is no date.`);
    move(time - Date.now());
  },
  /** Back to the runtime's time. For `afterEach`. */
  reset(): void {
    move(0);
  },
};

function secondsOf(by: Duration): number {
  const [, amount, unit] = /^(-?\d+(?:\.\d+)?)([smhd])?$/.exec(String(by)) ?? [];
  if (amount === undefined)
    throw new WicketError("ERR_ARGUMENT", `"${by}" is no length of time: say 90, "15m" or "30d".`);
  return Number(amount) * SECONDS[(unit ?? "s") as keyof typeof SECONDS];
}
