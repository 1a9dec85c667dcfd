/** The Worker under test: its upstream is the one that the variable names. */
import {
  AzureADHandler,
  GenericOAuthHandler,
  GitHubHandler,
  GoogleHandler,
  McpAgent,
  McpServer,
  OAuthProvider,
} from "mcp-wicket/oauth";

interface Env {
  UPSTREAM: string;
  ISSUER?: string;
  ALLOW?: string;
}

export class MyMCP extends McpAgent<Env> {
  server = new McpServer({ name: "e2e", version: "1.0.0" });

  init(): void {
    this.server.registerTool("whoami", { description: "Says who is calling" }, () => ({
      content: [{ type: "text", text: JSON.stringify(this.props) }],
    }));
    this.server.registerTool("upstream", { description: "Shows a token of the provider" }, async () => ({
      content: [{ type: "text", text: await this.upstream.accessToken() }],
    }));
  }
}

const settings = { clientId: "client-1", clientSecret: "s3cret", allow: "anyone" as const };
const handlers = {
  generic: new GenericOAuthHandler<Env>({ ...settings, issuer: ({ ISSUER }) => ISSUER, label: "Real provider" }),
  google: new GoogleHandler<Env>(settings),
  azure: new AzureADHandler<Env>({ ...settings, tenant: "8eaef023-2b34-4da1-9baa-8bc8c9d6a490" }),
  github: new GitHubHandler<Env>({ ...settings, scopes: ["user:email"], allow: { orgs: ["acme"] } }),
};

const providers = Object.fromEntries(
  Object.entries(handlers).map(([name, defaultHandler]) => [
    name,
    new OAuthProvider<Env>({
      apiHandlers: { "/mcp": MyMCP.serve("/mcp"), "/sse": MyMCP.serveSSE("/sse") },
      defaultHandler,
      scopes: { read: "Read", write: "Write" },
      // So that a tool call a moment later is a refresh later, where a test wants one.
      accessTokenTtl: 60,
    }),
  ]),
);

export default {
  fetch(request, env, ctx) {
    const provider = providers[env.UPSTREAM];
    return provider ? provider.fetch(request, env, ctx) : new Response("no such upstream", { status: 500 });
  },
} satisfies ExportedHandler<Env>;
