/** An MCP server behind GitHub: people sign in there, and tools know who is calling. */
import { GitHubHandler, McpAgent, McpServer, OAuthProvider, startPage } from "mcp-wicket/oauth";
import * as z from "zod";

interface Env {
  OAUTH_KV: KVNamespace;
  GITHUB_CLIENT_ID?: string;
  GITHUB_CLIENT_SECRET?: string;
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
      content: [{ type: "text", text: `${String(this.props.login)} (${this.props.email ?? "no e-mail address"})` }],
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
  defaultHandler: new GitHubHandler<Env>({
    clientId: (env) => env.GITHUB_CLIENT_ID,
    clientSecret: (env) => env.GITHUB_CLIENT_SECRET,
    scopes: ["read:user", "user:email"],
    // Who may sign in. Yourself, for a start: { logins: ["your-name"] }, or a company: { orgs: ["your-org"] }.
    allow: "anyone",
    fetch: (request) => startPage(request, { name: "Notes", auth: true, ssePath: "/sse" }),
  }),
  kv: (env) => env.OAUTH_KV,
  scopes: { mcp: "Use your notes" },
});
