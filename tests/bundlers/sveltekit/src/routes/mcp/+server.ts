import type { RequestHandler } from "@sveltejs/kit";
import { McpServer, createMcpHandler } from "mcp-wicket";
import { z } from "zod";

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "adder", version: "1.0.0" });
  server.registerTool(
    "add",
    { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
    ({ a, b }) => ({ content: [{ type: "text", text: `The sum is ${String(a + b)}` }] }),
  );
  return server;
});

export const fallback: RequestHandler = ({ request, platform }) => {
  const { env, ctx } = platform as unknown as { env: unknown; ctx: ExecutionContext };
  return handler(request, env, ctx);
};
