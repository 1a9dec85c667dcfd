/** A server whose lists and resources change, under each entry. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";
import * as z from "zod";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });
const info = { name: "changing", version: "1.0.0" };

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
  server.registerTool("wait_for_signal", {}, async ({ signal }) => {
    for (let n = 0; n < 100 && !signal.aborted; n++) await scheduler.wait(50);
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

const make = () => register(new McpServer(info));

export const changing = {
  "/changing": createMcpHandler<Cloudflare.Env>(make, { route: "/changing" }),
  "/changing-nowhere": createMcpHandler<Cloudflare.Env>(make, { route: "/changing-nowhere", objects: "Nowhere" }),
  "/changing-kept": createMcpHandler<Cloudflare.Env>(make, { route: "/changing-kept", sessions: "object" }),
  "/changing-agent": Changing.serve("/changing-agent").fetch,
  "/changing-placed": ChangingPlaced.serve("/changing-placed").fetch,
  "/changing-placed-kept": ChangingPlaced.serve("/changing-placed-kept", { sessions: "object" }).fetch,
};
