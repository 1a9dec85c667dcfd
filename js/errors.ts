import type { ElicitParams } from "./server/types.js";

/** The errors that people who use the package see. `code` is stable; the message says what to do. */
export class WicketError extends Error {
  override readonly name = "WicketError";
  readonly code: WicketErrorCode;

  constructor(code: WicketErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type WicketErrorCode =
  /** The Rust half is not loaded. */
  | "ERR_NO_CORE"
  /** A flow could not go on: a defect of the package. */
  | "ERR_FLOW"
  /** `state`, `setState` or `sql` of an agent that runs in the Worker. */
  | "ERR_NEEDS_OBJECT"
  /** No Durable Object class could be found. */
  | "ERR_NO_OBJECT"
  /** There is no Workers runtime here, and this needs it. */
  | "ERR_RUNTIME"
  /** A setting has no value: the message says which variable is not set, and how to set it. */
  | "ERR_UNSET"
  /** Something is registered twice. */
  | "ERR_DUPLICATE"
  /** A schema of a library that cannot be used. */
  | "ERR_SCHEMA"
  /** There is no access token of the upstream. */
  | "ERR_UPSTREAM"
  /** Options that cannot be: the message has the reason and the fix. */
  | "ERR_OPTIONS"
  /** An audit event could not be delivered, and the set-up requires it. */
  | "ERR_AUDIT"
  /** An authorization request, or what an app asks of its authorization server, cannot be: the message has the reason. */
  | "ERR_AUTHORIZE"
  /** A token that is refused. */
  | "ERR_TOKEN"
  /** An argument that cannot be. */
  | "ERR_ARGUMENT";

/**
 * Thrown by a tool, a message that the model may read. The message of any other error stays in the log, and the model
 * gets an id to ask you about.
 */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** Thrown by a resource's handler where there is nothing at the URI. */
export class ResourceNotFoundError extends Error {
  override readonly name = "ResourceNotFoundError";

  constructor(uri: string | URL) {
    super(`There is no resource ${String(uri)}.`);
  }
}

/**
 * A JSON-RPC error of a prompt's or a resource's handler: the client gets `code`, `message` and `data` as they are. Thrown
 * by a tool, its message goes to the model, as that of a `ToolError`.
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

/** Codes of errors under the official SDK's names, for handlers that throw a `ProtocolError`. */
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
 * Thrown by a handler that cannot go on before a person has opened pages, to connect an account or to pay: the client has
 * them opened, and sends the same request again. A client of 2025-11-25 gets the error -32042, one of 2026-07-28 gets the
 * pages as questions, and one that opens no pages is told so (2025-11-25 client/elicitation §URL Elicitation Required Error).
 */
export class UrlElicitationRequiredError extends ProtocolError {
  override readonly name: string = "UrlElicitationRequiredError";

  constructor(elicitations: UrlElicitation[], message?: string) {
    const pages = elicitations.length === 1 ? "A page has" : "Pages have";
    super(ErrorCode.UrlElicitationRequired, message ?? `${pages} to be opened before this can be done.`, {
      elicitations,
    });
  }

  get elicitations(): UrlElicitation[] {
    return (this.data as { elicitations: UrlElicitation[] }).elicitations;
  }
}

/** Ends a call with an error of the protocol's own, whoever's handler it is. */
export class CallFault extends Error {
  override readonly name = "CallFault";
  readonly fault: { status?: number; code: number; message: string; data?: unknown };

  constructor(fault: CallFault["fault"]) {
    super(fault.message);
    this.fault = fault;
  }
}

/** An effect that has no outcome. */
export class EffectFailure extends Error {
  override readonly name: string = "EffectFailure";
  readonly failure: "timeout" | "unreachable" | "refused" | "absent" | "failed";

  constructor(failure: EffectFailure["failure"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** Logs an error that nobody outside may read, and gives the id under which the log has it. */
export function logged(what: string, error: unknown): string {
  const id = crypto.randomUUID();
  console.error(`[mcp-wicket] ${what} (${id})`, error);
  return id;
}
