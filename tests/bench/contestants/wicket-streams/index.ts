/** `mcp-wicket` with streams: listeners that wait, and calls that say how far they are. */
import { McpServer, WicketObject as Plain, createMcpHandler } from "mcp-wicket";
import { z } from "zod";

/** How often an object was made or woken: one that sleeps is made anew for its next message. */
let woken = 0;

export class WicketObject extends Plain {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    woken++;
  }
}

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  server.registerTool("change", {}, async () => {
    await server.sendToolListChanged();
    return { content: [] };
  });
  server.registerTool("count", { inputSchema: { to: z.number() } }, async ({ to }, { progress }) => {
    for (let n = 1; n <= to; n++) {
      await progress(n, to);
      await scheduler.wait(20);
    }
    return { content: [{ type: "text", text: String(to) }] };
  });
  return server;
});

export default {
  fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> | Response {
    return request.url.endsWith("/woken") ? new Response(String(woken)) : handler(request, env, ctx);
  },
};
