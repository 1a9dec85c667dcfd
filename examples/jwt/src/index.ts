/** An MCP server for callers with a token: who they are and what they may do is in its claims. */
import { JWTVerifier, McpAgent, McpServer, protect } from "mcp-wicket/jwt";
import { env } from "cloudflare:workers";
import * as z from "zod";

interface Env {
  /** 32 bytes or more; `npx mcp-wicket keys` makes one. */
  JWT_SECRET: string;
}

interface Claims extends Record<string, unknown> {
  sub?: string;
}

export class MyMCP extends McpAgent<Env, unknown, Claims> {
  server = new McpServer({ name: "Notes", version: "1.0.0" });

  async init() {
    this.server.registerTool("whoami", { description: "Says whose token this is" }, async () => ({
      content: [{ type: "text", text: this.props.sub ?? "nobody" }],
    }));

    this.server.registerTool(
      "publish",
      { description: "Publishes a text", inputSchema: { text: z.string() }, scopes: ["notes:write"] },
      async ({ text }) => ({ content: [{ type: "text", text: `Published ${String(text.length)} characters.` }] }),
    );
  }
}

const verifier = new JWTVerifier({
  secret: (env as unknown as Env).JWT_SECRET,
  issuer: "notes-auth",
  audience: "notes-mcp",
});

export default protect(verifier, [MyMCP.serve("/mcp"), MyMCP.serveSSE("/sse")], {
  scopesSupported: ["notes:write"],
});
