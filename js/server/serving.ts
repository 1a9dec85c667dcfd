/**
 * Whose call a server is serving, for what is said to the server and not to the call's context: `server.sendLoggingMessage`,
 * `server.server.elicitInput`, a tool that is disabled. A server that a factory or an agent makes for a request is that
 * request's. One that several requests share tells them apart by the runtime's AsyncLocalStorage; without it nothing is
 * guessed.
 */
import { importedStorage } from "#workers";
import { WicketError } from "../errors.js";
import { CallContext } from "./context.js";
import type { McpServer } from "./mcp-server.js";
import type { ServerWorld } from "./world.js";

/** The requests of one server. */
export class Serving {
  /** The first request, or the only one. */
  #first: ServerWorld | undefined;
  #hasBegun = false;
  /** True once there has been a second request. */
  isShared = false;

  /** A request begins. */
  begin(world: ServerWorld): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#first = world;
      world.server.registry.listener = this;
      return;
    }
    this.isShared = true;
    // It is not kept for longer than it lasts.
    if (this.#first?.isOver) this.#first = undefined;
    if (!calls()) warn(world.server);
  }

  /** Runs the handler of a call. The first request needs no mark: it is the one that has none. */
  run<T>(context: CallContext, handler: () => T): T {
    if (!this.isShared || CallContext.worldOf(context) === this.#first) return handler();
    const marks = calls();
    return marks ? marks.run(context, handler) : handler();
  }

  /** The request that is being served; none before the first. Throws `ERR_ARGUMENT` where it cannot be told which. */
  get world(): ServerWorld | undefined {
    if (!this.isShared) return this.#first;
    const context = this.#marked();
    if (context) return CallContext.worldOf(context);
    if (calls() && this.#first && !this.#first.isOver) return this.#first;
    throw new WicketError("ERR_ARGUMENT", SHARED);
  }

  /** The context of the call that is being served, if there is one. Throws as `world` does. */
  get context(): CallContext | undefined {
    return (this.isShared ? this.#marked() : undefined) ?? this.world?.context;
  }

  /** A list of the server has changed: those who listen are told, if it is known whose they are. */
  listChanged(of: string): void {
    try {
      this.world?.listChanged(of);
    } catch (error) {
      if (!(error instanceof WicketError)) throw error;
    }
  }

  #marked(): CallContext | undefined {
    const context = storage?.getStore();
    return context && CallContext.worldOf(context).server.serving === this ? context : undefined;
  }
}

/** As much of AsyncLocalStorage as is used here. */
interface CallStorage {
  run<T>(context: CallContext, work: () => T): T;
  getStore(): CallContext | undefined;
}

let storage: CallStorage | undefined;

/** Which call runs, where the runtime can tell. */
function calls(): CallStorage | undefined {
  const Storage = importedStorage() as (new () => CallStorage) | undefined;
  return (storage ??= Storage && new Storage());
}

const SHARED =
  "One McpServer answers several requests, so it cannot be told whose call this is. Make a server for each request, in the " +
  "factory of createMcpHandler or as a field of the agent; or use what the handler is given (`context.log`, `context.elicit`, …); " +
  'or add compatibility_flags = ["nodejs_als"] to wrangler.toml.';

let warned = false;

function warn({ serverInfo: { name } }: McpServer): void {
  if (!warned) console.warn(`[mcp-wicket] McpServer "${name}": ${SHARED}`);
  warned = true;
}
