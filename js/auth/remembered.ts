import { now } from "../clock.js";

/**
 * What is remembered of tokens: a map that is bounded in entries and in characters. It has two halves; when the newer is
 * full it becomes the older, and what was in that is forgotten unless it has been asked for since. Only the map compares keys,
 * by their hash first: comparing with the latest one would be a little faster, and how long that takes would tell about it.
 */
export class Remembered<T extends { readonly until: number }> {
  #newer = new Map<string, T>();
  #older = new Map<string, T>();
  #characters = 0;

  /** True if nothing has been remembered yet. */
  get isEmpty(): boolean {
    return this.#newer.size === 0 && this.#older.size === 0;
  }

  /** What is remembered under `key`, if its time is not over. */
  get(key: string): T | undefined {
    let value = this.#newer.get(key);
    if (!value && (value = this.#older.get(key))) this.set(key, value);
    return value && now() < value.until ? value : undefined;
  }

  /** True if something was remembered under `key`, also where its time is over. */
  knew(key: string): boolean {
    return this.#newer.has(key) || this.#older.has(key);
  }

  set(key: string, value: T): void {
    if (this.#newer.size >= MAX_ENTRIES || this.#characters > MAX_CHARACTERS) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#characters = 0;
    }
    this.#newer.set(key, value);
    this.#characters += key.length;
  }

  clear(): void {
    this.#newer.clear();
    this.#older.clear();
    this.#characters = 0;
  }
}

/** Of one half. */
const MAX_ENTRIES = 2_000;
const MAX_CHARACTERS = 2_000_000;
