/** A server whose lists and resources change, under each entry. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";
import * as z from "zod";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });
const info = { name: "changing", version: "1.0.0" };

/** Whether the latest call that waited for its cancellation has seen it. */
let seenCancelled = false;

function register(server: McpServer): McpServer {
  const whom = { everybody: z.boolean().optional() };
  server.registerTool("change", { inputSchema: { what: z.string(), ...whom } }, async ({ what, everybody = false }) => {
    if (what === "tools") await server.sendToolListChanged({ everybody });
    if (what === "prompts") await server.sendPromptListChanged({ everybody });
    if (what === "resources") await server.sendResourceListChanged({ everybody });
    return text("changed");
  });
  server.registerTool("update", { inputSchema: { uri: z.string(), ...whom } }, async ({ uri, everybody = false }) => {
    await server.sendResourceUpdated({ uri }, { everybody });
    return text("updated");
  });
  server.registerTool("say_changed", {}, async ({ sendNotification }) => {
    await sendNotification({ method: "notifications/tools/list_changed" });
    await sendNotification({ method: "notifications/resources/updated", params: { uri: "test://one" } });
    return text("said");
  });
  server.registerTool("log", {}, async ({ log }) => {
    for (const level of ["debug", "warning", "error"] as const) await log(level, "said");
    return text("logged");
  });
  server.registerTool("long", {}, async ({ sendNotification, closeSSEStream }) => {
    await sendNotification({ method: "notifications/message", params: { level: "info", data: "early" } });
    await closeSSEStream();
    await scheduler.wait(50);
    return text("late");
  });
  server.registerTool("seen_cancelled", {}, async () => {
    for (let n = 0; n < 60 && !seenCancelled; n++) await scheduler.wait(50);
    return text(seenCancelled);
  });
  server.registerTool("wait_for_signal", {}, async ({ signal }) => {
    seenCancelled = false;
    for (let n = 0; n < 100 && !signal.aborted; n++) await scheduler.wait(50);
    seenCancelled = signal.aborted;
    return text(signal.aborted ? "cancelled" : "nobody cancelled");
  });
  return server;
}

export class Changing extends McpAgent<Cloudflare.Env> {
  override server = new McpServer(info);
  override init(): void {
    register(this.server);
  }
}

export class ChangingPlaced extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;
  override server = new McpServer(info);
  override init(): void {
    register(this.server);
  }
}

/** Makes its server only when it is set up, under a name that the Worker does not know. */
export class LatePlaced extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;
  override init(): void {
    this.server = register(new McpServer({ name: "made late", version: "1.0.0" }));
  }
}

const make = () => register(new McpServer(info));

export const changing = {
  "/changing": createMcpHandler<Cloudflare.Env>(make, { route: "/changing" }),
  "/changing-nowhere": createMcpHandler<Cloudflare.Env>(make, { route: "/changing-nowhere", objects: "Nowhere" }),
  "/changing-kept": createMcpHandler<Cloudflare.Env>(make, { route: "/changing-kept", sessions: "object" }),
  "/changing-agent": Changing.serve("/changing-agent").fetch,
  "/changing-sse": Changing.serveSSE("/changing-sse").fetch,
  "/changing-placed-sse": ChangingPlaced.serveSSE("/changing-placed-sse").fetch,
  "/late-placed": LatePlaced.serve("/late-placed").fetch,
  "/late-placed-sse": LatePlaced.serveSSE("/late-placed-sse").fetch,
  "/changing-placed": ChangingPlaced.serve("/changing-placed").fetch,
  "/changing-placed-kept": ChangingPlaced.serve("/changing-placed-kept", { sessions: "object" }).fetch,
};
