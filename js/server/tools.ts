/** The effects "list" and "call": what the registry says, and running what the user wrote. */
import type { Passage } from "../endpoint.js";
import { ToolError, logged } from "../errors.js";
import type { Pass } from "../guard.js";
import type { Outcome } from "../run.js";
import type { CallEffect } from "../wire.js";
import { CallContext } from "./context.js";
import type { McpServer, RegisteredTool } from "./mcp-server.js";
import { check, describe, jsonSchemaText } from "./schema.js";
import { type Scoped, mayUse } from "./scopes.js";
import type { CallToolResult } from "./types.js";
import type { ServerWorld } from "./world.js";

/** The tools that the caller may use, as the text of a JSON array. */
export function listTools(server: McpServer, pass?: Pass): Outcome {
  const texts: string[] = [];
  for (const tool of server.tools.values()) {
    if (tool.enabled && mayUse(tool.config, pass)) texts.push(toolText(tool));
  }
  const json = `[${texts.join(",")}]`;
  return { json, splice: json };
}

function toolText({ name, config }: RegisteredTool): string {
  const { title, description, inputSchema, annotations, icons, _meta } = config;
  const announced = JSON.stringify({ name, title, description, annotations, icons, _meta });
  return `${announced.slice(0, -1)},"inputSchema":${jsonSchemaText(inputSchema)}}`;
}

/** Runs a tool. The outcome is `Called` of `src/flow/effect.rs`. */
export async function callTool(server: McpServer, effect: CallEffect, world: ServerWorld): Promise<Outcome> {
  const tool = server.tools.get(effect.name);
  if (!tool?.enabled) return { json: '{"unknown":true}' };
  const { passage } = world;
  if (!mayUse(tool.config, passage.pass)) return forbidden(tool.config, passage);
  const context = new CallContext(world, effect);
  const { inputSchema } = tool.config;
  try {
    if (!inputSchema) return returned(await tool.callback(context as never, context));
    const pending = check(inputSchema, effect.arguments ?? {});
    const checked = pending instanceof Promise ? await pending : pending;
    if (checked.issues) {
      return {
        json: JSON.stringify({ invalid: `Invalid arguments for the tool "${tool.name}": ${describe(checked.issues)}` }),
      };
    }
    return returned(await tool.callback(checked.value as never, context));
  } catch (error) {
    if (error instanceof ToolError) return { json: JSON.stringify({ refused: error.message }) };
    return { json: JSON.stringify({ threw: logged(`The tool "${tool.name}" threw`, error) }) };
  }
}

/** What the step-up challenge needs: the tool's scopes, and those that every request needs. */
function forbidden({ scopes = [] }: Scoped, { incoming, pass }: Passage): Outcome {
  const all = new Set([...(pass.stepUp?.scopes ?? []), ...scopes]);
  const metadata = pass.stepUp?.metadata(incoming);
  return { json: JSON.stringify({ forbidden: { scope: [...all].join(" "), metadata } }) };
}

function returned(result: CallToolResult): Outcome {
  const text = JSON.stringify(result) as string | undefined;
  const json = `{"returned":${text ?? "null"}}`;
  return text !== undefined && isPlain(result) ? { json, splice: text } : { json };
}

/** The members that Rust has nothing to say about; a result with others goes through it. */
const PLAIN = new Set(["content", "structuredContent", "isError"]);

function isPlain(result: unknown): boolean {
  if (typeof result !== "object" || result === null || !Array.isArray((result as CallToolResult).content)) return false;
  for (const member of Object.keys(result)) if (!PLAIN.has(member)) return false;
  return true;
}
