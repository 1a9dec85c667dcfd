/** `agents` as its guide sets up a stateless server: `createMcpHandler` over a factory. It speaks both eras. */
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";
import { z } from "zod";
import { addTool } from "../../tools";

const add = addTool(z);
const input = z.object(add.fields);

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    server.registerTool(add.name, { description: add.description, inputSchema: input }, add.run);
    return server;
  }),
};
