import { env } from "cloudflare:workers";
import { McpAgent, McpServer } from "mcp-wicket/jwt";

declare global {
  namespace Cloudflare {
    interface Env {
      JWT_SECRET: string;
    }
  }
}

export class MyMCP extends McpAgent<Cloudflare.Env, unknown, { sub?: string }> {
  server = new McpServer({ name: "my-mcp", version: "1.0.0" });

  init() {
    this.server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: this.props.sub ?? "nobody" }] }));
  }
}

