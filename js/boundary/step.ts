/** One step of a flow, and the performance of one effect: what the interpreter and the shortcuts have in common. */
import { EffectFailure, logged } from "../common/errors.js";
import type { Effect, Failure, Step, StepMethod } from "./wire.js";
import type { Outcome, World } from "./world.js";

/** A running flow: what is the same in each of its steps. */
export interface RunningFlow {
  readonly step: StepMethod;
  readonly input: string;
  readonly body: string;
  readonly now: number;
  /** Randomness, once the flow has requested some. */
  entropy: Uint8Array | undefined;
}

/** The step behind these outcomes. */
export async function advance<T>(flow: RunningFlow, outcomes: string): Promise<Step<T>> {
  return stepOf<T>(await stepText(flow, outcomes));
}

export function stepOf<T>(text: string): Step<T> {
  return JSON.parse(text.slice(0, endOf(text))) as Step<T>;
}

/**
 * The end of the step: one that waits is followed by a line of its own, the head of the shortcut, without a line break
 * at its end.
 */
export function endOf(text: string): number {
  return text.startsWith('{"wait":') ? text.lastIndexOf("\n") : text.length;
}

/** One step; if the flow turns out to need randomness, it is run again with some. */
export async function stepText(flow: RunningFlow, outcomes: string): Promise<string> {
  const text = await runStep(flow, outcomes);
  if (text !== WANTS_ENTROPY) return text;
  flow.entropy = crypto.getRandomValues(new Uint8Array(32));
  return runStep(flow, outcomes);
}

const WANTS_ENTROPY = '{"entropy":true}';

/** A trap destroys the wasm instance; the step is run again on the fresh one, with the same outcomes. */
async function runStep({ step, input, body, now, entropy }: RunningFlow, outcomes: string): Promise<string> {
  const later = outcomes || undefined;
  try {
    return await step(input, body, now, later, entropy);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    logged("A step trapped and is run again", error);
    return step(input, body, now, later, entropy);
  }
}

/** Performs an effect; an error becomes the reason why there is no outcome. */
export async function tryPerform(world: World, effect: Effect): Promise<Outcome | Failure> {
  try {
    return await world.perform(effect);
  } catch (error) {
    return failure(effect, error);
  }
}

export function failure({ kind }: Effect, error: unknown): Failure {
  if (error instanceof EffectFailure && error.failure === "absent") {
    if (!loggedMessages.has(error.message)) console.error(`[mcp-wicket] ${error.message}`);
    loggedMessages.add(error.message);
    return error.failure;
  }
  logged(`The effect "${kind}" failed`, error);
  return error instanceof EffectFailure ? error.failure : "failed";
}

/** What is missing from the set-up, as it was logged; once is enough. */
const loggedMessages = new Set<string>();

/**
 * True if both request the same. The handler's arguments are not compared, because the handler may have changed them in
 * place: they follow from the request, as everything in a flow does.
 */
export function isSameRun(one: Effect, other: Effect): boolean {
  return withoutArguments(one) === withoutArguments(other);
}

function withoutArguments(effect: Effect): string {
  return JSON.stringify({ ...effect, arguments: undefined, variables: undefined, rounds: undefined });
}
