/** `mcp-wicket` without sessions: `createMcpHandler` over a factory. It speaks both eras. */
import { createMcpHandler, McpServer } from "mcp-wicket";
import { z } from "zod";
import { addTool } from "../../tools";

const add = addTool(z);

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    server.registerTool(add.name, { description: add.description, inputSchema: add.fields }, add.run);
    return server;
  }),
};
