/** The server of the tests in which clients sign in: the adder again, behind GitHub. */
import { GitHubHandler, McpAgent, McpServer, OAuthProvider } from "mcp-wicket/oauth";
import { z } from "zod";

interface Props extends Record<string, unknown> {
  login: string;
}

export class MyMCP extends McpAgent<unknown, unknown, Props> {
  override server = new McpServer({ name: "adder", version: "1.0.0" });

  override init(): void {
    this.server.registerTool(
      "add",
      { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
      ({ a, b }) => ({ content: [{ type: "text", text: `${this.props.login} has ${String(a + b)}` }] }),
    );
  }
}

export default new OAuthProvider({
  name: "Adder",
  apiHandlers: { "/mcp": MyMCP.serve("/mcp"), "/sse": MyMCP.serveSSE("/sse") },
  defaultHandler: new GitHubHandler({
    clientId: "client-1",
    clientSecret: "s3cret",
    scopes: ["read:user", "user:email"],
    allow: "anyone",
  }),
  scopes: { mcp: "Use the adder" },
});
