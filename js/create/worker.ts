/* The source of a new project's Worker: `src/index.ts`. */
import type { Choices, ProviderName } from "./choices.js";

/* The handler of each provider: its class, and its options in `src/index.ts`. */
export const HANDLERS: Record<ProviderName, { label: string; className: string; secrets: string[]; options: string }> =
  {
    github: {
      label: "GitHub",
      className: "GitHubHandler",
      secrets: ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"],
      options: `clientId: (env) => env.GITHUB_CLIENT_ID,
    clientSecret: (env) => env.GITHUB_CLIENT_SECRET,`,
    },
    google: {
      label: "Google",
      className: "GoogleHandler",
      secrets: ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"],
      options: `clientId: (env) => env.GOOGLE_CLIENT_ID,
    clientSecret: (env) => env.GOOGLE_CLIENT_SECRET,`,
    },
    azure: {
      label: "Microsoft Entra ID",
      className: "AzureADHandler",
      secrets: ["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"],
      options: `clientId: (env) => env.AZURE_CLIENT_ID,
    clientSecret: (env) => env.AZURE_CLIENT_SECRET,
    // Only accounts of this directory can sign in.
    tenant: (env) => env.AZURE_TENANT_ID,`,
    },
    oidc: {
      label: "your OpenID provider",
      className: "GenericOAuthHandler",
      secrets: ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"],
      options: `issuer: (env) => env.OIDC_ISSUER,
    clientId: (env) => env.OIDC_CLIENT_ID,
    clientSecret: (env) => env.OIDC_CLIENT_SECRET,`,
    },
  };

/** The secrets of a project. */
export function secretsOf({ pattern, provider }: Pick<Choices, "pattern" | "provider">): string[] {
  return { none: [], jwt: ["JWT_SECRET"], "api-key": ["API_KEYS"], oauth: HANDLERS[provider].secrets }[pattern];
}

/** The class of the project's Durable Objects, if it has one. */
export function objectClass({ pattern, transport }: Choices): string | undefined {
  if (transport === "session") return "MyMCP";
  return pattern === "oauth" ? "WicketObject" : undefined;
}

export const OBJECT_EXPORT = `/** The class of the Durable Objects in which sign-ins and grants are stored. */
export { WicketObject } from "mcp-wicket/oauth";`;

export function workerSource(choices: Choices): string {
  return `${head(choices)}\n${[imports(choices), server(choices), exported(choices)].join("\n\n")}\n`;
}

/** The first line of each pattern. */
export const HEADS = {
  none: "/** An MCP server that everyone may use. */",
  jwt: "/** An MCP server for programs with a token: who is calling is in its claims. */",
  "api-key": "/** An MCP server for programs with an API key: who is calling is in the key's record. */",
  oauth: (provider: ProviderName) => `/** An MCP server for people who sign in with ${HANDLERS[provider].label}. */`,
};

function head({ pattern, provider }: Choices): string {
  return pattern === "oauth" ? HEADS.oauth(provider) : HEADS[pattern];
}

function imports({ pattern, provider, transport }: Choices): string {
  const fromPackage = [
    transport === "session" ? "McpAgent" : "createMcpHandler",
    "McpServer",
    ...{
      none: ["startPage"],
      jwt: ["JWTVerifier", "protect"],
      "api-key": ["APIKeyVerifier", "protect"],
      oauth: [HANDLERS[provider].className, "OAuthProvider"],
    }[pattern],
  ].sort((one, other) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1));
  const entry = { none: "mcp-wicket", jwt: "mcp-wicket/jwt", "api-key": "mcp-wicket/jwt", oauth: "mcp-wicket/oauth" };
  const needsEnv = pattern === "jwt" || pattern === "api-key";
  return [
    needsEnv && `import { env } from "cloudflare:workers";`,
    `import { ${fromPackage.join(", ")} } from "${entry[pattern]}";`,
    `import * as z from "zod";`,
  ]
    .filter(Boolean)
    .join("\n");
}

/** The caller, as tools see it. */
const WHO = { none: "", jwt: "sub", "api-key": "sub", oauth: "name" };

function server(choices: Choices): string {
  return choices.transport === "session" ? agent(choices) : handler(choices);
}

function handler({ name, pattern }: Choices): string {
  const context = pattern === "none" ? "()" : "({ props })";
  return `const mcp = createMcpHandler<Env>(${context} => {
  const server = new McpServer({ name: "${name}", version: "1.0.0" });

${indented(tools("server", pattern === "none" ? undefined : `props?.${WHO[pattern]}`), 2)}
  return server;
});`;
}

function agent({ name, pattern }: Choices): string {
  const props = pattern === "none" ? "" : `, Record<string, unknown>`;
  const who = pattern === "none" ? undefined : `this.props.${WHO[pattern]}`;
  return `interface State {
  calls: number;
}

export class MyMCP extends McpAgent<Env, State${props}> {
  server = new McpServer({ name: "${name}", version: "1.0.0" });
  /** Stored in the session's Durable Object. */
  initialState: State = { calls: 0 };

  async init() {
${indented(tools("this.server", who), 4)}
    this.server.registerTool("count", { description: "Counts its calls" }, async () => {
      this.setState({ calls: this.state.calls + 1 });
      return { content: [{ type: "text", text: String(this.state.calls) }] };
    });
  }
}`;
}

function tools(server: string, who: string | undefined): string {
  const add = `${server}.registerTool(
  "add",
  { description: "Adds two numbers", inputSchema: { a: z.number(), b: z.number() } },
  async ({ a, b }) => ({ content: [{ type: "text", text: String(a + b) }] }),
);
`;
  if (who === undefined) return add;
  return `${add}
${server}.registerTool("whoami", { description: "Says who is calling" }, async () => ({
  content: [{ type: "text", text: String(${who}) }],
}));
`;
}

function exported(choices: Choices): string {
  const { name, pattern, provider, transport } = choices;
  const endpoint = transport === "session" ? `MyMCP.serve("/mcp")` : "mcp";
  if (pattern === "none") {
    return `export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/") return startPage(request, { name: "${name}" });
    return ${transport === "session" ? `MyMCP.serve("/mcp").fetch(request, env, ctx)` : "mcp(request, env, ctx)"};
  },
} satisfies ExportedHandler<Env>;`;
  }
  if (pattern === "jwt") {
    return `const verifier = new JWTVerifier({
  // Tokens of another issuer: leave \`secret\` out, and set \`issuer\` to its URL.
  secret: env.JWT_SECRET,
  issuer: "${name}",
  audience: "${name}",
});

export default protect(verifier, ${endpoint}, { name: "${name}" });`;
  }
  if (pattern === "api-key") {
    return `const verifier = new APIKeyVerifier({ keys: env.API_KEYS });

export default protect(verifier, ${endpoint}, { name: "${name}" });`;
  }
  const { className, options } = HANDLERS[provider];
  return `${transport === "session" ? "" : `${OBJECT_EXPORT}\n\n`}export default new OAuthProvider<Env>({
  name: "${name}",
  apiHandlers: { "/mcp": ${endpoint} },
  defaultHandler: new ${className}<Env>({
    ${options}
    // Who may sign in. Ada is in the development sign-in only: replace her before you deploy.
    allow: { emails: ["ada@example.com"] },
  }),
});`;
}

function indented(text: string, by: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(by));
}
