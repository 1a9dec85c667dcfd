import { McpServer, type RegisteredTool } from "@modelcontextprotocol/sdk/server/mcp.js";
import * as z from "zod/v4";

/** What is registered changes afterwards. */
export function getServer(): McpServer {
  const server = new McpServer({ name: "changing", version: "1.0.0" });
  const add = (name: string, content: string) =>
    server.registerResource(name, `https://example.com/${name}`, { mimeType: "text/plain" }, async (uri) => ({
      contents: [{ uri: uri.toString(), text: content }],
    }));
  add("one", "The first");
  const two = add("two", "The second");
  add("three", "The third").remove();
  two.update({ name: "second", uri: "https://example.com/second" });

  const tool: RegisteredTool = server.registerTool("before", { description: "Before" }, async () => ({
    content: [{ type: "text", text: "before" }],
  }));
  tool.update({
    name: "after",
    title: "After",
    description: "After",
    paramsSchema: { word: z.string() },
    callback: async ({ word }) => ({ content: [{ type: "text", text: `after ${word}` }] }),
  });
  const prompt = server.registerPrompt("off", { description: "Off" }, async () => ({ messages: [] }));
  prompt.disable();
  server.registerPrompt("on", { description: "On" }, async () => ({ messages: [] }));
  return server;
}
