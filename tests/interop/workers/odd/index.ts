/** A server whose results are within the rules, but not what clients see every day. */
import { McpAgent, McpServer } from "mcp-wicket";
import { z } from "zod";

export class Odd extends McpAgent {
  override server = new McpServer({ name: "odd", version: "1.0.0" });

  override init() {
    const { server } = this;
    server.registerTool(
      "divide",
      { inputSchema: { by: z.number() }, outputSchema: { quotient: z.number() } },
      ({ by }) =>
        by === 0
          ? { isError: true, content: [{ type: "text", text: "by zero" }], structuredContent: { reason: "by zero" } }
          : { content: [{ type: "text", text: String(1 / by) }], structuredContent: { quotient: 1 / by } },
    );
    server.registerTool("half", {}, () => ({ content: [{ type: "text", text: `half a pair: ${"😀".slice(0, 1)}` }] }));
    server.registerTool("greet", { inputSchema: { name: z.string().optional() } }, ({ name = "stranger" }) => ({
      content: [{ type: "text", text: `Hello ${name}` }],
    }));
  }
}

export default {
  fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
    const isSse = new URL(request.url).pathname.startsWith("/sse");
    return (isSse ? Odd.serveSSE("/sse") : Odd.serve("/mcp")).fetch(request, env, ctx);
  },
};
