/** `agents` behind `jose`, as people put it there: a token that is signed with a shared secret. */
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";
import { jwtVerify } from "jose";
import { z } from "zod";
import { addTool } from "../../tools";

const add = addTool(z);
const input = z.object(add.fields);

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  server.registerTool(add.name, { description: add.description, inputSchema: input }, add.run);
  return server;
});

let secret: Uint8Array | undefined;
const rules = { issuer: "https://issuer.example", audience: "https://mcp.example.com/mcp", algorithms: ["HS256"] };

export default {
  async fetch(request: Request, env: { JWT_SECRET: string }, ctx: ExecutionContext) {
    const token = request.headers.get("Authorization")?.replace("Bearer ", "");
    if (!token) return new Response("Unauthorized", { status: 401 });
    try {
      secret ??= new TextEncoder().encode(env.JWT_SECRET);
      await jwtVerify(token, secret, rules);
    } catch {
      return new Response("Invalid token", { status: 401 });
    }
    return mcp(request, env, ctx);
  },
};
