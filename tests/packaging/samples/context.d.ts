/** What the samples of the documents leave out: the bindings, the classes and the values that a page has introduced. */
import type {
  AuthInfo,
  AuthRequest,
  ClientInfo,
  JWTVerifier,
  KnownPerson,
  McpAgent,
  McpServer,
  OAuthProvider,
  ToolContext,
} from "mcp-wicket/oauth";

declare global {
  namespace Cloudflare {
    interface Env {
      OAUTH_KV: KVNamespace;
      KEYS: KVNamespace;
      DB: D1Database;
      API_KEYS: string;
      JWT_SECRET: string;
      OPERATOR_KEYS: string;
      INTROSPECTION_ID: string;
      OIDC_CLIENT_ID: string;
      OIDC_CLIENT_SECRET: string;
      RATE_LIMITER: RateLimit;
      INTROSPECTION_SECRET: string;
      GITHUB_CLIENT_ID: string;
      GITHUB_CLIENT_SECRET: string;
    }
  }
  type Env = Cloudflare.Env;
  class MyMCP extends McpAgent<Env> {
    server: McpServer;
  }
  class Notes extends MyMCP {}
  class Calendar extends MyMCP {}
  const worker: { fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> };
  const server: McpServer;
  const provider: OAuthProvider<Env>;
  const verifier: JWTVerifier;
  const defaultHandler: { identify(request: Request): KnownPerson | null };
  const createNotes: () => McpServer;
  const createCalendar: () => McpServer;
  const env: Env;
  const ctx: ExecutionContext;
  const handler: () => { content: [] };
  const info: { name: string; version: string };
  const issuer: string;
  const audience: string;
  const elicit: ToolContext["elicit"];
  function introspect(token: string): Promise<{ active: boolean; sub: string; aud: string; exp: number }>;
  function accountOf(caller: AuthInfo | undefined): Promise<string | undefined>;
  function lettersOf(account: string): Promise<string>;
  function yourConsentPage(request: AuthRequest, client: ClientInfo | null): Response;
  function yourForm(
    request: Request,
  ): Promise<{ asked: AuthRequest; user: { id: string; email: string; login: string }; scope: string[] }>;
}
