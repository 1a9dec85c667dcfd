/** What somebody sees who opens an endpoint in a browser: the page that shows how to connect. */
import type { Guard, Pass } from "../guard.js";
import type { Incoming } from "../incoming.js";
import type { McpServer } from "../server/mcp-server.js";
import { type EndpointPageOptions, endpointPage } from "./start.js";

/** True for a person with a browser. Clients name what they want, or say that anything will do. */
export function wantsPage({ method, headers }: Incoming): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const accept = headers.get("accept");
  return accept !== null && accept.includes("text/html") && !/text\/event-stream|application\/json/.test(accept);
}

type Where = Pick<EndpointPageOptions, "path" | "transport">;

/** The page of an endpoint that lets this request in. */
export function openPage(incoming: Incoming, pass: Pass, { serverInfo }: McpServer, where: Where): Response {
  const { caller, stepUp, headers } = pass;
  const auth = caller !== undefined && (stepUp?.metadata(incoming) === undefined ? "token" : true);
  const name = serverInfo.title ?? serverInfo.name;
  return endpointPage(incoming.request, { name, auth, ...where }, 200, headers);
}

/** What a request gets that is not let in: for a person the page, with the status and the challenge that a client gets. */
export function refusal<Env>(
  incoming: Incoming,
  refused: Response,
  guard: Guard<Env> | undefined,
  where: Where,
): Response {
  const challenge = refused.headers.get("www-authenticate");
  if (challenge === null || !wantsPage(incoming)) return refused;
  const kept = [...refused.headers].filter(([name]) => !name.startsWith("content-") && name !== "cache-control");
  const auth = challenge.includes("resource_metadata=") ? true : "token";
  const name = guard?.name;
  return endpointPage(incoming.request, { ...(name !== undefined && { name }), auth, ...where }, refused.status, kept);
}
