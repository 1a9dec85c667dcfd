/**
 * Runs the app's functions with a time limit. A promise that waits for another request's promise, or for a host that never
 * answers, would otherwise hang its own request, and, with a queue at module level, all later ones.
 */
import { EffectFailure, WicketError } from "./errors.js";
import { countCall, countCallback, isClosed, nextGroup } from "./overlap.js";

/** The limit if the option `callbackTimeout` is not set, in seconds. */
export const CALLBACK_TIMEOUT = 10;
/** The longest limit, in seconds. */
const MAX_TIMEOUT = 600;

/** The option of everything that has callbacks. */
export interface CallbackOptions {
  /**
   * Time limit for each of your functions, in seconds: up to 600, default 10. After it, the response is "temporarily
   * unavailable", and the log names the function.
   */
  callbackTimeout?: number | undefined;
}

/** A callback has timed out. Its message, for the log, names it with the usual causes. */
export class CallbackTimeout extends EffectFailure {
  override readonly name: string = "CallbackTimeout";
  readonly callback: string;
  readonly seconds: number;

  constructor(callback: string, seconds: number, option = "callbackTimeout") {
    super(
      "timeout",
      `${callback} timed out after ${String(seconds)} s. Usual causes: it waits for something that another request has ` +
        "started (a queue, a client or a promise at module level; on Workers each request needs its own), " +
        `or for a fetch without a timeout (signal: AbortSignal.timeout(5_000)). The option ${option} sets the limit in seconds.`,
    );
    this.callback = callback;
    this.seconds = seconds;
  }
}

/**
 * Runs `work` with a time limit, and returns its result. `name` is the operator's name for it: `context of
 * GitHubHandler "github"`. Throws what `work` throws; rejects with `CallbackTimeout` if it takes longer than `seconds`;
 * a later result or error is ignored. Returns a promise only if `work` does.
 */
export function callback<T>(
  name: string,
  seconds: number,
  work: () => T | PromiseLike<T>,
  option?: string,
): T | Promise<T> {
  if (isClosed()) return nextGroup().then(() => inTime(name, seconds, work, option));
  return inTime(name, seconds, work, option);
}

/** The same, but always as a promise. */
export async function awaited<T>(name: string, seconds: number, work: () => T | PromiseLike<T>): Promise<T> {
  return callback(name, seconds, work);
}

function inTime<T>(name: string, seconds: number, work: () => T | PromiseLike<T>, option?: string): T | Promise<T> {
  const given = work();
  if (!isThenable(given)) return given;
  // Some thenables, such as query builders, do their work again for each listener.
  return race(Promise.resolve(given), seconds, () => new CallbackTimeout(name, seconds, option));
}

async function race<T>(promise: Promise<T>, seconds: number, late: () => CallbackTimeout): Promise<T> {
  if (await settlesAtOnce(promise)) return promise;
  const settled = countCallback(promise);
  let stop = () => {};
  const limit = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(late()), seconds * 1000);
    stop = () => clearTimeout(timer);
  });
  try {
    // The race listens to both, so that the loser never becomes an unhandled rejection.
    return await Promise.race([promise, limit]);
  } finally {
    stop();
    settled();
  }
}

/**
 * Whether a promise settles within a few microtasks, like that of an `async` function that only computes: such a
 * function needs no limit, and a timer costs more than most of them.
 */
async function settlesAtOnce(promise: Promise<unknown>): Promise<boolean> {
  const state = { isSettled: false };
  const settle = () => void (state.isSettled = true);
  promise.then(settle, settle);
  const turn = Promise.resolve();
  for (let turns = 0; turns < 4 && !state.isSettled; turns++) await turn;
  return state.isSettled;
}

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}

/** The time limits of an endpoint's callbacks, in seconds. */
export interface Limits {
  readonly callback: number;
  /** For handlers of tools, prompts and resources; undefined for no limit. */
  readonly tool: number | undefined;
}

/** The limits in the options. Throws `ERR_ARGUMENT` for invalid ones. */
export function limitsOf(options: CallbackOptions & { toolTimeout?: number | undefined }, where: string): Limits {
  const { callbackTimeout, toolTimeout } = options;
  return {
    callback: limitOf(callbackTimeout, where),
    tool: toolTimeout === undefined ? undefined : limitOf(toolTimeout, where, "toolTimeout"),
  };
}

/** The result of a handler of a tool, a prompt or a resource, with its time limit if there is one. */
export function handled<T>(name: string, { tool }: Limits, given: PromiseLike<T>): Promise<T> {
  const promise = Promise.resolve(given);
  return tool === undefined
    ? countCall(promise)
    : race(promise, tool, () => new CallbackTimeout(name, tool, "toolTimeout"));
}

/** The limit that `seconds` sets. Throws `ERR_ARGUMENT` if it is invalid; `where` has the option. */
export function limitOf(seconds: number | undefined, where: string, option = "callbackTimeout"): number {
  if (seconds === undefined) return CALLBACK_TIMEOUT;
  if (typeof (seconds as unknown) === "number" && seconds > 0 && seconds <= MAX_TIMEOUT) return seconds;
  throw new WicketError(
    "ERR_ARGUMENT",
    `${where}: \`${option}\` must be a number of seconds, more than 0 and at most ${String(MAX_TIMEOUT)}.`,
  );
}
