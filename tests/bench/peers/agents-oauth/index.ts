/** `agents` behind `@cloudflare/workers-oauth-provider`, as its guide sets it up; whoever asks is let in at once. */
import { type OAuthHelpers, OAuthProvider } from "@cloudflare/workers-oauth-provider";
import { McpServer } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";
import { z } from "zod";
import { addTool } from "../../tools";

const add = addTool(z);
const input = z.object(add.fields);

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: "bench", version: "1.0.0" });
  server.registerTool(add.name, { description: add.description, inputSchema: input }, add.run);
  return server;
});

// Made at the first request: it has to know its own URL, and the benchmark's port is a free one.
const made = (resource: string) =>
  new OAuthProvider({
    apiRoute: "/mcp",
    apiHandler: { fetch: (request: Request, env: object, ctx: ExecutionContext) => mcp(request, env, ctx) },
    defaultHandler: {
      async fetch(request: Request, { OAUTH_PROVIDER: provider }: { OAUTH_PROVIDER: OAuthHelpers }) {
        const asked = await provider.parseAuthRequest(request);
        const { redirectTo } = await provider.completeAuthorization({
          request: asked,
          userId: "1",
          metadata: {},
          scope: asked.scope,
          props: { login: "bench" },
        });
        return Response.redirect(redirectTo, 302);
      },
    },
    authorizeEndpoint: "/authorize",
    tokenEndpoint: "/token",
    clientRegistrationEndpoint: "/register",
    resourceMetadata: { resource },
  });

let provider: ReturnType<typeof made> | undefined;

export default {
  fetch(request: Request, env: object, ctx: ExecutionContext) {
    provider ??= made(new URL("/mcp", request.url).href);
    return provider.fetch(request, env, ctx);
  },
};
