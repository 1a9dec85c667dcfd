/** The effect "get": runs the prompt that the user wrote. */
import { handled, isThenable } from "../callback.js";
import { ErrorCode, ProtocolError } from "../errors.js";
import type { Outcome } from "../run.js";
import type { GetEffect, Splice } from "../wire.js";
import { CallContext } from "./context.js";
import { UNKNOWN, areKnown, forbidden, hasOnly, invalid, returned, thrown, unfitText } from "./handlers.js";
import type { McpServer } from "./mcp-server.js";
import { around } from "./on-call.js";
import { checkArguments } from "./schema.js";
import { mayUse } from "./scopes.js";
import type { GetPromptResult } from "./types.js";
import type { ServerWorld } from "./world.js";

/** Runs a prompt. The outcome is `Called` of `src/flow/call.rs`. */
export async function getPrompt(server: McpServer, effect: GetEffect, world: ServerWorld): Promise<Outcome> {
  const prompt = server.registry.prompts.get(effect.name);
  if (!prompt?.enabled) return UNKNOWN;
  if (!mayUse(prompt, world.passage.pass)) return forbidden(prompt, world.passage);
  const context = new CallContext(world, effect);
  const ran = (given: GetPromptResult | Promise<GetPromptResult>) =>
    isThenable(given) ? handled(`The prompt "${prompt.name}"`, world.passage.limits, given) : given;
  try {
    const { hooks } = server;
    let args: unknown = context;
    let unfit: ProtocolError | undefined;
    if (prompt.argsSchema) {
      const checked = await checkArguments(prompt.argsSchema, effect.arguments ?? {});
      if (checked.issues && !hooks) return invalid("prompt", prompt.name, checked);
      args = checked.issues ? (effect.arguments ?? {}) : checked.value;
      if (checked.issues) unfit = new ProtocolError(ErrorCode.InvalidParams, unfitText("prompt", prompt.name, checked));
    }
    const run = () => {
      if (unfit) throw unfit;
      return prompt.callback(args as never, context);
    };
    const about = { method: "prompts/get", name: prompt.name, arguments: prompt.argsSchema && args, context } as const;
    const result: GetPromptResult = await ran(
      server.serving.run(context, () => (hooks ? around(hooks, about, run) : run())),
    );
    return returned(result, isPlain(result, effect.splice));
  } catch (error) {
    return thrown(server, "prompt", prompt.name, error, context);
  }
}

const PLAIN = new Set(["description", "messages"]);

function isPlain(result: GetPromptResult, splice: Splice | undefined): boolean {
  if (!splice || !hasOnly(result, PLAIN) || !Array.isArray(result.messages)) return false;
  if ((result.description as unknown) === null) return false;
  const blocks = (result.messages as unknown[]).map((message) => (message as { content?: unknown } | null)?.content);
  return areKnown(blocks, splice.kinds);
}
