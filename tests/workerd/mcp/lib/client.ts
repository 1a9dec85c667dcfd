/** Talking to the Worker under test, or to a server that a test makes for itself. */
import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { type CreateMcpHandlerOptions, McpServer, type McpServerOptions, createMcpHandler } from "mcp-wicket";
import { type Message, type Sent, type ToolResult, initialize, modern } from "../../../harness/messages.ts";
import { watched } from "./schema.ts";

/** What answers requests. */
export type Answering = (request: Request) => Promise<Response>;

export const HOST = "https://mcp.example.com";

/** The Worker of `app/worker.ts`. */
export const worker: Answering = watched((request) => exports.default.fetch(request));

/** A server for one test; `fill` runs for each request. */
export function serverOf(
  fill: (server: McpServer) => void | Promise<void>,
  { props, ...options }: CreateMcpHandlerOptions & { props?: Record<string, unknown> } = {},
  about?: McpServerOptions,
): Answering {
  const handler = createMcpHandler(async () => {
    const server = new McpServer({ name: "test", version: "1.0.0" }, about);
    await fill(server);
    return server;
  }, options);
  return watched((request) => handler(request, env, Object.assign(createExecutionContext(), props && { props })));
}

/** The JSON-RPC message of an answer. */
export async function messageOf<Result = Record<string, unknown>>(
  response: Response | Promise<Response>,
): Promise<Message<Result>> {
  return (await response).json();
}

/** The result of a `tools/call` on the new wire. */
export async function callTool(
  answering: Answering,
  name: string,
  args: Record<string, unknown> = {},
  sent: Sent = {},
  url = `${HOST}/mcp`,
): Promise<ToolResult> {
  const message = await messageOf<ToolResult>(answering(modern(url, "tools/call", { name, arguments: args }, sent)));
  if (!("result" in message)) throw new Error(`tools/call failed: ${JSON.stringify(message)}`);
  return message.result;
}

/** The first text of a tool's result. */
export const textOf = (result: ToolResult): string | undefined => result.content[0]?.text;

/** Begins a session and gives its id. */
export async function begin(answering: Answering, url: string, sent: Sent = {}): Promise<string> {
  const response = await answering(initialize(url, sent));
  const session = response.headers.get("mcp-session-id");
  await response.text();
  if (session === null) throw new Error(`no session: ${response.status}`);
  return session;
}
