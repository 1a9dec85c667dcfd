/**
 * Which call a server is serving, for messages that are sent through the server and not the call's context:
 * `server.sendLoggingMessage`, `server.server.elicitInput`, a disabled tool. A server that a factory or an agent
 * creates for a request serves only that. A server that several requests share distinguishes them by the runtime's
 * AsyncLocalStorage; without it nothing is guessed.
 */
import { importedStorage } from "#workers";
import { WicketError } from "../../common/errors.js";
import type { ToolContext } from "./context.js";
import type { Listable, Registry } from "./registered.js";
import type { Implementation } from "./types.js";

/** A request, as far as it sends messages for its server. */
export interface ServedRequest {
  /** True once there is a result. */
  readonly isOver: boolean;
  /** The context of its latest call. */
  readonly context: ToolContext | undefined;
  /** A list of the server has changed. */
  listChanged(of: Listable): void;
  /** Something has changed, for the clients of the same caller or for everybody. */
  changed(what: { what: string } | { uri: string }, everybody?: boolean): Promise<void>;
}

/** A running call. */
interface RunningCall {
  readonly serving: Serving;
  readonly request: ServedRequest;
  readonly context: ToolContext;
}

/** The requests of one server. */
export class Serving {
  readonly #registry: Registry;
  readonly #info: Implementation;
  /** The first request, or the only one. */
  #first: ServedRequest | undefined;
  #hasBegun = false;
  /** True once there has been a second request. */
  isShared = false;

  constructor(registry: Registry, info: Implementation) {
    this.#registry = registry;
    this.#info = info;
  }

  /** A request begins. */
  begin(request: ServedRequest): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#first = request;
      this.#registry.listener = this;
      return;
    }
    this.isShared = true;
    // A request is not kept after it has ended.
    if (this.#first?.isOver) this.#first = undefined;
    if (!calls()) warn(this.#info);
  }

  /** Runs the handler of a call. The first request needs no mark: it is the one without. */
  run<T>(request: ServedRequest, context: ToolContext, handler: () => T): T {
    if (!this.isShared || request === this.#first) return handler();
    const marks = calls();
    return marks ? marks.run({ serving: this, request, context }, handler) : handler();
  }

  /** The current request; undefined before the first one. Throws `ERR_ARGUMENT` if it cannot be determined. */
  get request(): ServedRequest | undefined {
    if (!this.isShared) return this.#first;
    const mark = this.#mark();
    if (mark) return mark.request;
    if (calls() && this.#first && !this.#first.isOver) return this.#first;
    throw new WicketError("ERR_ARGUMENT", SHARED);
  }

  /** The context of the current call, if there is one. Throws like `request`. */
  get context(): ToolContext | undefined {
    return (this.isShared ? this.#mark()?.context : undefined) ?? this.request?.context;
  }

  /** A list of the server has changed: listeners are notified, if it is known whose they are. */
  listChanged(of: Listable): void {
    try {
      this.request?.listChanged(of);
    } catch (error) {
      if (!(error instanceof WicketError)) throw error;
    }
  }

  #mark(): RunningCall | undefined {
    const mark = storage?.getStore();
    return mark?.serving === this ? mark : undefined;
  }
}

/** The part of AsyncLocalStorage that is used here. */
interface CallStorage {
  run<T>(mark: RunningCall, work: () => T): T;
  getStore(): RunningCall | undefined;
}

let storage: CallStorage | undefined;

/** The storage with the current call, if the runtime supports it. */
function calls(): CallStorage | undefined {
  const Storage = importedStorage() as (new () => CallStorage) | undefined;
  return (storage ??= Storage && new Storage());
}

const SHARED =
  "One McpServer answers several requests, so the call cannot be identified. Create a server for each request, in the " +
  "factory of createMcpHandler or as a field of the agent; or use the handler's context (`context.log`, `context.elicit`, …); " +
  'or add compatibility_flags = ["nodejs_als"] to wrangler.toml.';

let warned = false;

function warn({ name }: Implementation): void {
  if (!warned) console.warn(`[mcp-wicket] McpServer "${name}": ${SHARED}`);
  warned = true;
}
