/** The adder behind API keys. */
import { APIKeyVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { env } from "cloudflare:workers";
import { z } from "zod";

const { API_KEYS: keys } = env as unknown as { API_KEYS: string };

const handler = createMcpHandler(({ props }) => {
  const server = new McpServer({ name: "adder", version: "1.0.0" });
  server.registerTool(
    "add",
    { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
    ({ a, b }) => ({ content: [{ type: "text", text: `${String(props?.sub)} has ${String(a + b)}` }] }),
  );
  return server;
});

export default protect(new APIKeyVerifier({ keys }), handler);
