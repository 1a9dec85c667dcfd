/**
 * What the flows of one request may touch: its server's registry, and the way to its client. Nothing is made for messages
 * ahead of the answer before there is one: most requests have none, and are answered with plain JSON.
 */
import type { AgentContext } from "../agent/base.js";
import { type Passage, failed } from "../endpoint.js";
import { CallFault, ToolError, WicketError, logged } from "../errors.js";
import { connect } from "../objects/mailbox.js";
import { type Outcome, type World, run } from "../run.js";
import { type EventStream, eventStream } from "../sse.js";
import type { Answer, Effect, RunEffect, Told } from "../wire.js";
import type { McpServer } from "./mcp-server.js";
import { complete } from "./completion.js";
import { describe } from "./describe.js";
import { list } from "./lists.js";
import { getPrompt } from "./prompts.js";
import { readResource } from "./resources.js";
import { callTool } from "./tools.js";
import { ObjectsWorld } from "./objects-world.js";

export class ServerWorld extends ObjectsWorld {
  readonly server: McpServer;
  /** The request's head as the core has read it, and its body. */
  head = "";
  body = "";
  /** The latest call. */
  call: RunEffect | undefined;
  /** Ends the request once its answer is there. */
  finish: ((answer: Promise<Answer>) => void) | undefined;
  /** Gives the client its response. */
  respond: ((response: Response) => void) | undefined;
  #stream: EventStream | undefined;
  #closed: (() => void) | undefined;
  /** What handlers have said, in its order. */
  #said: Promise<unknown> | undefined;
  #over = false;
  #watchers: Map<AbortController, RunEffect> | undefined;
  /** What was asked of objects, for a flow that begins anew. */
  #asked: Map<string, Promise<Outcome> | Outcome> | undefined;

  constructor(passage: Passage, server: McpServer, ctx: AgentContext) {
    super(passage, ctx);
    this.server = server;
    server.world = this;
  }

  get request(): Request {
    return this.passage.incoming.request;
  }

  override perform(effect: Effect): Promise<Outcome> | Outcome {
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
      default: {
        const key = JSON.stringify(effect);
        const asked = this.#asked?.get(key) ?? super.perform(effect);
        (this.#asked ??= new Map()).set(key, asked);
        return asked;
      }
    }
  }

  /**
   * Asks the core what becomes of something that the handler of `call` says, and does it. Rejects where it cannot be said:
   * with `ERR_ARGUMENT` where the handler is wrong, with a `ToolError` where the client is not able, with a `ProtocolError`
   * that ends the call. Nothing is said once the answer is there.
   */
  say(call: RunEffect, say: object, risen = false): Promise<Told> {
    return this.#inOrder(() => this.#tell(call, say, risen), { nothing: true });
  }

  #inOrder<T>(what: () => Promise<T>, otherwise: T): Promise<T> {
    if (this.#over) return Promise.resolve(otherwise);
    const said = (this.#said ?? Promise.resolve()).then(what);
    this.#said = said.catch(() => {});
    return said;
  }

  /** Sends a log message as part of the latest call; without one there is nobody who would hear it. */
  async log(message: object): Promise<void> {
    if (this.call) await this.say(this.call, { log: message });
  }

  async #tell(call: RunEffect, say: object, risen: boolean): Promise<Told> {
    const id = JSON.stringify(call.request);
    const meta = call.meta ? `"meta":${JSON.stringify(call.meta)},` : "";
    const input = `{"head":${this.head},"id":${id},${meta}"risen":${String(risen)},"say":${JSON.stringify(say)}}`;
    const ended = await run<Told>(this.passage.core.tell, input, "", this);
    const told: Told = "done" in ended ? ended.done : { nothing: true };
    if (told.wrong !== undefined) throw new WicketError("ERR_ARGUMENT", told.wrong);
    if (told.unable !== undefined) throw new ToolError(told.unable);
    if (told.fault) throw new CallFault(told.fault);
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
    this.ctx.waitUntil(new Promise<void>((resolve) => (this.#closed = resolve)));
    this.respond?.(new Response(stream.readable, { headers: [...STREAM_HEADERS, ...this.passage.pass.headers] }));
    return (this.#stream = stream);
  }

  /**
   * Sends a question of the handler of `call` to the client and waits for the response, wherever it arrives; it rejects
   * when the call is cancelled, and after `timeout` milliseconds.
   */
  async ask(call: RunEffect, { send, object, tags }: NonNullable<Told["request"]>, timeout: number): Promise<unknown> {
    const socket = await connect(this.objects(), object, tags);
    let timer: ReturnType<typeof setTimeout> | null = null;
    try {
      const arrived = new Promise<string>((resolve, reject) => {
        socket.addEventListener("message", ({ data }) => resolve(String(data)));
        socket.addEventListener("close", () => reject(new Error("The connection to the mailbox has broken.")));
        timer = setTimeout(() => reject(new ToolError("The client has not answered in time.")), timeout);
      });
      await this.#inOrder(async () => this.send(send), undefined);
      const message = JSON.parse(await arrived) as { cancel?: true };
      if (message.cancel) {
        for (const [controller, watched] of this.#watchers ?? []) if (watched === call) this.#cancel(controller);
        throw cancelled();
      }
      return message;
    } finally {
      clearTimeout(timer);
      socket.close(1000, "answered");
    }
  }

  /**
   * Ends the run that `call` has begun, whether or not its handler ever ends: `outcome` takes its place. A flow is a function
   * of its outcomes, so it is begun anew with this one in hand.
   */
  suspend(call: RunEffect, outcome: string): void {
    const text = JSON.stringify(call);
    const world: World = {
      perform: (effect) => (JSON.stringify(effect) === text ? { json: outcome } : this.perform(effect)),
      commit: () => this.commit(),
    };
    this.finish?.(
      run<Answer>(this.passage.core.mcp, this.head, this.body, world).then((ended) => {
        if ("done" in ended) return ended.done;
        throw new Error("a suspended run is never spliced");
      }),
    );
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
    controller.abort(cancelled());
    this.#closed?.();
  }
}

const cancelled = () => new DOMException("The client has cancelled the request.", "AbortError");

/** Beside the guard's: nobody on the way may keep the stream, change it or hold it back. */
const STREAM_HEADERS: [string, string][] = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache, no-transform"],
  ["x-accel-buffering", "no"],
];
