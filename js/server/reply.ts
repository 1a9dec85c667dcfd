/**
 * The response to a request that has become a stream. Where the protocol lets a stream break off and go on, its events have
 * ids, and what is said after its client has gone is kept in the session's mailbox, with the last of what was said before.
 */
import { BOUNDS } from "../bounds.js";
import { logged } from "../errors.js";
import { type EventStream, eventStream } from "../sse.js";

/** Keeps events for a client that is not there; `"false"` where there is no room for more. */
export type Keep = (events: [number: number, message: string][], over: boolean) => Promise<unknown>;

/** How much of what has been said is at hand, in bytes, in case it has not arrived. */
const MAX_RECENT = BOUNDS.recent.value;

/** When a client whose stream has ended early should be back, in milliseconds. */
const RETRY = 500;

export class Reply {
  readonly #stream: EventStream;
  readonly #name: string | undefined;
  readonly #keep: Keep | undefined;
  /** Runs now and then while the stream is open. */
  onBeat: (() => void) | undefined;
  #number = 0;
  #recent: [number, string][] = [];
  #size = 0;
  #gone = false;
  /** What is being kept, in its order. */
  #keeping: Promise<void> = Promise.resolve();
  /** True once no more of it is kept. */
  #isFull = false;

  /** `name` and `keep` for a stream that can go on; `onGone` runs when the client goes away by itself. */
  constructor(onGone: () => void, name?: string, keep?: Keep) {
    this.#name = name;
    this.#keep = keep;
    const gone = () => {
      this.#lose();
      onGone();
    };
    this.#stream = eventStream(gone, () => this.onBeat?.(), name === undefined ? BOUNDS.unread.value : MAX_RECENT);
    // A first event without data tells the client the stream's name (transports §Resumability and Redelivery).
    if (name !== undefined) this.#stream.send("message", "", `${name}.0`);
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#stream.readable;
  }

  send(message: string): void {
    if (this.#name === undefined) {
      this.#stream.send("message", message);
      return;
    }
    const number = ++this.#number;
    if (this.#gone) {
      this.#store([[number, message]], false);
      return;
    }
    this.#recent.push([number, message]);
    this.#size += message.length;
    while (this.#size > MAX_RECENT && this.#recent.length > 1) this.#size -= this.#recent.shift()?.[1].length ?? 0;
    // Who is cut off finds it in the mailbox, with all that was unread.
    this.#stream.send("message", message, `${this.#name}.${number}`);
  }

  /** Nothing where the client has read enough of what was sent; else resolves when there is room for more. */
  room(message: string): Promise<void> | undefined {
    // Nobody says more at a time than can be kept.
    return this.#gone ? this.#keeping : this.#stream.room(message);
  }

  /** Ends the connection of a client for which there is no room. It comes back. */
  cut(): void {
    this.#stream.cut();
  }

  /** An event of another stream that goes on here. */
  pass(id: string, message: string): void {
    this.#stream.send("message", message, id);
  }

  /** An event that is no message. */
  say(event: string, data: string): void {
    this.#stream.send(event, data);
  }

  /** Says something that no client reads, so that the response begins. */
  comment(text: string): void {
    this.#stream.sendLine(`: ${text}`);
  }

  /** Ends the connection, not the stream: the client comes back for the rest. Does nothing where it could not. */
  breakOff(): void {
    if (this.#name === undefined || this.#gone) return;
    this.#stream.sendLine(`retry: ${RETRY}`);
    this.#stream.close();
    this.#lose();
  }

  /** Ends the stream; resolves when nothing of it is left to keep. */
  async close(): Promise<void> {
    if (this.#gone) this.#store([], true);
    else this.#stream.close();
    await this.#keeping;
  }

  #lose(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#store(this.#recent, false);
    this.#recent = [];
  }

  #store(events: [number, string][], over: boolean): void {
    if (!this.#keep || this.#isFull || (events.length === 0 && !over)) return;
    const keep = this.#keep;
    this.#keeping = this.#keeping
      .then(async () => {
        if ((await keep(events, over)) === "false") this.#isFull = true;
      })
      .catch((error: unknown) => void logged("What a client has missed could not be kept", error));
  }
}
