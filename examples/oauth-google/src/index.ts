/** An MCP server behind Google: people sign in there, and tools know who is calling. */
import { GoogleHandler, McpAgent, McpServer, OAuthProvider, startPage } from "mcp-wicket/oauth";
import * as z from "zod";

interface Env {
  OAUTH_KV: KVNamespace;
  GOOGLE_CLIENT_ID?: string;
  GOOGLE_CLIENT_SECRET?: string;
}

/** What the handler knows of a person; write `context` to decide it yourself. */
interface Props extends Record<string, unknown> {
  sub: string;
  name?: string;
  email?: string;
}

export class MyMCP extends McpAgent<Env, unknown, Props> {
  server = new McpServer({ name: "Notes", version: "1.0.0" });

  async init() {
    this.server.registerTool("whoami", { description: "Says who you are" }, async () => ({
      content: [
        { type: "text", text: `${this.props.name ?? "somebody"} (${this.props.email ?? "no e-mail address"})` },
      ],
    }));

    this.server.registerTool(
      "add",
      { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
      async ({ a, b }) => ({ content: [{ type: "text", text: `The sum is ${String(a + b)}` }] }),
    );
  }
}

export default new OAuthProvider<Env>({
  name: "Notes",
  apiHandlers: {
    "/mcp": MyMCP.serve("/mcp"),
    "/sse": MyMCP.serveSSE("/sse"),
  },
  defaultHandler: new GoogleHandler<Env>({
    clientId: (env) => env.GOOGLE_CLIENT_ID,
    clientSecret: (env) => env.GOOGLE_CLIENT_SECRET,
    scopes: ["openid", "email", "profile"],
    // Who may sign in. A Google Workspace: leave this out and set hd: "example.com". Some people: { emails: ["you@example.com"] }.
    allow: "anyone",
    fetch: (request) => startPage(request, { name: "Notes", auth: true, ssePath: "/sse" }),
  }),
  kv: (env) => env.OAUTH_KV,
  scopes: { mcp: "Use your notes" },
});
