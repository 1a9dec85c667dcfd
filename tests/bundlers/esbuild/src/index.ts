import { McpServer, createMcpHandler } from "mcp-wicket";
import { z } from "zod";

export default {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "adder", version: "1.0.0" });
    server.registerTool(
      "add",
      { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
      ({ a, b }) => ({ content: [{ type: "text", text: `The sum is ${String(a + b)}` }] }),
    );
    return server;
  }),
};
