/** The tools that the conformance suite calls, by the names and with the answers that it expects. */
import type { McpServer } from "mcp-wicket";
import { fromJsonSchema } from "mcp-wicket/json-schema";
import { z } from "zod";
import { PNG, WAV } from "./media.js";

const REGION = z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) });

const CONTACT = fromJsonSchema({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
});

/** Registers all of them. */
export function registerTools(server: McpServer): void {
  server.registerTool("test_simple_text", { description: "Answers with a text" }, () => ({
    content: [{ type: "text", text: "This is a simple text response for testing." }],
  }));
  server.registerTool("test_image_content", { description: "Answers with an image" }, () => ({
    content: [{ type: "image", data: PNG, mimeType: "image/png" }],
  }));
  server.registerTool("test_audio_content", { description: "Answers with a sound" }, () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  server.registerTool("test_embedded_resource", { description: "Answers with a resource" }, () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  }));
  server.registerTool("test_multiple_content_types", { description: "Answers with several kinds of content" }, () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      { type: "image", data: PNG, mimeType: "image/png" },
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 }),
        },
      },
    ],
  }));
  server.registerTool("test_error_handling", { description: "Answers with an error" }, () => ({
    content: [{ type: "text", text: "This tool intentionally returns an error for testing" }],
    isError: true,
  }));
  server.registerTool(
    "test_x_mcp_header",
    { description: "Has an argument that a header mirrors", inputSchema: REGION },
    ({ region }) => ({ content: [{ type: "text", text: region }] }),
  );
  server.registerTool("test_tool_with_logging", { description: "Logs while it runs" }, async ({ log }) => {
    await log("info", "Tool execution started");
    // real time: the official suite wants what is said to be apart
    await scheduler.wait(50);
    await log("info", "Tool processing data");
    // real time: the official suite wants what is said to be apart
    await scheduler.wait(50);
    await log("info", "Tool execution completed");
    return { content: [{ type: "text", text: "Tool with logging executed successfully" }] };
  });
  server.registerTool(
    "test_tool_with_progress",
    { description: "Tells how far it is" },
    async ({ progress, _meta }) => {
      for (const step of [0, 50, 100]) {
        await progress(step, 100, `Completed step ${step} of 100`);
        // real time: the official suite wants what is said to be apart
        await scheduler.wait(50);
      }
      return { content: [{ type: "text", text: JSON.stringify(_meta?.progressToken ?? 0).replaceAll('"', "") }] };
    },
  );
  server.registerTool("test_logging_tool", { description: "Logs if the request wants it" }, async ({ log }) => {
    await log("info", "Evaluated");
    return { content: [{ type: "text", text: "Logging evaluated" }] };
  });
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Has a schema that is written as JSON Schema", inputSchema: CONTACT },
    (contact) => ({ content: [{ type: "text", text: JSON.stringify(contact) }] }),
  );
}
