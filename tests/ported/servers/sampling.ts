import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import * as z from "zod/v4";

/** A tool that asks the client's model. */
export function getServer(): McpServer {
  const mcpServer = new McpServer({ name: "summarizer", version: "1.0.0" });

  mcpServer.registerTool(
    "summarize",
    { description: "Makes a text short", inputSchema: { text: z.string().describe("The text") } },
    async ({ text }) => {
      const response = await mcpServer.server.createMessage({
        messages: [{ role: "user", content: { type: "text", text: `Make this short:\n\n${text}` } }],
        maxTokens: 500,
      });
      const { content } = response;
      const said = !Array.isArray(content) && content.type === "text" ? content.text : "nothing";
      return { content: [{ type: "text", text: said }] };
    },
  );
  return mcpServer;
}
