/**
 * How much JavaScript does: calls of functions and turns of loops in `js/` and in the validator, as V8 counts them for coverage;
 * and what built-in functions look at, by the length of their texts.
 */
import { Session } from "node:inspector";
import type { Profiler } from "node:inspector";

const session = new Session();
session.connect();

function send<T>(method: string, params: object = {}): T {
  let answer: T | undefined;
  // Nothing waits: the answer is there when the call returns.
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result as T;
  });
  return answer as T;
}

send("Profiler.enable");
send("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** What is counted: this package and what it checks schemas with. */
const COUNTED = /\/js\/(?!testing\/)|@cfworker/;

const TEXTS = ["indexOf", "includes", "split", "replace", "replaceAll", "match", "trim", "toLowerCase"] as const;

/** The work that `run` does. */
export function workOf(run: () => unknown): number {
  let work = 0;
  const texts = String.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  const kept = TEXTS.map((name) => [name, texts[name] as (...args: unknown[]) => unknown] as const);
  for (const [name, method] of kept) {
    texts[name] = function (this: string, ...args) {
      work += this.length;
      return Reflect.apply(method, this, args);
    };
  }
  send("Profiler.takePreciseCoverage");
  try {
    run();
  } finally {
    for (const [name, method] of kept) texts[name] = method;
  }
  const { result } = send<Profiler.TakePreciseCoverageReturnType>("Profiler.takePreciseCoverage");
  for (const { url, functions } of result) {
    if (!COUNTED.test(url)) continue;
    for (const { ranges } of functions) for (const { count } of ranges) work += count;
  }
  return work;
}
