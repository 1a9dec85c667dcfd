/** One request of a client, with all its rounds and its result: on 2026-07-28 and on older revisions. */
import { ErrorCode, ProtocolError, WicketError } from "../common/errors.js";
import { mirrorsIn } from "../mcp/server/mirrors.js";
import type { ClientCapabilities } from "../mcp/server/types.js";
import { type Message, isStream, messagesOf } from "./events.js";
import { HttpError } from "./http-error.js";
import type { Send } from "./target.js";

/** A revision of the protocol. */
export type Revision = "2026-07-28" | "2025-11-25" | "2025-06-18" | "2025-03-26" | "2024-11-05";

export const MODERN: Revision = "2026-07-28";

/** A message from the server that needs no answer. */
export interface Notification {
  method: string;
  params: Record<string, unknown>;
}

/** What a client sends about itself with each request, and how it answers. */
export interface ClientProfile {
  readonly send: Send;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly revision: Revision;
  readonly capabilities: ClientCapabilities;
  readonly clientInfo: { name: string; version: string };
  readonly logLevel: string | undefined;
  /** Answers a request from the server: `elicitation/create` and similar ones. */
  answer(method: string, params: Record<string, unknown>): Promise<object>;
  heard(notification: Notification): void;
}

/** Options of one request. */
export interface RequestOptions {
  /** Cancels the request: the client closes its connection. */
  signal?: AbortSignal;
  /** Members of the request's `_meta`. */
  meta?: Record<string, unknown>;
}

/** Maximum number of rounds. */
const MAX_ROUNDS = 50;
const NAMES = "io.modelcontextprotocol";

/** The requests of one client. */
export class Exchange {
  readonly speaker: ClientProfile;
  /** The session, on revisions that have them. */
  session: string | undefined;
  #count = 0;

  constructor(speaker: ClientProfile) {
    this.speaker = speaker;
  }

  /**
   * Sends a request, answers questions in the meantime, and returns the result. Throws `ProtocolError` or `HttpError`.
   */
  async request(
    method: string,
    params: Record<string, unknown>,
    sending: RequestOptions = {},
  ): Promise<Record<string, unknown>> {
    let more: Record<string, unknown> = {};
    let mirrored: Record<string, string> = {};
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const id = ++this.#count;
      const response = await this.post(this.#message(id, method, { ...params, ...more }, sending), mirrored, sending);
      const { error, result } = await this.#answerIn(response, id);
      if (error && this.#isModern && error.message.includes("Mcp-Param-") && Object.keys(mirrored).length === 0) {
        mirrored = await this.#mirrored(params);
        if (Object.keys(mirrored).length > 0) continue;
      }
      if (error) throw new ProtocolError(error.code, error.message, error.data);
      const asked =
        result?.resultType === "input_required" ? (result.inputRequests as Questions | undefined) : undefined;
      if (!result || result.resultType !== "input_required") return result ?? {};
      const inputResponses: Record<string, object> = {};
      for (const [key, { method, params }] of Object.entries(asked ?? {})) {
        inputResponses[key] = await this.speaker.answer(method, params ?? {});
      }
      more = { ...(asked && { inputResponses }), requestState: result.requestState };
    }
    throw new WicketError("ERR_ARGUMENT", `${method} has requested input ${MAX_ROUNDS} times, and requests more.`);
  }

  /** Sends a notification. */
  async notify(method: string, params: Record<string, unknown> = {}): Promise<void> {
    const response = await this.post(this.#message(undefined, method, params, {}), {}, {});
    if (!response.ok) throw await HttpError.of(response);
    await response.text();
  }

  /** Posts a message. */
  post(message: Record<string, unknown>, more: Record<string, string>, { signal }: RequestOptions): Promise<Response> {
    const headers = { ...this.headers(message), "content-type": "application/json", ...more };
    const body = JSON.stringify(message);
    return this.speaker.send(
      new Request(this.speaker.url, { method: "POST", headers, body, redirect: "manual", ...(signal && { signal }) }),
    );
  }

  /** The headers of a request with `message`. */
  headers(message: Record<string, unknown> = {}): Record<string, string> {
    const headers: Record<string, string> = { accept: "application/json, text/event-stream", ...this.speaker.headers };
    const { method, params } = message as { method?: string; params?: { name?: unknown; uri?: unknown } };
    if (method !== "initialize") headers["mcp-protocol-version"] = this.speaker.revision;
    if (this.session !== undefined) headers["mcp-session-id"] = this.session;
    if (!this.#isModern || method === undefined) return headers;
    headers["mcp-method"] = method;
    const name = params?.name ?? params?.uri;
    if (typeof name === "string") headers["mcp-name"] = headerText(name);
    return headers;
  }

  /** A message whose response is a stream that stays open. */
  message(method: string, params: Record<string, unknown>): Record<string, unknown> {
    return this.#message(++this.#count, method, params, {});
  }

  get #isModern(): boolean {
    return this.speaker.revision === MODERN;
  }

  #message(id: number | undefined, method: string, params: Record<string, unknown>, { meta }: RequestOptions) {
    const { capabilities, clientInfo, revision, logLevel } = this.speaker;
    const said = this.#isModern && {
      [`${NAMES}/protocolVersion`]: revision,
      [`${NAMES}/clientCapabilities`]: capabilities,
      [`${NAMES}/clientInfo`]: clientInfo,
      ...(logLevel !== undefined && { [`${NAMES}/logLevel`]: logLevel }),
    };
    const _meta = { ...said, ...meta, ...(params._meta as object | undefined) };
    const all = Object.keys(_meta).length > 0 ? { ...params, _meta } : params;
    return { jsonrpc: "2.0", ...(id !== undefined && { id }), method, params: all };
  }

  /** The response to the request `id`. Notifications and questions before it are handled. */
  async #answerIn(response: Response, id: number): Promise<Message> {
    this.session ??= response.headers.get("mcp-session-id") ?? undefined;
    const isMessage = isStream(response) || response.headers.get("content-type")?.startsWith("application/json");
    // A refusal of a caller is an HTTP response, whatever its body.
    if (!isMessage || response.status === 401 || response.status === 403) throw await HttpError.of(response);
    const whole = isStream(response) ? undefined : response.clone();
    for await (const message of messagesOf(response)) {
      if (message.method === undefined) {
        if (message.id === id) return message;
      } else if (message.id === undefined) {
        this.speaker.heard({ method: message.method, params: message.params ?? {} });
      } else {
        await this.#reply(message.id, message.method, message.params ?? {});
      }
    }
    if (whole) throw await HttpError.of(whole);
    throw new WicketError("ERR_ARGUMENT", "The stream has ended before the response.");
  }

  /** Answers a request from the server, on revisions before 2026-07-28. */
  async #reply(id: string | number, method: string, params: Record<string, unknown>): Promise<void> {
    const said = await this.speaker.answer(method, params).then(
      (result) => ({ result }),
      (error: unknown) => ({
        error: { code: ErrorCode.InternalError, message: error instanceof Error ? error.message : String(error) },
      }),
    );
    const taken = await this.post({ jsonrpc: "2.0", id, ...said }, {}, {});
    if (!taken.ok) throw await HttpError.of(taken);
    await taken.text();
  }

  /** The headers that mirror the arguments of a call (2026-07-28 server/tools §x-mcp-header). */
  async #mirrored({ name, arguments: args }: Record<string, unknown>): Promise<Record<string, string>> {
    const headers: Record<string, string> = {};
    let cursor: unknown;
    do {
      const listed = await this.request("tools/list", cursor === undefined ? {} : { cursor });
      const tool = (listed.tools as { name: string; inputSchema: object }[]).find((tool) => tool.name === name);
      for (const [header, path] of tool ? mirrorsIn(JSON.stringify(tool.inputSchema)) : []) {
        const value = path.reduce<unknown>(
          (value, member) => (value as Record<string, unknown> | undefined)?.[member],
          args,
        );
        if (["string", "number", "boolean"].includes(typeof value)) {
          headers[`mcp-param-${header}`] = headerText(String(value));
        }
      }
      cursor = tool ? undefined : listed.nextCursor;
    } while (cursor !== undefined);
    return headers;
  }
}

type Questions = Record<string, { method: string; params?: Record<string, unknown> }>;

/** A value in the form for a header (2026-07-28 streamable-http §Value Encoding). */
function headerText(value: string): string {
  if (/^[!-~](?:[ -~]*[!-~])?$/.test(value) && !value.startsWith("=?base64?")) return value;
  const bytes = Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte));
  return `=?base64?${btoa(bytes.join(""))}?=`;
}
