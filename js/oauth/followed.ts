/**
 * What this isolate knows of the grants that have ended. It asks for news in the background after 20 seconds, waits for
 * them after 30, and after 60 without an answer nobody is let in: that is how long a revocation may take.
 */
import { now } from "../clock.js";
import { logged } from "../errors.js";
import type { News } from "./relays.js";

const ASK_MS = 20_000;
const WAIT_MS = 30_000;
const GIVE_UP_MS = 60_000;
/** Who waits for another request's question waits no longer than this, and then asks for itself. */
const FOLLOW_MS = 2_000;
/** After a question in vain, the next is asked no sooner than this: an overloaded object recovers only if it is left alone. */
const RETRY_MS = 1_000;
/** Relays that are asked where the list does not answer and has never said how many there are. */
const SPARE_RELAYS = 16;

/** Asks the list, or the relay of this number, for what is new since these. */
export type AskList = (since: { cursor: number; version: number }, relay: number | undefined) => Promise<News>;

/** What a request has to let a question outlive it. */
interface Waiting {
  waitUntil(promise: Promise<unknown>): void;
}

/** What has to be known of a grant to say whether it has ended. */
export interface Followable {
  readonly grant: string;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;
  /** The names of the rules that may have ended it. */
  readonly rules: readonly string[];
}

/** What may be said of a grant. */
export type Standing = "valid" | "ended" | "unknown";

export class Followed {
  readonly #ended = new Map<string, number>();
  readonly #rules = new Map<string, { readonly before: number; readonly until: number }>();
  #cursor = 0;
  #version = 0;
  /** How many relays there are to ask instead of the list. */
  #relays = 0;
  /** When a question was last in vain. */
  #failed = Number.NEGATIVE_INFINITY;
  /** When the list was last asked and answered. */
  #known = Number.NEGATIVE_INFINITY;
  #asking: { since: number; settled: Promise<boolean> } | undefined;

  /** Whether `grant` has ended, where the news are fresh. */
  fresh(grant: Followable): Standing | undefined {
    return now() - this.#known < ASK_MS ? this.#of(grant) : undefined;
  }

  /** Whether `grant` has ended, where they are not; no promise where they are asked for beside. */
  standing(grant: Followable, ask: AskList, ctx: Waiting): Standing | Promise<Standing> {
    if (now() - this.#known < WAIT_MS) {
      this.#news(ask, ctx);
      return this.#of(grant);
    }
    return this.#awaited(grant, ask, ctx);
  }

  /** Whether the list is known to say that `grant` has ended. */
  has(grant: string): boolean {
    return (this.#ended.get(grant) ?? 0) > now();
  }

  /** What this isolate itself has ended, it knows at once. */
  note(grants: readonly string[], until: number): void {
    for (const grant of grants) this.#ended.set(grant, until);
  }

  /** What this isolate itself has ruled, it knows at once. */
  noteRule(rule: string, before: number, until: number): void {
    const known = this.#rules.get(rule);
    this.#rules.set(rule, { before: Math.max(before, known?.before ?? 0), until: Math.max(until, known?.until ?? 0) });
  }

  /** The rules that are known, as Rust takes them; nothing where there are none. */
  get rules(): Record<string, number> | undefined {
    if (this.#rules.size === 0) return undefined;
    return Object.fromEntries([...this.#rules].map(([rule, { before }]) => [rule, before]));
  }

  /** Waits for news where there have been none for thirty seconds; false where there have been none for a minute. */
  async current(ask: AskList, ctx: Waiting): Promise<boolean> {
    if (now() - this.#known < WAIT_MS) return true;
    await this.#caughtUp(ask, ctx);
    return now() - this.#known < GIVE_UP_MS;
  }

  #of({ grant, began, rules }: Followable): Standing {
    if (this.#ended.has(grant)) return "ended";
    if (this.#rules.size === 0) return "valid";
    return rules.some((rule) => began < (this.#rules.get(rule)?.before ?? 0)) ? "ended" : "valid";
  }

  async #awaited(grant: Followable, ask: AskList, ctx: Waiting): Promise<Standing> {
    await this.#caughtUp(ask, ctx);
    return now() - this.#known < GIVE_UP_MS ? this.#of(grant) : "unknown";
  }

  async #caughtUp(ask: AskList, ctx: Waiting): Promise<void> {
    const asking = this.#asking;
    if (asking && now() - asking.since < FOLLOW_MS) {
      await Promise.race([asking.settled, new Promise((resolve) => setTimeout(resolve, FOLLOW_MS))]);
    }
    if (now() - this.#known >= WAIT_MS && !this.#isPausing()) await this.#ask(ask, ctx);
  }

  #news(ask: AskList, ctx: Waiting): void {
    const asking = this.#asking;
    if (this.#isPausing() || (asking && now() - asking.since < FOLLOW_MS)) return;
    void this.#ask(ask, ctx);
  }

  #isPausing(): boolean {
    return now() - this.#failed < RETRY_MS;
  }

  /** Asks for this request; others may follow. The question outlives its request. */
  #ask(ask: AskList, ctx: Waiting): Promise<boolean> {
    const since = now();
    const settled = this.#read(ask, since).then(
      () => true,
      (error: unknown) => {
        logged("The list of revocations does not answer", error);
        return false;
      },
    );
    this.#asking = { since, settled };
    ctx.waitUntil(settled);
    return settled;
  }

  async #read(ask: AskList, since: number): Promise<void> {
    try {
      const age = await this.#readFrom(ask, since);
      this.#known = Math.max(this.#known, since - age);
      // A relay answers while the list does not: there is nothing to be had from it at the moment.
      if (since - this.#known >= ASK_MS) this.#failed = now();
    } catch (error) {
      this.#failed = now();
      throw error;
    }
    for (const [grant, until] of this.#ended) if (until <= since) this.#ended.delete(grant);
    for (const [rule, { until }] of this.#rules) if (until <= since) this.#rules.delete(rule);
  }

  /** Gives how old the news are, in milliseconds. */
  async #readFrom(ask: AskList, since: number): Promise<number> {
    const relay = this.#relays > 0 ? oneOf(this.#relays) : undefined;
    try {
      return await this.#readAll(ask, relay);
    } catch (error) {
      // The list does not answer, or too many ask it.
      if (relay === undefined) this.#relays = SPARE_RELAYS;
      // Who was kept waiting asks nobody else.
      if (now() - since > FOLLOW_MS) throw error;
      return this.#readAll(ask, relay === undefined ? oneOf(SPARE_RELAYS) : undefined);
    }
  }

  async #readAll(ask: AskList, relay: number | undefined): Promise<number> {
    for (;;) {
      const since = { cursor: this.#cursor, version: this.#version };
      const { cursor, grants, rules, version, more, relays = 0, age = 0 } = await ask(since, relay);
      for (const [rule, before, until] of rules) this.noteRule(rule, before, until);
      this.#version = Math.max(this.#version, version);
      for (const [grant, until] of grants) this.#ended.set(grant, until);
      this.#cursor = Math.max(this.#cursor, cursor);
      this.#relays = relays;
      if (!more) return age;
    }
  }
}

const oneOf = (count: number): number => Math.floor(Math.random() * count);
