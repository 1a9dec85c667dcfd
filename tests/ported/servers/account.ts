import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { ErrorCode, McpError, UrlElicitationRequiredError } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";

const PAGE = {
  mode: "url" as const,
  message: "Connect your account",
  url: "https://example.com/connect?elicitation=e1",
  elicitationId: "e1",
};

/** What cannot be done before a person has opened a page, and other errors with codes. */
export function getServer(): McpServer {
  const server = new McpServer({ name: "account", version: "1.0.0" });

  server.registerTool("connect", { inputSchema: { twice: z.boolean() } }, async ({ twice }) => {
    throw new UrlElicitationRequiredError(twice ? [PAGE, { ...PAGE, elicitationId: "e2" }] : [PAGE], "Connect first");
  });
  server.registerTool("connect-by-code", {}, async () => {
    throw new McpError(ErrorCode.UrlElicitationRequired, "Connect first", { elicitations: [PAGE] });
  });
  server.registerResource("letters", "letters://today", {}, async () => {
    throw new UrlElicitationRequiredError([PAGE], "Connect first");
  });
  server.registerPrompt("answer", {}, async () => {
    throw new UrlElicitationRequiredError([PAGE], "Connect first");
  });
  server.registerPrompt("refused", {}, async () => {
    throw new McpError(ErrorCode.InvalidParams, "Not today", { day: "Sunday" });
  });
  return server;
}
