/** Hooks around calls: for logs, metrics, limits and traces. A server without any pays nothing for them. */
import { importedTracing } from "#workers";
import type { CallContext, ToolContext } from "./context.js";
import type { CallToolResult, GetPromptResult, ReadResourceResult } from "./types.js";

/** A call that is about to run: what is called is there, and its caller may call it. */
export interface Call {
  readonly method: "tools/call" | "prompts/get" | "resources/read";
  /** The tool's or the prompt's name, or the resource's URI. */
  readonly name: string;
  /**
   * The arguments, as the handler gets them: with defaults filled in. Variables of the template for resources. Where they do not
   * fit the schema they are as the client has sent them, and `next` runs no handler: it gives the error result of a tool, and
   * throws a `ProtocolError` for a prompt.
   */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Who is calling, as far as a guard has found out. */
  readonly caller: {
    readonly props: Readonly<Record<string, unknown>>;
    /** The OAuth client that the token was issued to. */
    readonly client?: string;
    readonly scopes: readonly string[];
    /** The typed subject: `user:…`, `client:…` or `key:…`. */
    readonly principal?: string;
  };
  /** What the handler gets as its context: `requestInfo`, `log`, `progress`, `signal`, … */
  readonly context: ToolContext;
}

/** What a call comes to. */
export type CallResult = CallToolResult | GetPromptResult | ReadResourceResult;

/**
 * Runs around each call of a tool, prompt or resource: `async (call, next) => { …; return next(); }`. What it returns is the
 * result, and it may run the call or not. A `ToolError` that it throws is for the model, a `ProtocolError` of a prompt or a
 * resource for the client; anything else stays in the log. What `next` throws is what the handler has thrown.
 *
 * A handler that asks the client something (2026-07-28) runs again once there is an answer, and so do the hooks around it.
 */
export type OnCall = (call: Call, next: () => Promise<CallResult>) => CallResult | Promise<CallResult>;

/** Runs `handler` inside `hooks`, the first outermost. */
export async function around<Result>(
  hooks: readonly OnCall[],
  about: { method: Call["method"]; name: string; arguments: unknown; context: CallContext },
  handler: () => Result | Promise<Result>,
): Promise<Result> {
  const call = callOf(about);
  const run = async (at: number): Promise<CallResult> => {
    const hook = hooks[at];
    return hook ? hook(call, () => run(at + 1)) : ((await handler()) as CallResult);
  };
  return (await run(0)) as Result;
}

function callOf({ method, name, arguments: args, context }: Parameters<typeof around>[1]): Call {
  const { caller, props } = context.whose;
  return {
    method,
    name,
    arguments: (args ?? {}) as Record<string, unknown>,
    caller: {
      props: props ?? {},
      scopes: [...(caller?.scopes ?? [])],
      ...(caller?.client !== undefined && { client: caller.client }),
      ...(caller && { principal: caller.principal }),
    },
    context,
  };
}

/** As much of a span as is used here. */
interface Span {
  setAttribute(name: string, value: string): unknown;
}
interface Tracing {
  enterSpan?<T>(name: string, work: (span: Span) => T): T;
}

/**
 * A hook that makes a span of each call, with the names of OpenTelemetry's conventions for MCP (`mcp.method.name`,
 * `gen_ai.tool.name`, `error.type`): `new McpServer(info, { onCall: traced })`. On runtimes without spans of one's own it does
 * nothing.
 */
export const traced: OnCall = (call, next) => {
  const tracing = importedTracing() as Tracing | undefined;
  if (typeof tracing?.enterSpan !== "function") return next();
  return tracing.enterSpan(`${call.method} ${call.name}`, async (span) => {
    span.setAttribute("mcp.method.name", call.method);
    const names = {
      "tools/call": "gen_ai.tool.name",
      "prompts/get": "gen_ai.prompt.name",
      "resources/read": "mcp.resource.uri",
    };
    span.setAttribute(names[call.method], call.name);
    try {
      const result = await next();
      if ("isError" in result && result.isError) span.setAttribute("error.type", "tool_error");
      return result;
    } catch (error) {
      span.setAttribute("error.type", error instanceof Error ? error.name : "error");
      throw error;
    }
  });
};
