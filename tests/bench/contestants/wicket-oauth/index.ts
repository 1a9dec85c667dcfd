/** `mcp-wicket` behind its own authorization server: a token whose props travel inside it. */
import { McpServer, OAuthProvider, WicketObject, createMcpHandler } from "mcp-wicket/oauth";
import { z } from "zod";
import { addTool } from "../../tools";

export { WicketObject };

const add = addTool(z);

export default new OAuthProvider<{ OAUTH_KV: KVNamespace }>({
  apiHandlers: {
    "/mcp": createMcpHandler(() => {
      const server = new McpServer({ name: "bench", version: "1.0.0" });
      server.registerTool(add.name, { description: add.description, inputSchema: add.fields }, add.run);
      return server;
    }),
  },
  defaultHandler: { identify: () => ({ id: "1", label: "bench", props: { login: "bench" } }) },
  kv: (env) => env.OAUTH_KV,
});
