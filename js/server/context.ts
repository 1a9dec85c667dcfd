/** What a handler may know about the call it serves, and what it may say before its answer. */
import { withoutCredentials } from "../credentials.js";
import type { ProtocolError, UrlElicitation } from "../errors.js";
import type { Caller } from "../guard.js";
import type { Params } from "../route.js";
import type { RunEffect } from "../wire.js";
import { Questions } from "./questions.js";
import { scopedIn } from "./scopes.js";
import type { ResultSchema } from "./result-schemas.js";
import type {
  AskOptions,
  ClientCapabilities,
  ElicitParams,
  ElicitResult,
  LoggingLevel,
  Root,
  Sample,
  SampleResult,
} from "./types.js";
import type { ServerWorld } from "./world.js";

/** A notification in the protocol's own words. */
export interface Notification {
  method: string;
  params?: Record<string, unknown>;
}

/**
 * What is known of the caller's token, in the official SDK's shape. The token itself is not in it: a server must not pass a
 * token on that was issued for itself (MCP basic/authorization §Access Token Privilege Restriction), and whatever a handler
 * has may end up in a log or an answer. An upstream's token is at `this.upstream` of an agent.
 */
export interface AuthInfo {
  /** The OAuth client that the token was issued to; empty where the token names none, as API keys do. */
  clientId: string;
  /** What the caller may do. */
  scopes: string[];
  /** When the token ends, in seconds since 1970. */
  expiresAt?: number;
  /** The resource that the token is for (RFC 8707). */
  resource?: URL;
  /** What `this.props` is for this caller: the claims of a token, unless the guard makes something of them. */
  extra: Record<string, unknown>;
}

/** The second argument of a tool's handler (the only one of a tool without arguments). */
export interface ToolContext {
  /**
   * Fires when the client cancels the request: on 2026-07-28 by going away, before by a notification, which a call of a
   * session hears of from the moment on when this is read. Needs the compatibility flag `enable_request_signal`.
   */
  readonly signal: AbortSignal;
  /** The JSON-RPC id of the request. */
  readonly requestId: string | number;
  /** The session, on the wires that have sessions. */
  readonly sessionId?: string | undefined;
  /** The request's `_meta`. */
  readonly _meta?: Record<string, unknown> | undefined;
  /** What the names in the endpoint's route stand for: `/mcp/:tenant` gives `tenant`. */
  readonly params: Params;
  /** Who is calling, where a guard asks. */
  readonly caller?: Caller | undefined;
  /** The same in the official SDK's shape. */
  readonly authInfo?: AuthInfo | undefined;
  /** The HTTP request, without credentials. */
  readonly requestInfo: { readonly url: URL; readonly headers: Record<string, string> };

  /**
   * Tells the client how far the call is, if it asked. Each number must be greater than the one before; others are not
   * sent. `message` is for people.
   */
  readonly progress: (progress: number, total?: number, message?: string) => Promise<void>;
  /** Sends a log message to the client, if it wants messages of this level. `data` is any JSON. */
  readonly log: (level: LoggingLevel, data: unknown, logger?: string) => Promise<void>;
  /** Sends a notification that belongs to this call. Those of progress and logging keep to the rules above. */
  readonly sendNotification: (notification: Notification) => Promise<void>;

  /**
   * Asks the person in front of the client: for the fields of a form, or (mode `url`) to open a page. On 2026-07-28 the
   * handler runs again from its top once there is an answer: see `once`. A client that cannot do it ends the call.
   */
  readonly elicit: (params: ElicitParams, options?: AskOptions) => Promise<ElicitResult>;
  /** Asks the client's language model. As `elicit`, otherwise. */
  readonly sample: Sample;
  /** Asks for the folders that the client works in. As `elicit`, otherwise. */
  readonly listRoots: (options?: AskOptions) => Promise<{ roots: Root[] }>;
  /** The same in the protocol's own words. A `ResultSchema` says what comes back; what is asked is what answers are held to. */
  readonly sendRequest: SendRequest;
  /**
   * Runs `what` once, in however many rounds the handler runs, and gives what it came to (JSON) in each: for everything
   * that must not happen twice, such as a payment. `key` names it among those of this call.
   */
  readonly once: <T>(key: string, what: () => T | Promise<T>) => Promise<T>;
  /**
   * Ends the connection, not the call: a client of 2025-11-25 comes back for the rest, which its session's mailbox keeps.
   * Does nothing on other wires. For handlers that take long.
   */
  readonly closeSSEStream: () => Promise<void>;
  /** Ends the call, as the protocol has it, if the client has not declared these capabilities: `{ sampling: {} }`. */
  readonly requireCapabilities: (capabilities: ClientCapabilities) => Promise<void>;
}

interface SendRequest {
  <Result>(request: Notification, schema: ResultSchema<Result>, options?: AskOptions): Promise<Result>;
  (request: Notification, schema?: unknown, options?: AskOptions): Promise<unknown>;
}

/** What a server sends, in the official SDK's names. */
export type ServerRequest = Notification;
export type ServerNotification = Notification;

/** The official SDK's name; what its parameters say is the same for all handlers here. */
export type RequestHandlerExtra<_Request = unknown, _Notification = unknown> = ToolContext;

function authInfoOf({ client = "", scopes, expires, resource, props }: Caller): AuthInfo {
  const info: AuthInfo = { clientId: client, scopes: [...scopes], extra: props };
  if (expires !== undefined) info.expiresAt = expires;
  if (resource !== undefined) info.resource = new URL(resource);
  return info;
}

/**
 * Made for each call, and read lazily: most handlers want none of it. Its functions are made when they are asked for, so
 * that `({ log }) => …` works and costs nothing elsewhere.
 */
export class CallContext implements ToolContext {
  readonly #world: ServerWorld;
  readonly #effect: RunEffect;
  #controller: AbortController | undefined;
  #progress = -Infinity;
  #questions: Questions | undefined;
  #meta: Record<string, unknown> | undefined;

  constructor(world: ServerWorld, effect: RunEffect) {
    this.#world = world;
    this.#effect = effect;
    world.call = effect;
    world.context = this;
  }

  /** The request that the call has come with. Handlers do not get at it. */
  static worldOf(context: CallContext): ServerWorld {
    return context.#world;
  }

  /** Who is calling, for hooks. */
  get whose(): { caller: Caller | undefined; props: Record<string, unknown> | undefined } {
    const { pass, props } = this.#world.passage;
    return { caller: pass.caller, props };
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#world.watch(this.#effect)).signal;
  }

  /** The handler has taken too long: its signal fires, if it has one. */
  expire(reason: Error): void {
    this.#controller?.abort(reason);
  }

  get requestId(): string | number {
    return this.#effect.request;
  }

  get sessionId(): string | undefined {
    return this.#effect.session;
  }

  get _meta(): Record<string, unknown> | undefined {
    // The handler's own: what is decided by it does not change with what a handler does to it.
    return (this.#meta ??= structuredClone(this.#world.metaOf(this.#effect)));
  }

  get params(): Params {
    return this.#world.passage.incoming.params;
  }

  get caller(): Caller | undefined {
    return this.#world.passage.pass.caller;
  }

  get authInfo(): AuthInfo | undefined {
    const { caller } = this;
    return caller && authInfoOf(caller);
  }

  get requestInfo(): { url: URL; headers: Record<string, string> } {
    const { request } = this.#world;
    return { url: new URL(request.url), headers: withoutCredentials(request.headers) };
  }

  get progress(): ToolContext["progress"] {
    return async (progress, total, message) => {
      await this.#world.say(this.#effect, { progress: { progress, total, message } }, this.#rises(progress));
    };
  }

  get log(): ToolContext["log"] {
    return async (level, data, logger) => {
      await this.#world.say(this.#effect, { log: { level, data: data ?? null, logger } });
    };
  }

  get sendNotification(): ToolContext["sendNotification"] {
    return async ({ method, params }) => {
      const scoped = scopedIn(this.#world.server.registry);
      const notify = { method, params, ...(scoped && { scoped }) };
      await this.#world.say(this.#effect, { notify }, this.#rises(params?.progress));
    };
  }

  get elicit(): ToolContext["elicit"] {
    return (params, options) => this.#ask("elicit", params, options) as Promise<ElicitResult>;
  }

  get sample(): ToolContext["sample"] {
    return (params, options) => this.#ask("sample", params, options) as Promise<SampleResult>;
  }

  get listRoots(): ToolContext["listRoots"] {
    return (options) => this.#ask("roots", undefined, options) as Promise<{ roots: Root[] }>;
  }

  get sendRequest(): ToolContext["sendRequest"] {
    return ({ method, params }: Notification, _schema?: unknown, options?: AskOptions) =>
      this.#ask(method, params, options) as Promise<never>;
  }

  get once(): ToolContext["once"] {
    return (key, what) => this.#asking().once(key, what);
  }

  get closeSSEStream(): ToolContext["closeSSEStream"] {
    return () => this.#world.breakOff(this.#effect);
  }

  get requireCapabilities(): ToolContext["requireCapabilities"] {
    return async (capabilities) => {
      await this.#world.say(this.#effect, { require: capabilities });
    };
  }

  /** See `Questions`. */
  openFirst({ message, data }: ProtocolError): Promise<never> {
    const { elicitations } = (data ?? {}) as { elicitations?: UrlElicitation[] };
    return this.#asking().openFirst(message, elicitations);
  }

  #ask(kind: string, params: object | undefined, options?: AskOptions): Promise<unknown> {
    return this.#asking().ask(kind, params, options);
  }

  #asking(): Questions {
    return (this.#questions ??= new Questions(this.#world, this.#effect));
  }

  /** True if `progress` is more than ever before. */
  #rises(progress: unknown): boolean {
    if (typeof progress !== "number" || progress <= this.#progress) return false;
    this.#progress = progress;
    return true;
  }
}
