/** An MCP server that anyone may use: two tools, no sign-in. */
import { McpAgent, McpServer, startPage } from "mcp-wicket";
import * as z from "zod";

interface Env {
  MCP_OBJECT: DurableObjectNamespace;
}

export class MyMCP extends McpAgent<Env> {
  server = new McpServer({ name: "Adder", version: "1.0.0" });

  async init() {
    this.server.registerTool(
      "add",
      { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
      async ({ a, b }) => ({ content: [{ type: "text", text: `The sum is ${String(a + b)}` }] }),
    );

    this.server.registerTool(
      "roll_dice",
      { description: "Rolls a fair die", inputSchema: { sides: z.number().int().min(2).max(1000).default(6) } },
      async ({ sides }) => ({
        content: [{ type: "text", text: `You rolled ${String(1 + Math.floor(Math.random() * sides))}` }],
      }),
    );
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/":
        return startPage(request, { name: "Adder" });
      case "/mcp":
      case "/mcp/":
        return MyMCP.serve("/mcp").fetch(request, env, ctx);
      case "/sse":
      case "/sse/message":
        return MyMCP.serveSSE("/sse").fetch(request, env, ctx);
      default:
        return new Response("Not found", { status: 404 });
    }
  },
};
