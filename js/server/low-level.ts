/** `server.server` of the official SDK: what a handler asks of the client whose call is being served. */
import { WicketError } from "../errors.js";
import type { ToolContext } from "./context.js";
import type { LoggingMessage, McpServer } from "./mcp-server.js";
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

  #context(): ToolContext {
    const { context } = this.#server.serving;
    if (context) return context;
    throw new WicketError("ERR_ARGUMENT", "A client can be asked while its call is being served, and by its handler.");
  }
}
