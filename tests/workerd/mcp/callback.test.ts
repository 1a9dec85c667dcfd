/** The app's own code within a time limit: what the helper gives, and when. */
import { describe, expect, test, vi } from "vitest";
import { CallbackTimeout, awaited, callback, limitOf } from "../../../js/common/callback.ts";

/** Says late what it says, if ever. */
const later = <T>(what: () => T) => scheduler.wait(0).then(what);
const never = () => new Promise<never>(() => {});

describe("callback", () => {
  test("what is there at once stays without a promise, and what is thrown at once is thrown", () => {
    expect(callback("it", 1, () => 7)).toBe(7);
    expect(callback("it", 1, () => null)).toBeNull();
    expect(() =>
      callback("it", 1, () => {
        throw new RangeError("no");
      }),
    ).toThrow(RangeError);
  });

  test("what comes in time comes as it is, also from a thenable of another library", async () => {
    expect(await callback("it", 10, () => later(() => "late"))).toBe("late");
    await expect(
      callback("it", 10, () =>
        later(() => {
          throw new RangeError("no");
        }),
      ),
    ).rejects.toThrow(RangeError);
    const thenable = { then: (done: (value: string) => void) => done("then") } as PromiseLike<string>;
    expect(await callback("it", 10, () => thenable)).toBe("then");
    await expect(
      awaited("it", 10, () => {
        throw new RangeError("no");
      }),
    ).rejects.toThrow(RangeError);
  });

  test("what never comes is a CallbackTimeout that names it, the causes and the option", async () => {
    const error = await awaited('context of GitHubHandler "github"', 0.02, never).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CallbackTimeout);
    expect(error).toMatchObject({ failure: "timeout", callback: 'context of GitHubHandler "github"', seconds: 0.02 });
    const { message } = error as Error;
    expect(message).toContain('context of GitHubHandler "github" timed out after 0.02 s');
    expect(message).toContain("a queue, a client or a promise at module level");
    expect(message).toContain("AbortSignal.timeout");
    expect(message).toContain("callbackTimeout");
  });

  test("what comes too late counts no more, and its error is no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const listen = (event: PromiseRejectionEvent) => void unhandled.push(event.reason);
    addEventListener("unhandledrejection", listen);
    let fail: ((error: Error) => void) | undefined;
    const late = () => new Promise<never>((_, reject) => (fail = reject));
    await expect(awaited("it", 0.02, late)).rejects.toBeInstanceOf(CallbackTimeout);
    fail?.(new RangeError("too late"));
    // Told of at the end of a turn, if at all.
    await scheduler.wait(0);
    await scheduler.wait(0);
    removeEventListener("unhandledrejection", listen);
    expect(unhandled).toEqual([]);
  });

  test("one that hangs keeps no other waiting", async () => {
    vi.useFakeTimers();
    try {
      const hung = awaited("it", 60, never).catch(() => "hung");
      for (let second = 0; second < 30; second++) {
        await vi.advanceTimersByTimeAsync(1_000);
        const begun: number[] = [];
        const work = () => {
          begun.push(second);
          return Promise.resolve("done");
        };
        const other = callback("other", 10, work);
        expect(begun, "it begins at once").toEqual([second]);
        expect(await other).toBe("done");
      }
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await hung).toBe("hung");
    } finally {
      vi.useRealTimers();
    }
  });

  test("the limit is 10 seconds, or as the option says; what can be none is refused", () => {
    expect(limitOf(undefined, "OAuthProvider")).toBe(10);
    expect(limitOf(0.5, "OAuthProvider")).toBe(0.5);
    expect(limitOf(600, "OAuthProvider")).toBe(600);
    for (const wrong of [0, -1, NaN, Infinity, 601, "10" as never, null as never]) {
      expect(() => limitOf(wrong, "OAuthProvider")).toThrow(
        "OAuthProvider: `callbackTimeout` must be a number of seconds",
      );
    }
  });
});
