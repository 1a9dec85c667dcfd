/** `mcp-wicket` with three tools. */
import { createMcpHandler, McpServer } from "mcp-wicket";
import { z } from "zod";
import { threeTools } from "../../tools";

const tools = threeTools(z);

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    for (const { name, description, fields, run } of tools) {
      server.registerTool(name, { description, inputSchema: fields }, run);
    }
    return server;
  }),
};
