/** The world of a flow: performs its effects and its commits. */
import type { Commit, Effect } from "./wire.js";

/**
 * The outcome of an effect: JSON text, and the part of it that can be inserted into a response if it needs no further
 * decision.
 */
export interface Outcome {
  json: string;
  splice?: string | undefined;
  /** The handler's result, of which `splice` is the text, and the member that is its list: they decide if it needs a decision. */
  result?: unknown;
  list?: "content" | "messages" | "contents";
}

/** A type whose parts are only read. */
type Frozen<T> = unknown extends T ? unknown : { readonly [Member in keyof T]: Frozen<T[Member]> };

/** The outcome of the generated type `T`. */
export const outcomeOf = <T>(outcome: Frozen<T>): Outcome => ({ json: JSON.stringify(outcome) });

export interface World {
  perform(effect: Effect): Promise<Outcome> | Outcome;
  /** Performs one commit of an answer; `all` are its commits. */
  commit(commit: Commit, all: readonly Commit[]): Promise<void>;
}

type Of<All extends { kind: string }, Kind> = Extract<All, { kind: Kind }>;
type Effects = { readonly [Kind in Effect["kind"]]?: (effect: Of<Effect, Kind>) => Promise<Outcome> | Outcome };
type Commits = { readonly [Kind in Commit["kind"]]?: (commit: Of<Commit, Kind>) => Promise<void> | void };

/** A world with these effects and commits. A flow that requests others is broken. */
export function worldOf(effects: Effects, commits: Commits = {}): World {
  return {
    perform(effect) {
      const perform = effects[effect.kind] as ((effect: Effect) => Promise<Outcome> | Outcome) | undefined;
      if (!perform) throw new Error(`there is no "${effect.kind}" here`);
      return perform(effect);
    },
    async commit(commit) {
      const write = commits[commit.kind] as ((commit: Commit) => Promise<void> | void) | undefined;
      if (!write) throw new Error(`there is no "${commit.kind}" here`);
      await write(commit);
    },
  };
}

/** The world of flows that request nothing. */
export const NO_WORLD = worldOf({});
