/**
 * The interpreter of flows (see `src/flow/mod.rs`): requests the next step from Rust, performs its effects in the context of
 * the request, and stores the outcomes. Rust stores nothing.
 *
 * The hot path has no named functions inside functions: wrangler's bundler sets the name of each of them whenever it is
 * created, which takes a microsecond (`keep_names`).
 */
import { BOUNDS } from "./caches.js";
import { now as clock } from "../common/clock.js";
import { EffectFailure, WicketError } from "../common/errors.js";
import { type Shortcuts, runShort } from "./stencils.js";
import { type RunningFlow, advance, tryPerform, failure } from "./step.js";
import { wellFormed } from "./well-formed.js";
import type { Outcome, World } from "./world.js";
import type { Failure, Step, StepMethod } from "./wire.js";

/** Maximum number of rounds; a flow that needs more is broken. */
const MAX_ROUNDS = 64;

/** Outcomes up to this length always fit, in characters. */
const MAX_SHORT = 1024;

/**
 * Runs the flow `step` over `input` and `body` to its end, and returns the answer. Rejects with `ERR_FLOW` if it
 * breaks.
 */
export async function run<T>(
  step: StepMethod,
  input: string,
  body: string,
  world: World,
  shortcuts?: Shortcuts<T>,
): Promise<T> {
  const flow: RunningFlow = { step, input, body, now: clock(), entropy: undefined };
  return shortcuts
    ? runShort(flow, world, shortcuts, continueFlow)
    : continueFlow(flow, world, await advance<T>(flow, ""));
}

/** Continues from `next` until the flow ends; its only effect may have an outcome already. */
async function continueFlow<T>(flow: RunningFlow, world: World, next: Step<T>, first?: Outcome | Failure): Promise<T> {
  let outcomes = "";
  let length = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (!next.wait) {
      for (const commit of next.commits ?? []) await world.commit(commit, next.commits ?? []);
      if (next.broken !== undefined) throw new WicketError("ERR_FLOW", `A flow broke: ${next.broken}.`);
      return next.done as T;
    }
    const performed = await Promise.all(
      next.wait.map(async ({ mark, effect }) => {
        const outcome = round === 0 && first !== undefined ? first : await tryPerform(world, effect);
        const text = record(mark, outcome);
        // What does not fit is dropped immediately: each byte would take five in wasm, whose memory never shrinks.
        length += text.length;
        if (length <= BOUNDS.outcomes.value || text.length <= MAX_SHORT) return text;
        length -= text.length;
        return record(
          mark,
          failure(effect, new EffectFailure("refused", "the result is larger than a response may be")),
        );
      }),
    );
    outcomes = [outcomes, ...performed].filter(Boolean).join(",");
    next = await advance<T>(flow, `[${outcomes}]`);
  }
  throw new WicketError("ERR_FLOW", `A flow did not end within ${String(MAX_ROUNDS)} rounds.`);
}

function record(mark: string, outcome: Outcome | Failure): string {
  return typeof outcome === "string"
    ? `{"mark":"${mark}","failed":"${outcome}"}`
    : `{"mark":"${mark}","ok":${wellFormed(outcome.json)}}`;
}
