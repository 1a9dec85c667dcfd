/** How much may be under way at a time: made-up tokens must not become a flood of questions to somebody else. */
import { EffectFailure } from "../errors.js";

/** So many questions of one verifier at a time, in one isolate. */
const MAX_OPEN = 64;
/** A question that has not ended after this many milliseconds is given up: its request is over. */
const LOST_MS = 60_000;

export class AtOnce {
  readonly #open = new Set<{ readonly since: number }>();

  /** Does `work`; fails with "refused" where too much is under way. */
  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    const since = Date.now();
    if (this.#open.size >= MAX_OPEN) {
      for (const one of this.#open) if (since - one.since > LOST_MS) this.#open.delete(one);
    }
    if (this.#open.size >= MAX_OPEN) {
      throw new EffectFailure("refused", `${String(MAX_OPEN)} ${what} are under way already, and no more are begun`);
    }
    const mine = { since };
    this.#open.add(mine);
    try {
      return await work();
    } finally {
      this.#open.delete(mine);
    }
  }
}
