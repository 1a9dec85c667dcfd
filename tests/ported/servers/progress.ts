import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import * as z from "zod/v4";

/** A tool that says how far it is. */
export function getServer(): McpServer {
  const server = new McpServer({ name: "counter", version: "1.0.0" });

  server.registerTool(
    "count",
    { description: "Counts", inputSchema: { n: z.number().int().min(1).max(20) } },
    async ({ n }, extra) => {
      for (let i = 1; i <= n; i++) {
        if (extra.signal.aborted) return { content: [{ type: "text", text: `Stopped at ${i}` }], isError: true };
        if (extra._meta?.progressToken !== undefined) {
          await extra.sendNotification({
            method: "notifications/progress",
            params: { progressToken: extra._meta.progressToken, progress: i, total: n, message: `${i} of ${n}` },
          });
        }
      }
      return { content: [{ type: "text", text: `Counted to ${n}` }] };
    },
  );
  return server;
}
