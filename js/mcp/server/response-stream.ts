/**
 * A response that has become a stream. If the protocol lets the stream be resumed, its events have IDs, and what is
 * sent after its client has disconnected is stored in the session's mailbox, together with the latest messages before
 * that.
 */
import { BOUNDS } from "../../boundary/caches.js";
import { logged } from "../../common/errors.js";
import { type EventStream, eventStream } from "../../http/sse.js";
import type { DecisionOf } from "./decision.js";

/** How an interrupted stream can be resumed. */
export type Resumable = DecisionOf<"resumable">;

/** Stores events for a client that has disconnected; `"false"` if there is no room for more. */
export type StoreEvents = (events: [number: number, message: string][], over: boolean) => Promise<unknown>;

/** How many bytes of recent messages are kept, in case they have not arrived. */
const MAX_RECENT = BOUNDS.replayBuffer.value;

export class ResponseStream {
  readonly #stream: EventStream;
  readonly #name: string | undefined;
  readonly #retry: number | undefined;
  readonly #storeEvents: StoreEvents | undefined;
  /** Runs from time to time while the stream is open. */
  onBeat: (() => void) | undefined;
  #number = 0;
  #recent: [number, string][] = [];
  #size = 0;
  #isDisconnected = false;
  /** Pending storage, in order. */
  #storing: Promise<void> = Promise.resolve();
  /** True once nothing more can be stored. */
  #isFull = false;

  /** `resumable` and `keep` are for a stream that can be resumed; `onGone` runs when the client itself disconnects. */
  constructor(onGone: () => void, resumable?: Resumable, storeEvents?: StoreEvents) {
    const name = (this.#name = resumable?.stream);
    this.#retry = resumable?.retry;
    this.#storeEvents = storeEvents;
    const disconnected = () => {
      this.#onDisconnect();
      onGone();
    };
    this.#stream = eventStream(
      disconnected,
      () => this.onBeat?.(),
      name === undefined ? BOUNDS.unread.value : MAX_RECENT,
    );
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
    if (this.#isDisconnected) {
      this.#store([[number, message]], false);
      return;
    }
    this.#recent.push([number, message]);
    this.#size += message.length;
    while (this.#size > MAX_RECENT && this.#recent.length > 1) this.#size -= this.#recent.shift()?.[1].length ?? 0;
    // A client that is cut off finds it in the mailbox, with everything unread.
    this.#stream.send("message", message, `${this.#name}.${number}`);
  }

  /** Undefined if the client has read enough of what was sent; otherwise resolves when there is room for more. */
  room(message: string): Promise<void> | undefined {
    // Nobody sends more at a time than can be stored.
    return this.#isDisconnected ? this.#storing : this.#stream.room(message);
  }

  /** Ends the connection of a client for which there is no room. It reconnects. */
  cut(): void {
    this.#stream.cut();
  }

  /** Sends an event of another stream that continues here. */
  forward(id: string, message: string): void {
    this.#stream.send("message", message, id);
  }

  /** Sends an event that is not a message. */
  sendEvent(event: string, data: string): void {
    this.#stream.send(event, data);
  }

  /** Sends a comment, which no client reads, so that the response begins. */
  comment(text: string): void {
    this.#stream.sendLine(`: ${text}`);
  }

  /** Ends the connection, not the stream: the client reconnects for the rest. Does nothing if it cannot. */
  disconnect(): void {
    if (this.#name === undefined || this.#isDisconnected) return;
    this.#stream.sendLine(`retry: ${this.#retry}`);
    this.#stream.close();
    this.#onDisconnect();
  }

  /** Ends the stream; resolves when nothing remains to be stored. */
  async close(): Promise<void> {
    if (this.#isDisconnected) this.#store([], true);
    else this.#stream.close();
    await this.#storing;
  }

  #onDisconnect(): void {
    if (this.#isDisconnected) return;
    this.#isDisconnected = true;
    this.#store(this.#recent, false);
    this.#recent = [];
  }

  #store(events: [number, string][], over: boolean): void {
    if (!this.#storeEvents || this.#isFull || (events.length === 0 && !over)) return;
    const storeEvents = this.#storeEvents;
    this.#storing = this.#storing
      .then(async () => {
        if ((await storeEvents(events, over)) === "false") this.#isFull = true;
      })
      .catch((error: unknown) => void logged("The events that a client has missed could not be stored", error));
  }
}
