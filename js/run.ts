/**
 * The interpreter of flows (see `src/flow/mod.rs`): asks Rust for the next step, performs what it wants in the context of
 * the request that wants it, and keeps the outcomes. Rust keeps nothing.
 */
import { EffectFailure, WicketError, logged } from "./errors.js";
import type { Commit, Effect, Failure, Splice, Step, StepMethod } from "./wire.js";

/** What an effect comes to: JSON text, and the same as it may stand inside an answer if it needs no further decision. */
export interface Outcome {
  json: string;
  splice?: string;
}

/** What a flow may touch while it runs. */
export interface World {
  perform(effect: Effect): Promise<Outcome> | Outcome;
  commit(commit: Commit): Promise<void>;
}

/** Where a flow ended: with its answer, or with the text of the shortcut. */
export type Ended<T> = { done: T } | { spliced: string };

/** More rounds than any flow has; one that asks for more is broken. */
const MAX_ROUNDS = 64;

/** 32 random bytes, cut from a block: one call of the generator serves many requests. */
let block = new Uint8Array(0);
function entropy(): Uint8Array {
  if (block.length === 0) block = crypto.getRandomValues(new Uint8Array(2048));
  const bytes = block.subarray(0, 32);
  block = block.subarray(32);
  return bytes;
}

/** Runs the flow `step` over `input` and `body` to its end. Throws `ERR_FLOW` if it breaks. */
export async function run<T>(step: StepMethod, input: string, body: string, world: World): Promise<Ended<T>> {
  const now = Date.now();
  const random = entropy();
  let outcomes = "";
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const advance = () => step(input, body, now, random, outcomes && `[${outcomes}]`);
    let text: string | Promise<string>;
    try {
      text = advance();
      if (typeof text !== "string") text = await text;
    } catch (error) {
      // A trap takes the wasm instance with it; the step is made once more on the fresh one, with the same list.
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      logged("A step trapped and is made once more", error);
      text = await advance();
    }
    const next = JSON.parse(text) as Step<T>;
    if (next.wait) {
      const only = next.wait.length === 1 ? next.wait[0] : undefined;
      const splice = only && "splice" in only.effect ? only.effect.splice : undefined;
      if (only && splice) {
        const outcome = await attempt(world, only.effect);
        if (typeof outcome !== "string" && outcome.splice !== undefined) {
          return { spliced: spliced(splice, outcome.splice) };
        }
        outcomes = join(outcomes, record(only.mark, outcome));
      } else {
        const performed = await Promise.all(
          next.wait.map(async ({ mark, effect }) => record(mark, await attempt(world, effect))),
        );
        outcomes = join(outcomes, performed.join(","));
      }
    } else if (next.broken !== undefined) {
      throw new WicketError("ERR_FLOW", `A flow broke: ${next.broken}.`);
    } else {
      for (const commit of next.commits ?? []) await world.commit(commit);
      return { done: next.done as T };
    }
  }
  throw new WicketError("ERR_FLOW", `A flow did not end within ${String(MAX_ROUNDS)} rounds.`);
}

async function attempt(world: World, effect: Effect): Promise<Outcome | Failure> {
  try {
    return await world.perform(effect);
  } catch (error) {
    logged(`The effect "${effect.kind}" failed`, error);
    return error instanceof EffectFailure ? error.failure : "failed";
  }
}

function record(mark: string, outcome: Outcome | Failure): string {
  return typeof outcome === "string"
    ? `{"mark":"${mark}","failed":"${outcome}"}`
    : `{"mark":"${mark}","ok":${outcome.json}}`;
}

function join(outcomes: string, more: string): string {
  return outcomes ? `${outcomes},${more}` : more;
}

function spliced(splice: Splice, text: string): string {
  return splice.head + (splice.open ? text.slice(1) : text) + splice.tail;
}
