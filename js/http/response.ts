/** Writes responses: Rust's answer, or an error if there is none. */
import type { Answer } from "../boundary/wire.js";
import { CallbackTimeout } from "../common/callback.js";
import { ErrorCode, WicketError, logged } from "../common/errors.js";
import { thrownInObject } from "../objects/missing.js";
import { READ_BEFORE, isReadBefore } from "./body.js";
import { frame } from "./sse.js";

const JSON_HEADERS: [string, string][] = [["content-type", "application/json"]];
const LATE_HEADERS: [string, string][] = [...JSON_HEADERS, ["retry-after", "5"]];

/** The answer with this JSON text. */
export const spliced = (body: string): Answer => ({ status: 200, headers: JSON_HEADERS, body });

/** Writes a response, with the headers of the answer and of the guard. */
export function respond({ status, headers, body, event }: Answer, more: [string, string][]): Response {
  if (headers === JSON_HEADERS && status === 200) return new Response(body ?? null, jsonInit(more));
  const text = event && body !== undefined ? frame("message", body) : body;
  return new Response(text ?? null, { status, headers: more.length ? [...headers, ...more] : headers });
}

/**
 * The init of most responses, created once for each list of the guard's headers: copying existing headers is cheaper.
 */
const madeInits = new WeakMap<[string, string][], ResponseInit>();

function jsonInit(more: [string, string][]): ResponseInit {
  let made = madeInits.get(more);
  if (!made) madeInits.set(more, (made = { headers: new Headers([...JSON_HEADERS, ...more]) }));
  return made;
}

/** True for the error of code that runs without the Workers runtime: it is thrown to the caller. */
export function needsRuntime(error: unknown): boolean {
  return error instanceof WicketError && error.code === "ERR_RUNTIME";
}

/** The response if nothing could be served. What is missing from the set-up is said in full. */
export function unserved(error: unknown, headers: [string, string][]): Response {
  if (needsRuntime(error)) throw error;
  if (isReadBefore(error)) {
    console.error(`[mcp-wicket] ${READ_BEFORE}`);
    const body = JSON.stringify({ jsonrpc: "2.0", error: { code: ErrorCode.InternalError, message: READ_BEFORE } });
    return respond({ status: 500, headers: JSON_HEADERS, body }, headers);
  }
  const missing = error instanceof WicketError && error.code === "ERR_NO_OBJECT" ? error : thrownInObject(error);
  if (missing) {
    console.error(`[mcp-wicket] ${missing.message}`);
    return respond(
      { status: 503, headers: [["content-type", "text/plain; charset=utf-8"]], body: missing.message },
      headers,
    );
  }
  return respond(failed(error), headers);
}

/** The answer if our own code or the user's set-up failed, or if the user's code timed out; the log has the reason. */
export function failed(error: unknown): Answer {
  const id = logged("A request could not be served", error);
  const isLate = error instanceof CallbackTimeout;
  const what = isLate ? "The server is temporarily unavailable" : "The server failed";
  const message = `${what}. Its log has the reason under the ID ${id}.`;
  const body = JSON.stringify({ jsonrpc: "2.0", error: { code: ErrorCode.InternalError, message } });
  return isLate ? { status: 503, headers: LATE_HEADERS, body } : { status: 500, headers: JSON_HEADERS, body };
}
