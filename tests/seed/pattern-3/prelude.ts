import { McpAgent, McpServer } from "mcp-wicket/oauth";
import { Octokit } from "@octokit/rest";

interface Env {
  OAUTH_KV: KVNamespace;
  GITHUB_CLIENT_ID: string;
  GITHUB_CLIENT_SECRET: string;
}

export class MyMCP extends McpAgent<Env, unknown, { login: string; email: string; accessToken: string }> {
  server = new McpServer({ name: "my-mcp", version: "1.0.0" });

  init() {
    this.server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: this.props.login }] }));
  }
}

