/**
 * What this isolate knows of the grants that have ended. It asks for news in the background after 20 seconds, waits for
 * them after 30, and after 60 without an answer nobody is let in: that is how long a revocation may take.
 */
import { now } from "../clock.js";
import { logged } from "../errors.js";
import type { Ended } from "./revocations.js";

const ASK_MS = 20_000;
const WAIT_MS = 30_000;
const GIVE_UP_MS = 60_000;
/** Who waits for another request's question waits no longer than this, and then asks for itself. */
const FOLLOW_MS = 2_000;

/** Asks the list: what is new since these. */
export type AskList = (cursor: number, version: number) => Promise<Ended>;

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
  /** When the list was last asked and answered. */
  #known = Number.NEGATIVE_INFINITY;
  #asking: { since: number; settled: Promise<boolean> } | undefined;

  /** Whether `grant` has ended, where the news are fresh. */
  fresh(grant: Followable): Standing | undefined {
    return now() - this.#known < ASK_MS ? this.#of(grant) : undefined;
  }

  /** Whether `grant` has ended, where they are not; no promise where they are asked for beside. */
  standing(grant: Followable, ask: AskList, ctx: ExecutionContext): Standing | Promise<Standing> {
    if (now() - this.#known < WAIT_MS) {
      void this.#news(ask, ctx);
      return this.#of(grant);
    }
    return this.#awaited(grant, ask, ctx);
  }

  /** What this isolate itself has ended, it knows at once. */
  note(grants: readonly string[], until: number): void {
    for (const grant of grants) this.#ended.set(grant, until);
  }

  /** What this isolate itself has ruled, it knows at once. */
  noteRule(rule: string, before: number, until: number): void {
    const known = this.#rules.get(rule);
    this.#rules.set(rule, { before: Math.max(before, known?.before ?? 0), until });
  }

  /** The rules that are known, as Rust takes them; nothing where there are none. */
  get rules(): Record<string, number> | undefined {
    if (this.#rules.size === 0) return undefined;
    return Object.fromEntries([...this.#rules].map(([rule, { before }]) => [rule, before]));
  }

  /** Waits for news where there have been none for thirty seconds; false where there have been none for a minute. */
  async current(ask: AskList, ctx: ExecutionContext): Promise<boolean> {
    if (now() - this.#known < WAIT_MS) return true;
    await this.#caughtUp(ask, ctx);
    return now() - this.#known < GIVE_UP_MS;
  }

  #of({ grant, began, rules }: Followable): Standing {
    if (this.#ended.has(grant)) return "ended";
    if (this.#rules.size === 0) return "valid";
    return rules.some((rule) => began < (this.#rules.get(rule)?.before ?? 0)) ? "ended" : "valid";
  }

  async #awaited(grant: Followable, ask: AskList, ctx: ExecutionContext): Promise<Standing> {
    await this.#caughtUp(ask, ctx);
    return now() - this.#known < GIVE_UP_MS ? this.#of(grant) : "unknown";
  }

  async #caughtUp(ask: AskList, ctx: ExecutionContext): Promise<void> {
    const asking = this.#asking;
    if (asking && now() - asking.since < FOLLOW_MS) {
      await Promise.race([asking.settled, new Promise((resolve) => setTimeout(resolve, FOLLOW_MS))]);
    }
    if (now() - this.#known >= WAIT_MS) await this.#ask(ask, ctx);
  }

  #news(ask: AskList, ctx: ExecutionContext): Promise<boolean> {
    const asking = this.#asking;
    if (asking && now() - asking.since < FOLLOW_MS) return asking.settled;
    return this.#ask(ask, ctx);
  }

  /** Asks for this request; others may follow. The question outlives its request. */
  #ask(ask: AskList, ctx: ExecutionContext): Promise<boolean> {
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
    for (;;) {
      const { cursor, grants, more, rules, version } = await ask(this.#cursor, this.#version);
      for (const [rule, before, until] of rules) this.noteRule(rule, before, until);
      this.#version = Math.max(this.#version, version);
      for (const [grant, until] of grants) this.#ended.set(grant, until);
      this.#cursor = Math.max(this.#cursor, cursor);
      if (!more) break;
    }
    this.#known = Math.max(this.#known, since);
    for (const [grant, until] of this.#ended) if (until <= since) this.#ended.delete(grant);
    for (const [rule, { until }] of this.#rules) if (until <= since) this.#rules.delete(rule);
  }
}
