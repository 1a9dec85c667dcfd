import { logged } from "../../common/errors.js";
import type { Outcome } from "../world.js";
import type { CallEffect } from "../wire.js";
import { CallContext } from "../../mcp/server/call-context.js";
import { UNKNOWN, called, forbidden, invalid, ran, returned, thrown, unfitText } from "./outcomes.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";
import { mirrorsOf } from "../../mcp/server/mirrors.js";
import type { RegisteredTool } from "../../mcp/server/registered.js";
import { check, checkArguments, describe } from "../../mcp/server/schema/schema.js";
import { mayUse } from "../../mcp/server/scopes.js";
import type { CallToolResult } from "../../mcp/server/types.js";
import type { ServerWorld } from "../../mcp/server/world.js";

/* Runs a tool. The outcome is `CallOutcome` of `src/flow/call.rs`. */
export async function callTool(server: McpServer, effect: CallEffect, world: ServerWorld): Promise<Outcome> {
  const tool = server.tools.get(effect.name);
  if (!tool?.enabled) return UNKNOWN;
  if (!mayUse(tool, world.admitted.access)) return forbidden(tool, world.admitted);
  const { name, inputSchema } = tool;
  const mirrors = effect.mirror && inputSchema ? mirrorsOf(inputSchema) : [];
  if (mirrors.length > 0) {
    return called({ mirrored: { arguments: mirrors, headers: mirroring(world.request) } });
  }
  const context = new CallContext(world, effect);
  try {
    const checked = inputSchema ? await checkArguments(inputSchema, effect.arguments ?? {}) : undefined;
    if (checked?.issues && !server.hooks) return invalid("tool", name, checked);
    const args = checked && !checked.issues ? checked.value : effect.arguments;
    const about = { method: "tools/call", name, arguments: args, context } as const;
    const result = await ran<CallToolResult>(world, "tool", about, () => {
      if (!checked?.issues) return tool.handler((checked ? args : context) as never, context);
      return { content: [{ type: "text", text: unfitText("tool", name, checked) }], isError: true };
    });
    const unfit = tool.outputSchema && (await checkOutput(tool, result));
    return unfit ?? returned(result, "content");
  } catch (error) {
    return thrown(server, "tool", name, error, context);
  }
}

/** The headers of a request that may mirror arguments. */
function mirroring(request: Request): [string, string][] {
  const start = "mcp-param-";
  const headers = [...request.headers].filter(([name]) => name.startsWith(start));
  return headers.map(([name, value]) => [name.slice(start.length), value]);
}

/** Checks a result against the output schema: unless it is an error, it must have structured content that matches. */
async function checkOutput(
  { name, outputSchema }: RegisteredTool,
  result: CallToolResult,
): Promise<Outcome | undefined> {
  if ((result as unknown) == null || !outputSchema) return undefined;
  const { structuredContent, isError } = result;
  if (isError && structuredContent === undefined) return undefined;
  const checked =
    structuredContent === undefined
      ? { issues: [{ message: "structuredContent is missing" }] }
      : await check(outputSchema, structuredContent);
  if (!checked.issues) return undefined;
  if (isError) return { json: `{"astray":${JSON.stringify(result)}}` };
  const reason = new Error(describe(checked.issues));
  return called({ unfit: logged(`The result of the tool "${name}" does not fit outputSchema`, reason) });
}
