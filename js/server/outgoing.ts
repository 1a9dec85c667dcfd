/**
 * What a client hears ahead of its answer: the response becomes a stream with the first of it. Made when a handler says
 * something, so that a request which says nothing pays nothing.
 */
import { BOUNDS } from "../bounds.js";
import { answerOf, failed } from "../endpoint.js";
import type { Ended } from "../run.js";
import type { Answer, RunEffect, Told } from "../wire.js";
import { type Keep, Reply } from "./reply.js";
import type { ServerWorld } from "./world.js";

export class Outgoing {
  readonly #world: ServerWorld;
  #reply: Reply | undefined;
  /** What handlers have said, in its order. */
  #said: Promise<unknown> = Promise.resolve();
  /** Bytes of it that have not gone out. */
  #waiting = 0;
  #isWarned = false;
  #closed: (() => void) | undefined;
  /** Runs when the client goes away. */
  onGone: (() => void) | undefined;

  constructor(world: ServerWorld) {
    this.#world = world;
  }

  /** True once the response is a stream. */
  get isStream(): boolean {
    return this.#reply !== undefined;
  }

  /** Does `what` behind all that has been said; until then it holds so many bytes. */
  inOrder<T>(what: () => Promise<T>, bytes = 0): Promise<T> {
    this.#waiting += bytes;
    const said = this.#said.then(what);
    this.#said = said
      .catch(() => {})
      .then(() => {
        this.#waiting -= bytes;
      });
    return said;
  }

  /** True where so many bytes may wait for their turn. A handler that says more, and awaits none of it, is told in the log. */
  hasRoom(bytes: number): boolean {
    if (this.#waiting === 0 || this.#waiting + bytes <= BOUNDS.said.value) return true;
    if (!this.#isWarned)
      console.warn("[mcp-wicket] A handler says more than goes out: await what you say. The rest is left out.");
    this.#isWarned = true;
    return false;
  }

  /** Resolves when all that has been said so far is out. */
  async settled(): Promise<void> {
    await this.#said;
  }

  /** Sends a message of `call`. The first one makes the response a stream. */
  async send(message: string, call: RunEffect | undefined): Promise<void> {
    const reply = this.#reply ?? this.open(await this.#resumable(call));
    await reply.room(message);
    reply.send(message);
  }

  /** Makes the response a stream, which can go on under the name of `resumable` when it breaks off. */
  open(resumable?: Told["resumable"]): Reply {
    if (this.#reply) return this.#reply;
    const world = this.#world;
    const keep: Keep | undefined =
      resumable &&
      ((events, over) => world.askObject(resumable.object, "missed", { stream: resumable.stream, events, over }));
    const reply = new Reply(() => world.clientGone(), resumable?.stream, keep);
    // What a handler does goes on when its client is gone, until it has been told so and has stopped.
    world.ctx.waitUntil(new Promise<void>((resolve) => (this.#closed = resolve)));
    world.respond?.(new Response(reply.readable, { headers: [...STREAM_HEADERS, ...world.passage.pass.headers] }));
    return (this.#reply = reply);
  }

  /** How the stream of `call` can go on when it breaks off, if it can. */
  async #resumable(call: RunEffect | undefined): Promise<Told["resumable"]> {
    if (!call || !(await this.#world.hasObjects())) return undefined;
    return (await this.#world.tell(call, { open: true })).resumable;
  }

  /** Ends the connection of a stream that can go on. */
  async breakOff(call: RunEffect): Promise<void> {
    // A stream that has said nothing yet begins, so that its client learns its name.
    const resumable = this.#reply ? undefined : await this.#resumable(call);
    if (resumable) this.open(resumable);
    this.#reply?.breakOff();
  }

  /** Ends the request with what it came to: on its stream, or by `otherwise` if there is none. */
  end(ended: Ended<Answer> | Error, otherwise: (ended: Ended<Answer> | Error) => void): void {
    void this.#said.then(async () => {
      const reply = this.#reply;
      if (!reply) {
        otherwise(ended);
        return;
      }
      const { body } = ended instanceof Error ? failed(ended) : answerOf(ended);
      if (body !== undefined) {
        await reply.room(body);
        reply.send(body);
      }
      await reply.close();
      this.closed();
    });
  }

  /** The response has come to its end: nothing runs on for it. */
  closed(): void {
    this.#closed?.();
  }
}

/** Beside the guard's: nobody on the way may keep the stream, change it or hold it back. */
const STREAM_HEADERS: [string, string][] = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache, no-transform"],
  ["x-accel-buffering", "no"],
];
