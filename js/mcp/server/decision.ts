/** Reads the core's decisions about what a handler sends. */
import type { HandlerMessageOutcome } from "../../boundary/wire.js";

/** The value of `told` for the kind `K`. */
export type DecisionOf<K extends string> = Extract<HandlerMessageOutcome, Record<K, unknown>>[K];

/** The value of `told` if it is of this `kind`. */
export function decisionOf<K extends string>(told: HandlerMessageOutcome, kind: K): DecisionOf<K> | undefined {
  return typeof told === "object" && kind in told ? (told as unknown as Record<K, DecisionOf<K>>)[kind] : undefined;
}
