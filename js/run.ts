/**
 * The interpreter of flows (see `src/flow/mod.rs`): asks Rust for the next step, performs what it wants in the context of
 * the request that wants it, and keeps the outcomes. Rust keeps nothing.
 *
 * On the way of every request there are no functions with a name inside functions: wrangler's bundler writes the name onto
 * each of them whenever it is made, which takes a microsecond (`keep_names`).
 */
import { BOUNDS } from "./bounds.js";
import { now as clock } from "./clock.js";
import { EffectFailure, WicketError, logged } from "./errors.js";
import type { Stencils } from "./stencils.js";
import { wellFormed } from "./well-formed.js";
import type { Commit, Effect, Failure, Splice, Step, StepMethod } from "./wire.js";

/** What an effect comes to: JSON text, and the same as it may stand inside an answer if it needs no further decision. */
export interface Outcome {
  json: string;
  splice?: string;
}

/** What a flow may touch while it runs. */
export interface World {
  perform(effect: Effect): Promise<Outcome> | Outcome;
  /** Performs one write of an answer, of which `all` are the writes. */
  commit(commit: Commit, all: readonly Commit[]): Promise<void>;
}

/** Where a flow ended: with its answer, or with the text of the shortcut. */
export type Ended<T> = { done: T } | { spliced: string };

/** More rounds than any flow has; one that asks for more is broken. */
const MAX_ROUNDS = 64;

/** Outcomes that are no longer than this always fit, in characters. */
const MAX_SHORT = 1024;

/** 32 random bytes in hexadecimal. */
function entropy(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One flow on its way: what stays the same at each of its steps. */
interface Going<T> {
  readonly step: StepMethod;
  readonly input: string;
  readonly body: string;
  readonly now: number;
  /** Randomness, once the flow has asked for some. */
  entropy: string;
  readonly world: World;
  readonly stencils: Stencils | undefined;
  readonly who: string;
  /** Only for the type of the answer. */
  readonly answer?: T;
}

/**
 * Runs the flow `step` over `input` and `body` to its end. Throws or rejects with `ERR_FLOW` if it breaks. A flow that
 * takes the shortcut, or ends with its first step, makes no promise of its own. `stencils` know its first step if it has
 * been made for a request like this one; `who` is the end of `input` that says who is calling.
 */
export function run<T>(
  step: StepMethod,
  input: string,
  body: string,
  world: World,
  stencils?: Stencils,
  who = "",
): Ended<T> | Promise<Ended<T>> {
  const now = clock();
  const going: Going<T> = { step, input, body, now, entropy: "", world, stencils, who };
  const cut = stencils?.find(headOf(going), who, body, now);
  if (cut) return shortcut(going, undefined, cut);
  const text = advance(going, "");
  return typeof text === "string" ? after(going, text) : text.then((text) => after(going, text));
}

/** The input without the part that says who is calling. */
function headOf({ input, who }: Going<unknown>): string {
  return who === "" ? input : input.slice(0, -who.length);
}

/** What follows the first step. */
function after<T>(going: Going<T>, text: string): Ended<T> | Promise<Ended<T>> {
  const end = endOf(text);
  const next = stepOf<T>(text, end);
  const effect = next.wait?.length === 1 ? next.wait[0]?.effect : undefined;
  const splice = effect && "splice" in effect ? effect.splice : undefined;
  if (!effect || !splice) return next.wait || next.commits ? goOn(going, next) : finished(next);
  const head = text.slice(end + 1);
  if (next.stencil) going.stencils?.keep(headOf(going), going.who, going.body, next, head);
  return shortcut(going, next, { effect, splice, head });
}

/** An effect whose outcome may go into the answer as it is. */
interface Shortcut {
  readonly effect: Effect;
  readonly splice: Splice;
  readonly head: string;
}

/** Performs the only effect of the first step; that step itself is only made where it is needed. */
function shortcut<T>(going: Going<T>, next: Step<T> | undefined, way: Shortcut): Ended<T> | Promise<Ended<T>> {
  let outcome: Outcome | Failure | Promise<Outcome>;
  try {
    outcome = going.world.perform(way.effect);
  } catch (error) {
    outcome = failure(way.effect, error);
  }
  if (!(outcome instanceof Promise)) return settle(going, next, way, outcome);
  return outcome.then(
    (outcome) => settle(going, next, way, outcome),
    (error: unknown) => settle(going, next, way, failure(way.effect, error)),
  );
}

/** Takes the shortcut, if the outcome of its effect may. */
function settle<T>(going: Going<T>, next: Step<T> | undefined, way: Shortcut, outcome: Outcome | Failure) {
  const { effect, splice, head } = way;
  if (typeof outcome === "string" || outcome.splice === undefined) {
    return next ? goOn(going, next, outcome) : catchUp(going, effect, outcome);
  }
  const text = wellFormed(outcome.splice);
  return { spliced: head + (splice.open ? text.slice(1) : text) + splice.tail };
}

/** Makes the first step after all, which must ask for the effect that has been performed, and goes on. */
async function catchUp<T>(going: Going<T>, effect: Effect, outcome: Outcome | Failure): Promise<Ended<T>> {
  const next = stepOf<T>(await advance(going, ""));
  const [asked] = next.wait ?? [];
  if (asked && next.wait?.length === 1 && isSameRun(asked.effect, effect)) return goOn(going, next, outcome);
  throw new WicketError("ERR_FLOW", "A flow broke: it goes another way than one like it.");
}

/**
 * True if both ask for the same. What a handler is given is not looked at, since it may have changed it in place: it
 * follows from the request, as all of a flow does.
 */
export function isSameRun(one: Effect, other: Effect): boolean {
  return withoutGiven(one) === withoutGiven(other);
}

function withoutGiven(effect: Effect): string {
  return JSON.stringify({ ...effect, arguments: undefined, variables: undefined, rounds: undefined });
}

function stepOf<T>(text: string, end = endOf(text)): Step<T> {
  return JSON.parse(text.slice(0, end)) as Step<T>;
}

/** Where the step ends: one that waits is followed by a line of its own, the head of the shortcut, without a line break. */
function endOf(text: string): number {
  return text.startsWith('{"wait":') ? text.lastIndexOf("\n") : text.length;
}

/** Goes on from `next`, of whose effects the only one may have an outcome already, until the flow ends. */
async function goOn<T>(going: Going<T>, next: Step<T>, first?: Outcome | Failure): Promise<Ended<T>> {
  let outcomes = "";
  let length = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (!next.wait) {
      for (const commit of next.commits ?? []) await going.world.commit(commit, next.commits ?? []);
      return finished(next);
    }
    const performed = await Promise.all(
      next.wait.map(async ({ mark, effect }) => {
        const outcome = round === 0 && first !== undefined ? first : await attempt(going.world, effect);
        const text = record(mark, outcome);
        // What does not fit goes at once: each byte of it would take five in wasm, whose memory never shrinks.
        length += text.length;
        if (length <= BOUNDS.outcomes.value || text.length <= MAX_SHORT) return text;
        length -= text.length;
        return record(mark, failure(effect, new EffectFailure("refused", "it comes to more than fits into an answer")));
      }),
    );
    outcomes = [outcomes, ...performed].filter(Boolean).join(",");
    next = stepOf(await advance(going, `[${outcomes}]`));
  }
  throw new WicketError("ERR_FLOW", `A flow did not end within ${String(MAX_ROUNDS)} rounds.`);
}

function finished<T>({ done, broken }: Step<T>): Ended<T> {
  if (broken !== undefined) throw new WicketError("ERR_FLOW", `A flow broke: ${broken}.`);
  return { done: done as T };
}

/** One step; a flow that turns out to need randomness makes it once more, with some. */
function advance(going: Going<unknown>, outcomes: string): string | Promise<string> {
  const text = make(going, outcomes);
  return typeof text === "string" ? enough(going, outcomes, text) : text.then((text) => enough(going, outcomes, text));
}

function enough(going: Going<unknown>, outcomes: string, text: string): string | Promise<string> {
  if (text !== WANTS_ENTROPY) return text;
  going.entropy = entropy();
  return make(going, outcomes);
}

const WANTS_ENTROPY = '{"entropy":true}';

function make(going: Going<unknown>, outcomes: string): string | Promise<string> {
  try {
    const text = made(going, outcomes);
    return typeof text === "string" ? text : text.catch((error: unknown) => again(going, outcomes, error));
  } catch (error) {
    return again(going, outcomes, error);
  }
}

/** A trap takes the wasm instance with it; the step is made once more on the fresh one, with the same list. */
function again(going: Going<unknown>, outcomes: string, error: unknown): string | Promise<string> {
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  logged("A step trapped and is made once more", error);
  return made(going, outcomes);
}

function made({ step, input, body, now, entropy }: Going<unknown>, outcomes: string): string | Promise<string> {
  const later = entropy + outcomes;
  return later === "" ? step(input, body, now) : step(input, body, now, later);
}

/** Performs an effect; an error becomes the reason why there is no outcome. */
async function attempt(world: World, effect: Effect): Promise<Outcome | Failure> {
  try {
    return await world.perform(effect);
  } catch (error) {
    return failure(effect, error);
  }
}

function failure({ kind }: Effect, error: unknown): Failure {
  if (error instanceof EffectFailure && error.failure === "absent") {
    if (!told.has(error.message)) console.error(`[mcp-wicket] ${error.message}`);
    told.add(error.message);
    return error.failure;
  }
  logged(`The effect "${kind}" failed`, error);
  return error instanceof EffectFailure ? error.failure : "failed";
}

/** What is missing from the set-up, as the log has it; once is enough. */
const told = new Set<string>();

function record(mark: string, outcome: Outcome | Failure): string {
  return typeof outcome === "string"
    ? `{"mark":"${mark}","failed":"${outcome}"}`
    : `{"mark":"${mark}","ok":${wellFormed(outcome.json)}}`;
}
