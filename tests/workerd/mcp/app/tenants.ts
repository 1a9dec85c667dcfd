/** Servers whose tools depend on who is calling, under each entry. */
import { McpAgent, McpServer, createMcpHandler } from "mcp-wicket";

export interface Tenant extends Record<string, unknown> {
  user: string;
}

/** Another user's call may come in between. */
// real time: how calls are interleaved makes no difference to any test
const awhile = () => scheduler.wait(Math.floor(Math.random() * 3));

/** Registers what `user` has: a tool of everybody's, and one of their own. */
function register(server: McpServer, user: string, props: () => unknown): void {
  const answer = async () => {
    await awhile();
    return { content: [{ type: "text" as const, text: JSON.stringify({ user, props: props() }) }] };
  };
  server.registerTool("whoami", {}, answer);
  server.registerTool(`only_${user}`, { description: `Belongs to ${user}` }, answer);
}

const info = { name: "tenants", version: "1.0.0" };

export class TenantInWorker extends McpAgent<Cloudflare.Env, unknown, Tenant> {
  override server = new McpServer(info);

  override async init(): Promise<void> {
    await awhile();
    register(this.server, this.props.user, () => this.props);
  }
}

export class TenantInObject extends McpAgent<Cloudflare.Env, unknown, Tenant> {
  static override placement = "session" as const;
  override server = new McpServer(info);

  override async init(): Promise<void> {
    await awhile();
    register(this.server, this.props.user, () => this.props);
  }
}

export const tenantHandler = createMcpHandler<Cloudflare.Env>(
  async ({ props }) => {
    await awhile();
    const server = new McpServer(info);
    register(server, String(props?.user), () => props);
    return server;
  },
  { route: "/tenant-handler" },
);
