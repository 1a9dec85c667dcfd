/** An endpoint for opaque tokens of an authorization server on this machine, in the ways that a verifier can be set up. */
import { IntrospectionVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { env } from "cloudflare:workers";

const { ISSUER: issuer, CLIENT_SECRET: clientSecret } = env as unknown as { ISSUER: string; CLIENT_SECRET: string };

const whoami = (route: string) =>
  createMcpHandler(
    ({ props }) => {
      const server = new McpServer({ name: "opaque", version: "1.0.0" });
      const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
      server.registerTool("whoami", {}, ({ caller, authInfo: auth }) =>
        text({ props, principal: caller?.principal, scopes: [...(caller?.scopes ?? [])], auth }),
      );
      server.registerTool("write", { scopes: ["write"] }, () => text("written"));
      return server;
    },
    { route },
  );

const base = { issuer, audience: "https://mcp.example.com/mcp", clientId: "mcp-server", clientSecret };

const endpoints: Record<string, ReturnType<typeof protect>> = {
  "/mcp": protect(new IntrospectionVerifier(base), whoami("/mcp")),
  "/at-once": protect(new IntrospectionVerifier({ ...base, maxAge: 0 }), whoami("/at-once")),
  "/post": protect(new IntrospectionVerifier({ ...base, clientId: "posts", clientAuth: "post" }), whoami("/post")),
  "/elsewhere": protect(
    new IntrospectionVerifier({ ...base, audience: "https://other.example" }),
    whoami("/elsewhere"),
  ),
  "/any": protect(new IntrospectionVerifier({ ...base, maxAge: 0, requireAud: false }), whoami("/any")),
  "/wrong-secret": protect(new IntrospectionVerifier({ ...base, clientSecret: "wrong" }), whoami("/wrong-secret")),
  "/direct": protect(
    new IntrospectionVerifier({ ...base, maxAge: 0, endpoint: `${issuer}/token/introspection` }),
    whoami("/direct"),
  ),
};

/** How many requests have arrived. */
let arrived = 0;

export default {
  fetch: (request, env, ctx) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/test") return Response.json(arrived);
    arrived++;
    return endpoints[pathname]?.fetch(request, env, ctx) ?? new Response("Not found", { status: 404 });
  },
} satisfies ExportedHandler;
