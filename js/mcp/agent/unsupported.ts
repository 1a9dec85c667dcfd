/** Members of agents of `agents` that are not supported here. */

const OWN_ALARM =
  'Give the class `static placement = "session"` and an `alarm()` of its own, and set it with `this.ctx.storage.setAlarm(…)`; ' +
  "for jobs of the whole Worker, use a Cron Trigger or a Workflow.";
const QUEUE = "Use a queue binding (Cloudflare Queues), or `this.ctx.waitUntil(…)` for work after the response.";
const SOCKETS =
  "Agents only support MCP: notify clients with `context.progress`, `context.log` and `server.sendResourceUpdated`.";

/** Each with what to use instead. */
export const UNSUPPORTED_MEMBERS: Readonly<Record<string, string>> = {
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
