/** Converts what handlers return and throw to the outcomes of `src/flow/call.rs`. */
import { CallbackTimeout, handled, isThenable } from "../../common/callback.js";
import type { AdmittedRequest } from "../../mcp/endpoint.js";
import {
  CallFault,
  ErrorCode,
  ProtocolError,
  ResourceNotFoundError,
  ToolError,
  WicketError,
  logged,
} from "../../common/errors.js";
import { type Outcome, outcomeOf } from "../world.js";
import { refused } from "../../common/refusals.js";
import type { CallOutcome, Refusal } from "../wire.js";
import type { CallContext } from "../../mcp/server/call-context.js";
import { type CallDetails, around } from "../../mcp/server/on-call.js";
import type { ServerWorld } from "../../mcp/server/world.js";
import { describe } from "../../mcp/server/schema/schema.js";
import type { ValidationResult } from "../../mcp/server/schema/standard.js";
import type { McpServer } from "../../mcp/server/mcp-server.js";
import type { Scoped } from "../../mcp/server/scopes.js";

/** The outcome of a handler's run. */
export const called = outcomeOf<CallOutcome>;

/** The message about arguments that do not match. */
export function unfitText(what: string, name: string, { issues }: ValidationResult): string {
  return `Invalid arguments for the ${what} "${name}": ${describe(issues ?? [])}`;
}

/** The outcome for arguments that do not match. */
export function invalid(what: string, name: string, checked: ValidationResult): Outcome {
  return called({ invalid: unfitText(what, name, checked) });
}

/** What the step-up challenge needs: the scopes of this operation, and those for every request. It is logged. */
export function forbidden({ scopes = [] }: Scoped, { incoming, access }: AdmittedRequest): Outcome {
  const metadata = access.stepUp?.metadata(incoming);
  const client = access.caller?.client;
  const reason = `the request needs the scopes ${scopes.join(" ")}`;
  refused(incoming, { code: "scope" satisfies Refusal, reason, ...(client !== undefined && { client }) });
  return called({
    forbidden: { always: access.stepUp?.scopes ?? [], scopes, ...(metadata !== undefined && { metadata }) },
  });
}

/** Nothing of this name exists. */
export const UNKNOWN = called("unknown");

/** The outcome of an error that the handler with `context` threw. */
export function thrown(
  server: McpServer,
  what: "tool" | "prompt" | "resource",
  name: string,
  error: unknown,
  context: CallContext,
): Outcome | Promise<Outcome> {
  if (error instanceof ProtocolError && error.code === ErrorCode.UrlElicitationRequired) {
    return context.requirePages(error).catch((error: unknown) => thrown(server, what, name, error, context));
  }
  if (error instanceof CallFault) return called({ fault: error.fault });
  if (error instanceof WicketError && error.code !== "ERR_UPSTREAM") {
    // What is missing from the set-up is logged in full; why an upstream issues no token is not.
    logged(`The ${what} "${name}" could not continue`, error);
    return called({ refused: error.message });
  }
  if (error instanceof CallbackTimeout) {
    context.expire(error);
    const id = logged(`The ${what} "${name}" takes too long`, error);
    const text = `The ${what} "${name}" timed out after ${String(error.seconds)} s. The server's log has more under the ID ${id}.`;
    return called({ refused: text });
  }
  if (error instanceof ToolError) return called({ refused: error.message });
  if (error instanceof ResourceNotFoundError && what === "resource") return UNKNOWN;
  if (error instanceof ProtocolError) {
    const { code, message, data } = error;
    return called(what === "tool" ? { refused: message } : { fault: { code, message, data } });
  }
  const id = logged(`The ${what} "${name}" failed`, error);
  if (server.options.errors !== "verbatim") return called({ threw: id });
  return called({ refused: error instanceof Error ? error.message : String(error) });
}

/** Runs a handler inside the hooks of its server, as part of its call and within its time limit. */
export function ran<Result>(
  world: ServerWorld,
  what: string,
  about: CallDetails,
  handler: () => Result | Promise<Result>,
): Result | Promise<Result> {
  const { server, admitted } = world;
  const { hooks } = server;
  const given = server.serving.run(world, about.context, () =>
    hooks ? around(hooks, about, admitted, handler) : handler(),
  );
  return isThenable(given) ? handled(`The ${what} "${about.name}"`, admitted.limits, given) : given;
}

/** A handler's result, with its text to splice if it needs no decision. */
export function returned(result: unknown, list: Required<Outcome>["list"]): Outcome {
  const text = JSON.stringify(result) as string | undefined;
  return { json: `{"returned":${text ?? "null"}}`, splice: text, result, list };
}
