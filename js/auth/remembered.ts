import { Bounded } from "../bounds.js";
import { now } from "../clock.js";

/** What is remembered for a time, such as of tokens. */
export class Remembered<T extends { readonly until: number }> extends Bounded<T> {
  /** What is remembered under `key`, if its time is not over. */
  override get(key: string): T | undefined {
    const value = super.get(key);
    return value && now() < value.until ? value : undefined;
  }

  /** True if something was remembered under `key`, also where its time is over. */
  knew(key: string): boolean {
    return this.has(key);
  }
}
