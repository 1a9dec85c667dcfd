/** An MCP server behind Microsoft Entra ID: people sign in there, and tools know who is calling. */
import { AzureADHandler, McpAgent, McpServer, OAuthProvider, startPage } from "mcp-wicket/oauth";
import * as z from "zod";
import { type Manner, developmentOpenID } from "../../development/src/openid.ts";

const TENANT = "00000000-0000-0000-0000-000000000001";

/** Entra's way, for the sign-in for development. */
const entra: Manner = {
  authorize: `/${TENANT}/oauth2/v2.0/authorize`,
  token: `/${TENANT}/oauth2/v2.0/token`,
  keys: `/${TENANT}/discovery/v2.0/keys`,
  issuer: (origin) => `${origin}/development/${TENANT}/v2.0`,
  claims: ({ id }) => ({ tid: TENANT, oid: `00000000-0000-0000-0000-00000000001${id}` }),
};

interface Env {
  OAUTH_KV: KVNamespace;
  AZURE_CLIENT_ID?: string;
  AZURE_CLIENT_SECRET?: string;
  /** Your directory (tenant) id. */
  AZURE_TENANT_ID?: string;
  /** Where the sign-in for development is: set by `npm run serve`, never when deployed. */
  DEVELOPMENT?: string;
}

/** What the handler knows of a person; write `context` to decide it yourself. */
interface Props extends Record<string, unknown> {
  sub: string;
  name?: string;
  email?: string;
}

export class MyMCP extends McpAgent<Env, unknown, Props> {
  server = new McpServer({ name: "Notes", version: "1.0.0" });

  async init() {
    this.server.registerTool("whoami", { description: "Says who you are" }, async () => ({
      content: [
        { type: "text", text: `${this.props.name ?? "somebody"} (${this.props.email ?? "no e-mail address"})` },
      ],
    }));

    this.server.registerTool(
      "add",
      { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
      async ({ a, b }) => ({ content: [{ type: "text", text: `The sum is ${String(a + b)}` }] }),
    );
  }
}

export default new OAuthProvider<Env>({
  name: "Notes",
  apiHandlers: {
    "/mcp": MyMCP.serve("/mcp"),
    "/sse": MyMCP.serveSSE("/sse"),
  },
  defaultHandler: new AzureADHandler<Env>({
    clientId: (env) => env.AZURE_CLIENT_ID ?? (env.DEVELOPMENT && "development"),
    clientSecret: (env) => env.AZURE_CLIENT_SECRET ?? (env.DEVELOPMENT && "development"),
    // Only accounts of this directory can sign in.
    tenant: (env) => env.AZURE_TENANT_ID ?? TENANT,
    scopes: ["User.Read"],
    authority: (env) => (env.AZURE_CLIENT_ID ? undefined : env.DEVELOPMENT),
    fetch: async (request) =>
      (await developmentOpenID(request, entra)) ?? startPage(request, { name: "Notes", auth: true, ssePath: "/sse" }),
  }),
  kv: (env) => env.OAUTH_KV,
  scopes: { mcp: "Use your notes" },
});
