/** `server.server` of the official SDK: what a handler asks of the client whose call is being served. */
import { WicketError } from "../errors.js";
import type { Notification, ToolContext } from "./context.js";
import type { Audience, LoggingMessage, McpServer } from "./mcp-server.js";
import type { AskOptions, ElicitParams, ElicitResult, Root, Sample } from "./types.js";

/** For servers that move over; `context.elicit`, `context.sample` and `context.listRoots` are the same and say whose call. */
export class LowLevelServer {
  readonly #server: McpServer;

  constructor(server: McpServer) {
    this.#server = server;
  }

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

  /** Sends a log message. */
  sendLoggingMessage(message: LoggingMessage): Promise<void> {
    return this.#server.sendLoggingMessage(message);
  }

  /** As those of the server. */
  sendToolListChanged(to?: Audience): Promise<void> {
    return this.#server.sendToolListChanged(to);
  }
  sendPromptListChanged(to?: Audience): Promise<void> {
    return this.#server.sendPromptListChanged(to);
  }
  sendResourceListChanged(to?: Audience): Promise<void> {
    return this.#server.sendResourceListChanged(to);
  }
  sendResourceUpdated(resource: { uri: string }, to?: Audience): Promise<void> {
    return this.#server.sendResourceUpdated(resource, to);
  }

  /** Sends a notification that belongs to the call that is being served. */
  async notification(notification: Notification): Promise<void> {
    return this.#context().sendNotification(notification);
  }

  #context(): ToolContext {
    const { context } = this.#server.serving;
    if (context) return context;
    throw new WicketError("ERR_ARGUMENT", "A client can be asked while its call is being served, and by its handler.");
  }
}
