/**
 * Compatibility with the agents of `agents`, so that only the import lines of a server have to change. Unsupported members
 * are typed so that their use is an error, and throw with what to use instead.
 */
import { WicketError } from "../../common/errors.js";
import type { LowLevelServer } from "../server/low-level.js";
import type { McpServer } from "../server/mcp-server.js";
import type { AskOptions, ElicitParams, ElicitResult } from "../server/types.js";
import { AgentBase } from "./base.js";
import { UNSUPPORTED_MEMBERS } from "./unsupported.js";

/** A function that cannot be called with any arguments. */
type Unsupported = (..._: never[]) => unknown;

/** The members that move over with an agent. */
export abstract class MovedAgent<Env, State> extends AgentBase<Env> {
  abstract server: McpServer | Promise<McpServer>;

  /** @deprecated Not supported: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare schedule: Unsupported;
  /** @deprecated Not supported: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare scheduleEvery: Unsupported;
  /** @deprecated Not supported: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare getSchedules: Unsupported;
  /** @deprecated Not supported: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare cancelSchedule: Unsupported;
  /** @deprecated Not supported: use a queue binding, or `this.ctx.waitUntil(…)`. */
  declare queue: Unsupported;
  /** @deprecated Not supported: use a queue binding, or `this.ctx.waitUntil(…)`. */
  declare dequeue: Unsupported;
  /**
   * @deprecated Not supported: agents only speak MCP. Use `context.progress`, `context.log` or `sendResourceUpdated`.
   */
  declare broadcast: Unsupported;
  /** @deprecated Not supported: use the client of the official SDK. */
  declare addMcpServer: Unsupported;
  /** @deprecated Not supported: use the binding of the Workflow. */
  declare runWorkflow: Unsupported;

  /** Called with each new state, like `onStateChanged`. */
  onStateUpdate(_state: State | undefined, _source: "server"): void | Promise<void> {}

  /** Called with each new state. */
  onStateChanged(_state: State | undefined, _source: "server"): void | Promise<void> {}

  /** Called before a state is stored; may throw to reject it. */
  validateStateChange(_next: State, _source: "server"): void {}

  /** Asks the person who uses the client of the current call. `context.elicit` does the same for a specific call. */
  async elicitInput(params: ElicitParams, options?: AskOptions): Promise<ElicitResult> {
    return (await this.#lowLevel()).elicitInput(params, options);
  }

  async #lowLevel(): Promise<LowLevelServer> {
    return (await this.server).server;
  }
}

for (const [name, advice] of Object.entries(UNSUPPORTED_MEMBERS)) {
  Object.defineProperty(MovedAgent.prototype, name, {
    configurable: true,
    writable: true,
    value() {
      throw new WicketError("ERR_ARGUMENT", `this.${name} is not available. ${advice}`);
    },
  });
}

/** Not supported: there is no transport to set up. `createMcpHandler` takes a factory, or a server for each request. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
export class WorkerTransport {
  constructor(_options?: never) {
    throw new WicketError(
      "ERR_ARGUMENT",
      "There is no WorkerTransport: createMcpHandler(() => server) answers requests without one.",
    );
  }
}

/**
 * Not supported: use `context.caller` of a handler, `props` of `createMcpHandler`'s factory, or `this.props` of an
 * agent.
 */
export function getMcpAuthContext(): never {
  throw new WicketError(
    "ERR_ARGUMENT",
    "There is no getMcpAuthContext. Use `context.caller` in a handler, `props` in the factory, or `this.props`.",
  );
}
