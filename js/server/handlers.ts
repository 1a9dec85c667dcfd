/** What becomes of what handlers return and throw: the outcomes of `src/flow/call.rs`. */
import { CallbackTimeout } from "../callback.js";
import type { Passage } from "../endpoint.js";
import {
  CallFault,
  ErrorCode,
  ProtocolError,
  ResourceNotFoundError,
  ToolError,
  WicketError,
  logged,
} from "../errors.js";
import type { Outcome } from "../run.js";
import { refused } from "../refusals.js";
import type { Refusal, Splice } from "../wire.js";
import type { CallContext } from "./context.js";
import { type Checked, describe } from "./schema.js";
import type { McpServer } from "./mcp-server.js";
import type { Scoped } from "./scopes.js";

/** What is said of arguments that do not fit. */
export function unfitText(what: string, name: string, { issues }: Checked): string {
  return `Invalid arguments for the ${what} "${name}": ${describe(issues ?? [])}`;
}

/** Arguments that do not fit. */
export function invalid(what: string, name: string, checked: Checked): Outcome {
  return { json: JSON.stringify({ invalid: unfitText(what, name, checked) }) };
}

/** What the step-up challenge needs: the scopes of this, and those that every request needs. The operator is told. */
export function forbidden({ scopes = [] }: Scoped, { incoming, pass }: Passage): Outcome {
  const all = new Set([...(pass.stepUp?.scopes ?? []), ...scopes]);
  const metadata = pass.stepUp?.metadata(incoming);
  const client = pass.caller?.client;
  const reason = `what is asked for needs the scopes ${scopes.join(" ")}`;
  refused(incoming, { code: "scope" satisfies Refusal, reason, ...(client !== undefined && { client }) });
  return { json: JSON.stringify({ forbidden: { scope: [...all].join(" "), metadata } }) };
}

/** Nothing of this name is there. */
export const UNKNOWN: Outcome = { json: '{"unknown":true}' };

/** What the handler that was given `context` threw. */
export function thrown(
  server: McpServer,
  what: "tool" | "prompt" | "resource",
  name: string,
  error: unknown,
  context: CallContext,
): Outcome | Promise<Outcome> {
  if (error instanceof ProtocolError && error.code === ErrorCode.UrlElicitationRequired) {
    return context.openFirst(error).catch((error: unknown) => thrown(server, what, name, error, context));
  }
  if (error instanceof CallFault) return { json: JSON.stringify({ fault: error.fault }) };
  if (error instanceof WicketError && error.code !== "ERR_UPSTREAM") {
    // What is missing from the set-up is said in full, to whoever can see it; why an upstream gives no token is not.
    logged(`The ${what} "${name}" could not go on`, error);
    return { json: JSON.stringify({ refused: error.message }) };
  }
  if (error instanceof CallbackTimeout) {
    context.expire(error);
    const id = logged(`The ${what} "${name}" takes too long`, error);
    const text = `The ${what} "${name}" has not ended within ${String(error.seconds)} s. The server's log has more under ${id}.`;
    return { json: JSON.stringify({ refused: text }) };
  }
  if (error instanceof ToolError) return { json: JSON.stringify({ refused: error.message }) };
  if (error instanceof ResourceNotFoundError && what === "resource") return UNKNOWN;
  if (error instanceof ProtocolError) {
    const { code, message, data } = error;
    return { json: JSON.stringify(what === "tool" ? { refused: message } : { fault: { code, message, data } }) };
  }
  const id = logged(`The ${what} "${name}" threw`, error);
  if (server.options.errors !== "verbatim") return { json: JSON.stringify({ threw: id }) };
  return { json: JSON.stringify({ refused: error instanceof Error ? error.message : String(error) }) };
}

/** What a handler returned; `splice` is given where the result needs no decision. */
export function returned(result: unknown, isPlain: boolean): Outcome {
  const text = JSON.stringify(result) as string | undefined;
  const json = `{"returned":${text ?? "null"}}`;
  return text !== undefined && isPlain ? { json, splice: text } : { json };
}

/** True for an object that has no members but these. */
export function hasOnly(result: unknown, members: ReadonlySet<string>): result is Record<string, unknown> {
  if (typeof result !== "object" || result === null || "toJSON" in result) return false;
  for (const member of Object.keys(result)) if (!members.has(member)) return false;
  return true;
}

/** True for content of which the revision knows all kinds, and that has no member for Rust to take out. */
export function areKnown(blocks: readonly unknown[], kinds: Splice["kinds"]): boolean {
  return blocks.every((block) => {
    const { type = "" } = (block ?? {}) as { type?: string };
    return (!kinds || kinds.includes(type)) && (type === "text" || !hasNull(block));
  });
}

/** True for an object with a member that is null, which clients take for one of a wrong type. */
export function hasNull(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).includes(null);
}
