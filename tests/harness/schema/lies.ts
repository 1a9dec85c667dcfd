/** Messages that no server may send, and what the watch says of each. Used to see that it can complain, wherever it runs. */
import type { Watch } from "./watch.ts";

export interface Lie {
  what: string;
  method: string;
  /** The revision in the request's header. */
  revision: string;
  answer: unknown;
  complaint: RegExp;
}

const result = (result: unknown) => ({ jsonrpc: "2.0", id: 1, result });
const NEW = "2026-07-28";
const OLD = "2025-11-25";

export const lies: Lie[] = [
  {
    what: "no version of JSON-RPC",
    method: "ping",
    revision: OLD,
    answer: { id: 1, result: {} },
    complaint: /jsonrpc/,
  },
  {
    what: "an id of another type",
    method: "ping",
    revision: OLD,
    answer: { ...result({}), id: "1" },
    complaint: /nobody asked/,
  },
  {
    what: "result and error",
    method: "ping",
    revision: OLD,
    answer: { ...result({}), error: { code: 1, message: "" } },
    complaint: /either/,
  },
  {
    what: "a code that is no number",
    method: "ping",
    revision: OLD,
    answer: { jsonrpc: "2.0", id: 1, error: { code: "1", message: "" } },
    complaint: /code/,
  },
  {
    what: "a tool without its schema",
    method: "tools/list",
    revision: OLD,
    answer: result({ tools: [{ name: "add" }] }),
    complaint: /inputSchema/,
  },
  {
    what: "content of an unknown kind",
    method: "tools/call",
    revision: OLD,
    answer: result({ content: [{ type: "smell" }] }),
    complaint: /content/,
  },
  {
    what: "audio before there was audio",
    method: "tools/call",
    revision: "2024-11-05",
    answer: result({ content: [{ type: "audio", data: "", mimeType: "audio/wav" }] }),
    complaint: /content/,
  },
  {
    what: "a result without its type",
    method: "tools/list",
    revision: NEW,
    answer: result({ tools: [], ttlMs: 0, cacheScope: "private" }),
    complaint: /resultType/,
  },
  {
    what: "a list that does not say how long it keeps",
    method: "tools/list",
    revision: NEW,
    answer: result({ resultType: "complete", tools: [] }),
    complaint: /ttlMs|cacheScope/,
  },
  {
    what: "a list that asks for input",
    method: "tools/list",
    revision: NEW,
    answer: result({ resultType: "input_required", requestState: "x" }),
    complaint: /may not ask/,
  },
  {
    what: "asking for nothing",
    method: "tools/call",
    revision: NEW,
    answer: result({ resultType: "input_required" }),
    complaint: /asks for nothing/,
  },
  {
    what: "asking for what there is not",
    method: "tools/call",
    revision: NEW,
    answer: result({ resultType: "input_required", inputRequests: { a: { method: "tools/list" } } }),
    complaint: /inputRequests/,
  },
  {
    what: "a code that is taken away",
    method: "tools/call",
    revision: NEW,
    answer: { jsonrpc: "2.0", id: 1, error: { code: -32002, message: "" } },
    complaint: /forbids/,
  },
  {
    what: "pages to open that are nowhere",
    method: "tools/call",
    revision: OLD,
    answer: {
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32042, message: "", data: { elicitations: [{ mode: "url", message: "" }] } },
    },
    complaint: /elicitationId|url/,
  },
  {
    what: "pages to open, in a revision without them",
    method: "tools/call",
    revision: "2025-06-18",
    answer: { jsonrpc: "2.0", id: 1, error: { code: -32042, message: "", data: { elicitations: [] } } },
    complaint: /does not know the code/,
  },
  {
    what: "a capability that is missing, and not named",
    method: "tools/call",
    revision: NEW,
    answer: { jsonrpc: "2.0", id: 1, error: { code: -32021, message: "", data: {} } },
    complaint: /requiredCapabilities/,
  },
  {
    what: "a request from the server",
    method: "tools/call",
    revision: NEW,
    answer: { jsonrpc: "2.0", id: 9, method: "roots/list" },
    complaint: /sends no request/,
  },
  {
    what: "a notification from nowhere",
    method: "tools/call",
    revision: OLD,
    answer: { jsonrpc: "2.0", method: "notifications/rain" },
    complaint: /sends no notification/,
  },
  {
    what: "progress without a token",
    method: "tools/call",
    revision: OLD,
    answer: { jsonrpc: "2.0", method: "notifications/progress", params: { progress: 1 } },
    complaint: /progressToken/,
  },
  {
    what: "a batch where there are none",
    method: "ping",
    revision: OLD,
    answer: [result({})],
    complaint: /no batches/,
  },
];

/** Tells `lie` to `watch`, as a whole body or as an event. */
export function tell(watch: Watch, { method, revision, answer }: Lie, how: "body" | "event"): void {
  const header = (name: string) => (name === "mcp-protocol-version" ? revision : null);
  const exchange = watch.asked({ url: "/mcp", header, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method }) });
  const text = JSON.stringify(answer);
  if (how === "event") exchange.event({ event: "message", data: text });
  else exchange.whole({ status: 200, header: (name) => (name === "content-type" ? "application/json" : null) }, text);
}
