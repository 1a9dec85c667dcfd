/** A server that takes the tokens of an issuer elsewhere, with a mount for each transport; written for `agents`. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpAgent } from "agents/mcp";
import { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { verify } from "hono/jwt";
import { z } from "zod";

interface Env {
  MCP_OBJECT: DurableObjectNamespace<Ledger>;
  JWT_SECRET: string;
}

type Caller = { sub: string; roles: string[] };

export class Ledger extends McpAgent<Env, Record<string, never>, Caller> {
  server = new McpServer(
    { name: "ledger", version: "1.2.0" },
    { instructions: "Amounts are in cents.", capabilities: { logging: {} } },
  );

  async init() {
    this.server.tool("whoami", "Says who is calling", async () => ({
      content: [{ type: "text", text: `${this.props?.sub} (${this.props?.roles.join(", ")})` }],
    }));

    this.server.registerTool(
      "convert",
      {
        title: "Convert",
        description: "Converts an amount at a rate",
        inputSchema: {
          cents: z.number().int(),
          rate: z.number().positive(),
          currency: z.enum(["EUR", "USD"]).optional(),
        },
        outputSchema: { cents: z.number() },
        annotations: { readOnlyHint: true },
      },
      async ({ cents, rate, currency = "EUR" }, extra) => {
        const converted = { cents: Math.round(cents * rate) };
        await extra.sendNotification({
          method: "notifications/message",
          params: { level: "info", data: `converted to ${currency}` },
        });
        return { content: [{ type: "text", text: JSON.stringify(converted) }], structuredContent: converted };
      },
    );

    if (this.props?.roles.includes("admin")) {
      this.server.tool("close", { year: z.number() }, async ({ year }) => ({
        content: [{ type: "text", text: `${year} is closed` }],
      }));
    }

    this.server.resource("rates", "ledger://rates", async (uri) => ({
      contents: [{ uri: uri.href, mimeType: "application/json", text: '{"EUR":1}' }],
    }));

    this.server.prompt("explain", { entry: z.string() }, ({ entry }) => ({
      messages: [{ role: "user", content: { type: "text", text: `Explain ${entry}` } }],
    }));
  }
}

const app = new Hono<{ Bindings: Env }>();

const signedIn = createMiddleware<{ Bindings: Env }>(async (c, next) => {
  const token = c.req.header("Authorization")?.replace(/^Bearer /, "");
  if (!token) return c.text("Unauthorized", 401);
  try {
    const { sub, roles } = await verify(token, c.env.JWT_SECRET, "HS256");
    const ctx = c.executionCtx as ExecutionContext & { props: Caller };
    ctx.props = { sub: String(sub), roles: Array.isArray(roles) ? roles.map(String) : [] };
  } catch {
    return c.text("Invalid token", 401);
  }
  return next();
});

app.get("/", (c) => c.html("<h1>Ledger</h1><p>Connect a client to <code>/mcp</code>.</p>"));
for (const path of ["/mcp", "/sse", "/sse/*"]) app.use(path, signedIn);
app.mount("/sse", Ledger.serveSSE("/sse").fetch, { replaceRequest: (request) => request });
app.mount("/mcp", Ledger.serve("/mcp", { binding: "MCP_OBJECT" }).fetch, { replaceRequest: (request) => request });

export default app;
