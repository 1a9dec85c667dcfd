/** The effect "get": runs a prompt's handler. */
import { ErrorCode, ProtocolError } from "../../common/errors.js";
import type { Outcome } from "../world.js";
import type { GetEffect } from "../wire.js";
import { CallContext } from "../../mcp/server/call-context.js";
import { UNKNOWN, forbidden, invalid, ran, returned, thrown, unfitText } from "./outcomes.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";
import { checkArguments } from "../../mcp/server/schema/schema.js";
import { mayUse } from "../../mcp/server/scopes.js";
import type { GetPromptResult } from "../../mcp/server/types.js";
import type { ServerWorld } from "../../mcp/server/world.js";

/* Runs a prompt. The outcome is `CallOutcome` of `src/flow/call.rs`. */
export async function getPrompt(server: McpServer, effect: GetEffect, world: ServerWorld): Promise<Outcome> {
  const prompt = server.registry.prompts.get(effect.name);
  if (!prompt?.enabled) return UNKNOWN;
  if (!mayUse(prompt, world.admitted.access)) return forbidden(prompt, world.admitted);
  const context = new CallContext(world, effect);
  const { name, argsSchema } = prompt;
  try {
    const checked = argsSchema && (await checkArguments(argsSchema, effect.arguments ?? {}));
    if (checked?.issues && !server.hooks) return invalid("prompt", name, checked);
    const args = checked && (checked.issues ? (effect.arguments ?? {}) : checked.value);
    const about = { method: "prompts/get", name, arguments: args, context } as const;
    const result = await ran<GetPromptResult>(world, "prompt", about, () => {
      if (checked?.issues) throw new ProtocolError(ErrorCode.InvalidParams, unfitText("prompt", name, checked));
      return prompt.callback((checked ? args : context) as never, context);
    });
    return returned(result, "messages");
  } catch (error) {
    return thrown(server, "prompt", name, error, context);
  }
}
