/** `mcp-wicket` with fifty tools. */
import { createMcpHandler, McpServer } from "mcp-wicket";
import { z } from "zod";
import { fiftyTools } from "../../tools";

const tools = fiftyTools(z);

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    for (const { name, title, description, fields, run } of tools) {
      server.registerTool(name, { title, description, inputSchema: fields }, run);
    }
    return server;
  }),
};
