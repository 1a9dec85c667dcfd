/** The context of one call, as its handler gets it. */
import type { Caller } from "../../auth/guard.js";
import type { RunEffect } from "../../boundary/wire.js";
import type { ProtocolError, UrlElicitation } from "../../common/errors.js";
import { withoutCredentials } from "../../http/credentials.js";
import type { Params } from "../../http/route.js";
import type { AuthInfo, Notification, ToolContext } from "./context.js";
import { ClientRequests } from "./client-requests.js";
import type { AskOptions, ElicitResult, Root, SampleResult } from "./types.js";
import type { ServerWorld } from "./world.js";

function authInfoOf({ client = "", scopes, expires, resource, props }: Caller): AuthInfo {
  const info: AuthInfo = { clientId: client, scopes: [...scopes], extra: props };
  if (expires !== undefined) info.expiresAt = expires;
  if (resource !== undefined) info.resource = new URL(resource);
  return info;
}

/**
 * Created for each call, and read lazily: most handlers need none of it. Its functions are created when they are read,
 * so that `({ log }) => …` works and costs nothing elsewhere.
 */
export class CallContext implements ToolContext {
  readonly #world: ServerWorld;
  readonly #effect: RunEffect;
  #controller: AbortController | undefined;
  #progress = -Infinity;
  #requests: ClientRequests | undefined;
  #meta: Record<string, unknown> | undefined;

  constructor(world: ServerWorld, effect: RunEffect) {
    this.#world = world;
    this.#effect = effect;
    world.call = effect;
    world.context = this;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#world.watch(this.#effect)).signal;
  }

  /** The handler has timed out: its signal is aborted, if it has one. */
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
    // The handler gets its own copy, so that changes to it do not affect any decision.
    return (this.#meta ??= structuredClone(this.#world.metaOf(this.#effect)));
  }

  get params(): Params {
    return this.#world.admitted.incoming.params;
  }

  get caller(): Caller | undefined {
    return this.#world.admitted.access.caller;
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
      const scoped = this.#world.server.registry.scoped;
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
    return (key, what) => this.#clientRequests().once(key, what);
  }

  get closeSSEStream(): ToolContext["closeSSEStream"] {
    return () => this.#world.disconnect(this.#effect);
  }

  get requireCapabilities(): ToolContext["requireCapabilities"] {
    return async (capabilities) => {
      await this.#world.say(this.#effect, { require: capabilities });
    };
  }

  /** See `ClientRequests`. */
  requirePages({ message, data }: ProtocolError): Promise<never> {
    const { elicitations } = (data ?? {}) as { elicitations?: UrlElicitation[] };
    return this.#clientRequests().requirePages(message, elicitations);
  }

  #ask(kind: string, params: object | undefined, options?: AskOptions): Promise<unknown> {
    return this.#clientRequests().ask(kind, params, options);
  }

  #clientRequests(): ClientRequests {
    return (this.#requests ??= new ClientRequests(this.#world, this.#effect));
  }

  /** True if `progress` is greater than ever before. */
  #rises(progress: unknown): boolean {
    if (typeof progress !== "number" || progress <= this.#progress) return false;
    this.#progress = progress;
    return true;
  }
}
