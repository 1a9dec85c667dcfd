/** The fixture server of the MCP conformance suite: `createMcpHandler` at /mcp, `McpAgent` at /agent, /kept and /sse. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";
import { registerAsking } from "./asking.js";
import { registerListening } from "./listening.js";
import { registerPrompts } from "./prompts.js";
import { registerResources } from "./resources.js";
import { registerTools } from "./tools.js";
import { registerWaiting } from "./waiting.js";

/** Registers all that the suite asks for. */
function registerAll(server: McpServer): void {
  registerTools(server);
  registerResources(server);
  registerPrompts(server);
  registerAsking(server);
  registerWaiting(server);
  registerListening(server);
}

/** Where `createMcpHandler` keeps what a session has to keep. */
export { WicketObject } from "mcp-wicket";

function newServer(): McpServer {
  return new McpServer(
    { name: "mcp-wicket-everything", version: "1.0.0", title: "Everything" },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
      },
    },
  );
}

export class Everything extends McpAgent {
  server = newServer();

  override init(): void {
    registerAll(this.server);
  }
}

const handler = createMcpHandler(() => {
  const server = newServer();
  registerAll(server);
  return server;
});

export default {
  fetch(request: Request, env: object, ctx: ExecutionContext): Promise<Response> | Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/mcp") return handler(request, env, ctx);
    if (pathname === "/kept") return Everything.serve("/kept", { sessions: "object" }).fetch(request, env, ctx);
    if (pathname === "/agent") return Everything.serve("/agent").fetch(request, env, ctx);
    if (pathname.startsWith("/sse")) return Everything.serveSSE("/sse").fetch(request, env, ctx);
    return new Response("Not found. Try /mcp, /agent, /kept or /sse.", { status: 404 });
  },
};
