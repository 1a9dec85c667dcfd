/**
 * A server without authentication, and a Worker in front of it, which calls it by a binding: with a request of its own
 * (`/call`) or with the one it got (`/pass-on`), under the URL that the query says.
 */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";

type Exports = { default: Fetcher };

const register = (server: McpServer): McpServer => {
  server.registerTool("add", {}, () => ({ content: [{ type: "text", text: "42" }] }));
  return server;
};

export class Agent extends McpAgent {
  override server = new McpServer({ name: "agent", version: "1.0.0" });
  override init(): void {
    register(this.server);
  }
}

const handler = createMcpHandler(() => register(new McpServer({ name: "internal", version: "1.0.0" })));

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url);
    const to = url.searchParams.get("to") ?? "";
    const itself = (ctx as ExecutionContext & { exports: Exports }).exports.default;
    switch (url.pathname) {
      case "/call":
        return itself.fetch(to, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "add" } }),
        });
      case "/pass-on":
        return itself.fetch(new Request(to, request));
      case "/sse":
      case "/sse/message":
        return Agent.serveSSE("/sse").fetch(request, env, ctx);
      case "/agent":
        return Agent.serve("/agent").fetch(request, env, ctx);
      default:
        return handler(request, env, ctx);
    }
  },
} satisfies ExportedHandler;
