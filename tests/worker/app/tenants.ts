/** Servers whose tools depend on who is calling, under each entry. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";

export interface Tenant extends Record<string, unknown> {
  user: string;
}

/** Registers what `user` has: a tool of everybody's, and one of their own. */
function register(server: McpServer, user: string, props: () => unknown): void {
  const answer = async () => {
    // Long enough for another user's call to come in between.
    await scheduler.wait(Math.floor(Math.random() * 3));
    return { content: [{ type: "text" as const, text: JSON.stringify({ user, props: props() }) }] };
  };
  server.registerTool("whoami", {}, answer);
  server.registerTool(`only_${user}`, { description: `Belongs to ${user}` }, answer);
}

const info = { name: "tenants", version: "1.0.0" };

export class TenantInWorker extends McpAgent<Cloudflare.Env, unknown, Tenant> {
  override server = new McpServer(info);

  override async init(): Promise<void> {
    await scheduler.wait(Math.floor(Math.random() * 3));
    register(this.server, this.props.user, () => this.props);
  }
}

export class TenantInObject extends McpAgent<Cloudflare.Env, unknown, Tenant> {
  static override placement = "session" as const;
  override server = new McpServer(info);

  override async init(): Promise<void> {
    await scheduler.wait(Math.floor(Math.random() * 3));
    register(this.server, this.props.user, () => this.props);
  }
}

export const tenantHandler = createMcpHandler<Cloudflare.Env>(
  async ({ props }) => {
    await scheduler.wait(Math.floor(Math.random() * 3));
    const server = new McpServer(info);
    register(server, String(props?.user), () => props);
    return server;
  },
  { route: "/tenant-handler" },
);
