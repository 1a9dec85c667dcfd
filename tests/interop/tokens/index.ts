/** A resource server: its tokens are JWTs that an authorization server on this machine issues. */
import { JWTVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { env } from "cloudflare:workers";

const { ISSUER: issuer } = env as unknown as { ISSUER: string };

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "resource", version: "1.0.0" });
  server.registerTool("whoami", {}, ({ caller }) => ({
    content: [{ type: "text", text: JSON.stringify([caller?.principal, [...(caller?.scopes ?? [])]]) }],
  }));
  return server;
});

// Made at the first request: the audience is this server's own URL, and the test's port is a free one.
const made = (audience: string) =>
  protect(new JWTVerifier({ issuer, audience, typ: "at+jwt" }), handler, { requiredScopes: ["read"] });
let guarded: ReturnType<typeof made> | undefined;

export default {
  fetch(request, env, ctx) {
    guarded ??= made(new URL("/mcp", request.url).href);
    return guarded.fetch(request, env, ctx);
  },
} satisfies ExportedHandler;
