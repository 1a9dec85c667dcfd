/** A client of both wires that is asked for things, and answers them. */
import { LEGACY, type Message, type ToolResult, initialize, legacy, modern, post } from "../../../harness/messages.ts";
import type { Answering } from "./client.ts";
import { EventReader } from "./stream.ts";

/** What the server asks. */
export interface Asked {
  method: string;
  params: Record<string, unknown>;
}

/** Answers a question; `key` is its name on the new wire. */
export type AnswerTo = (asked: Asked, key?: string) => unknown;

/** A call, all its rounds, and what it came to. */
export interface Called {
  result: ToolResult & Record<string, unknown>;
  error: Message["error"];
  /** All that was asked, in its order. */
  asked: Asked[];
  status: number;
}

export const EVERYTHING = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} };

interface Round extends Record<string, unknown> {
  resultType?: string;
  inputRequests?: Record<string, Asked>;
  requestState?: string;
}

const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";

export interface Asking {
  url: string;
  capabilities?: object;
  headers?: Record<string, string>;
  /** Where responses are posted: by default where the call was. */
  elsewhere?: Answering;
  meta?: Record<string, unknown>;
}

/** Calls a tool on 2026-07-28 and answers for as long as more is asked for. */
export async function callModern(
  server: Answering,
  params: Record<string, unknown>,
  answer: AnswerTo,
  { url, capabilities = EVERYTHING, headers = {}, meta = {} }: Asking,
): Promise<Called> {
  const asked: Asked[] = [];
  let more: Record<string, unknown> = {};
  for (let id = 1; id < 20; id++) {
    const _meta = { [CAPABILITIES]: capabilities, ...meta };
    const response = await server(modern(url, "tools/call", { ...params, ...more, _meta }, { id, headers }));
    const message = await lastOf<Round>(response);
    if (!("result" in message) || message.result.resultType !== "input_required") {
      return { ...(message as unknown as Called), asked, status: response.status };
    }
    const { inputRequests = {}, requestState } = message.result;
    const inputResponses: Record<string, unknown> = {};
    for (const [key, question] of Object.entries(inputRequests)) {
      asked.push(question);
      inputResponses[key] = await answer(question, key);
    }
    more = { inputResponses, requestState };
  }
  throw new Error("the server asks for ever");
}

/** The last message of a response, JSON or stream. */
async function lastOf<Result>(response: Response): Promise<Message<Result>> {
  if (response.headers.get("content-type") === "application/json") return response.json();
  const reader = new EventReader(response);
  let last = "";
  for (let next = await reader.next(); next; next = await reader.next()) last = next.data;
  return JSON.parse(last) as Message<Result>;
}

/** Begins a session whose client can do what `capabilities` say. */
export async function beginAble(
  server: Answering,
  { url, capabilities = EVERYTHING, headers = {} }: Asking,
): Promise<string> {
  const begin = initialize(url, { headers });
  const { params, ...rest } = await begin.json<{ params: object }>();
  const body = JSON.stringify({ ...rest, params: { ...params, capabilities } });
  const response = await server(new Request(url, { method: "POST", headers: begin.headers, body }));
  const session = response.headers.get("mcp-session-id");
  await response.text();
  if (session === null) throw new Error(`no session: ${response.status}`);
  return session;
}

/** Calls a tool in a session of 2025-11-25 and answers the requests on its stream. */
export async function callLegacy(
  server: Answering,
  params: Record<string, unknown>,
  answer: AnswerTo,
  asking: Asking,
): Promise<Called> {
  const { url, headers = {}, elsewhere = server } = asking;
  const session = await beginAble(server, asking);
  const response = await server(legacy(url, "tools/call", params, { id: "call", session, headers }));
  const asked: Asked[] = [];
  if (response.headers.get("content-type") === "application/json") {
    return { ...(await response.json<Called>()), asked, status: response.status };
  }
  const reader = new EventReader(response);
  for (;;) {
    const message = await reader.message<Message & Asked>();
    if (message.id === "call") return { ...(message as unknown as Called), asked, status: response.status };
    if (message.id === undefined) continue;
    asked.push({ method: message.method, params: message.params });
    const outcome = await answer(message);
    const said = outcome instanceof Error ? { error: { code: -1, message: outcome.message } } : { result: outcome };
    const body = JSON.stringify({ jsonrpc: "2.0", id: message.id, ...said });
    const sent = { "mcp-protocol-version": LEGACY, "mcp-session-id": session, ...headers };
    const taken = await elsewhere(post(url, body, { headers: sent }));
    if (taken.status !== 202) throw new Error(`the response was not taken in: ${taken.status}`);
  }
}

export const bothWires = [
  { wire: "2026-07-28", call: callModern },
  { wire: LEGACY, call: callLegacy },
] as const;
