/**
 * A handler's requests to its client. Before 2026-07-28 these are requests on the call's stream, and the handler waits.
 * Since then the run ends with the input requests, and the handler runs again from the start when there are answers; what
 * must not happen twice goes through `once`.
 */
import { ProtocolError, ToolError, type UrlElicitation, WicketError } from "../../common/errors.js";
import type { InputResponse, Effect, RunEffect, HandlerMessageOutcome } from "../../boundary/wire.js";
import { decisionOf } from "./decision.js";
import { namesOf, checkOptions } from "../../common/options.js";
import { askClient, reasonOf } from "./stream-request.js";
import type { AskOptions } from "./types.js";
import type { ServerWorld } from "./world.js";

/** How long a client may take to answer a question on its stream, in milliseconds, unless an option says otherwise. */
const PATIENCE = 5 * 60 * 1000;

const ASK = namesOf<AskOptions>(
  "The options of a request to the client",
  { key: true, timeout: true, maxTotalTimeout: true, signal: true },
  {
    onprogress: "Clients send no progress before they answer: omit it.",
    resetTimeoutOnProgress: "Clients send no progress before they answer: omit it.",
    relatedRequestId: "Omit it: a request belongs to the call that sends it.",
    resumptionToken: "Omit it: streams are resumed automatically.",
    onresumptiontoken: "Omit it: streams are resumed automatically.",
    task: "Tasks are not supported: an answer may take as long as it needs.",
  },
);

export class ClientRequests {
  readonly #world: ServerWorld;
  readonly #effect: RunEffect;
  readonly #earlierAnswers: Map<string, InputResponse>;
  readonly #answers = new Map<string, InputResponse>();
  readonly #inputRequests = new Map<string, string>();
  /** The results of `once` as text, because handlers may modify them. */
  readonly #once: Map<string, Promise<unknown> | { text: string }>;
  /** The name of the round, as long as its state has not been used up. */
  #unspent: string | undefined;
  #used: Promise<unknown> | undefined;
  #count = 0;
  /** The number of questions without a result. */
  #open = 0;

  constructor(world: ServerWorld, effect: RunEffect) {
    this.#world = world;
    this.#effect = effect;
    const { answers = [], once = [], sealed = false, unspent } = effect.rounds ?? {};
    this.#unspent = unspent;
    // Results of a tool that uses up its state are only valid together with that state.
    const counts = sealed || !this.#isSingle();
    this.#earlierAnswers = new Map(counts ? answers : []);
    this.#once = new Map(once.map(([key, value]) => [key, { text: JSON.stringify(value) }]));
  }

  /** Asks `kind`; resolves with the client's answer. Never resolves if the run ends with the question. */
  async ask(kind: string, params: object | undefined, options: AskOptions = {}): Promise<unknown> {
    checkOptions(ASK, options);
    const { key, timeout = PATIENCE, maxTotalTimeout = timeout, signal } = options;
    signal?.throwIfAborted();
    const name = key ?? `${kind}-${++this.#count}`;
    // A copy of the question as it is now, because its parameters may be reused for the next one.
    const question = JSON.parse(JSON.stringify({ kind, params })) as { kind: string; params?: object };
    this.#open++;
    try {
      const decision = await this.#world.say(this.#effect, { ask: question });
      const request = decisionOf(decision, "request");
      if (request) {
        const limit = Math.min(timeout, maxTotalTimeout);
        const message = await askClient(this.#world, this.#effect, request, limit, signal);
        return this.#answerIn(await this.#world.say(this.#effect, { reply: { ...question, message } }));
      }
      const input = decisionOf(decision, "input");
      if (input === undefined)
        throw new WicketError("ERR_ARGUMENT", "The call has ended: requests to the client are no longer possible.");
      const earlier = this.#earlierAnswers.get(name);
      if (earlier) {
        const decision = await this.#world.say(this.#effect, { reply: { ...question, ...earlier } });
        const answer = decisionOf(decision, "answer");
        if (answer !== undefined) {
          this.#answers.set(name, earlier);
          return answer;
        }
      }
      if (this.#isSingle()) await this.#world.objects(); // where its use will be kept
      if (this.#inputRequests.has(name)) {
        throw new WicketError("ERR_ARGUMENT", `Two requests have the key "${name}": give each its own "key".`);
      }
      this.#inputRequests.set(name, input);
    } finally {
      this.#open--;
      this.#scheduleSuspend();
    }
    // Until the run ends the question can be withdrawn.
    return new Promise((_, reject) => {
      const withdraw = () => {
        if (this.#inputRequests.delete(name)) reject(reasonOf(signal));
      };
      if (signal?.aborted) withdraw();
      else signal?.addEventListener("abort", withdraw);
    });
  }

  /**
   * Ends the call, because the person has to open pages first. Never resolves if the client opens them and sends the
   * call again by itself (2026-07-28); otherwise it rejects.
   */
  async requirePages(message: string, elicitations: UrlElicitation[] | undefined): Promise<never> {
    await this.#world.say(this.#effect, { pages: { message, elicitations } });
    const notOpened = () => new ToolError("The person has not opened a page that this call needs.");
    const pages = (elicitations ?? []).map((params, at) => ({ params, key: `page-${at + 1}` }));
    for (const { params, key } of pages) {
      const earlier = this.#earlierAnswers.get(key);
      if (!earlier) continue;
      // A person who has opened the page but returns too early is asked again; one who declines is not.
      const { response } = earlier;
      const decision = await this.#world.say(this.#effect, {
        reply: { kind: "elicit", params, response, opens: true },
      });
      if (decisionOf(decision, "answer") !== undefined) throw notOpened();
      this.#earlierAnswers.delete(key);
    }
    await Promise.all(pages.map(({ params, key }) => this.ask("elicit", params, { key })));
    throw notOpened();
  }

  /**
   * Runs `what` once in all rounds of a call: later rounds get its result, which must be JSON. A round that is sent
   * again ends here.
   */
  async once<T>(key: string, what: () => T | Promise<T>): Promise<T> {
    const known = this.#once.get(key);
    if (known) return (known instanceof Promise ? await known : JSON.parse(known.text)) as T;
    const running = this.#unspent === undefined ? Promise.resolve(what()) : this.#markUsed(this.#unspent).then(what);
    this.#once.set(key, running);
    this.#open++;
    try {
      const value = await running;
      this.#once.set(key, { text: JSON.stringify(value ?? null) });
      return value;
    } catch (error) {
      this.#once.delete(key);
      throw error;
    } finally {
      this.#open--;
      this.#scheduleSuspend();
    }
  }

  /** Uses up the state of this round, so that nobody else can run the same. */
  async #markUsed(unspent: string): Promise<void> {
    await (this.#used ??= this.#world.report(this.#effect, { spend: unspent }));
    this.#unspent = undefined;
  }

  #answerIn(decision: HandlerMessageOutcome): unknown {
    const refused = decisionOf(decision, "refused") as { code: number; message: string; data?: unknown } | undefined;
    if (refused) throw new ProtocolError(refused.code, refused.message, refused.data);
    const answer = decisionOf(decision, "answer");
    if (answer !== undefined) return answer;
    throw new ToolError(
      `The client's answer cannot be used: ${decisionOf(decision, "again") ?? "the call has ended"}.`,
    );
  }

  /** True for a tool that declares itself destructive. */
  #isSingle(): boolean {
    const { kind, name = "" } = this.#effect as { kind?: Effect["kind"]; name?: string };
    return kind === "call" && this.#world.server.tools.get(name)?.annotations?.destructiveHint === true;
  }

  /** Ends the run, once all concurrent questions have been asked. */
  #scheduleSuspend(): void {
    if (this.#open > 0 || this.#inputRequests.size === 0) return;
    setTimeout(() => {
      if (this.#open > 0) return;
      const pairs = [...this.#inputRequests];
      if (pairs.length === 0) return;
      this.#inputRequests.clear();
      const done = [...this.#once].flatMap(([key, held]) =>
        held instanceof Promise ? [] : [`[${JSON.stringify(key)},${held.text}]`],
      );
      this.#world.suspend(
        this.#effect,
        `{"asks":{"questions":${JSON.stringify(pairs)},"answers":${JSON.stringify([...this.#answers])},` +
          `"once":[${done.join(",")}],"single":${String(this.#isSingle())}}}`,
      );
    }, 0);
  }
}
