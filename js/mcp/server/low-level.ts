/** Messages to clients through the server, as in the official SDK: `server.sendLoggingMessage`, `server.server`. */
import { WicketError } from "../../common/errors.js";
import { checkOptions, namesOf } from "../../common/options.js";
import type { Notification, ToolContext } from "./context.js";
import type { Serving } from "./serving.js";
import type { AskOptions, ElicitParams, ElicitResult, LoggingLevel, Root, Sample } from "./types.js";

/** Who is notified of a change: the clients of the same caller, or everybody. */
export interface Audience {
  everybody?: boolean;
}

/** A log message in the official SDK's format. */
export interface LoggingMessage {
  level: LoggingLevel;
  /** Any JSON. */
  data: unknown;
  logger?: string;
}

const AUDIENCE = namesOf<Audience>("The audience of a change", { everybody: true });

/** Messages that belong to the call that is being served. */
export class Messages {
  /** The current call. @internal */
  readonly serving: Serving;

  constructor(serving: Serving) {
    this.serving = serving;
  }

  /**
   * Sends a log message to the client of the current call, if it wants messages of this level. In a handler, `context.log`
   * does the same.
   */
  async sendLoggingMessage({ level, data, logger }: LoggingMessage, _sessionId?: string): Promise<void> {
    await this.serving.context?.log(level, data, logger);
  }

  /** Notifies clients that the list of tools has changed: those of the same caller, or `{ everybody: true }`. */
  sendToolListChanged(to: Audience = {}): Promise<void> {
    return this.#changed({ what: "tools" }, to);
  }

  /** The same for the list of prompts. */
  sendPromptListChanged(to: Audience = {}): Promise<void> {
    return this.#changed({ what: "prompts" }, to);
  }

  /** The same for the lists of resources and templates. */
  sendResourceListChanged(to: Audience = {}): Promise<void> {
    return this.#changed({ what: "resources" }, to);
  }

  /** Notifies the clients that subscribe to a resource that it has changed. */
  sendResourceUpdated({ uri }: { uri: string }, to: Audience = {}): Promise<void> {
    return this.#changed({ uri }, to);
  }

  async #changed(what: { what: string } | { uri: string }, to: Audience): Promise<void> {
    checkOptions(AUDIENCE, to);
    const { everybody = false } = to;
    await this.serving.request?.changed(what, everybody);
  }
}

/** For servers that move over; `context.elicit`, `context.sample` and `context.listRoots` are the same and say whose call. */
export class LowLevelServer extends Messages {
  /** Asks the person in front of the client. */
  async elicitInput(params: ElicitParams, options?: AskOptions): Promise<ElicitResult> {
    return this.#context().elicit(params, options);
  }

  /** Asks the client's language model. */
  readonly createMessage: Sample = async (params, options) => this.#context().sample(params, options) as never;

  /** Asks for the folders that the client works in. */
  async listRoots(_params?: object, options?: AskOptions): Promise<{ roots: Root[] }> {
    return this.#context().listRoots(options);
  }

  /** Sends a notification that belongs to the call that is being served. */
  async notification(notification: Notification): Promise<void> {
    return this.#context().sendNotification(notification);
  }

  #context(): ToolContext {
    const { context } = this.serving;
    if (context) return context;
    throw new WicketError(
      "ERR_ARGUMENT",
      "Requests to the client are possible only during its call, and in the handler.",
    );
  }
}
