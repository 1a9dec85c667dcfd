/**
 * What the flows of one request may touch: its server's registry, and the way to its client. Nothing is made for messages
 * ahead of the answer before there is one: most requests have none, and are answered with plain JSON.
 */
import type { AgentContext } from "../agent/base.js";
import { bytesOf } from "../bounds.js";
import { type Passage, unserved, written } from "../endpoint.js";
import { CallFault, ToolError, WicketError, logged } from "../errors.js";
import { type Ended, type Outcome, type World, isSameRun, run } from "../run.js";
import type { Answer, Effect, RunEffect, Told } from "../wire.js";
import { complete } from "./completion.js";
import type { CallContext } from "./context.js";
import { describe } from "./describe.js";
import { listen } from "./listening.js";
import { list } from "./lists.js";
import type { McpServer } from "./mcp-server.js";
import { ObjectsWorld } from "./objects-world.js";
import { Outgoing } from "./outgoing.js";
import { getPrompt } from "./prompts.js";
import type { Reply } from "./reply.js";
import { readResource } from "./resources.js";
import { cancelHere } from "./running.js";
import { scopedIn } from "./scopes.js";
import { callTool } from "./tools.js";
import { wellFormed } from "../well-formed.js";
import { Watching } from "./watching.js";

/** As much of a request as is read here. */
interface Spoken {
  id?: unknown;
  params?: { _meta?: Record<string, unknown> };
}

/** What the stream of HTTP+SSE knows. */
export interface SseStream {
  /** The path that takes a client's messages. */
  readonly messages: string;
  /** Carries out a message that has been carried here. */
  readonly carryOut: (message: unknown, stream: Reply) => void;
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
  /** On HTTP+SSE: the stream's side. */
  sse: SseStream | undefined;
  /** True once a call was cancelled by its client. */
  cancelled = false;
  /** What its handler was given. */
  context: CallContext | undefined;
  /** Gives the client its response. */
  respond: ((response: Response) => void) | undefined;
  /** What is said ahead of the answer, if anything is. */
  #outgoing: Outgoing | undefined;
  /** The calls' signals, if a handler wants one. */
  #watching: Watching | undefined;
  /** The body, once somebody has asked for what Rust does not hand over. */
  #spoken: Spoken[] | undefined;
  /** What it says of each call, as text. */
  #metas: Map<RunEffect, string> | undefined;
  #over = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** What was asked of objects, for a flow that begins anew. */
  #asked: Map<string, Promise<Outcome> | Outcome> | undefined;

  constructor(passage: Passage, server: McpServer, ctx: AgentContext) {
    super(passage, ctx);
    this.server = server;
    server.serving.begin(this);
  }

  get request(): Request {
    return this.passage.incoming.request;
  }

  /** True once there is an answer: nothing more is said. */
  get isOver(): boolean {
    return this.#over;
  }

  /** True once the response is a stream. */
  get isStream(): boolean {
    return this.#outgoing?.isStream ?? false;
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
        return complete(this.server, effect, this.passage);
      case "describe":
        return this.hasObjects().then((listens) => describe(this.server, listens));
      case "listen":
        return listen(this, this.#out(), effect);
      case "reach":
        if (effect.cancels !== undefined) cancelHere(effect.object, effect.tag);
        // Without objects nobody waits anywhere else.
        return this.hasObjects().then((has) => (has ? super.perform(effect) : { json: "false" }));
      default: {
        const key = JSON.stringify(effect);
        const asked = this.#asked?.get(key) ?? super.perform(effect);
        (this.#asked ??= new Map()).set(key, asked);
        return asked;
      }
    }
  }

  #out(): Outgoing {
    return (this.#outgoing ??= new Outgoing(this));
  }

  /**
   * Asks the core what becomes of something that the handler of `call` says, and does it. Rejects where it cannot be said:
   * with `ERR_ARGUMENT` where the handler is wrong, with a `ToolError` where the client is not able, with a `ProtocolError`
   * that ends the call. Nothing is said once the answer is there.
   */
  say(call: RunEffect, say: object, risen = false): Promise<Told> {
    if (this.#over) return Promise.resolve({ nothing: true });
    // What is said is what it is now, whatever the handler makes of it while it waits for its turn.
    const text = JSON.stringify(say);
    const bytes = bytesOf(text);
    const out = this.#out();
    if (TELLING.some((kind) => kind in say) && !out.hasRoom(bytes)) return Promise.resolve({ nothing: true });
    return out.inOrder(() => this.#tell(call, text, risen), bytes);
  }

  /** The `_meta` of the request that `call` belongs to, read from the body: most handlers want none of it. */
  metaOf(call: RunEffect): Record<string, unknown> | undefined {
    this.#spoken ??= metasIn(JSON.parse(this.body) as Spoken | Spoken[]);
    const [only] = this.#spoken;
    const message = this.#spoken.length > 1 ? this.#spoken.find(({ id }) => id === call.request) : only;
    return message?.params?._meta;
  }

  #metaTextOf(call: RunEffect): string {
    let text = this.#metas?.get(call);
    if (text !== undefined) return text;
    const meta = this.metaOf(call);
    text = meta ? `"meta":${JSON.stringify(meta)},` : "";
    (this.#metas ??= new Map()).set(call, text);
    return text;
  }

  /** The same as `say`, at once. */
  tell(call: RunEffect, say: object): Promise<Told> {
    return this.#tell(call, JSON.stringify(say), false);
  }

  async #tell(call: RunEffect, say: string, risen: boolean): Promise<Told> {
    const id = JSON.stringify(call.request);
    const input = `{"id":${id},${this.#metaTextOf(call)}"risen":${String(risen)},"say":${wellFormed(say)}}`;
    const ended = await run<Told>(this.passage.core.tell, input, this.head, this);
    const told: Told = "done" in ended ? ended.done : { nothing: true };
    if (told.wrong !== undefined) throw new WicketError("ERR_ARGUMENT", told.wrong);
    if (told.unable !== undefined) throw new ToolError(told.unable);
    if (told.fault) throw new CallFault(told.fault);
    if (told.send !== undefined) await this.send(told.send, call);
    if (told.reach && (await this.hasObjects()))
      await this.askObject(told.reach.object, "reach", told.reach).catch(unheard);
    return told;
  }

  /** Sends a message ahead of the answer. */
  send(message: string, call?: RunEffect): Promise<void> {
    return this.#out().send(message, call);
  }

  /** The same behind all that has been said. */
  async sendInOrder(message: string, call: RunEffect): Promise<void> {
    if (!this.#over) await this.#out().inOrder(() => this.send(message, call));
  }

  /** Ends the connection of a stream that can go on. */
  async breakOff(call: RunEffect): Promise<void> {
    if (this.#over) return;
    const outgoing = this.#out();
    await outgoing.inOrder(() => outgoing.breakOff(call));
  }

  /**
   * Ends the run that `call` has begun, whether or not its handler ever ends: `outcome` takes its place. A flow is a function
   * of its outcomes, so it is begun anew with this one in hand.
   */
  suspend(call: RunEffect, outcome: string): void {
    const world: World = {
      perform: (effect) => (isSameRun(effect, call as Effect) ? { json: outcome } : this.perform(effect)),
      commit: () => this.commit(),
    };
    const ended = Promise.resolve(run<Answer>(this.passage.core.mcp, this.head, this.body, world));
    if (this.respond) this.finish(ended);
  }

  /** Ends the request once its flow has. */
  finish(ending: Promise<Ended<Answer>>): void {
    if (this.respond && this.passage.incoming.method === "POST") void this.#listenForSilence();
    void ending.then(
      (ended) => this.end(ended),
      (thrown: unknown) => this.end(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
  }

  /** Sees to it that the response begins when nothing has been said for long. Most calls end before a timer is worth it. */
  async #listenForSilence(): Promise<void> {
    for (let turns = 0; turns < TURNS; turns++) {
      await Promise.resolve();
      if (this.#over) return;
    }
    this.#silence ??= setTimeout(() => {
      this.#breakSilence().catch((error: unknown) => logged("A response could not begin", error));
    }, SILENT_AFTER);
  }

  async #breakSilence(): Promise<void> {
    if (this.#over || this.isStream) return;
    const outgoing = this.#out();
    await outgoing.inOrder(async () => {
      const told = await this.tell(this.call ?? { request: 0 }, { silence: true });
      if (told.nothing || this.isStream) return;
      const resumable = (await this.hasObjects()) ? told.resumable : undefined;
      outgoing.open(resumable).comment("still working");
    });
  }

  /** Ends the request with what it came to: on its stream if it has become one, else with a plain response. */
  end(ended: Ended<Answer> | Error): void {
    this.#isDone();
    if (!this.#outgoing) this.#plain(ended);
    else this.#outgoing.end(ended, (ended) => this.#plain(ended));
  }

  #plain(ended: Ended<Answer> | Error): void {
    const { headers } = this.passage.pass;
    this.respond?.(ended instanceof Error ? unserved(ended, headers) : written(ended, headers));
  }

  /** Resolves when all that has been said so far is out; nothing more is said. */
  async settled(): Promise<void> {
    this.#isDone();
    await this.#outgoing?.settled();
  }

  #isDone(): void {
    this.#over = true;
    if (this.#silence !== undefined) clearTimeout(this.#silence);
    this.ended?.();
    this.#watching?.end();
  }

  /** A controller whose signal fires when `call` is cancelled. */
  watch(call: RunEffect): AbortController {
    return (this.#watching ??= new Watching(this)).watch(call);
  }

  /** Fires the signals of `call`. */
  cancel(call: RunEffect): void {
    this.cancelled = true;
    this.#watching?.cancel(call);
  }

  /** Fires the signals of all calls: the session is over. */
  stop(): void {
    for (const call of this.#watching?.calls ?? []) this.cancel(call);
  }

  /** The client has closed its connection. */
  clientGone(): void {
    this.#outgoing?.onGone?.();
    this.#watching?.gone().catch((error: unknown) => logged("A call could not be cancelled", error));
  }

  /** The response has come to its end: nothing runs on for it. */
  closed(): void {
    this.#outgoing?.closed();
  }

  /** A list of the server has changed. */
  listChanged(of: string): void {
    this.changed({ what: of }).catch(unheard);
  }

  /** Tells listeners, wherever they are, that something has changed. Where there is no object there are none. */
  async changed(what: { what: string } | { uri: string }, everybody = false): Promise<void> {
    if (!(await this.hasObjects())) return;
    const scoped = "uri" in what ? scopedIn(this.server.registry) : undefined;
    const changed = { ...what, ...(everybody && { everybody }), ...(scoped && { scoped }) };
    await this.tell(this.call ?? { request: 0 }, { changed });
  }
}

/** What a handler tells its client without an answer. */
const TELLING = ["progress", "log", "notify"] as const;

/** As much of these messages as is wanted: their arguments may be long. */
function metasIn(spoken: Spoken | Spoken[]): Spoken[] {
  return [spoken].flat().map(({ id, params }) => ({ id, ...(params?._meta && { params: { _meta: params._meta } }) }));
}

/** How long a call may say nothing before its response begins, in milliseconds: clients and proxies cut what is silent. */
const SILENT_AFTER = 10_000;

/** A call that has not ended after so many turns waits for something. */
const TURNS = 16;

const unheard = (error: unknown) => logged("A change could not be told to those who listen", error);
