/** The context of a handler: information about its call, and messages before its result. */
import type { Caller } from "../../auth/guard.js";
import type { Params } from "../../http/route.js";
import type { ResultSchema } from "./result-schemas.js";
import type {
  AskOptions,
  ClientCapabilities,
  ElicitParams,
  ElicitResult,
  LoggingLevel,
  Root,
  Sample,
} from "./types.js";

/** A notification as the protocol defines it. */
export interface Notification {
  method: string;
  params?: Record<string, unknown>;
}

/**
 * Information about the caller's token, in the official SDK's shape. It does not contain the token: a server must not pass
 * on a token that was issued for itself (MCP basic/authorization §Access Token Privilege Restriction), and whatever a
 * handler can read may end up in a log or a response. For an upstream's token, see `this.upstream` of an agent.
 */
export interface AuthInfo {
  /** The OAuth client that the token was issued to; empty if the token names none, as with API keys. */
  clientId: string;
  /** The scopes of the caller. */
  scopes: string[];
  /** Expiry of the token, in seconds since 1970. */
  expiresAt?: number;
  /** The resource that the token is for (RFC 8707). */
  resource?: URL;
  /** `this.props` of this caller: the claims of the token, unless the guard's `context` returns something else. */
  extra: Record<string, unknown>;
}

/** The second argument of a tool's handler (the only one if the tool has no input schema). */
export interface ToolContext {
  /**
   * Aborts when the client cancels the request: on 2026-07-28 by closing the connection, on older revisions by a
   * notification, which a call in a session receives from the time when this is first read. Needs the compatibility flag
   * `enable_request_signal`.
   */
  readonly signal: AbortSignal;
  /** The JSON-RPC ID of the request. */
  readonly requestId: string | number;
  /** The session, on revisions that have sessions. */
  readonly sessionId?: string | undefined;
  /** The request's `_meta`. */
  readonly _meta?: Record<string, unknown> | undefined;
  /** The matched groups of the endpoint's route: `/mcp/:tenant` sets `tenant`. */
  readonly params: Params;
  /** The caller, if the endpoint is guarded. */
  readonly caller?: Caller | undefined;
  /** The same in the official SDK's shape. */
  readonly authInfo?: AuthInfo | undefined;
  /** The HTTP request, without credentials. */
  readonly requestInfo: { readonly url: URL; readonly headers: Record<string, string> };

  /**
   * Reports the progress of the call to the client, if it has asked for it. Each number must be greater than the previous
   * one; others are not sent. `message` is for people.
   */
  readonly progress: (progress: number, total?: number, message?: string) => Promise<void>;
  /** Sends a log message to the client, if it wants messages of this level. `data` is any JSON. */
  readonly log: (level: LoggingLevel, data: unknown, logger?: string) => Promise<void>;
  /** Sends a notification that belongs to this call. The rules above apply to progress and logging. */
  readonly sendNotification: (notification: Notification) => Promise<void>;

  /**
   * Asks the person who uses the client to fill in a form or (mode `url`) to open a page. On 2026-07-28 the handler runs
   * again from the start when there is an answer: see `once`. If the client does not support it, the call ends.
   */
  readonly elicit: (params: ElicitParams, options?: AskOptions) => Promise<ElicitResult>;
  /** Asks the client's language model. Otherwise like `elicit`. */
  readonly sample: Sample;
  /** Asks for the folders that the client works in. Otherwise like `elicit`. */
  readonly listRoots: (options?: AskOptions) => Promise<{ roots: Root[] }>;
  /**
   * The same, with the parameters of the protocol. A `ResultSchema` sets the type of the result; answers are validated
   * against the request.
   */
  readonly sendRequest: SendRequest;
  /**
   * Runs `what` only once, even if the handler runs in several rounds, and returns its result (JSON) in each: for everything
   * that must not happen twice, such as a payment. `key` identifies it within this call.
   */
  readonly once: <T>(key: string, what: () => T | Promise<T>) => Promise<T>;
  /**
   * Closes the connection, not the call: a client of 2025-11-25 reconnects for the rest, which its session's mailbox stores.
   * Does nothing on other revisions. For long-running handlers.
   */
  readonly closeSSEStream: () => Promise<void>;
  /**
   * Ends the call with the error that the protocol defines if the client has not declared these capabilities: `{ sampling:
   * {} }`.
   */
  readonly requireCapabilities: (capabilities: ClientCapabilities) => Promise<void>;
}

interface SendRequest {
  <Result>(request: Notification, schema: ResultSchema<Result>, options?: AskOptions): Promise<Result>;
  (request: Notification, schema?: unknown, options?: AskOptions): Promise<unknown>;
}

/** The messages of a server, under the official SDK's name. */
export type ServerRequest = Notification;
export type ServerNotification = Notification;

/** The official SDK's name; its type parameters have no effect here. */
export type RequestHandlerExtra<_Request = unknown, _Notification = unknown> = ToolContext;
