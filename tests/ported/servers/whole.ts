import { completable } from "@modelcontextprotocol/sdk/server/completable.js";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import {
  type CallToolResult,
  CreateMessageResultSchema,
  ElicitResultSchema,
  type GetPromptResult,
  type ReadResourceResult,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import * as z3 from "zod/v3";

const ICON = { src: "https://example.com/icon.png", mimeType: "image/png", sizes: ["48x48"] };
const CITIES = ["Berlin", "Bern", "Bonn"];

/** What the official SDK's documentation shows, all in one server. */
export function getServer(): McpServer {
  const server = new McpServer(
    { name: "whole", version: "1.0.0", title: "The whole", websiteUrl: "https://example.com", icons: [ICON] },
    { capabilities: { logging: {} }, instructions: "Ask for the weather." },
  );

  server.registerTool(
    "weather",
    {
      title: "Weather",
      description: "The weather of a city",
      inputSchema: { city: z.string().describe("Its name"), days: z.number().int().min(1).max(3).default(1) },
      outputSchema: { city: z.string(), degrees: z.array(z.number()), note: z.string().optional() },
      annotations: { title: "Weather", readOnlyHint: true, openWorldHint: false },
      _meta: { "example.com/kind": "forecast" },
    },
    async ({ city, days }): Promise<CallToolResult> => {
      const structuredContent = { city, degrees: Array.from({ length: days }, (_, day) => 20 + day) };
      return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
    },
  );
  server.registerTool(
    "with-zod-3",
    { inputSchema: { city: z3.string().min(2), unit: z3.enum(["C", "F"]).optional() } },
    async ({ city, unit = "C" }) => ({ content: [{ type: "text", text: `${city} in ${unit}` }] }),
  );
  server.registerTool("log", {}, async (extra) => {
    await server.sendLoggingMessage({ level: "info", logger: "whole", data: { step: 1 } }, extra.sessionId);
    await extra.sendNotification({
      method: "notifications/message",
      params: { level: "warning", data: "by the protocol's own words" },
    });
    return { content: [{ type: "text", text: "logged" }] };
  });
  server.registerTool("book", { inputSchema: { city: z.string() } }, async ({ city }) => {
    const result = await server.server.elicitInput({
      mode: "form",
      message: `Book in ${city}?`,
      requestedSchema: {
        type: "object",
        properties: {
          yes: { type: "boolean", title: "Yes?" },
          when: { type: "string", enum: ["today", "tomorrow"], enumNames: ["Today", "Tomorrow"] },
        },
        required: ["yes"],
      },
    });
    if (result.action !== "accept" || !result.content?.yes) return { content: [{ type: "text", text: "not booked" }] };
    return { content: [{ type: "text", text: `booked for ${String(result.content.when)}` }] };
  });
  server.registerTool("summarize", { inputSchema: { text: z.string() } }, async ({ text }) => {
    const { content } = await server.server.createMessage({
      messages: [{ role: "user", content: { type: "text", text: `Summarize: ${text}` } }],
      maxTokens: 50,
    });
    return { content: [{ type: "text", text: content.type === "text" ? content.text : "no text" }] };
  });
  server.registerTool("ask-by-request", {}, async (extra) => {
    const said = await extra.sendRequest(
      {
        method: "sampling/createMessage",
        params: { messages: [{ role: "user", content: { type: "text", text: "Hello" } }], maxTokens: 5 },
      },
      CreateMessageResultSchema,
    );
    const asked = await extra.sendRequest(
      {
        method: "elicitation/create",
        params: { message: "Sure?", requestedSchema: { type: "object", properties: {} } },
      },
      ElicitResultSchema,
    );
    return { content: [{ type: "text", text: `${said.model} ${asked.action}` }] };
  });
  server.registerTool("who", { inputSchema: {} }, async (_args, extra) => ({
    content: [
      {
        type: "text",
        text: `${extra.authInfo?.clientId ?? "nobody"} ${typeof extra.requestId} ${extra.signal.aborted}`,
      },
      { type: "text", text: typeof extra._meta },
    ],
  }));
  server.registerTool("link", {}, async () => ({
    content: [
      { type: "resource_link", uri: "cities://Bonn", name: "Bonn", mimeType: "text/plain", description: "A city" },
      { type: "resource", resource: { uri: "cities://Bonn", text: "Bonn", mimeType: "text/plain" } },
      { type: "text", text: "for people", annotations: { audience: ["user"], priority: 0.5 } },
    ],
  }));
  server
    .registerTool("throws", {}, async () => {
      throw new TypeError("never shown");
    })
    .disable();

  server.registerResource(
    "cities",
    new ResourceTemplate("cities://{city}", {
      list: async () => ({
        resources: CITIES.map((name) => ({ uri: `cities://${name}`, name, title: `City of ${name}` })),
      }),
      complete: {
        city: (value, context) =>
          [...CITIES, ...Object.keys(context?.arguments ?? {})].filter((name) => name.startsWith(value)),
      },
    }),
    { title: "Cities", description: "All of them", mimeType: "text/plain", icons: [ICON] },
    async (uri, { city }): Promise<ReadResourceResult> => ({ contents: [{ uri: uri.href, text: String(city) }] }),
  );
  server.registerResource(
    "config",
    "config://app",
    { title: "Configuration", mimeType: "application/json", annotations: { audience: ["assistant"], priority: 1 } },
    async (uri) => ({ contents: [{ uri: uri.href, blob: "e30=", mimeType: "application/json", _meta: { "a/b": 1 } }] }),
  );
  server.registerPrompt(
    "plan",
    {
      title: "Plan",
      description: "Plans a trip",
      argsSchema: {
        city: completable(z.string().describe("Where"), (value) => CITIES.filter((name) => name.startsWith(value))),
        hotel: completable(z.string().optional(), (value, context) => [
          `${value ?? ""} in ${context?.arguments?.city ?? "?"}`,
        ]),
      },
    },
    async ({ city, hotel }): Promise<GetPromptResult> => ({
      description: "A trip",
      messages: [
        { role: "user", content: { type: "text", text: `${city}, ${hotel ?? "no hotel"}` } },
        { role: "assistant", content: { type: "resource_link", uri: `cities://${city}`, name: city } },
      ],
    }),
  );
  return server;
}
