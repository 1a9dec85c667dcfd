/**
 * What a handler asks its client for. Before 2026-07-28 a question is a request on the call's stream, and the handler waits.
 * Since then the run ends with the questions, and the handler runs again from its top once there are answers; what must not
 * happen twice goes through `once`.
 */
import { ProtocolError, ToolError, type UrlElicitation, WicketError } from "../errors.js";
import type { Effect, RunEffect, Told } from "../wire.js";
import { namesOf, checkOptions } from "../options.js";
import { askClient, reasonOf } from "./asking.js";
import type { AskOptions } from "./types.js";
import type { ServerWorld } from "./world.js";

/** How long a client may take to answer a question on its stream, in milliseconds, unless it is said otherwise. */
const PATIENCE = 5 * 60 * 1000;

const ASK = namesOf<AskOptions>(
  "The options of a question",
  { key: true, timeout: true, maxTotalTimeout: true, signal: true },
  {
    onprogress: "A client says nothing before it answers here: leave it out.",
    resetTimeoutOnProgress: "A client says nothing before it answers here: leave it out.",
    relatedRequestId: "Leave it out: a question belongs to the call that asks it.",
    resumptionToken: "Leave it out: streams are resumed by themselves.",
    onresumptiontoken: "Leave it out: streams are resumed by themselves.",
    task: "Tasks are not supported: a question is answered, and may take its time.",
  },
);

/** An answer to a question under its key. */
interface Answered {
  response: unknown;
  asked?: string;
}

export class Questions {
  readonly #world: ServerWorld;
  readonly #effect: RunEffect;
  readonly #brought: Map<string, Answered>;
  readonly #answers = new Map<string, Answered>();
  readonly #questions = new Map<string, string>();
  /** What has been done, as text: whoever gets it may change it. */
  readonly #once: Map<string, Promise<unknown> | { text: string }>;
  /** The name of the round, as long as its state can be used again. */
  #unspent: string | undefined;
  #spent: Promise<unknown> | undefined;
  #count = 0;
  /** Questions of which it is not yet known what becomes of them. */
  #open = 0;

  constructor(world: ServerWorld, effect: RunEffect) {
    this.#world = world;
    this.#effect = effect;
    const { answers = {}, once = {}, sealed = false, unspent } = effect.rounds ?? {};
    this.#unspent = unspent;
    // What is spent on its use counts only with the state that says so.
    const counts = sealed || !this.#isSingle();
    this.#brought = new Map(counts ? Object.entries(answers) : []);
    this.#once = new Map(Object.entries(once).map(([key, value]) => [key, { text: JSON.stringify(value) }]));
  }

  /** Asks `kind`; resolves with the client's answer. Where the run ends with the question it never resolves. */
  async ask(kind: string, params: object | undefined, options: AskOptions = {}): Promise<unknown> {
    checkOptions(ASK, options);
    const { key, timeout = PATIENCE, maxTotalTimeout = timeout, signal } = options;
    signal?.throwIfAborted();
    const name = key ?? `${kind}-${++this.#count}`;
    // The question as it is now: its parameters may be used for the next one.
    const question = JSON.parse(JSON.stringify({ kind, params })) as { kind: string; params?: object };
    this.#open++;
    let told: Told;
    try {
      told = await this.#world.say(this.#effect, { ask: question });
      if (told.request) {
        const limit = Math.min(timeout, maxTotalTimeout);
        const message = await askClient(this.#world, this.#effect, told.request, limit, signal);
        return this.#judged(await this.#world.say(this.#effect, { reply: { ...question, message } }));
      }
      if (told.input === undefined)
        throw new WicketError("ERR_ARGUMENT", "The call is over: nothing can be asked any more.");
      const brought = this.#brought.get(name);
      if (brought) {
        const judged = await this.#world.say(this.#effect, { reply: { ...question, ...brought } });
        if ("answer" in judged) {
          this.#answers.set(name, brought);
          return judged.answer;
        }
      }
      if (this.#isSingle()) await this.#world.objects(); // where its use will be kept
      if (this.#questions.has(name)) {
        throw new WicketError("ERR_ARGUMENT", `Two questions have the key "${name}": give each a "key" of its own.`);
      }
      this.#questions.set(name, told.input);
    } finally {
      this.#open--;
      this.#suspendSoon();
    }
    // Until the run ends the question can be taken back.
    return new Promise((_, reject) => {
      const takeBack = () => {
        if (this.#questions.delete(name)) reject(reasonOf(signal));
      };
      if (signal?.aborted) takeBack();
      else signal?.addEventListener("abort", takeBack);
    });
  }

  /**
   * Ends the call: the person has to open pages before it can be carried out. Where the client opens them and sends the call
   * again by itself (2026-07-28) this never resolves; otherwise it rejects.
   */
  async openFirst(message: string, elicitations: UrlElicitation[] | undefined): Promise<never> {
    await this.#world.say(this.#effect, { pages: { message, elicitations } });
    const notOpened = () => new ToolError("The person has not opened a page that this needs.");
    const pages = (elicitations ?? []).map((params, at) => ({ params, key: `page-${at + 1}` }));
    for (const { params, key } of pages) {
      const brought = this.#brought.get(key);
      if (!brought) continue;
      // Who has opened it and comes too early is asked again; who will not open it is not.
      const { response } = brought;
      const judged = await this.#world.say(this.#effect, { reply: { kind: "elicit", params, response, opens: true } });
      if ("answer" in judged) throw notOpened();
      this.#brought.delete(key);
    }
    await Promise.all(pages.map(({ params, key }) => this.ask("elicit", params, { key })));
    throw notOpened();
  }

  /**
   * Runs `what` once in all rounds of a call: later ones get what it came to, which must be JSON. A round that is sent again
   * ends here.
   */
  async once<T>(key: string, what: () => T | Promise<T>): Promise<T> {
    const known = this.#once.get(key);
    if (known) return (known instanceof Promise ? await known : JSON.parse(known.text)) as T;
    const running = this.#unspent === undefined ? Promise.resolve(what()) : this.#spend(this.#unspent).then(what);
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
      this.#suspendSoon();
    }
  }

  /** Sees to it that nobody else does what is done in this round: the state that it came with is used. */
  async #spend(unspent: string): Promise<void> {
    await (this.#spent ??= this.#world.tell(this.#effect, { spend: unspent }));
    this.#unspent = undefined;
  }

  #judged(told: Told): unknown {
    if (told.refused) throw new ProtocolError(told.refused.code, told.refused.message, told.refused.data);
    if ("answer" in told) return told.answer;
    throw new ToolError(`The client's answer cannot be used: ${told.again ?? "the call is over"}.`);
  }

  /** True for a tool that declares that it destroys something. */
  #isSingle(): boolean {
    const { kind, name = "" } = this.#effect as { kind?: Effect["kind"]; name?: string };
    return kind === "call" && this.#world.server.tools.get(name)?.annotations?.destructiveHint === true;
  }

  /** Ends the run, once everything that is asked in one go has been asked. */
  #suspendSoon(): void {
    if (this.#open > 0 || this.#questions.size === 0) return;
    setTimeout(() => {
      if (this.#open > 0) return;
      const pairs = [...this.#questions];
      if (pairs.length === 0) return;
      this.#questions.clear();
      const done = [...this.#once].flatMap(([key, held]) =>
        held instanceof Promise ? [] : [`${JSON.stringify(key)}:${held.text}`],
      );
      this.#world.suspend(
        this.#effect,
        `{"asks":{"questions":${JSON.stringify(pairs)},"answers":${objectText(this.#answers)},` +
          `"once":{${done.join(",")}},"single":${String(this.#isSingle())}}}`,
      );
    }, 0);
  }
}

/** An object with members of any name, as text. */
function objectText(entries: Iterable<readonly [string, unknown]>): string {
  const members = [...entries].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value ?? null)}`);
  return `{${members.join(",")}}`;
}
