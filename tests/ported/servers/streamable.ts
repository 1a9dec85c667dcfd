import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { CallToolResult, ReadResourceResult, ResourceLink } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod/v4";

/** Tools with annotations, one that logs, links to resources, and a form for the person. */
export function getServer(): McpServer {
  const server = new McpServer(
    { name: "streamable", version: "1.0.0", websiteUrl: "https://example.com" },
    { capabilities: { logging: {} }, instructions: "Greet people." },
  );

  server.registerTool(
    "greet",
    { title: "Greeting tool", description: "Says hello", inputSchema: { name: z.string().describe("Whom") } },
    async ({ name }): Promise<CallToolResult> => ({ content: [{ type: "text", text: `Hello, ${name}!` }] }),
  );

  server.registerTool(
    "multi-greet",
    {
      description: "Says hello several times",
      inputSchema: { name: z.string().describe("Whom") },
      annotations: { title: "Several greetings", readOnlyHint: true, openWorldHint: false },
    },
    async ({ name }, extra): Promise<CallToolResult> => {
      for (const step of ["first", "second"]) {
        await server.sendLoggingMessage({ level: "debug", data: `The ${step} greeting of ${name}` }, extra.sessionId);
      }
      return { content: [{ type: "text", text: `Good morning, ${name}!` }] };
    },
  );

  server.registerTool(
    "collect-info",
    { description: "Asks for contact details", inputSchema: { kind: z.enum(["contact", "feedback"]) } },
    async ({ kind }): Promise<CallToolResult> => {
      const result = await server.server.elicitInput({
        mode: "form",
        message: `Your ${kind}, please`,
        requestedSchema: {
          type: "object",
          properties: {
            name: { type: "string", title: "Name" },
            stars: { type: "integer", minimum: 1, maximum: 5 },
          },
          required: ["name"],
        },
      });
      if (result.action !== "accept") return { content: [{ type: "text", text: `No ${kind}: ${result.action}` }] };
      return { content: [{ type: "text", text: `Thank you: ${JSON.stringify(result.content)}` }] };
    },
  );

  const file = (number: number) => `file:///example/file${number}.txt`;
  for (const number of [1, 2]) {
    server.registerResource(
      `example-file-${number}`,
      file(number),
      { title: `File ${number}`, description: "A file", mimeType: "text/plain" },
      async (uri): Promise<ReadResourceResult> => ({
        contents: [{ uri: uri.href, text: `The text of file ${number}` }],
      }),
    );
  }

  server.registerTool(
    "list-files",
    {
      description: "Links to the files",
      inputSchema: { includeDescriptions: z.boolean().optional().describe("With what they are") },
    },
    async ({ includeDescriptions = true }): Promise<CallToolResult> => {
      const links: ResourceLink[] = [1, 2].map((number) => ({
        type: "resource_link",
        uri: file(number),
        name: `File ${number}`,
        mimeType: "text/plain",
        ...(includeDescriptions && { description: "A file" }),
      }));
      return { content: [{ type: "text", text: "The files:" }, ...links] };
    },
  );
  return server;
}
