/*
 * Relays of the revocation list, so that any number of isolates can read it. The decisions here are pure, so that a
 * simulation can run them (tests/sockets/mcp/scale.test.ts). Times are in milliseconds.
 */
import { now } from "../common/clock.js";

/** A request for entries after `cursor`, and for rules that have changed since `version`. */
export interface ChangesRequest {
  cursor: number;
  /** Absent from an isolate of an earlier version: 0. */
  version?: number;
  /** From a relay: how many calls it has answered since it last asked. */
  calls?: number;
}

/** The answer of the list, or of a relay. */
export interface RevocationChanges {
  /** The position of the last entry here, or as requested. */
  cursor: number;
  /** Grant, until when it must be stored (milliseconds since 1970), and its position in the list. */
  grants: [grant: string, until: number, seq: number][];
  /** True if there are further entries. */
  more: boolean;
  /*
   * New rules. A rule ends all grants that it names and that began before a point in time (`src/oauth/revocation_rules.rs`).
   */
  rules: [rule: string, before: number, until: number, version: number][];
  /** The version of the latest rule: it only grows. */
  version: number;
  /** The number of relays to ask instead of the list. Absent from an object of an earlier version: none. */
  relays?: number;
  /** The age of the list's own answer, in milliseconds. Absent: 0. */
  age?: number;
}

/** A relay asks the list again after this time. */
const FRESH_MS = 5_000;
/** After a failure, a relay waits at least this long before it asks again; one that knows nothing waits less. */
const RETRY_MS = 1_000;
const HURRY_MS = 250;

/** The number of calls per second for one relay. With fewer than this in all, there are no relays. */
const CALLS_PER_RELAY = 50;
/** Together they call the list 205 times a second. */
export const MAX_RELAYS = 1024;
/** Calls are counted over this time. */
const WINDOW_MS = 10_000;
/** With this many direct calls, the number of relays is raised before the window ends. */
const CROWD = 500;
/** After this many quiet windows in a row, the number of relays is halved. */
const QUIET_WINDOWS = 10;

/** In the list's object: how many relays are needed for the current number of calls. */
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

  /** Counts a call of an isolate, or the calls that a relay reports. True if the number of relays has changed. */
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

/** A power of two, or 0. */
function relaysFor(perSecond: number): number {
  if (perSecond <= CALLS_PER_RELAY) return 0;
  let relays = 2;
  while (relays < MAX_RELAYS && relays * CALLS_PER_RELAY < perSecond) relays *= 2;
  return relays;
}

/** Asks the list. */
export type FetchChanges = (since: Required<ChangesRequest>) => Promise<RevocationChanges>;

/** In a relay's object: its copy of the list. */
export class Relay {
  readonly #page: number;
  /** The entries by their position in the list. */
  readonly #entries = new Map<number, [grant: string, until: number]>();
  readonly #rules = new Map<string, RevocationChanges["rules"][number]>();
  #cursor = 0;
  #version = 0;
  #relays = 0;
  /** The time of the last call that the list has answered. */
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #fetching: Promise<void> | undefined;

  /** `page`: the number of entries in one answer. */
  constructor(page: number) {
    this.#page = page;
  }

  /** Returns what is new. Rejects if the list has never answered. */
  async since({ cursor, version = 0 }: ChangesRequest, fetchChanges: FetchChanges): Promise<RevocationChanges> {
    this.#calls++;
    const at = now();
    const pause = this.#fetchedAt === Number.NEGATIVE_INFINITY ? HURRY_MS : RETRY_MS;
    if (at - this.#fetchedAt >= FRESH_MS && at - this.#failedAt >= pause) {
      // The requests of an object share one context, so they may wait for the same answer.
      await (this.#fetching ??= this.#fetch(fetchChanges).finally(() => (this.#fetching = undefined)));
    }
    if (this.#fetchedAt === Number.NEGATIVE_INFINITY)
      throw new Error("the revocation list has not answered this relay yet");
    const grants: RevocationChanges["grants"] = [];
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
    // A reader that has everything need not start again after entries that have expired.
    if (!more) last = Math.max(last, this.#cursor);
    return {
      cursor: last,
      grants,
      more,
      rules: [...this.#rules.values()].filter(([, , until, changed]) => changed > version && until > at),
      version: Math.max(version, this.#version),
      relays: this.#relays,
      age: Math.max(0, now() - this.#fetchedAt),
    };
  }

  async #fetch(fetchChanges: FetchChanges): Promise<void> {
    const since = now();
    const calls = this.#calls;
    this.#calls = 0;
    try {
      for (let reported = calls; ; reported = 0) {
        const request = { cursor: this.#cursor, version: this.#version, calls: reported };
        const { cursor, grants, more, rules, version, relays } = await fetchChanges(request);
        for (const rule of rules) this.#rules.set(rule[0], rule);
        this.#version = Math.max(this.#version, version);
        for (const [grant, until, seq] of grants) this.#entries.set(seq, [grant, until]);
        this.#cursor = Math.max(this.#cursor, cursor);
        this.#relays = relays ?? 0;
        if (!more) break;
      }
      this.#fetchedAt = since;
      for (const [seq, [, until]] of this.#entries) if (until <= since) this.#entries.delete(seq);
      for (const [rule, [, , until]] of this.#rules) if (until <= since) this.#rules.delete(rule);
    } catch {
      // The answer is as old as it says; isolates decide by that.
      this.#failedAt = now();
    }
  }
}
