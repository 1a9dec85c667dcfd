/** `mcp-wicket` behind its JWT verifier: a token that is signed with a shared secret. */
import { JWTVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { env } from "cloudflare:workers";
import { z } from "zod";
import { addTool } from "../../tools";

const add = addTool(z);
const { JWT_SECRET: secret } = env as unknown as { JWT_SECRET: string };

const verifier = new JWTVerifier({ secret, issuer: "https://issuer.example", audience: "https://mcp.example.com/mcp" });

export default protect(
  verifier,
  createMcpHandler(() => {
    const server = new McpServer({ name: "bench", version: "1.0.0" });
    server.registerTool(add.name, { description: add.description, inputSchema: add.fields }, add.run);
    return server;
  }),
);
