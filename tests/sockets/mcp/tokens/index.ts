/** Endpoints for tokens of issuers whose keys are fetched, in each way that they can be found. */
import { JWTVerifier, McpServer, anyOf, cloudflareAccess, createMcpHandler, protect } from "mcp-wicket/jwt";

const whoami = (route: string) =>
  createMcpHandler(
    () => {
      const server = new McpServer({ name: "tokens", version: "1.0.0" });
      server.registerTool("whoami", {}, ({ caller }) => ({
        content: [{ type: "text", text: caller?.principal ?? "nobody" }],
      }));
      return server;
    },
    { route },
  );

const audience = "https://mcp.example.com/mcp";
const access = cloudflareAccess({ team: "acme", audience: "a".repeat(64) });
const discovered = new JWTVerifier({ issuer: "https://issuer.example/tenant", audience });
const oauth = new JWTVerifier({ issuer: "https://oauth.example/tenant", audience });
const impostor = new JWTVerifier({ issuer: "https://impostor.example", audience });
const published = new JWTVerifier({
  issuer: "https://published.example",
  audience,
  jwksUri: "https://keys.example/keys",
  keysCooldown: 1,
});

const endpoints: Record<string, ReturnType<typeof protect>> = {
  "/access": protect(access, whoami("/access")),
  "/discovered": protect(discovered, whoami("/discovered")),
  "/oauth": protect(oauth, whoami("/oauth")),
  "/impostor": protect(impostor, whoami("/impostor")),
  "/published": protect(published, whoami("/published")),
  "/any": protect(anyOf(access, discovered, oauth), whoami("/any")),
};

/** How far this isolate's clock is ahead, in milliseconds. */
let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;
/** How many requests have arrived. */
let arrived = 0;

export default {
  fetch: (request, env, ctx) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/test") {
      ahead += Number(searchParams.get("later") ?? 0);
      return Response.json(arrived);
    }
    arrived++;
    return endpoints[pathname]?.fetch(request, env, ctx) ?? new Response("Not found", { status: 404 });
  },
} satisfies ExportedHandler;
