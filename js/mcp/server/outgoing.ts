/**
 * Messages to a client before the result: with the first one, the response becomes a stream. Created when a handler
 * sends something, so that other requests pay nothing.
 */
import { BOUNDS } from "../../boundary/caches.js";
import { failed } from "../../http/response.js";
import type { Answer, RunEffect, HandlerMessage, HandlerMessageOutcome } from "../../boundary/wire.js";
import { decisionOf } from "./decision.js";
import { type StoreEvents, ResponseStream, type Resumable } from "./response-stream.js";
import type { ObjectsWorld } from "../../boundary/effects/objects.js";

/** The part of the request that is needed here. */
interface OutgoingWorld extends Pick<ObjectsWorld, "admitted" | "ctx" | "askObject" | "hasObjects"> {
  readonly respond: ((response: Response) => void) | undefined;
  report(call: RunEffect, say: HandlerMessage): Promise<HandlerMessageOutcome>;
  clientGone(): void;
}

export class Outgoing {
  readonly #world: OutgoingWorld;
  #stream: ResponseStream | undefined;
  /** What handlers have sent, in order. */
  #queue: Promise<unknown> = Promise.resolve();
  /** The number of bytes of it that are queued. */
  #waiting = 0;
  #isWarned = false;
  #closed: (() => void) | undefined;
  /** Runs when the client disconnects. */
  onGone: (() => void) | undefined;

  constructor(world: OutgoingWorld) {
    this.#world = world;
  }

  /** True once the response is a stream. */
  get isStream(): boolean {
    return this.#stream !== undefined;
  }

  /** Runs `what` after everything that was sent before; until then it counts with this many bytes. */
  inOrder<T>(what: () => Promise<T>, bytes = 0): Promise<T> {
    this.#waiting += bytes;
    const sent = this.#queue.then(what);
    this.#queue = sent
      .catch(() => {})
      .then(() => {
        this.#waiting -= bytes;
      });
    return sent;
  }

  /** True if this many bytes may be queued. If a handler sends more without awaiting any of it, that is logged. */
  hasRoom(bytes: number): boolean {
    if (this.#waiting === 0 || this.#waiting + bytes <= BOUNDS.unsentMessages.value) return true;
    if (!this.#isWarned)
      console.warn(
        "[mcp-wicket] A handler sends more than its client reads: await the calls that send messages. The rest is dropped.",
      );
    this.#isWarned = true;
    return false;
  }

  /** Resolves when everything sent so far has gone out. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  /** Sends a message of `call`. The first one makes the response a stream. */
  async send(message: string, call: RunEffect | undefined): Promise<void> {
    const stream = this.#stream ?? this.open(await this.#resumable(call));
    await stream.room(message);
    stream.send(message);
  }

  /** Makes the response a stream, which can be resumed under the name of `resumable`. */
  open(resumable?: Resumable): ResponseStream {
    if (this.#stream) return this.#stream;
    const world = this.#world;
    const storeEvents: StoreEvents | undefined =
      resumable &&
      ((events, over) => world.askObject(resumable.object, "missed", { stream: resumable.stream, events, over }));
    const stream = new ResponseStream(() => world.clientGone(), resumable, storeEvents);
    // A handler continues when its client has disconnected, until it has been notified and has stopped.
    world.ctx.waitUntil(new Promise<void>((resolve) => (this.#closed = resolve)));
    world.respond?.(new Response(stream.readable, { headers: [...STREAM_HEADERS, ...world.admitted.access.headers] }));
    return (this.#stream = stream);
  }

  /** How the stream of `call` can be resumed, if it can. */
  async #resumable(call: RunEffect | undefined): Promise<Resumable | undefined> {
    if (!call || !(await this.#world.hasObjects())) return undefined;
    return decisionOf(await this.#world.report(call, "open"), "resumable");
  }

  /** Ends the connection of a stream that can be resumed. */
  async disconnect(call: RunEffect): Promise<void> {
    // A stream without messages begins first, so that its client learns its name.
    const resumable = this.#stream ? undefined : await this.#resumable(call);
    if (resumable) this.open(resumable);
    this.#stream?.disconnect();
  }

  /** Ends the request with its result: on its stream, or by `otherwise` if there is none. */
  end(answer: Answer | Error, otherwise: () => void): void {
    void this.#queue.then(async () => {
      const stream = this.#stream;
      if (!stream) {
        otherwise();
        return;
      }
      const { body } = answer instanceof Error ? failed(answer) : answer;
      if (body !== undefined) {
        await stream.room(body);
        stream.send(body);
      }
      await stream.close();
      this.closed();
    });
  }

  /** The response has ended: nothing continues for it. */
  closed(): void {
    this.#closed?.();
  }
}

/** In addition to the guard's: proxies must not cache, change or buffer the stream. */
const STREAM_HEADERS: [string, string][] = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache, no-transform"],
  ["x-accel-buffering", "no"],
];
