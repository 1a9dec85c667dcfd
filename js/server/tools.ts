import { type Limits, handled, isThenable } from "../callback.js";
import { logged } from "../errors.js";
import type { Outcome } from "../run.js";
import type { CallEffect, Splice } from "../wire.js";
import { CallContext } from "./context.js";
import { UNKNOWN, areKnown, forbidden, hasOnly, invalid, returned, thrown, unfitText } from "./handlers.js";
import type { McpServer } from "./mcp-server.js";
import { mirrorsOf } from "./mirrors.js";
import { type OnCall, around } from "./on-call.js";
import type { RegisteredTool } from "./registered.js";
import { type Checked, check, checkArguments, describe } from "./schema.js";
import { mayUse } from "./scopes.js";
import type { CallToolResult } from "./types.js";
import type { ServerWorld } from "./world.js";

/** Runs a tool. The outcome is `Called` of `src/flow/call.rs`. Where nothing waits there is no promise. */
export function callTool(server: McpServer, effect: CallEffect, world: ServerWorld): Outcome | Promise<Outcome> {
  const tool = server.tools.get(effect.name);
  if (!tool?.enabled) return UNKNOWN;
  const { passage } = world;
  if (!mayUse(tool, passage.pass)) return forbidden(tool, passage);
  const { inputSchema } = tool;
  if (effect.mirror && inputSchema) {
    const mirrors = mirrorsOf(inputSchema);
    if (mirrors.length > 0) {
      return { json: JSON.stringify({ mirrored: { arguments: mirrors, headers: mirroring(world.request) } }) };
    }
  }
  const run = new ToolRun(server, tool, effect, new CallContext(world, effect), passage.limits);
  try {
    const checked = inputSchema ? checkArguments(inputSchema, effect.arguments ?? {}) : undefined;
    if (!(checked instanceof Promise)) return run.handle(checked);
    return checked.then((checked) => run.handle(checked)).catch((error: unknown) => run.failed(error));
  } catch (error) {
    return run.failed(error);
  }
}

/** One run of one tool. */
class ToolRun {
  readonly #server: McpServer;
  readonly #tool: RegisteredTool;
  readonly #effect: CallEffect;
  readonly #context: CallContext;
  readonly #limits: Limits;

  constructor(server: McpServer, tool: RegisteredTool, effect: CallEffect, context: CallContext, limits: Limits) {
    this.#server = server;
    this.#tool = tool;
    this.#effect = effect;
    this.#context = context;
    this.#limits = limits;
  }

  handle(checked: Checked | undefined): Outcome | Promise<Outcome> {
    if (checked?.issues && !this.#server.hooks) return invalid("tool", this.#tool.name, checked);
    const { serving } = this.#server;
    const result = serving.isShared ? serving.run(this.#context, () => this.#begin(checked)) : this.#begin(checked);
    if (!isThenable(result)) return this.#finish(result);
    return handled(`The tool "${this.#tool.name}"`, this.#limits, result).then(
      (result) => this.#finish(result),
      (error: unknown) => this.failed(error),
    );
  }

  #begin(checked: Checked | undefined): CallToolResult | Promise<CallToolResult> {
    const { hooks } = this.#server;
    return hooks ? this.#hooked(hooks, checked) : this.#run(checked);
  }

  #run(checked: Checked | undefined): CallToolResult | Promise<CallToolResult> {
    if (checked?.issues) {
      const text = unfitText("tool", this.#tool.name, checked);
      return { content: [{ type: "text", text }], isError: true };
    }
    return this.#tool.handler((checked ? checked.value : this.#context) as never, this.#context);
  }

  #hooked(hooks: readonly OnCall[], checked: Checked | undefined): Promise<CallToolResult> {
    const args = checked && !checked.issues ? checked.value : this.#effect.arguments;
    const about = { method: "tools/call", name: this.#tool.name, arguments: args, context: this.#context } as const;
    return around(hooks, about, () => this.#run(checked));
  }

  failed(error: unknown): Outcome | Promise<Outcome> {
    return thrown(this.#server, "tool", this.#tool.name, error, this.#context);
  }

  #finish(result: CallToolResult): Outcome | Promise<Outcome> {
    try {
      if (!this.#tool.outputSchema) return this.#returned(result);
      return checkOutput(this.#tool, result)
        .then((unfit) => unfit ?? this.#returned(result))
        .catch((error: unknown) => this.failed(error));
    } catch (error) {
      return this.failed(error);
    }
  }

  #returned(result: CallToolResult): Outcome {
    return returned(result, isPlain(result, this.#effect.splice));
  }
}

/** The headers of a request that mirror arguments. */
function mirroring(request: Request): [string, string][] {
  const start = "mcp-param-";
  const headers = [...request.headers].filter(([name]) => name.startsWith(start));
  return headers.map(([name, value]) => [name.slice(start.length), value]);
}

/** Holds a result against the output schema: one that says that it is no error has to have structured content that fits. */
async function checkOutput(
  { name, outputSchema }: RegisteredTool,
  result: CallToolResult,
): Promise<Outcome | undefined> {
  if ((result as unknown) == null || !outputSchema) return undefined;
  const { structuredContent, isError } = result;
  if (isError && structuredContent === undefined) return undefined;
  const checked =
    structuredContent === undefined
      ? { issues: [{ message: "there is no structuredContent" }] }
      : await check(outputSchema, structuredContent);
  if (!checked.issues) return undefined;
  if (isError) return { json: `{"astray":${JSON.stringify(result)}}` };
  const reason = new Error(describe(checked.issues));
  return {
    json: JSON.stringify({ unfit: logged(`The result of the tool "${name}" does not fit outputSchema`, reason) }),
  };
}

/** The members that Rust has nothing to say about; a result with others goes through it. */
const PLAIN = new Set(["content", "structuredContent", "isError"]);

function isPlain(result: CallToolResult, splice: Splice | undefined): boolean {
  if (!splice || !hasOnly(result, PLAIN) || !Array.isArray(result.content)) return false;
  const { content, structuredContent, isError } = result;
  if (isError === null) return false;
  if (structuredContent === undefined) return areKnown(content, splice.kinds);
  // Where there is no text, Rust makes one of the structured content.
  if (content.length === 0 || splice.structured === "none") return false;
  if (splice.structured === "object" && !isObject(structuredContent)) return false;
  return areKnown(content, splice.kinds);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !("toJSON" in value);
}
