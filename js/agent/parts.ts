/**
 * Messages on their way to the stream of a session, over the WebSocket between its mailbox and the Worker that holds it. A
 * WebSocket closes when a message is too long (1 MiB, on some versions of the runtime), and bodies may have 4 MiB: long ones
 * go in parts.
 */
import type { CarriedMessage } from "./carrying.js";

/** What is said to a stream: a message to be carried out there, or one for its client. */
export type Said = { carried: CarriedMessage } | { message: string };

/** A part of what is said, as JSON. */
interface Part {
  /** Of all parts that belong together. */
  of: string;
  text: string;
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
    const part: Part = { of, text: whole.slice(at * LENGTH, (at + 1) * LENGTH), last: at === count - 1 };
    return JSON.stringify({ carried: part });
  });
}

/** The other end. */
export class Parts {
  readonly #begun = new Map<string, string>();

  /** Takes what has been carried; gives what was said, once it is whole. */
  take(carried: unknown): Said | undefined {
    const part = carried as Part | CarriedMessage;
    if (!("of" in part)) return { carried: part };
    const text = (this.#begun.get(part.of) ?? "") + part.text;
    if (part.last) this.#begun.delete(part.of);
    else this.#begun.set(part.of, text);
    return part.last ? (JSON.parse(text) as Said) : undefined;
  }
}
