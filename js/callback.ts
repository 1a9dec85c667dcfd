/**
 * The app's own code within a time limit. Its promises are not ours: one that waits for another request's promise, or for a
 * host that never answers, would take its own request with it, and on a queue that a module keeps all that come after.
 */
import { EffectFailure, WicketError } from "./errors.js";
import { countCall, countCallback, isClosed, nextGroup } from "./overlap.js";

/** The limit where the option `callbackTimeout` is not set, in seconds. */
export const CALLBACK_TIMEOUT = 10;
/** The longest limit, in seconds. */
const MAX_TIMEOUT = 600;

/** The option that each place with callbacks has. */
export interface CallbackOptions {
  /**
   * How long each function of yours may take that this calls, in seconds: up to 600, default 10. What takes longer is
   * answered as temporarily unavailable, and the log names the function.
   */
  callbackTimeout?: number | undefined;
}

/** A callback has not ended in time. Its message, for the log, names it with the usual causes. */
export class CallbackTimeout extends EffectFailure {
  override readonly name: string = "CallbackTimeout";
  readonly callback: string;
  readonly seconds: number;

  constructor(callback: string, seconds: number, option = "callbackTimeout") {
    super(
      "timeout",
      `${callback} has not ended within ${String(seconds)} s. The usual causes: it waits for something that another request has ` +
        "begun (a queue, a client or a promise that a module keeps for all requests; on Workers each request needs its own), " +
        `or for a fetch without a time limit (signal: AbortSignal.timeout(5_000)). The option ${option} is the limit in seconds.`,
    );
    this.callback = callback;
    this.seconds = seconds;
  }
}

/**
 * What `work` gives, or what its promise comes to within `seconds`. `name` is what the operator calls it: `context of
 * GitHubHandler "github"`. Throws what `work` throws; rejects with `CallbackTimeout` where it takes longer. What it comes to
 * later counts no more, and neither does its error. Where `work` gives no promise, there is none.
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

/** The same as a promise in each case. */
export async function awaited<T>(name: string, seconds: number, work: () => T | PromiseLike<T>): Promise<T> {
  return callback(name, seconds, work);
}

function inTime<T>(name: string, seconds: number, work: () => T | PromiseLike<T>, option?: string): T | Promise<T> {
  const given = work();
  if (!isThenable(given)) return given;
  // Some thenables, query builders say, do their work each time that somebody listens.
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
    // The race listens to both, so that whichever loses is never an unhandled rejection.
    return await Promise.race([promise, limit]);
  } finally {
    stop();
    settled();
  }
}

/**
 * Whether a promise settles within a few microtasks, as that of an `async` function that only computes does: it waits for
 * nothing, so it needs no limit, and a timer costs more than most such functions do.
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

/** How long functions of the app's may take that one endpoint calls, in seconds. */
export interface Limits {
  readonly callback: number;
  /** Handlers of tools, prompts and resources; none where they may take as long as their client waits. */
  readonly tool: number | undefined;
}

/** The limits that options set. Throws `ERR_ARGUMENT` where they can be none. */
export function limitsOf(options: CallbackOptions & { toolTimeout?: number | undefined }, where: string): Limits {
  const { callbackTimeout, toolTimeout } = options;
  return {
    callback: limitOf(callbackTimeout, where),
    tool: toolTimeout === undefined ? undefined : limitOf(toolTimeout, where, "toolTimeout"),
  };
}

/** What a handler of a tool, a prompt or a resource gives, within the limit where there is one. */
export function handled<T>(name: string, { tool }: Limits, given: PromiseLike<T>): Promise<T> {
  const promise = Promise.resolve(given);
  return tool === undefined
    ? countCall(promise)
    : race(promise, tool, () => new CallbackTimeout(name, tool, "toolTimeout"));
}

/** The limit that `seconds` sets. Throws `ERR_ARGUMENT` where it can be none; `where` has the option. */
export function limitOf(seconds: number | undefined, where: string, option = "callbackTimeout"): number {
  if (seconds === undefined) return CALLBACK_TIMEOUT;
  if (typeof (seconds as unknown) === "number" && seconds > 0 && seconds <= MAX_TIMEOUT) return seconds;
  throw new WicketError(
    "ERR_ARGUMENT",
    `${where}: \`${option}\` is a number of seconds, more than 0 and at most ${String(MAX_TIMEOUT)}.`,
  );
}
