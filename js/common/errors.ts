import type { Failure } from "../boundary/wire.js";
import type { ElicitParams } from "../mcp/server/types.js";

/** The errors that users of the package see. `code` is stable; the message says what to do. */
export class WicketError extends Error {
  override readonly name = "WicketError";
  readonly code: WicketErrorCode;

  constructor(code: WicketErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type WicketErrorCode =
  /** The Rust module is not loaded. */
  | "ERR_NO_CORE"
  /** A flow could not continue: a defect of the package. */
  | "ERR_FLOW"
  /** `state`, `setState` or `sql` of an agent that runs in the Worker. */
  | "ERR_NEEDS_OBJECT"
  /** No Durable Object class could be found. */
  | "ERR_NO_OBJECT"
  /** This needs the Workers runtime. */
  | "ERR_RUNTIME"
  /** An option has no value: the message says which variable is not set, and how to set it. */
  | "ERR_UNSET"
  /** Something is registered twice. */
  | "ERR_DUPLICATE"
  /** A schema that cannot be used. */
  | "ERR_SCHEMA"
  /** There is no access token of the upstream. */
  | "ERR_UPSTREAM"
  /** Invalid options: the message has the reason and the fix. */
  | "ERR_OPTIONS"
  /** An audit event could not be delivered, although `auditRequired` is set. */
  | "ERR_AUDIT"
  /**
   * An invalid authorization request, or an invalid request of the app to its authorization server: the message has the
   * reason.
   */
  | "ERR_AUTHORIZE"
  /** A token that is refused. */
  | "ERR_TOKEN"
  /** Invalid argument. */
  | "ERR_ARGUMENT";

/**
 * Thrown by a tool: a message for the model. The message of any other error stays in the log, and the model gets an ID to
 * report.
 */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** Thrown by a resource's handler if nothing exists at the URI. */
export class ResourceNotFoundError extends Error {
  override readonly name = "ResourceNotFoundError";

  constructor(uri: string | URL) {
    super(`Unknown resource ${String(uri)}.`);
  }
}

/**
 * A JSON-RPC error from a handler of a prompt or a resource: the client gets `code`, `message` and `data` unchanged. Thrown
 * by a tool, its message goes to the model, like that of a `ToolError`.
 */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Error codes with the official SDK's names, for handlers that throw a `ProtocolError`. */
export const ErrorCode = {
  ConnectionClosed: -32000,
  RequestTimeout: -32001,
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  UrlElicitationRequired: -32042,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** A page that a person has to open: the parameters of an elicitation in mode `url`. */
export type UrlElicitation = Extract<ElicitParams, { mode: "url" }>;

/**
 * Thrown by a handler that cannot continue before a person has opened pages, to connect an account or to pay: the client
 * lets the person open them, and sends the same request again. A client of 2025-11-25 gets the error -32042, one of
 * 2026-07-28 gets the pages as input requests, and one that cannot open pages gets an error that says so (2025-11-25
 * client/elicitation §URL Elicitation Required Error).
 */
export class UrlElicitationRequiredError extends ProtocolError {
  override readonly name: string = "UrlElicitationRequiredError";

  constructor(elicitations: UrlElicitation[], message?: string) {
    const pages = elicitations.length === 1 ? "A page has" : "Pages have";
    super(ErrorCode.UrlElicitationRequired, message ?? `${pages} to be opened first.`, {
      elicitations,
    });
  }

  get elicitations(): UrlElicitation[] {
    return (this.data as { elicitations: UrlElicitation[] }).elicitations;
  }
}

/** Ends a call with one of the protocol's own errors, whatever its handler. */
export class CallFault extends Error {
  override readonly name = "CallFault";
  readonly fault: { status?: number; code: number; message: string; data?: unknown };

  constructor(fault: CallFault["fault"]) {
    super(fault.message);
    this.fault = fault;
  }
}

/** An effect without an outcome. */
export class EffectFailure extends Error {
  override readonly name: string = "EffectFailure";
  readonly failure: Failure;

  constructor(failure: Failure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** Logs an error that must not leave the server, and returns the ID under which the log has it. */
export function logged(what: string, error: unknown): string {
  const id = crypto.randomUUID();
  console.error(`[mcp-wicket] ${what} (${id})`, error);
  return id;
}
