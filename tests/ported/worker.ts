/** Serves the servers that have moved, each at its name. */
import { createMcpHandler } from "mcp-wicket";
import { servers } from "./made/index.js";

export { WicketObject } from "mcp-wicket";

const handlers = new Map(
  Object.entries(servers).map(([name, getServer]) => [`/${name}`, createMcpHandler(getServer, { route: `/${name}` })]),
);

export default {
  fetch(request: Request, env: object, ctx: ExecutionContext): Promise<Response> | Response {
    const handler = handlers.get(new URL(request.url).pathname);
    return handler ? handler(request, env, ctx) : new Response("Not found", { status: 404 });
  },
};
