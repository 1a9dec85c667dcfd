/** Hooks around calls: for logs, metrics, limits and traces. A server without hooks has no overhead. */
import { importedTracing } from "#workers";
import type { AdmittedRequest } from "../endpoint.js";
import type { ToolContext } from "./context.js";
import type { CallToolResult, GetPromptResult, ReadResourceResult } from "./types.js";

/** A call that is about to run: it exists, and its caller may use it. */
export interface Call {
  readonly method: "tools/call" | "prompts/get" | "resources/read";
  /** The tool's or the prompt's name, or the resource's URI. */
  readonly name: string;
  /**
   * The arguments, as the handler gets them: with defaults filled in. For resources, the variables of the template. If they
   * do not fit the schema, they are as the client sent them, and `next` does not run the handler: it returns the error
   * result of a tool, and throws a `ProtocolError` for a prompt.
   */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The caller, as far as a guard has identified it. */
  readonly caller: {
    readonly props: Readonly<Record<string, unknown>>;
    /** The OAuth client that the token was issued to. */
    readonly client?: string;
    readonly scopes: readonly string[];
    /** The typed subject: `user:…`, `client:…` or `key:…`. */
    readonly principal?: string;
  };
  /** The handler's context: `requestInfo`, `log`, `progress`, `signal`, … */
  readonly context: ToolContext;
}

/** The result of a call. */
export type CallResult = CallToolResult | GetPromptResult | ReadResourceResult;

/**
 * Wraps each call of a tool, prompt or resource: `async (call, next) => { …; return next(); }`. Its return value is the
 * result, and it may or may not run the call. A `ToolError` that it throws is for the model, a `ProtocolError` of a prompt
 * or a resource for the client; anything else stays in the log. `next` throws what the handler throws.
 *
 * A handler that sends a request to the client (2026-07-28) runs again when there is an answer, and so do the hooks around
 * it.
 */
export type OnCall = (call: Call, next: () => Promise<CallResult>) => CallResult | Promise<CallResult>;

/** A call, as hooks see it. */
export interface CallDetails {
  readonly method: Call["method"];
  readonly name: string;
  readonly arguments: unknown;
  readonly context: ToolContext;
}

/** Runs `handler` inside `hooks`, the first outermost. */
export async function around<Result>(
  hooks: readonly OnCall[],
  about: CallDetails,
  admitted: AdmittedRequest,
  handler: () => Result | Promise<Result>,
): Promise<Result> {
  const call = callOf(about, admitted);
  const run = async (at: number): Promise<CallResult> => {
    const hook = hooks[at];
    return hook ? hook(call, () => run(at + 1)) : ((await handler()) as CallResult);
  };
  return (await run(0)) as Result;
}

function callOf(
  { method, name, arguments: args, context }: CallDetails,
  { access: { caller }, props }: AdmittedRequest,
): Call {
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

/** The part of a span that is used here. */
interface Span {
  setAttribute(name: string, value: string): unknown;
}
interface Tracing {
  enterSpan?<T>(name: string, work: (span: Span) => T): T;
}

/**
 * A hook that creates a span for each call, with the names of OpenTelemetry's conventions for MCP (`mcp.method.name`,
 * `gen_ai.tool.name`, `error.type`): `new McpServer(info, { onCall: traced })`. On runtimes without custom spans it does
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
