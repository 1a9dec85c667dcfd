/** `agents` with fifty tools. */
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";
import { z } from "zod";
import { fiftyTools } from "../../tools";

const tools = fiftyTools(z).map((tool) => ({ ...tool, input: z.object(tool.fields) }));

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    for (const { name, title, description, input, run } of tools) {
      server.registerTool(name, { title, description, inputSchema: input }, run);
    }
    return server;
  }),
};
