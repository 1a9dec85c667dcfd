/** One server for all requests, which tools talk to without saying whose call they serve. */
import { McpServer, createMcpHandler } from "mcp-wicket";
import * as z from "zod";

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });
const server = new McpServer({ name: "shared", version: "1.0.0" });

/** How many calls of each round have begun. */
const begun = new Map<string, number>();

/** Goes on once so many calls of a round are under way. */
async function together(round: string, calls: number): Promise<void> {
  begun.set(round, (begun.get(round) ?? 0) + 1);
  // real time: a look at other calls, whose promises cannot be awaited here
  while ((begun.get(round) ?? 0) < calls) await new Promise((resolve) => setTimeout(resolve, 5));
}

const inputSchema = { who: z.string(), round: z.string(), calls: z.number() };

server.registerTool("log", { inputSchema }, async ({ who, round, calls }) => {
  await together(round, calls);
  await server.sendLoggingMessage({ level: "error", data: `a secret of ${who}` });
  return text(who);
});
server.registerTool("ask", { inputSchema }, async ({ who, round, calls }) => {
  await together(round, calls);
  const requestedSchema = { type: "object" as const, properties: {} };
  await server.server.elicitInput({ message: `a question for ${who}`, requestedSchema });
  return text(who);
});
server.registerTool("by_context", { inputSchema }, async ({ who, round, calls }, { log }) => {
  await together(round, calls);
  await log("error", `a secret of ${who}`);
  return text(who);
});

export default { fetch: createMcpHandler(() => server) };
