/**
 * What the flows of one request may touch: its server's registry, and the way to its client. Nothing is made for messages
 * ahead of the answer before there is one: most requests have none, and are answered with plain JSON.
 */
import { type Passage, failed } from "../endpoint.js";
import { WicketError, logged } from "../errors.js";
import { type World, run } from "../run.js";
import { type EventStream, eventStream } from "../sse.js";
import type { Answer, Effect, RunEffect, Told } from "../wire.js";
import type { McpServer } from "./mcp-server.js";
import { complete } from "./completion.js";
import { describe } from "./describe.js";
import { list } from "./lists.js";
import { getPrompt } from "./prompts.js";
import { readResource } from "./resources.js";
import { callTool } from "./tools.js";

/** Work goes on after the response, or after its client has gone. */
export interface Lasting {
  waitUntil(promise: Promise<unknown>): void;
}

export class ServerWorld implements World {
  readonly passage: Passage;
  readonly server: McpServer;
  readonly #ctx: Lasting;
  /** The request's head as the core has read it. */
  head = "";
  /** Gives the client its response. */
  respond: ((response: Response) => void) | undefined;
  /** The latest call. */
  call: RunEffect | undefined;
  #stream: EventStream | undefined;
  #closed: (() => void) | undefined;
  /** What handlers have said, in its order. */
  #said: Promise<unknown> | undefined;
  #over = false;
  #watchers: Map<AbortController, RunEffect> | undefined;

  constructor(passage: Passage, server: McpServer, ctx: Lasting) {
    this.passage = passage;
    this.server = server;
    server.world = this;
    this.#ctx = ctx;
  }

  get request(): Request {
    return this.passage.incoming.request;
  }

  perform(effect: Effect) {
    switch (effect.kind) {
      case "call":
        return callTool(this.server, effect, this);
      case "list":
        return list(this.server, effect, this);
      case "get":
        return getPrompt(this.server, effect, this);
      case "read":
        return readResource(this.server, effect, this);
      case "complete":
        return complete(this.server, effect);
      case "describe":
        return describe(this.server);
      default:
        throw new Error(`an endpoint has no "${effect.kind}"`);
    }
  }

  commit(): Promise<void> {
    return Promise.reject(new Error("an endpoint writes nothing"));
  }

  /**
   * Asks the core what becomes of something that the handler of `call` says, and does it. Rejects with `ERR_ARGUMENT`
   * where it cannot be said. Nothing is said once the answer is there.
   */
  say(call: RunEffect, say: object, risen = false): Promise<Told> {
    if (this.#over) return Promise.resolve({ nothing: true });
    const said = (this.#said ?? Promise.resolve()).then(() => this.#tell(call, say, risen));
    this.#said = said.catch(() => {});
    return said;
  }

  /** Sends a log message as part of the latest call; without one there is nobody who would hear it. */
  async log(message: object): Promise<void> {
    if (this.call) await this.say(this.call, { log: message });
  }

  async #tell(call: RunEffect, say: object, risen: boolean): Promise<Told> {
    const meta = call.meta ? `"meta":${JSON.stringify(call.meta)},` : "";
    const input = `{"head":${this.head},${meta}"risen":${String(risen)},"say":${JSON.stringify(say)}}`;
    const ended = await run<Told>(this.passage.core.tell, input, "", this);
    const told: Told = "done" in ended ? ended.done : { nothing: true };
    if (told.wrong !== undefined) throw new WicketError("ERR_ARGUMENT", told.wrong);
    if (told.send !== undefined) await this.send(told.send);
    return told;
  }

  /** Sends a message ahead of the answer. The first one makes the response a stream. */
  send(message: string): Promise<void> | void {
    this.#open().send("message", message);
  }

  #open(): EventStream {
    if (this.#stream) return this.#stream;
    const stream = eventStream(() => this.#gone());
    // What a handler does goes on when its client is gone, until it has been told so and has stopped.
    this.#ctx.waitUntil(new Promise<void>((resolve) => (this.#closed = resolve)));
    this.respond?.(new Response(stream.readable, { headers: [...STREAM_HEADERS, ...this.passage.pass.headers] }));
    return (this.#stream = stream);
  }

  /** Ends the request with its answer, or with the error that it came to: on its stream if it has become one, else `plain`. */
  end(answer: Answer | Error, plain: () => void): void {
    this.#over = true;
    if (!this.#said) plain();
    else void this.#said.then(() => this.#endStream(answer, plain));
  }

  /** Resolves when all that has been said so far is out; nothing more is said. */
  async settled(): Promise<void> {
    this.#over = true;
    await this.#said;
  }

  #endStream(answer: Answer | Error, plain: () => void): void {
    if (!this.#stream) {
      plain();
      return;
    }
    const { body } = answer instanceof Error ? failed(answer) : answer;
    if (body !== undefined) this.#stream.send("message", body);
    this.#stream.close();
    this.#closed?.();
  }

  /** A controller whose signal fires when `call` is cancelled. */
  watch(call: RunEffect): AbortController {
    const controller = new AbortController();
    if (!this.#watchers) {
      this.#watchers = new Map();
      const { signal } = this.request;
      if (signal.aborted) this.#gone();
      else signal.addEventListener("abort", () => this.#gone());
    }
    this.#watchers.set(controller, call);
    return controller;
  }

  /** The client has closed its connection; the core knows what that means. */
  #gone(): void {
    const watchers = [...(this.#watchers ?? [])];
    const told = watchers.map(async ([controller, call]) => {
      if ((await this.#tell(call, { gone: true }, false)).cancel) this.#cancel(controller);
    });
    Promise.all(told).catch((error: unknown) => logged("A call could not be cancelled", error));
  }

  #cancel(controller: AbortController): void {
    controller.abort(new DOMException("The client has cancelled the request.", "AbortError"));
    this.#closed?.();
  }
}

/** Beside the guard's: nobody on the way may keep the stream, change it or hold it back. */
const STREAM_HEADERS: [string, string][] = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache, no-transform"],
  ["x-accel-buffering", "no"],
];
