/** The page for people who open an endpoint in a browser: it shows how to connect. */
import type { Guard, Access } from "../auth/guard.js";
import type { Incoming } from "../http/incoming.js";
import type { McpServer } from "../mcp/server/mcp-server.js";
import { type EndpointPageOptions, endpointPage } from "./start.js";

/** True for a person with a browser. MCP clients name their media types, or accept anything. */
export function wantsPage({ method, headers }: Incoming): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const accept = headers.get("accept");
  return accept !== null && accept.includes("text/html") && !/text\/event-stream|application\/json/.test(accept);
}

type EndpointLocation = Pick<EndpointPageOptions, "path" | "transport">;

/** The page of an endpoint that admits this request. */
export function openPage(
  incoming: Incoming,
  access: Access,
  { serverInfo }: McpServer,
  where: EndpointLocation,
): Response {
  const { caller, stepUp, headers } = access;
  const auth = caller !== undefined && (stepUp?.metadata(incoming) === undefined ? "token" : true);
  const name = serverInfo.title ?? serverInfo.name;
  return endpointPage(incoming.request, { name, auth, ...where }, 200, headers);
}

/** The response to a refused request: for a person the page, with the status and the challenge that a client gets. */
export function refusal<Env>(
  incoming: Incoming,
  refused: Response,
  guard: Guard<Env> | undefined,
  where: EndpointLocation,
): Response {
  const challenge = refused.headers.get("www-authenticate");
  if (challenge === null || !wantsPage(incoming)) return refused;
  const kept = [...refused.headers].filter(([name]) => !name.startsWith("content-") && name !== "cache-control");
  const auth = challenge.includes("resource_metadata=") ? true : "token";
  const name = guard?.name;
  return endpointPage(incoming.request, { ...(name !== undefined && { name }), auth, ...where }, refused.status, kept);
}
