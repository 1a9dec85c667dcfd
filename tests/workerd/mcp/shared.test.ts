/** Work that one request does for many. */
import { expect, test, vi } from "vitest";
import { shared } from "../../../dist/common/shared.js";

test("work that does not end is begun a few times, however many wait for it, and they are told so", async () => {
  vi.useFakeTimers();
  try {
    let begun = 0;
    const work = () => {
      begun++;
      return new Promise<string>(() => {});
    };
    const asked = Array.from({ length: 200 }, () => shared("slow", work).catch((error: unknown) => String(error)));
    // Whoever leads waits for its own work, which has a limit itself.
    // real time: the timers are the test's own
    const told = Promise.all(asked.map((one) => Promise.race([one, new Promise((end) => setTimeout(end, 9_000))])));
    await vi.advanceTimersByTimeAsync(10_000);
    const failed = (await told).filter((one) => one !== undefined);
    expect(begun).toBeLessThanOrEqual(4);
    expect(failed).toHaveLength(200 - begun);
    expect(new Set(failed).size).toBe(1);
    expect(failed[0]).toContain("none has finished in time");
  } finally {
    vi.useRealTimers();
  }
});

test("work that fails each time is not begun for each who wants it", async () => {
  let begun = 0;
  const work = async (): Promise<string> => {
    begun++;
    await scheduler.wait(0);
    throw new Error("the socket was reset");
  };
  const asked = await Promise.all(
    Array.from({ length: 200 }, () => shared("broken", work).catch((error: unknown) => String(error))),
  );
  expect(begun).toBeLessThanOrEqual(4);
  expect(new Set(asked)).toEqual(new Set(["Error: the socket was reset"]));
});
