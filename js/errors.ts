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
  override readonly name = "ProtocolError";
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
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
  override readonly name = "EffectFailure";
  readonly failure: "timeout" | "unreachable" | "refused" | "failed";

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
