/** An MCP server behind Microsoft Entra ID: people sign in there, and tools know who is calling. */
import { AzureADHandler, McpAgent, McpServer, OAuthProvider, startPage } from "mcp-wicket/oauth";
import * as z from "zod";

interface Env {
  OAUTH_KV: KVNamespace;
  AZURE_CLIENT_ID?: string;
  AZURE_CLIENT_SECRET?: string;
  /** Your directory (tenant) id. */
  AZURE_TENANT_ID?: string;
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
  defaultHandler: new AzureADHandler<Env>({
    clientId: (env) => env.AZURE_CLIENT_ID,
    clientSecret: (env) => env.AZURE_CLIENT_SECRET,
    // Only accounts of this directory can sign in; while its ID is not set, nobody can.
    tenant: (env) => env.AZURE_TENANT_ID ?? "AZURE_TENANT_ID is not set",
    scopes: ["User.Read"],
    fetch: (request) => startPage(request, { name: "Notes", auth: true, ssePath: "/sse" }),
  }),
  kv: (env) => env.OAUTH_KV,
  scopes: { mcp: "Use your notes" },
});
