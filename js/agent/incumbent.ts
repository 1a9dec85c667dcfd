/**
 * What `agents` has on an agent and its endpoints, so that a server moves over by its import lines. What cannot be here is
 * typed so that its use is an error, and throws with what to use instead.
 */
import { WicketError } from "../errors.js";
import type { LowLevelServer } from "../server/low-level.js";
import type { McpServer } from "../server/mcp-server.js";
import type { AskOptions, ElicitParams, ElicitResult } from "../server/types.js";
import { AgentBase } from "./base.js";

/** What takes no arguments that anybody has. */
type Refused = (..._: never[]) => unknown;

const OWN_ALARM =
  'Give the class `static placement = "session"` and an `alarm()` of its own, and set it with `this.ctx.storage.setAlarm(…)`; ' +
  "for jobs of the whole Worker use a Cron Trigger or a Workflow.";
const QUEUE =
  "Use a queue binding (Cloudflare Queues), or `this.ctx.waitUntil(…)` for what may run on behind the answer.";
const SOCKETS =
  "Agents here speak MCP alone: clients hear by `context.progress`, `context.log` and `server.sendResourceUpdated`.";

/** Members of `agents` that are not here, each with what to use. */
const REFUSED: Record<string, string> = {
  schedule: OWN_ALARM,
  scheduleEvery: OWN_ALARM,
  getSchedules: OWN_ALARM,
  cancelSchedule: OWN_ALARM,
  queue: QUEUE,
  dequeue: QUEUE,
  broadcast: SOCKETS,
  addMcpServer: 'Use the client of the official SDK, "@modelcontextprotocol/client".',
  runWorkflow: "Use the binding of the Workflow: `this.env.MY_WORKFLOW.create(…)`.",
};

/** What moves over with an agent. */
export abstract class MovedAgent<Env, State> extends AgentBase<Env> {
  abstract server: McpServer | Promise<McpServer>;

  /** @deprecated Cannot be here: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare schedule: Refused;
  /** @deprecated Cannot be here: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare scheduleEvery: Refused;
  /** @deprecated Cannot be here: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare getSchedules: Refused;
  /** @deprecated Cannot be here: give the class an `alarm()` of its own, or use a Cron Trigger or a Workflow. */
  declare cancelSchedule: Refused;
  /** @deprecated Cannot be here: use a queue binding, or `this.ctx.waitUntil(…)`. */
  declare queue: Refused;
  /** @deprecated Cannot be here: use a queue binding, or `this.ctx.waitUntil(…)`. */
  declare dequeue: Refused;
  /** @deprecated Cannot be here: agents speak MCP alone. Use `context.progress`, `context.log` or `sendResourceUpdated`. */
  declare broadcast: Refused;
  /** @deprecated Cannot be here: use the client of the official SDK. */
  declare addMcpServer: Refused;
  /** @deprecated Cannot be here: use the binding of the Workflow. */
  declare runWorkflow: Refused;

  /** Told of each new state, as `onStateChanged`. */
  onStateUpdate(_state: State | undefined, _source: "server"): void | Promise<void> {}

  /** Told of each new state. */
  onStateChanged(_state: State | undefined, _source: "server"): void | Promise<void> {}

  /** Throws for a state that must not be; asked before it is kept. */
  validateStateChange(_next: State, _source: "server"): void {}

  /**
   * Asks the person in front of the client whose call is being served. `context.elicit` is the same, and says whose call it
   * is.
   */
  async elicitInput(params: ElicitParams, options?: AskOptions): Promise<ElicitResult> {
    return (await this.#lowLevel()).elicitInput(params, options);
  }

  async #lowLevel(): Promise<LowLevelServer> {
    return (await this.server).server;
  }
}

for (const [name, advice] of Object.entries(REFUSED)) {
  Object.defineProperty(MovedAgent.prototype, name, {
    configurable: true,
    writable: true,
    value() {
      throw new WicketError("ERR_ARGUMENT", `this.${name} is not here. ${advice}`);
    },
  });
}

/** Cannot be here: there is no transport to set up: `createMcpHandler` takes a factory, or a server for each request. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
export class WorkerTransport {
  constructor(_options?: never) {
    throw new WicketError(
      "ERR_ARGUMENT",
      "There is no WorkerTransport here: createMcpHandler(() => server) answers requests, without one.",
    );
  }
}

/** Cannot be here: use `context.caller` of a handler, `props` of `createMcpHandler`'s factory, or `this.props` of an agent. */
export function getMcpAuthContext(): never {
  throw new WicketError(
    "ERR_ARGUMENT",
    "There is no getMcpAuthContext here. Use `context.caller` of a handler, `props` of the factory, or `this.props`.",
  );
}
