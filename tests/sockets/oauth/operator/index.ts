/** The Worker under test; the header stands for a session of the app's own. */
import { APIKeyVerifier, McpAgent, McpServer, OAuthProvider, d1Audit } from "mcp-wicket/oauth";

interface Env {
  API_KEYS: string;
  DB: D1Database;
}

export class MyMCP extends McpAgent<Env> {
  server = new McpServer({ name: "operated", version: "1.0.0" });

  init(): void {
    this.server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: JSON.stringify(this.props) }] }));
  }
}

const keys = new APIKeyVerifier<Env>({
  keys: (id, { API_KEYS }) => (JSON.parse(API_KEYS) as { id: string; hash: string }[]).find((key) => key.id === id),
});

export default new OAuthProvider<Env>({
  apiHandlers: { "/mcp": MyMCP.serve("/mcp") },
  defaultHandler: {
    identify: (request) => {
      const user = request.headers.get("x-user");
      return user === null ? null : { id: user, label: user, props: { login: user } };
    },
  },
  registration: "approve",
  tokens: keys,
  operator: { verifier: keys },
  audit: d1Audit(({ DB }) => DB),
});
