/** The fixture server of the MCP conformance suite: `createMcpHandler` at /mcp, `McpAgent` at /agent and /sse. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";
import { registerTools } from "./tools.js";

const SERVER = { name: "mcp-wicket-everything", version: "1.0.0", title: "Everything" };

export class Everything extends McpAgent {
  server = new McpServer(SERVER);

  override init(): void {
    registerTools(this.server);
  }
}

const handler = createMcpHandler(() => {
  const server = new McpServer(SERVER);
  registerTools(server);
  return server;
});

export default {
  fetch(request: Request, env: object, ctx: ExecutionContext): Promise<Response> | Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/mcp") return handler(request, env, ctx);
    if (pathname === "/agent") return Everything.serve("/agent").fetch(request, env, ctx);
    if (pathname.startsWith("/sse")) return Everything.serveSSE("/sse").fetch(request, env, ctx);
    return new Response("Not found. Try /mcp, /agent or /sse.", { status: 404 });
  },
};
