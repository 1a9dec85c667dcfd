/** The Worker under test: tools that wait, and probes. Its package is the one of the probes, whose wasm can be made to trap. */
import { McpAgent, McpServer } from "mcp-wicket";
import { memory, probe } from "../../../probe/index.ts";
import type { ProbeOptions, Script } from "../../../probe/script.ts";
import * as z from "zod";

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });

/** The names of the calls whose clients went away. Not per request: the one that went away cannot tell. */
const aborted: string[] = [];

/** This isolate; at module scope there is no randomness for its name. */
const here: { name?: string } = {};
const isolate = () => (here.name ??= crypto.randomUUID());

function register(server: McpServer, user: () => unknown): void {
  server.registerTool("wait", { inputSchema: { url: z.string() } }, async ({ url }) => {
    const response = await fetch(url);
    return text(`${String(user())} got ${await response.text()}`);
  });
  server.registerTool(
    "hold",
    { inputSchema: { url: z.string(), name: z.string() } },
    async ({ url, name }, { signal }) => {
      signal.addEventListener("abort", () => aborted.push(name));
      await fetch(url);
      return text("nobody went away");
    },
  );
  server.registerTool("change", {}, async () => {
    await server.sendToolListChanged();
    return text("changed");
  });
  server.registerTool(
    "stream",
    { inputSchema: { url: z.string(), name: z.string() } },
    async ({ url, name }, { signal, progress }) => {
      signal.addEventListener("abort", () => aborted.push(name));
      await progress(1);
      await fetch(url);
      return text("nobody went away");
    },
  );
  server.registerTool(
    "stream_first",
    { inputSchema: { url: z.string(), name: z.string() } },
    async ({ url, name }, context) => {
      await context.progress(1);
      await fetch(url);
      await new Promise<void>((resolve) => {
        context.signal.addEventListener("abort", () => {
          aborted.push(name);
          resolve();
        });
      });
      return text("nobody went away");
    },
  );
  server.registerTool("greet", {}, async ({ progress }) => {
    await progress(1, 1, String(user()));
    return text(`hello ${String(user())}`);
  });
  server.registerTool("update", { inputSchema: { uri: z.string() } }, async ({ uri }) => {
    await server.sendResourceUpdated({ uri });
    return text("updated");
  });
  server.registerTool("ask", {}, async ({ elicit }) => {
    const requestedSchema = { type: "object" as const, properties: { name: { type: "string" as const } } };
    const { content } = await elicit({ message: "Who are you?", requestedSchema });
    return text(`hello ${String(content?.name)}`);
  });
  server.registerTool("break_off", {}, async ({ closeSSEStream }) => {
    await closeSSEStream();
    // real time: the answer comes when its stream has been closed for a moment
    await scheduler.wait(200);
    return text("the rest");
  });
  server.registerTool("echo", { inputSchema: { said: z.string() } }, ({ said }) => text(`${isolate()} ${said}`));
  server.registerTool("big", { inputSchema: { size: z.number() } }, ({ size }) => text("x".repeat(size)));
  server.registerTool(
    "tell",
    { inputSchema: { count: z.number(), size: z.number() } },
    async ({ count, size }, { progress }) => {
      for (let n = 1; n <= count; n++) await progress(n, count, "x".repeat(size));
      return text("told");
    },
  );
  server.registerTool("hello", {}, () => text(`hello ${String(user())}`));
}

/** How many sockets to objects were opened so far. */
let opened = 0;

export class Waiter extends McpAgent {
  override server = new McpServer({ name: "waiter", version: "1.0.0" });
  override fetch(request: Request): Response | Promise<Response> {
    opened++;
    return super.fetch(request);
  }
  override init(): void {
    register(this.server, () => this.props.user);
  }
}

export class PlacedWaiter extends McpAgent {
  static override placement = "session" as const;
  override server = new McpServer({ name: "placed-waiter", version: "1.0.0" });
  override init(): void {
    register(this.server, () => this.props.user);
  }
}

async function probed(request: Request): Promise<Response> {
  const { script, options } = await request.json<{ script: Script; options?: ProbeOptions }>();
  try {
    return Response.json(await probe(script, undefined, options));
  } catch (error) {
    return Response.json({ name: script.name, error: String(error) }, { status: 500 });
  }
}

export default {
  async fetch(request, env, ctx): Promise<Response> {
    const user = request.headers.get("x-user");
    if (user !== null) (ctx as { props?: object }).props = { user };
    switch (new URL(request.url).pathname) {
      case "/mcp":
        return Waiter.serve("/mcp").fetch(request, env, ctx);
      case "/sse":
      case "/sse/message":
        return Waiter.serveSSE("/sse").fetch(request, env, ctx);
      case "/reached":
        return Waiter.serve("/reached", { objects: "OBJECTS" }).fetch(request, env, ctx);
      case "/reached-sse":
      case "/reached-sse/message":
        return Waiter.serveSSE("/reached-sse", { objects: "OBJECTS" }).fetch(request, env, ctx);
      case "/placed":
        return PlacedWaiter.serve("/placed").fetch(request, env, ctx);
      case "/placed-sse":
      case "/placed-sse/message":
        return PlacedWaiter.serveSSE("/placed-sse").fetch(request, env, ctx);
      case "/probe":
        return probed(request);
      case "/collect":
        (globalThis as { gc?: () => void }).gc?.();
        return new Response();
      case "/memory":
        return Response.json(await memory());
      case "/opened":
        return new Response(String(opened));
      case "/aborted":
        return Response.json(aborted);
      default:
        // An app that takes its paths from requests.
        if (request.url.includes("/tenants/")) {
          return Waiter.serve(new URL(request.url).pathname).fetch(request, env, ctx);
        }
        return new Response("Not found", { status: 404 });
    }
  },
} satisfies ExportedHandler;
