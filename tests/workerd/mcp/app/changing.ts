/** A server whose lists and resources change, under each entry. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";
import * as z from "zod";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });
const info = { name: "changing", version: "1.0.0" };

/** What becomes of calls that wait: tests and tools are in one isolate, whose requests cannot wait for each other's promises. */
export const calls = {
  /** How many have begun to wait for their cancellation. */
  waiting: 0,
  /** Whether the latest of them has seen it. */
  cancelled: false,
  /** Whether a test has cancelled it by now. */
  mayBe: true,
  /** Whether calls that are held may end. */
  released: false,
};

/** Looks again until it is so. */
async function until(what: () => boolean): Promise<void> {
  // real time: a look at what other requests do, however long they take
  while (!what()) await scheduler.wait(5);
}

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
    // real time: the answer comes when its stream has been closed for a moment
    await scheduler.wait(50);
    return text("late");
  });
  server.registerTool("seen_cancelled", {}, async () => {
    await until(() => calls.cancelled);
    return text(true);
  });
  server.registerTool("wait_for_signal", {}, async ({ signal }) => {
    const seen: string[] = [];
    calls.cancelled = false;
    signal.addEventListener("abort", () => seen.push(calls.mayBe ? "cancelled" : "another was cancelled"));
    calls.waiting++;
    await until(() => signal.aborted);
    calls.cancelled = true;
    return text(seen.join());
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
