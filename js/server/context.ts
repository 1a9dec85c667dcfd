/** What a handler may know about the call it serves. */
import type { CallEffect } from "../wire.js";

/** The second argument of a tool's handler (the only one of a tool without arguments). */
export interface ToolContext {
  /**
   * Fires when the client goes away. Needs the compatibility flag `enable_request_signal`, and an agent that runs in the
   * Worker: it does not yet reach an agent in its session's object.
   */
  readonly signal: AbortSignal;
  /** The JSON-RPC id of the request. */
  readonly requestId: string | number;
  /** The session, on the wires that have sessions. */
  readonly sessionId?: string | undefined;
  /** The request's `_meta`. */
  readonly _meta?: Record<string, unknown> | undefined;
  /** The HTTP request, without credentials. */
  readonly requestInfo: { readonly url: URL; readonly headers: Record<string, string> };
}

/** Header names that carry credentials; no handler sees them. */
const CREDENTIALS = new Set(["authorization", "cookie", "dpop", "proxy-authorization", "cf-access-jwt-assertion"]);

/** Made for each call, and read lazily: most handlers want none of it. */
export class CallContext implements ToolContext {
  readonly #request: Request;
  readonly #effect: CallEffect;

  constructor(request: Request, effect: CallEffect) {
    this.#request = request;
    this.#effect = effect;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get requestId(): string | number {
    return this.#effect.request;
  }

  get sessionId(): string | undefined {
    return this.#effect.session;
  }

  get _meta(): Record<string, unknown> | undefined {
    return this.#effect.meta;
  }

  get requestInfo(): { url: URL; headers: Record<string, string> } {
    const headers = [...this.#request.headers].filter(([name]) => !CREDENTIALS.has(name));
    return { url: new URL(this.#request.url), headers: Object.fromEntries(headers) };
  }
}
