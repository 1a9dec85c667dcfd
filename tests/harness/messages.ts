/** Requests as clients of either wire send them, and what comes back. Runs in workerd and in Node. */

export const MODERN = "2026-07-28";
export const LEGACY = "2025-11-25";

/** What a test may say differently. */
export interface Sent {
  id?: string | number;
  headers?: Record<string, string>;
  /** For the old wire: the session, as `initialize` gave it. */
  session?: string;
  /** For the old wire: the revision in the header; null for none. */
  revision?: string | null;
  signal?: AbortSignal;
}

/** A JSON-RPC answer. */
export interface Message<Result = Record<string, unknown>> {
  jsonrpc: "2.0";
  id?: string | number;
  result: Result;
  error: { code: number; message: string; data?: unknown };
}

export interface ToolResult {
  content: { type: string; text: string }[];
  isError?: boolean;
  structuredContent?: unknown;
  resultType?: string;
  _meta?: Record<string, unknown>;
}

export interface ToolList {
  tools: {
    name: string;
    title?: string;
    description?: string;
    annotations?: Record<string, unknown>;
    inputSchema: Record<string, unknown>;
  }[];
}

/** A POST of `body` to `url` with the headers that every client sends. */
export function post(url: string, body: BodyInit, { headers, signal }: Sent = {}): Request {
  const request = new Request(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body,
    ...(signal && { signal }),
  });
  if (typeof body === "string") bodies.set(request, body);
  if (body instanceof Uint8Array) bodies.set(request, new TextDecoder().decode(body));
  return request;
}

const bodies = new WeakMap<Request, string>();

/** What `post` has put into a request, where that is no stream; a request without a body has an empty one. */
export function bodyOf(request: Request): string | undefined {
  return bodies.get(request) ?? (request.body ? undefined : "");
}

/** A request of revision 2026-07-28. */
export function modern(url: string, method: string, params: Record<string, unknown> = {}, sent: Sent = {}): Request {
  const { id = 1, headers } = sent;
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
    ...(params._meta as object | undefined),
  };
  const mirrored: Record<string, string> = { "mcp-protocol-version": MODERN, "mcp-method": method };
  if (typeof params.name === "string") mirrored["mcp-name"] = params.name;
  const body = JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta } });
  return post(url, body, { ...sent, headers: { ...mirrored, ...headers } });
}

/** A request of the `initialize` era. */
export function legacy(url: string, method: string, params: Record<string, unknown> = {}, sent: Sent = {}): Request {
  const { id = 1, headers, session, revision = LEGACY } = sent;
  const said: Record<string, string> = {};
  if (revision !== null) said["mcp-protocol-version"] = revision;
  if (session !== undefined) said["mcp-session-id"] = session;
  const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
  return post(url, body, { ...sent, headers: { ...said, ...headers } });
}

/** The request that begins a session. */
export function initialize(url: string, sent: Sent = {}, protocolVersion = LEGACY): Request {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } };
  return legacy(url, "initialize", params, { revision: null, ...sent });
}

/** The two wires, for tests that must hold on both. */
export const wires = [
  { wire: MODERN, ask: modern },
  { wire: LEGACY, ask: legacy },
] as const;
