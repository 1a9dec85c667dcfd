/**
 * `mcp-wicket doctor URL`: what Claude, ChatGPT, VS Code, Cursor, Codex and the Inspector do when they connect to an MCP
 * endpoint. Without a token: no tool is called.
 */
import { isLocal } from "../../common/loopback.js";
import { endpointUrl } from "../client-config.js";
import { inspectAuthorization } from "./authorization.js";
import type { Inspected } from "./folder.js";
import { type Answer, type Json, PAGE, Visit, isReadable, jsonOf, preflight, typeOf } from "./visit.js";

const ALL = "all clients";
const ACCEPT = "application/json, text/event-stream";
const REVISION = "2025-11-25";

const message = (body: object) => JSON.stringify({ jsonrpc: "2.0", ...body });
const INITIALIZE = message({
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: REVISION,
    capabilities: {},
    clientInfo: { name: "mcp-wicket doctor", version: "1.0.0" },
  },
});

/** Throws with what to do if nothing answers. */
export async function inspectServer(given: string): Promise<Inspected> {
  const { href: url, protocol, hostname } = endpointUrl(given);
  const visit = new Visit(url);
  if (protocol === "http:" && !isLocal(hostname)) {
    visit.find("not_https", url, "The URL begins with http.");
  }
  const first = await post(visit, url, INITIALIZE);
  if (first.error !== undefined) throw new Error(`${url} cannot be reached: ${first.error}. Is the server running?`);
  if (first.status === 401 || first.status === 403) await inspectGuarded(visit, url, first);
  else if (first.status >= 200 && first.status <= 299) await inspectOpen(visit, url, first);
  else await inspectOther(visit, url, first);
  const requests = `${String(visit.steps.length)} requests`;
  return { looked: requests, steps: visit.steps, findings: visit.findings };
}

function post(visit: Visit, url: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return visit.ask(ALL, url, {
    method: "POST",
    headers: { Accept: ACCEPT, "Content-Type": "application/json", Origin: PAGE, ...headers },
    body,
    label: String(jsonOf(body)?.["method"]),
    until: (text) => /\n\r?\n/.test(text) && responseInStream(text) !== undefined,
  });
}

/** The response in a body: JSON, or the first message of an event stream that has a result or an error. */
function responseIn({ headers, text }: Answer): Json | undefined {
  if (typeOf(headers) !== "text/event-stream") return jsonOf(text);
  return responseInStream(text);
}

function responseInStream(text: string): Json | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => jsonOf(line.slice(5))).find((it) => it !== undefined && ("result" in it || "error" in it));
}

function resultIn(answer: Answer): Json | undefined {
  const result = responseIn(answer)?.["result"];
  return typeof result === "object" && result !== null ? (result as Json) : undefined;
}

async function inspectOther(visit: Visit, url: string, first: Answer): Promise<void> {
  const { status, request, headers } = first;
  if (status >= 500) {
    visit.find("initialize_failed", request, `The response is ${String(status)}.`);
    return;
  }
  if (status >= 300 && status <= 399) {
    visit.find("endpoint_missing", request, `The response is a redirect to ${headers.get("location") ?? "nowhere"}.`);
    return;
  }
  const stream = await visit.ask("older clients", url, {
    headers: { Accept: "text/event-stream" },
    until: (text) => /\n\r?\n/.test(text),
  });
  if (
    stream.status === 200 &&
    typeOf(stream.headers) === "text/event-stream" &&
    /^event: *endpoint/m.test(stream.text)
  ) {
    visit.find(
      "legacy_transport",
      request,
      `POST is answered with ${String(status)}, and GET with the stream of HTTP+SSE.`,
    );
  } else if (stream.status === 401) {
    await inspectGuarded(visit, url, stream);
  } else {
    visit.find("endpoint_missing", request, `The response is ${String(status)}.`);
  }
}

/** A server without sign-in: initialize, the list of tools, the stream. */
async function inspectOpen(visit: Visit, url: string, first: Answer): Promise<void> {
  const session = first.headers.get("mcp-session-id");
  inspectCors(visit, first, session === null ? [] : ["mcp-session-id"]);
  await preflight(visit, url, ["content-type", "mcp-protocol-version", "mcp-session-id"]);
  const result = resultIn(first);
  if (
    typeof result?.["protocolVersion"] !== "string" ||
    typeof result["serverInfo"] !== "object" ||
    result["serverInfo"] === null
  ) {
    const why =
      responseIn(first) === undefined ? "no JSON-RPC response" : "no result with protocolVersion and serverInfo";
    visit.find("initialize_failed", first.request, `The body has ${why}.`);
    return;
  }
  const head = {
    "MCP-Protocol-Version": result["protocolVersion"],
    ...(session !== null && { "Mcp-Session-Id": session }),
  };
  await post(visit, url, message({ method: "notifications/initialized" }), head);
  const capabilities = result["capabilities"] as Json | undefined;
  if (capabilities?.["tools"] !== undefined) await inspectTools(visit, url, head);
  const stream = await visit.stream("all clients", url, { Accept: "text/event-stream", ...head });
  if (stream.ends) {
    visit.find("stream_ends", stream.request, "The stream ends at once.");
  } else if (stream.status !== 405 && (stream.status !== 200 || typeOf(stream.headers) !== "text/event-stream")) {
    visit.find(
      "stream_refused",
      stream.request,
      `The response is ${stream.error ?? `${String(stream.status)} ${typeOf(stream.headers)}`}.`,
    );
  }
  if (session !== null) await visit.ask("Codex, Inspector", url, { method: "DELETE", headers: head });
}

async function inspectTools(visit: Visit, url: string, head: Record<string, string>): Promise<void> {
  const answer = await post(visit, url, message({ id: 2, method: "tools/list", params: {} }), head);
  const tools = resultIn(answer)?.["tools"];
  if (!Array.isArray(tools)) {
    visit.find("tools_failed", answer.request, `The response is ${String(answer.status)}, and has no list of tools.`);
    return;
  }
  for (const tool of tools as (Json | null)[]) {
    if (typeof tool !== "object" || tool === null) {
      visit.find("tool_unusable", answer.request, `${JSON.stringify(tool)} is not a tool.`);
      continue;
    }
    const name = String(tool["name"]);
    const schema = tool["inputSchema"] as Json | null | undefined;
    if (!/^[\w-]{1,64}$/.test(name)) {
      visit.find("tool_unusable", answer.request, `A tool has the name ${JSON.stringify(name)}.`);
    }
    if (schema?.["type"] !== "object") {
      visit.find("tool_unusable", answer.request, `The inputSchema of ${name} is not of type object.`);
    }
  }
}

/** A server that wants a token: the challenge on each way to ask, and an invented token. */
async function inspectGuarded(visit: Visit, url: string, first: Answer): Promise<void> {
  const challenge = challengeIn(visit, first);
  inspectCors(visit, first, ["www-authenticate"]);
  await preflight(visit, url, ["authorization", "content-type", "mcp-protocol-version", "mcp-session-id"]);
  challengeIn(
    visit,
    await visit.ask("Codex", url, { headers: { Accept: "*/*", "MCP-Protocol-Version": "2024-11-05" } }),
  );
  challengeIn(visit, await visit.ask("Gemini CLI", url, { method: "HEAD", headers: { Accept: "application/json" } }));
  const invented = await post(visit, url, INITIALIZE, { Authorization: "Bearer mcp-wicket-doctor-invented" });
  const { status, headers, request } = invented;
  if (status >= 200 && status <= 299) {
    visit.find("token_accepted", request, `An invented token is answered with ${String(status)}.`);
  } else if (status !== 401 || !/\berror="?invalid_token\b/.test(headers.get("www-authenticate") ?? "")) {
    visit.find(
      "token_refused_wrongly",
      request,
      `An invented token is answered with ${String(status)}, and not with 401 and invalid_token.`,
    );
  }
  await inspectAuthorization(visit, url, challenge);
}

/** The parameters of the challenge. */
function challengeIn(visit: Visit, { status, headers, request }: Answer): ReadonlyMap<string, string> {
  const text = headers.get("www-authenticate") ?? "";
  if (status !== 401 || !/^\s*Bearer\b|,\s*Bearer\b/i.test(text)) {
    const what = status === 401 ? "401 without a challenge for Bearer" : `${String(status)} instead of 401`;
    visit.find("challenge_missing", request, `A request without a token is answered with ${what}.`);
  }
  const parameters = text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g);
  return new Map([...parameters].map(([, name = "", quoted, plain = ""]) => [name.toLowerCase(), quoted ?? plain]));
}

function inspectCors(visit: Visit, answer: Answer, wanted: readonly string[]): void {
  if (!isReadable(answer)) {
    visit.find("cors_origin", answer.request, `Access-Control-Allow-Origin does not allow ${PAGE}.`);
    return;
  }
  const exposed = (answer.headers.get("access-control-expose-headers") ?? "").toLowerCase();
  const hidden = wanted.filter((name) => !exposed.includes(name) && exposed.trim() !== "*");
  if (hidden.length > 0) {
    visit.find("cors_headers_hidden", answer.request, `Access-Control-Expose-Headers lacks ${hidden.join(", ")}.`);
  }
}
