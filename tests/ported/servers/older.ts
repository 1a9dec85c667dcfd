import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod/v3";

const DEPARTMENTS = ["engineering", "sales", "support"];

/** The older overloads, zod 3, templates and completion. */
export function getServer(): McpServer {
  const server = new McpServer({ name: "older", version: "1.0.0" });

  server.tool("ping-tool", async () => ({ content: [{ type: "text", text: "pong" }] }));
  server.tool("described", "Has a description", async () => ({ content: [{ type: "text", text: "described" }] }));
  server.tool("add", "Adds", { a: z.number(), b: z.number().optional() }, async ({ a, b }) => ({
    content: [{ type: "text", text: String(a + (b ?? 0)) }],
  }));
  server.tool("annotated", "Reads", { key: z.string() }, { readOnlyHint: true }, async ({ key }) => ({
    content: [{ type: "text", text: key }],
  }));
  server.tool("switched-off", async () => ({ content: [] })).disable();

  server.resource("config", "config://app", async (uri) => ({ contents: [{ uri: uri.href, text: "{}" }] }));
  server.resource(
    "user-profile",
    new ResourceTemplate("users://{userId}/profile", {
      list: async () => ({ resources: [{ uri: "users://1/profile", name: "The first" }] }),
      complete: { userId: (value) => ["1", "12", "2"].filter((id) => id.startsWith(value)) },
    }),
    { mimeType: "application/json" },
    async (uri, { userId }) => ({ contents: [{ uri: uri.href, text: JSON.stringify({ userId }) }] }),
  );

  server.prompt("hello", "Greets", () => ({
    messages: [{ role: "user", content: { type: "text", text: "Hello!" } }],
  }));
  server.prompt(
    "team-greeting",
    {
      department: completable(z.string(), (value) => DEPARTMENTS.filter((name) => name.startsWith(value))),
      name: z.string().optional(),
    },
    ({ department, name }) => ({
      messages: [{ role: "assistant", content: { type: "text", text: `Hello ${name ?? "all"} of ${department}` } }],
    }),
  );
  return server;
}
