import { logged } from "../errors.js";
import type { Outcome } from "../run.js";
import type { CallEffect, Splice } from "../wire.js";
import { CallContext } from "./context.js";
import { UNKNOWN, areKnown, forbidden, hasOnly, invalid, returned, thrown } from "./handlers.js";
import type { McpServer } from "./mcp-server.js";
import { mirrorsOf } from "./mirrors.js";
import type { RegisteredTool } from "./registered.js";
import { check, describe } from "./schema.js";
import { mayUse } from "./scopes.js";
import type { CallToolResult } from "./types.js";
import type { ServerWorld } from "./world.js";

/** Runs a tool. The outcome is `Called` of `src/flow/call.rs`. */
export async function callTool(server: McpServer, effect: CallEffect, world: ServerWorld): Promise<Outcome> {
  const tool = server.tools.get(effect.name);
  if (!tool?.enabled) return UNKNOWN;
  const { passage } = world;
  if (!mayUse(tool, passage.pass)) return forbidden(tool, passage);
  const { inputSchema, outputSchema } = tool;
  if (effect.mirror && inputSchema) {
    const mirrors = mirrorsOf(inputSchema);
    if (mirrors.length > 0) {
      return { json: JSON.stringify({ mirrored: { arguments: mirrors, headers: mirroring(world.request) } }) };
    }
  }
  const context = new CallContext(world, effect);
  try {
    let result: CallToolResult;
    if (inputSchema) {
      const pending = check(inputSchema, effect.arguments ?? {});
      const checked = pending instanceof Promise ? await pending : pending;
      if (checked.issues) return invalid("tool", tool.name, checked);
      result = await tool.handler(checked.value as never, context);
    } else {
      result = await tool.handler(context as never, context);
    }
    const unfit = outputSchema ? await checkOutput(tool, result) : undefined;
    return unfit ?? returned(result, isPlain(result, effect.splice));
  } catch (error) {
    return thrown(server, "tool", tool.name, error);
  }
}

/** The headers of a request that mirror arguments. */
function mirroring(request: Request): [string, string][] {
  const start = "mcp-param-";
  const headers = [...request.headers].filter(([name]) => name.startsWith(start));
  return headers.map(([name, value]) => [name.slice(start.length), value]);
}

/** A result that says that it is no error has to fit the output schema. */
async function checkOutput(
  { name, outputSchema }: RegisteredTool,
  result: CallToolResult,
): Promise<Outcome | undefined> {
  if ((result as unknown) == null || result.isError || !outputSchema) return undefined;
  const { structuredContent } = result;
  const checked =
    structuredContent === undefined
      ? { issues: [{ message: "there is no structuredContent" }] }
      : await check(outputSchema, structuredContent);
  if (!checked.issues) return undefined;
  const reason = new Error(describe(checked.issues));
  return {
    json: JSON.stringify({ unfit: logged(`The result of the tool "${name}" does not fit outputSchema`, reason) }),
  };
}

/** The members that Rust has nothing to say about; a result with others goes through it. */
const PLAIN = new Set(["content", "structuredContent", "isError"]);

function isPlain(result: CallToolResult, splice: Splice | undefined): boolean {
  if (!splice || !hasOnly(result, PLAIN) || !Array.isArray(result.content)) return false;
  const { content, structuredContent } = result;
  if (structuredContent === undefined) return areKnown(content, splice.kinds);
  // Where there is no text, Rust makes one of the structured content.
  if (content.length === 0 || splice.structured === "none") return false;
  if (splice.structured === "object" && !isObject(structuredContent)) return false;
  return areKnown(content, splice.kinds);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !("toJSON" in value);
}
