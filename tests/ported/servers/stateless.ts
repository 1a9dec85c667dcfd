import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { CallToolResult, GetPromptResult, ReadResourceResult } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/v4";

/** A prompt, a tool that logs while it works, and a resource; nothing is kept between requests. */
export function getServer(): McpServer {
  const server = new McpServer({ name: "stateless", version: "1.0.0" }, { capabilities: { logging: {} } });

  server.registerPrompt(
    "greeting-template",
    { title: "Greeting", description: "Greets somebody", argsSchema: { name: z.string().describe("Whom") } },
    async ({ name }): Promise<GetPromptResult> => ({
      messages: [{ role: "user", content: { type: "text", text: `Please greet ${name} kindly.` } }],
    }),
  );

  server.registerTool(
    "start-notifications",
    {
      description: "Logs several times",
      inputSchema: {
        interval: z.number().describe("Milliseconds between two").default(1),
        count: z.number().describe("How many").default(3),
      },
    },
    async ({ interval, count }, extra): Promise<CallToolResult> => {
      for (let number = 1; number <= count; number++) {
        await server.sendLoggingMessage({ level: "info", data: `Notification ${number}` }, extra.sessionId);
        await new Promise((resolve) => setTimeout(resolve, interval));
      }
      return { content: [{ type: "text", text: `Sent ${count} notifications every ${interval} ms` }] };
    },
  );

  server.registerResource(
    "greeting-resource",
    "https://example.com/greetings/default",
    { title: "Default greeting", description: "A greeting", mimeType: "text/plain" },
    async (): Promise<ReadResourceResult> => ({
      contents: [{ uri: "https://example.com/greetings/default", text: "Hello, world!" }],
    }),
  );
  return server;
}
