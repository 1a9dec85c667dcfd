/**
 * This isolate's copy of the revocation list. It is refreshed in the background after 20 seconds, requests wait for the
 * refresh after 30, and after 60 seconds without a response no token is accepted: these are the limits for how long a
 * revocation may take.
 */
import { now } from "../common/clock.js";
import { logged } from "../common/errors.js";
import type { RevocationChanges } from "./relays.js";

const REFRESH_MS = 20_000;
const WAIT_MS = 30_000;
const GIVE_UP_MS = 60_000;
/** How long a request waits for another request's call, before it calls itself. */
const FOLLOW_MS = 2_000;
/** Minimum time after a failed call: an overloaded object recovers only if it is left alone. */
const RETRY_MS = 1_000;
/** The number of relays to use if the list does not answer and has never said how many there are. */
const SPARE_RELAYS = 16;

/** Asks the list, or the relay of this number, for changes since these. */
export type FetchChanges = (
  since: { cursor: number; version: number },
  relay: number | undefined,
) => Promise<RevocationChanges>;

/** The part of a context that lets a call outlive its request. */
interface RefreshContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** What must be known about a grant to decide whether it has ended. */
export interface GrantRef {
  readonly grant: string;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;
  /** The names of the revocation rules that may have ended it. */
  readonly rules: readonly string[];
}

/** The state of a grant. */
export type GrantStatus = "valid" | "ended" | "unknown";

export class RevocationList {
  readonly #ended = new Map<string, number>();
  readonly #rules = new Map<string, { readonly before: number; readonly until: number }>();
  #cursor = 0;
  #version = 0;
  /** The number of relays to ask instead of the list. */
  #relays = 0;
  /** When a call last failed. */
  #failedAt = Number.NEGATIVE_INFINITY;
  /** The time of the last call that the list has answered. */
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: { since: number; settled: Promise<boolean> } | undefined;

  /** Whether `grant` has ended, if the copy is fresh. */
  cachedStatus(grant: GrantRef): GrantStatus | undefined {
    return now() - this.#refreshedAt < REFRESH_MS ? this.#statusOf(grant) : undefined;
  }

  /** Whether `grant` has ended, if it is not; no promise if the copy is refreshed in the background. */
  status(grant: GrantRef, fetchChanges: FetchChanges, ctx: RefreshContext): GrantStatus | Promise<GrantStatus> {
    if (now() - this.#refreshedAt < WAIT_MS) {
      this.#refreshInBackground(fetchChanges, ctx);
      return this.#statusOf(grant);
    }
    return this.#statusAfterRefresh(grant, fetchChanges, ctx);
  }

  /** Whether the copy says that `grant` has ended. */
  hasEnded(grant: string): boolean {
    return (this.#ended.get(grant) ?? 0) > now();
  }

  /** Records what this isolate itself has ended, immediately. */
  addEnded(grants: readonly string[], until: number): void {
    for (const grant of grants) this.#ended.set(grant, until);
  }

  /** Records a rule of this isolate itself, immediately. */
  addRule(rule: string, before: number, until: number): void {
    const known = this.#rules.get(rule);
    this.#rules.set(rule, { before: Math.max(before, known?.before ?? 0), until: Math.max(until, known?.until ?? 0) });
  }

  /** The known rules, as Rust takes them; undefined if there are none. */
  get rules(): Record<string, number> | undefined {
    if (this.#rules.size === 0) return undefined;
    return Object.fromEntries([...this.#rules].map(([rule, { before }]) => [rule, before]));
  }

  /** Waits for a refresh if the copy is older than 30 seconds; false if it is older than a minute. */
  async refreshIfStale(fetchChanges: FetchChanges, ctx: RefreshContext): Promise<boolean> {
    if (now() - this.#refreshedAt < WAIT_MS) return true;
    await this.#awaitRefresh(fetchChanges, ctx);
    return now() - this.#refreshedAt < GIVE_UP_MS;
  }

  #statusOf({ grant, began, rules }: GrantRef): GrantStatus {
    if (this.#ended.has(grant)) return "ended";
    if (this.#rules.size === 0) return "valid";
    return rules.some((rule) => began < (this.#rules.get(rule)?.before ?? 0)) ? "ended" : "valid";
  }

  async #statusAfterRefresh(grant: GrantRef, fetchChanges: FetchChanges, ctx: RefreshContext): Promise<GrantStatus> {
    await this.#awaitRefresh(fetchChanges, ctx);
    return now() - this.#refreshedAt < GIVE_UP_MS ? this.#statusOf(grant) : "unknown";
  }

  async #awaitRefresh(fetchChanges: FetchChanges, ctx: RefreshContext): Promise<void> {
    const refreshing = this.#refreshing;
    if (refreshing && now() - refreshing.since < FOLLOW_MS) {
      await Promise.race([refreshing.settled, new Promise((resolve) => setTimeout(resolve, FOLLOW_MS))]);
    }
    if (now() - this.#refreshedAt >= WAIT_MS && !this.#isBackingOff()) await this.#startRefresh(fetchChanges, ctx);
  }

  #refreshInBackground(fetchChanges: FetchChanges, ctx: RefreshContext): void {
    const refreshing = this.#refreshing;
    if (this.#isBackingOff() || (refreshing && now() - refreshing.since < FOLLOW_MS)) return;
    void this.#startRefresh(fetchChanges, ctx);
  }

  #isBackingOff(): boolean {
    return now() - this.#failedAt < RETRY_MS;
  }

  /** Calls on behalf of this request; others may wait for it. The call outlives its request. */
  #startRefresh(fetchChanges: FetchChanges, ctx: RefreshContext): Promise<boolean> {
    const since = now();
    const settled = this.#refresh(fetchChanges, since).then(
      () => true,
      (error: unknown) => {
        logged("The revocation list is unavailable", error);
        return false;
      },
    );
    this.#refreshing = { since, settled };
    ctx.waitUntil(settled);
    return settled;
  }

  async #refresh(fetchChanges: FetchChanges, since: number): Promise<void> {
    try {
      const age = await this.#fetchChanges(fetchChanges, since);
      this.#refreshedAt = Math.max(this.#refreshedAt, since - age);
      // A relay answers while the list does not: it has nothing new at the moment.
      if (since - this.#refreshedAt >= REFRESH_MS) this.#failedAt = now();
    } catch (error) {
      this.#failedAt = now();
      throw error;
    }
    for (const [grant, until] of this.#ended) if (until <= since) this.#ended.delete(grant);
    for (const [rule, { until }] of this.#rules) if (until <= since) this.#rules.delete(rule);
  }

  /** Returns the age of the result, in milliseconds. */
  async #fetchChanges(fetchChanges: FetchChanges, since: number): Promise<number> {
    const relay = this.#relays > 0 ? oneOf(this.#relays) : undefined;
    try {
      return await this.#fetchFrom(fetchChanges, relay);
    } catch (error) {
      // The list does not answer, or is overloaded.
      if (relay === undefined) this.#relays = SPARE_RELAYS;
      // A request that has waited this long does not ask anyone else.
      if (now() - since > FOLLOW_MS) throw error;
      return this.#fetchFrom(fetchChanges, relay === undefined ? oneOf(SPARE_RELAYS) : undefined);
    }
  }

  async #fetchFrom(fetchChanges: FetchChanges, relay: number | undefined): Promise<number> {
    for (;;) {
      const since = { cursor: this.#cursor, version: this.#version };
      const { cursor, grants, rules, version, more, relays = 0, age = 0 } = await fetchChanges(since, relay);
      for (const [rule, before, until] of rules) this.addRule(rule, before, until);
      this.#version = Math.max(this.#version, version);
      for (const [grant, until] of grants) this.#ended.set(grant, until);
      this.#cursor = Math.max(this.#cursor, cursor);
      this.#relays = relays;
      if (!more) return age;
    }
  }
}

const oneOf = (count: number): number => Math.floor(Math.random() * count);
