/**
 * What the flows of one request may touch: its server's registry, and the way to its client. Nothing is made for messages
 * ahead of the answer before there is one: most requests have none, and are answered with plain JSON.
 */
import type { AgentContext } from "../agent/base.js";
import { type Passage, answerOf, failed, unserved, written } from "../endpoint.js";
import { CallFault, ToolError, WicketError, logged } from "../errors.js";
import { connect } from "../objects/mailbox.js";
import { type Ended, type Outcome, type World, run } from "../run.js";
import type { Answer, Effect, ListenEffect, RunEffect, Told } from "../wire.js";
import type { ToolContext } from "./context.js";
import type { McpServer } from "./mcp-server.js";
import { complete } from "./completion.js";
import { describe } from "./describe.js";
import { list } from "./lists.js";
import { getPrompt } from "./prompts.js";
import { type Keep, Reply } from "./reply.js";
import { readResource } from "./resources.js";
import { cancelHere, expectCancel } from "./running.js";
import { callTool } from "./tools.js";
import { ObjectsWorld } from "./objects-world.js";

/** As much of a request as is read here. */
interface Spoken {
  id?: unknown;
  params?: { _meta?: Record<string, unknown> };
}

export class ServerWorld extends ObjectsWorld {
  readonly server: McpServer;
  /** The request's head as the core has read it, and its body. */
  head = "";
  body = "";
  /** The latest call. */
  call: RunEffect | undefined;
  /** In an object: forgets that this request is answered there at the moment. */
  ended: (() => void) | undefined;
  /** On HTTP+SSE: the path that takes a client's messages. */
  messages = "";
  /** True once a call was cancelled by its client. */
  cancelled = false;
  /** What its handler was given. */
  context: ToolContext | undefined;
  /** Gives the client its response. */
  respond: ((response: Response) => void) | undefined;
  #reply: Reply | undefined;
  #onGone: (() => void) | undefined;
  #closed: (() => void) | undefined;
  /** The body, once somebody has asked for what Rust does not hand over. */
  #spoken: Spoken | Spoken[] | undefined;
  /** What handlers have said, in its order. */
  #said: Promise<unknown> | undefined;
  #over = false;
  /** What is to be done when the request ends. */
  #cleanUps: (() => void)[] | undefined;
  #watchers: Map<AbortController, RunEffect> | undefined;
  /** What was asked of objects, for a flow that begins anew. */
  #asked: Map<string, Promise<Outcome> | Outcome> | undefined;

  constructor(passage: Passage, server: McpServer, ctx: AgentContext) {
    super(passage, ctx);
    this.server = server;
    server.world = this;
    server.registry.listener = this;
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
        return describe(this.server, this.hasObjects());
      case "listen":
        return this.#listen(effect);
      case "reach":
        if (effect.cancels !== undefined) cancelHere(effect.object, effect.tag);
        // Without objects nobody waits anywhere else.
        return this.hasObjects() ? super.perform(effect) : { json: "false" };
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

  /** The `_meta` of the request that `call` belongs to, read from the body: most handlers want none of it. */
  metaOf(call: RunEffect): Record<string, unknown> | undefined {
    this.#spoken ??= JSON.parse(this.body) as Spoken | Spoken[];
    const message = Array.isArray(this.#spoken) ? this.#spoken.find(({ id }) => id === call.request) : this.#spoken;
    return message?.params?._meta;
  }

  /** Sends a log message as part of the latest call; without one there is nobody who would hear it. */
  async log(message: object): Promise<void> {
    if (this.call) await this.say(this.call, { log: message });
  }

  async #tell(call: RunEffect, say: object, risen: boolean): Promise<Told> {
    const id = JSON.stringify(call.request);
    const its = this.metaOf(call);
    const meta = its ? `"meta":${JSON.stringify(its)},` : "";
    const input = `{"id":${id},${meta}"risen":${String(risen)},"say":${JSON.stringify(say)}}`;
    const ended = await run<Told>(this.passage.core.tell, input, this.head, this);
    const told: Told = "done" in ended ? ended.done : { nothing: true };
    if (told.wrong !== undefined) throw new WicketError("ERR_ARGUMENT", told.wrong);
    if (told.unable !== undefined) throw new ToolError(told.unable);
    if (told.fault) throw new CallFault(told.fault);
    if (told.send !== undefined) await this.send(told.send, call);
    if (told.reach && this.hasObjects()) await this.askObject(told.reach.object, "reach", told.reach).catch(unheard);
    return told;
  }

  /** Sends a message ahead of the answer. The first one makes the response a stream. */
  async send(message: string, call?: RunEffect): Promise<void> {
    const reply = this.#reply ?? this.#open(await this.#resumable(call));
    reply.send(message);
  }

  /** How the stream of `call` can go on when it breaks off, if it can. */
  async #resumable(call: RunEffect | undefined): Promise<Told["resumable"]> {
    if (!call || !this.hasObjects()) return undefined;
    return (await this.#tell(call, { open: true }, false)).resumable;
  }

  #open(resumable?: Told["resumable"]): Reply {
    if (this.#reply) return this.#reply;
    const keep: Keep | undefined =
      resumable &&
      ((events, over) => this.askObject(resumable.object, "missed", { stream: resumable.stream, events, over }));
    const reply = new Reply(() => this.#gone(), resumable?.stream, keep);
    // What a handler does goes on when its client is gone, until it has been told so and has stopped.
    this.ctx.waitUntil(new Promise<void>((resolve) => (this.#closed = resolve)));
    this.respond?.(new Response(reply.readable, { headers: [...STREAM_HEADERS, ...this.passage.pass.headers] }));
    return (this.#reply = reply);
  }

  /** Ends the connection of a stream that can go on. */
  async breakOff(call: RunEffect): Promise<void> {
    await this.#inOrder(async () => {
      // A stream that has said nothing yet begins, so that its client learns its name.
      const resumable = this.#reply ? undefined : await this.#resumable(call);
      if (resumable) this.#open(resumable);
      this.#reply?.breakOff();
    }, undefined);
  }

  /** The effect "listen": keeps the response open and says what happens, until the client goes away or the objects do. */
  async #listen({ sources, says, first, otherwise, resumes, endpoint }: ListenEffect): Promise<Outcome> {
    let sockets: WebSocket[] | undefined;
    try {
      sockets = await Promise.all(sources.map(({ object, tags }) => connect(this.objects(), object, tags, resumes)));
    } catch (error) {
      // Without objects there is nothing to hear.
      if (!(error instanceof WicketError) || otherwise === undefined) throw error;
    }
    const reply = this.#open();
    if (endpoint === undefined) reply.comment("listening");
    // HTTP+SSE begins with this event.
    else reply.say("endpoint", `${this.messages}?sessionId=${endpoint}`);
    const greeting = sockets ? first : otherwise;
    if (greeting !== undefined) reply.send(greeting);
    const sayings = new Map(Object.entries(says));
    await new Promise<void>((resolve) => {
      this.#onGone = resolve;
      for (const socket of sockets ?? []) {
        socket.addEventListener("message", ({ data }) => hear(reply, sayings, String(data)));
        socket.addEventListener("close", () => resolve());
      }
    });
    for (const socket of sockets ?? []) socket.close(1000, "the stream is over");
    return { json: "true" };
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
      await this.#inOrder(() => this.send(send, call), undefined);
      const message = JSON.parse(await arrived) as { cancel?: true };
      if (message.cancel) {
        this.cancel(call);
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
    const ended = Promise.resolve(run<Answer>(this.passage.core.mcp, this.head, this.body, world));
    if (this.respond) this.finish(ended);
  }

  /** Ends the request once its flow has. */
  finish(ending: Promise<Ended<Answer>>): void {
    void ending.then(
      (ended) => this.end(ended),
      (thrown: unknown) => this.end(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
  }

  /** Ends the request with what it came to: on its stream if it has become one, else with a plain response. */
  end(ended: Ended<Answer> | Error): void {
    this.#cleanUp();
    if (!this.#said && !this.#reply) this.#plain(ended);
    else void (this.#said ?? Promise.resolve()).then(() => this.#endStream(ended));
  }

  #plain(ended: Ended<Answer> | Error): void {
    const { headers } = this.passage.pass;
    this.respond?.(ended instanceof Error ? unserved(ended, headers) : written(ended, headers));
  }

  /** Resolves when all that has been said so far is out; nothing more is said. */
  async settled(): Promise<void> {
    this.#cleanUp();
    await this.#said;
  }

  #isOver(): boolean {
    return this.#over;
  }

  /** Keeps `what` for the end of the request. */
  #later(what: () => void): void {
    (this.#cleanUps ??= []).push(what);
  }

  #cleanUp(): void {
    this.#over = true;
    this.ended?.();
    for (const cleanUp of this.#cleanUps?.splice(0) ?? []) cleanUp();
  }

  #endStream(ended: Ended<Answer> | Error): void {
    const reply = this.#reply;
    if (!reply) {
      this.#plain(ended);
      return;
    }
    const { body } = ended instanceof Error ? failed(ended) : answerOf(ended);
    if (body !== undefined) reply.send(body);
    void reply.close().then(() => this.#closed?.());
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
    if (call.session !== undefined) {
      this.#hearOfCancelling(call).catch((error: unknown) =>
        logged("A call cannot be cancelled from elsewhere", error),
      );
    }
    return controller;
  }

  /** Waits for a cancellation that arrives with another request: in this isolate, and at the session's mailbox. */
  async #hearOfCancelling(call: RunEffect): Promise<void> {
    const { watch } = await this.#tell(call, { watch: true }, false);
    if (!watch || this.#isOver()) return;
    const { object, tag, after } = watch;
    // Signals fire in the context of their own request: a promise leads back into it.
    const cancelled = new Promise<void>((resolve) => this.#later(expectCancel(object, tag, resolve)));
    void cancelled.then(() => this.cancel(call));
    // What concerns a session that lives in this object comes by here; and without objects nothing comes from elsewhere.
    if ("storage" in this.ctx || !this.hasObjects()) return;
    if (after > 0) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, after);
        this.#later(() => clearTimeout(timer));
      });
    }
    const socket = await connect(this.objects(), object, [tag]);
    socket.addEventListener("message", () => this.cancel(call));
    this.#later(() => socket.close(1000, "the call is over"));
    if (this.#isOver()) this.#cleanUp();
  }

  /** Fires the signals of `call`. */
  cancel(call: RunEffect): void {
    this.cancelled = true;
    for (const [controller, watched] of this.#watchers ?? []) if (watched === call) this.#cancel(controller);
  }

  /** Fires the signals of all calls: the session is over. */
  stop(): void {
    for (const call of new Set(this.#watchers?.values() ?? [])) this.cancel(call);
  }

  /** The client has closed its connection, as far as another part of the package knows. */
  clientGone(): void {
    this.#gone();
  }

  /** A list of the server has changed. */
  listChanged(of: string): void {
    this.changed({ what: of }).catch(unheard);
  }

  /** Tells listeners, wherever they are, that something has changed. Where there is no object there are none. */
  async changed(what: { what: string } | { uri: string }, everybody = false): Promise<void> {
    if (!this.hasObjects()) return;
    const news = { changed: everybody ? { ...what, everybody } : what };
    await this.#tell(this.call ?? { request: 0 }, news, false);
  }

  /** The client has closed its connection; the core knows what that means. */
  #gone(): void {
    this.#onGone?.();
    // Nothing of a call runs on whose answer was to be the response, and nobody sees its end.
    if (!this.#reply && this.passage.told.transport === undefined)
      for (const cleanUp of this.#cleanUps ?? []) cleanUp();
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

/** Passes on what a source of a stream says. */
function hear(reply: Reply, sayings: Map<string, string>, data: string): void {
  const said = JSON.parse(data) as Heard;
  if (said.message !== undefined) reply.send(said.message);
  if (said.event) reply.pass(said.event.id, said.event.data);
  for (const [name, message] of Object.entries(said.says ?? {})) sayings.set(name, message);
  if (said.unsays !== undefined) sayings.delete(said.unsays);
  const message = said.news === undefined ? undefined : sayings.get(said.news);
  if (message !== undefined) reply.send(message);
}

/** What arrives from a source: one of these. */
interface Heard {
  /** Something has happened, by its name. */
  news?: string;
  /** From now on this is said of what happens. */
  says?: Record<string, string>;
  unsays?: string;
  /** On HTTP+SSE: a message for the client. */
  message?: string;
  /** An event of a stream that goes on. */
  event?: { id: string; data: string };
}

const unheard = (error: unknown) => logged("A change could not be told to those who listen", error);

const cancelled = () => new DOMException("The client has cancelled the request.", "AbortError");

/** Beside the guard's: nobody on the way may keep the stream, change it or hold it back. */
const STREAM_HEADERS: [string, string][] = [
  ["content-type", "text/event-stream"],
  ["cache-control", "no-cache, no-transform"],
  ["x-accel-buffering", "no"],
];
