/** An MCP server for machines with an API key: whose key it is and what it may do stands in the key's record. */
import { APIKeyVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { env } from "cloudflare:workers";
import * as z from "zod";

interface Env {
  /** The records of all keys, as `npx mcp-wicket keys --api NAME` prints them. */
  API_KEYS: string;
}

const verifier = new APIKeyVerifier({ keys: (env as unknown as Env).API_KEYS });

const handler = createMcpHandler(({ props }) => {
  const server = new McpServer({ name: "Notes", version: "1.0.0" });

  server.registerTool("whoami", { description: "Says whose key this is" }, async () => ({
    content: [{ type: "text", text: String(props?.sub) }],
  }));

  server.registerTool(
    "publish",
    { description: "Publishes a text", inputSchema: { text: z.string() }, scopes: ["notes:write"] },
    async ({ text }) => ({ content: [{ type: "text", text: `Published ${String(text.length)} characters.` }] }),
  );
  return server;
});

export default protect(verifier, handler);
