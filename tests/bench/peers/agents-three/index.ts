/** `agents`' stateless server with three tools. */
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";
import { z } from "zod";
import { threeTools } from "../../tools";

const tools = threeTools(z).map(({ fields, ...tool }) => ({ ...tool, inputSchema: z.object(fields) }));

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    for (const { name, description, inputSchema, run } of tools) {
      server.registerTool(name, { description, inputSchema }, run);
    }
    return server;
  }),
};
