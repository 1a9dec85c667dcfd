/**
 * How the list of revocations is read by any number of isolates: relays stand in front of it where there are many. What is
 * decided here is pure, so that a simulation can run it (tests/wire/scale.test.ts). Times are milliseconds.
 */
import { now } from "../clock.js";

/** What is asked for: what comes after `cursor`, and rules that have changed since `version`. */
export interface Since {
  cursor: number;
  /** Absent from an isolate of an earlier version: 0. */
  version?: number;
  /** From a relay: how many calls it has answered since it last asked. */
  calls?: number;
}

/** An answer of the list, or of a relay. */
export interface News {
  /** Of the last entry here, or as asked. */
  cursor: number;
  /** Grant, until when it has to be remembered (milliseconds since 1970), and its place in the list. */
  grants: [grant: string, until: number, seq: number][];
  /** True if there are further entries. */
  more: boolean;
  /** Rules end all grants that they name and that began before a point in time (`src/oauth/rule.rs`): those that are new. */
  rules: [rule: string, before: number, until: number, version: number][];
  /** Of the last change of a rule: it only grows. */
  version: number;
  /** How many relays there are to ask instead of the list. Absent from an object of an earlier version: none. */
  relays?: number;
  /** How long ago the list itself was asked, in milliseconds. Absent: just now. */
  age?: number;
}

/** A relay asks the list again after so long. */
const FRESH_MS = 5_000;
/** After a failure, a relay asks the list no sooner than this; one that knows nothing is in more of a hurry. */
const RETRY_MS = 1_000;
const HURRY_MS = 250;

/** How many calls a second one relay is meant to answer. With fewer than this in all, there are no relays. */
export const CALLS_PER_RELAY = 50;
/** Together they ask the list 205 times a second. */
export const MAX_RELAYS = 1024;
/** Calls are counted for so long. */
const WINDOW_MS = 10_000;
/** With so many that ask the list itself, nobody waits for the end of the window. */
const CROWD = 500;
/** So many windows in a row with less to do halve the number of relays. */
const QUIET_WINDOWS = 10;

/** In the list's object: how many relays it takes for as many calls as there are. */
export class Relays {
  number: number;
  #since: number;
  #direct = 0;
  #calls = 0;
  #quiet = 0;

  constructor(number: number, since: number) {
    this.number = number;
    this.#since = since;
  }

  /** Counts a call of an isolate, or those that a relay reports. True if the number of relays is another now. */
  count(at: number, reported?: number): boolean {
    this.#calls += reported ?? 1;
    if (reported === undefined) this.#direct++;
    const elapsed = at - this.#since;
    if (elapsed < WINDOW_MS && this.#direct < CROWD) return false;
    const perSecond = (this.#calls * 1000) / Math.max(elapsed, 100);
    this.#since = at;
    this.#calls = this.#direct = 0;
    return this.#adapt(relaysFor(perSecond), elapsed >= WINDOW_MS);
  }

  #adapt(wanted: number, isWhole: boolean): boolean {
    const before = this.number;
    if (wanted >= before) {
      this.#quiet = 0;
      this.number = wanted;
    } else if (isWhole && ++this.#quiet >= QUIET_WINDOWS) {
      this.#quiet = 0;
      this.number = before > 2 ? before / 2 : 0;
    }
    return this.number !== before;
  }
}

/** A power of two, or none. */
function relaysFor(perSecond: number): number {
  if (perSecond <= CALLS_PER_RELAY) return 0;
  let relays = 2;
  while (relays < MAX_RELAYS && relays * CALLS_PER_RELAY < perSecond) relays *= 2;
  return relays;
}

/** Asks the list. */
export type AskList = (since: Required<Since>) => Promise<News>;

/** In a relay's object: the list as the relay knows it. */
export class Relay {
  readonly #page: number;
  /** By their place in the list. */
  readonly #entries = new Map<number, [grant: string, until: number]>();
  readonly #rules = new Map<string, News["rules"][number]>();
  #cursor = 0;
  #version = 0;
  #relays = 0;
  /** When the list was last asked and answered. */
  #known = Number.NEGATIVE_INFINITY;
  #failed = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #asking: Promise<void> | undefined;

  /** `page`: how many entries go into one answer. */
  constructor(page: number) {
    this.#page = page;
  }

  /** What is new. Rejects where the list has never answered. */
  async since({ cursor, version = 0 }: Since, ask: AskList): Promise<News> {
    this.#calls++;
    const at = now();
    const pause = this.#known === Number.NEGATIVE_INFINITY ? HURRY_MS : RETRY_MS;
    if (at - this.#known >= FRESH_MS && at - this.#failed >= pause) {
      // Requests of one object are one context: they may wait for the same answer.
      await (this.#asking ??= this.#ask(ask).finally(() => (this.#asking = undefined)));
    }
    if (this.#known === Number.NEGATIVE_INFINITY)
      throw new Error("the list of revocations has not answered this relay yet");
    const grants: News["grants"] = [];
    let last = cursor;
    let more = false;
    for (const [seq, [grant, until]] of this.#entries) {
      if (seq <= cursor || until <= at) continue;
      if (grants.length === this.#page) {
        more = true;
        break;
      }
      grants.push([grant, until, seq]);
      last = seq;
    }
    // Whoever has been told everything has no need to begin anew behind what has expired.
    if (!more) last = Math.max(last, this.#cursor);
    return {
      cursor: last,
      grants,
      more,
      rules: [...this.#rules.values()].filter(([, , until, changed]) => changed > version && until > at),
      version: Math.max(version, this.#version),
      relays: this.#relays,
      age: Math.max(0, now() - this.#known),
    };
  }

  async #ask(ask: AskList): Promise<void> {
    const since = now();
    const calls = this.#calls;
    this.#calls = 0;
    try {
      for (let reported = calls; ; reported = 0) {
        const asked = { cursor: this.#cursor, version: this.#version, calls: reported };
        const { cursor, grants, more, rules, version, relays } = await ask(asked);
        for (const rule of rules) this.#rules.set(rule[0], rule);
        this.#version = Math.max(this.#version, version);
        for (const [grant, until, seq] of grants) this.#entries.set(seq, [grant, until]);
        this.#cursor = Math.max(this.#cursor, cursor);
        this.#relays = relays ?? 0;
        if (!more) break;
      }
      this.#known = since;
      for (const [seq, [, until]] of this.#entries) if (until <= since) this.#entries.delete(seq);
      for (const [rule, [, , until]] of this.#rules) if (until <= since) this.#rules.delete(rule);
    } catch {
      // What the relay knows is as old as it says; isolates judge by that.
      this.#failed = now();
    }
  }
}
