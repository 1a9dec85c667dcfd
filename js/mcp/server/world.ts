/**
 * The world of one request's flows: its server's registry, and messages to its client. Nothing is created for messages
 * before the result until there is one: most requests have none, and get plain JSON.
 */
import type { AgentContext } from "../agent/base.js";
import { bytesOf } from "../../boundary/caches.js";
import type { AdmittedRequest } from "../endpoint.js";
import { respond, spliced, unserved } from "../../http/response.js";
import { CallFault, ToolError, WicketError, logged } from "../../common/errors.js";
import { run } from "../../boundary/interpreter.js";
import { isSameRun } from "../../boundary/step.js";
import type { World } from "../../boundary/world.js";
import type { Answer, Effect, RunEffect, HandlerMessage, HandlerMessageOutcome } from "../../boundary/wire.js";
import { decisionOf } from "./decision.js";
import type { ToolContext } from "./context.js";
import type { McpServer } from "./mcp-server.js";
import { ObjectsWorld } from "../../boundary/effects/objects.js";
import { Outgoing } from "./outgoing.js";
import type { ResponseStream } from "./response-stream.js";
import type { ServedRequest } from "./serving.js";
import { wellFormed } from "../../boundary/well-formed.js";
import { CancellationWatcher } from "./cancellation.js";

/** The part of a request that is read here. */
interface ClientMessage {
  id?: unknown;
  params?: { _meta?: Record<string, unknown> };
}

/** The stream of HTTP+SSE. */
export interface SseStream {
  /** The path for the client's messages. */
  readonly messages: string;
  /** Carries out a message that has arrived through the stream. */
  readonly onForwarded: (message: unknown, stream: ResponseStream) => void;
}

export class ServerWorld extends ObjectsWorld implements ServedRequest {
  readonly server: McpServer;
  /** The request's head as Rust reads it, and its body. */
  head = "";
  body = "";
  /** The latest call. */
  call: RunEffect | undefined;
  /** In an object: removes this request from those in progress. */
  ended: (() => void) | undefined;
  /** On HTTP+SSE: the stream. */
  sse: SseStream | undefined;
  /** True once a call was cancelled by its client. */
  cancelled = false;
  /** The context of its handler. */
  context: ToolContext | undefined;
  /** Sends the client its response. */
  respond: ((response: Response) => void) | undefined;
  /** Messages before the result, if there are any. */
  #outgoing: Outgoing | undefined;
  /** The signals of the calls, if a handler uses one. */
  #cancellation: CancellationWatcher | undefined;
  /** The body, once something is needed that Rust does not pass. */
  #messages: ClientMessage[] | undefined;
  /** The `_meta` of each call, as text. */
  #metas: Map<RunEffect, string> | undefined;
  #over = false;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(admitted: AdmittedRequest, server: McpServer, ctx: AgentContext) {
    super(admitted, ctx);
    this.server = server;
    server.serving.begin(this);
  }

  get request(): Request {
    return this.admitted.incoming.request;
  }

  /** True once there is a result: no more messages are sent. */
  get isOver(): boolean {
    return this.#over;
  }

  /** True once the response is a stream. */
  get isStream(): boolean {
    return this.#outgoing?.isStream ?? false;
  }

  /** Messages before the result. */
  get outgoing(): Outgoing {
    return (this.#outgoing ??= new Outgoing(this));
  }

  /**
   * Asks Rust about something that the handler of `call` does, and does it. Rejects if it is not possible: with
   * `ERR_ARGUMENT` for a mistake of the handler, with a `ToolError` if the client does not support it, with a
   * `ProtocolError` that ends the call. Nothing is sent once there is a result.
   */
  say(call: RunEffect, say: object, risen = false): Promise<HandlerMessageOutcome> {
    if (this.#over) return Promise.resolve("nothing");
    // A copy as it is now, whatever the handler changes while the message is queued.
    const text = JSON.stringify(say);
    const bytes = bytesOf(text);
    const out = this.outgoing;
    if (TELLING.some((kind) => kind in say) && !out.hasRoom(bytes)) return Promise.resolve("nothing");
    return out.inOrder(() => this.#report(call, text, risen), bytes);
  }

  /** The `_meta` of the request of `call`, read from the body: most handlers do not need it. */
  metaOf(call: RunEffect): Record<string, unknown> | undefined {
    this.#messages ??= metasIn(JSON.parse(this.body) as ClientMessage | ClientMessage[]);
    const [only] = this.#messages;
    const message = this.#messages.length > 1 ? this.#messages.find(({ id }) => id === call.request) : only;
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

  /** The same as `say`, immediately. */
  report(call: RunEffect, say: HandlerMessage): Promise<HandlerMessageOutcome> {
    return this.#report(call, JSON.stringify(say), false);
  }

  async #report(call: RunEffect, say: string, risen: boolean): Promise<HandlerMessageOutcome> {
    const id = JSON.stringify(call.request);
    const input = `{"id":${id},${this.#metaTextOf(call)}"risen":${String(risen)},"say":${wellFormed(say)}}`;
    const decision = await run<HandlerMessageOutcome>(this.admitted.core.report, input, this.head, this);
    if (typeof decision === "string") return decision;
    if ("wrong" in decision) throw new WicketError("ERR_ARGUMENT", decision.wrong);
    if ("unable" in decision) throw new ToolError(decision.unable);
    if ("fault" in decision) throw new CallFault(decision.fault);
    if ("send" in decision) await this.send(decision.send, call);
    if ("reach" in decision) await Promise.resolve(this.perform(decision.reach)).catch(notNotified);
    return decision;
  }

  /** Sends a message before the result. */
  send(message: string, call?: RunEffect): Promise<void> {
    return this.outgoing.send(message, call);
  }

  /** The same after all earlier messages. */
  async sendInOrder(message: string, call: RunEffect): Promise<void> {
    if (!this.#over) await this.outgoing.inOrder(() => this.send(message, call));
  }

  /** Ends the connection of a stream that can be resumed. */
  async disconnect(call: RunEffect): Promise<void> {
    if (this.#over) return;
    const outgoing = this.outgoing;
    await outgoing.inOrder(() => outgoing.disconnect(call));
  }

  /**
   * Ends the run of `call`, whether or not its handler ever ends: `outcome` replaces its result. A flow is a function
   * of its outcomes, so it is run again with this one.
   */
  suspend(call: RunEffect, outcome: string): void {
    const world: World = {
      perform: (effect) => (isSameRun(effect, call as Effect) ? { json: outcome } : this.perform(effect)),
      commit: () => this.commit(),
    };
    const answer = run(this.admitted.core.mcp, this.head, this.body, world, { spliced });
    if (this.respond) this.finish(answer);
  }

  /** Ends the request once its flow has. */
  finish(answering: Promise<Answer>): void {
    if (this.respond && this.admitted.incoming.method === "POST") void this.#listenForSilence();
    void answering.then(
      (answer) => this.end(answer),
      (thrown: unknown) => this.end(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
  }

  /**
   * Makes the response begin when nothing has been sent for a while. Most calls end before a timer would be worth it.
   */
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
    const outgoing = this.outgoing;
    await outgoing.inOrder(async () => {
      const decision = await this.report(this.call ?? { request: 0 }, "silence");
      if (decision === "nothing" || this.isStream) return;
      const resumable = (await this.hasObjects()) ? decisionOf(decision, "resumable") : undefined;
      outgoing.open(resumable).comment("still working");
    });
  }

  /** Ends the request with its result: on its stream if the response has become one, else with a plain response. */
  end(answer: Answer | Error): void {
    this.#isDone();
    if (this.#outgoing) this.#outgoing.end(answer, () => this.#plain(answer));
    else this.#plain(answer);
  }

  #plain(answer: Answer | Error): void {
    const { headers } = this.admitted.access;
    this.respond?.(answer instanceof Error ? unserved(answer, headers) : respond(answer, headers));
  }

  /** Resolves when everything sent so far has gone out; nothing more is sent. */
  async settled(): Promise<void> {
    this.#isDone();
    await this.#outgoing?.settled();
  }

  #isDone(): void {
    this.#over = true;
    if (this.#silence !== undefined) clearTimeout(this.#silence);
    this.ended?.();
    this.#cancellation?.end();
  }

  /** A controller whose signal is aborted when `call` is cancelled. */
  watch(call: RunEffect): AbortController {
    return (this.#cancellation ??= new CancellationWatcher(this)).watch(call);
  }

  /** Aborts the signals of `call`. */
  cancel(call: RunEffect): void {
    this.cancelled = true;
    this.#cancellation?.cancel(call);
  }

  /** Aborts the signals of all calls: the session has ended. */
  stop(): void {
    for (const call of this.#cancellation?.calls ?? []) this.cancel(call);
  }

  /** The client has closed its connection. */
  clientGone(): void {
    this.#outgoing?.onGone?.();
    this.#cancellation?.gone().catch((error: unknown) => logged("A call could not be cancelled", error));
  }

  /** The response has ended: nothing continues for it. */
  closed(): void {
    this.#outgoing?.closed();
  }

  /** A list of the server has changed. */
  listChanged(of: string): void {
    this.changed({ what: of }).catch(notNotified);
  }

  /** Notifies listeners in all isolates that something has changed. Without an object there are none. */
  async changed(what: { what: string } | { uri: string }, everybody = false): Promise<void> {
    if (!(await this.hasObjects())) return;
    const scoped = "uri" in what ? this.server.registry.scoped : undefined;
    const changed = { ...what, ...(everybody && { everybody }), ...(scoped && { scoped }) };
    await this.report(this.call ?? { request: 0 }, { changed });
  }
}

/** What a handler sends without waiting for an answer. */
const TELLING = ["progress", "log", "notify"] as const;

/** The part of these messages that is needed: their arguments may be long. */
function metasIn(messages: ClientMessage | ClientMessage[]): ClientMessage[] {
  return [messages].flat().map(({ id, params }) => ({ id, ...(params?._meta && { params: { _meta: params._meta } }) }));
}

/**
 * How long a call may be silent before its response begins, in milliseconds: clients and proxies close silent
 * connections.
 */
const SILENT_AFTER = 10_000;

/** A call that has not ended after this many microtasks waits for something. */
const TURNS = 16;

const notNotified = (error: unknown) => logged("A change notification could not be sent to the listeners", error);
