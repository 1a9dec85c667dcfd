/** Endpoints behind a guard, of which the tokens are those of a table. */
import {
  type Caller,
  McpAgent,
  McpServer,
  ResourceTemplate,
  type TokenVerifier,
  completable,
  createMcpHandler,
  protect,
} from "mcp-wicket/jwt";
import * as z from "zod";

/** A verifier with a few tokens of its own, as an app could have one. */
function table(): TokenVerifier<Cloudflare.Env> {
  const caller = (principal: string, scopes: string[], about: Partial<Caller> = {}) => ({
    principal,
    scopes: new Set(scopes),
    props: { name: principal.split(":").at(-1) },
    ...about,
  });
  const until = { expires: 2_000_000_000, resource: "https://mcp.example.com/guarded" };
  const callers = new Map([
    ["Bearer ann", caller("user:test:ann", ["read"])],
    ["Bearer ann-at-the-desk", caller("user:test:ann", ["read"], { client: "desk", ...until })],
    ["Bearer ann-on-the-phone", caller("user:test:ann", ["read"], { client: "phone" })],
    ["Bearer bob", caller("user:test:bob", ["read", "write"])],
    ["Bearer eve", caller("user:test:eve", [])],
    ["Bearer root", caller("user:test:root", ["admin"])],
  ]);
  return {
    issuers: ["https://issuer.example", "no URL"],
    bearer: true,
    identify: ({ headers }) => {
      const authorization = headers.get("authorization");
      if (authorization === null) return { refused: "absent", reason: "no_token" };
      return callers.get(authorization) ?? { refused: "token", reason: "unknown" };
    },
  };
}

function register(server: McpServer, props: () => unknown): McpServer {
  const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });
  server.registerTool("whoami", {}, ({ caller }) => text({ props: props(), scopes: [...(caller?.scopes ?? [])] }));
  server.registerTool("auth", {}, ({ authInfo }) => text(authInfo ?? null));
  server.registerTool("greet", {}, async ({ elicit }) => {
    const { content } = await elicit({ message: "Who are you?", requestedSchema: { type: "object", properties: {} } });
    return text({ hello: content ?? null });
  });
  server.registerTool("write", { scopes: ["write"] }, () => text("written"));
  const secrets = () => ["hunter2"];
  server.registerPrompt("secret", { scopes: ["write"], argsSchema: { of: completable(z.string(), secrets) } }, () => ({
    messages: [],
  }));
  const template = new ResourceTemplate("secret://{of}", { list: undefined, complete: { of: secrets } });
  server.registerResource("secret", template, { scopes: ["write"] }, () => ({ contents: [] }));
  server.registerTool("both", { scopes: ["write", "delete"] }, () => text("deleted"));
  return server;
}

const info = { name: "guarded", version: "1.0.0" };

export class GuardedInWorker extends McpAgent<Cloudflare.Env> {
  override server = new McpServer(info);
  override init(): void {
    register(this.server, () => this.props);
  }
}

export class GuardedInObject extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;
  override server = new McpServer(info);
  override init(): void {
    register(this.server, () => this.props);
  }
}

const handler = (route: string) =>
  createMcpHandler<Cloudflare.Env>(({ props }) => register(new McpServer(info), () => props), { route });

export const guarded = protect(
  table(),
  [
    GuardedInWorker.serve("/guarded-worker"),
    GuardedInObject.serve("/guarded-object"),
    GuardedInWorker.serveSSE("/guarded-sse"),
    handler("/guarded-handler"),
  ],
  {
    requiredScopes: ["read"],
    scopesSupported: ["read", "write", "delete"],
    impliedScopes: (scope) => (scope === "admin" ? ["write", "delete"] : scope === "write" ? ["read"] : []),
    name: "Guarded",
  },
);

/** The same without scopes, with props that are made. */
export const guardedContext = protect(table(), handler("/guarded-context"), {
  context: ({ name }) => Promise.resolve({ hello: name }),
  resource: "https://public.example/api/mcp",
});

/** Nobody tells who is calling here. */
export const unguarded = handler("/unguarded");
