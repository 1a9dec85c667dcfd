/**
 * Messages on their way to the stream of a session, over the WebSocket between its mailbox and the Worker that holds it. A
 * WebSocket closes when a message is too long (1 MiB, on some versions of the runtime), and bodies may have 4 MiB: long ones
 * go in parts.
 */
import { ROOMS, bytesOf } from "../bounds.js";
import { now } from "../clock.js";
import type { CarriedMessage } from "./carrying.js";

/** What is said to a stream: a message to be carried out there, or one for its client. */
export type Said = { carried: CarriedMessage } | { message: string };

/** A part of what is said, as JSON. */
interface Part {
  /** Of all parts that belong together. */
  of: string;
  text: string;
  first?: true;
  last: boolean;
}

/** Characters of a part: at most 3 bytes each. */
const LENGTH = 256 * 1024;

/** What is said, as the texts of messages: one, or its parts. */
export function partsOf(said: Said): string[] {
  const whole = JSON.stringify(said);
  if (whole.length <= LENGTH) return [whole];
  const of = crypto.randomUUID();
  const count = Math.ceil(whole.length / LENGTH);
  return Array.from({ length: count }, (_, at) => {
    const text = whole.slice(at * LENGTH, (at + 1) * LENGTH);
    const part: Part = { of, text, ...(at === 0 && { first: true }), last: at === count - 1 };
    return JSON.stringify({ carried: part });
  });
}

/** What has not gone on for this long never will, in milliseconds: who sent it has gone away. */
const LOST_MS = 60_000;

/** The other end. */
export class Parts {
  readonly #begun = new Map<string, { readonly text: string; readonly at: number }>();
  readonly #held = ROOMS.held.begin();
  #bytes = 0;

  /**
   * Takes what has been carried; gives what was said, once it is whole. False where there is no room for what is not whole
   * yet: then all that has begun is lost.
   */
  take(carried: unknown): Said | undefined | false {
    const part = carried as Part | CarriedMessage;
    if (!("of" in part)) return { carried: part };
    for (const [of, { at }] of this.#begun) if (now() - at > LOST_MS) this.#forget(of);
    const begun = this.#begun.get(part.of);
    // A part that follows none is the last of what was lost.
    if (begun === undefined && part.first !== true) return undefined;
    const text = (begun?.text ?? "") + part.text;
    this.#forget(part.of);
    if (part.last) return JSON.parse(text) as Said;
    const bytes = this.#bytes + bytesOf(text);
    if (!this.#held.hold(bytes)) {
      this.#begun.clear();
      this.#bytes = 0;
      this.#held.end();
      return false;
    }
    this.#bytes = bytes;
    this.#begun.set(part.of, { text, at: now() });
    return undefined;
  }

  #forget(of: string): void {
    const begun = this.#begun.get(of);
    if (!begun) return;
    this.#begun.delete(of);
    this.#bytes -= bytesOf(begun.text);
    this.#held.hold(this.#bytes);
  }
}
