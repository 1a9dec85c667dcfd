/** The Worker that is killed: sign-in at GitHub, audit in D1, and a tool that charges once. */
import { GitHubHandler, McpServer, OAuthProvider, WicketObject, createMcpHandler, d1Audit } from "mcp-wicket/oauth";
import { env as bindings } from "cloudflare:workers";
import { z } from "zod";
import { type Env, instrumentFetch, instrumented, objectIsAway, report, roleOf } from "./reporting.ts";

instrumentFetch(bindings as Env);

/** How far the clock is ahead, in milliseconds. */
let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;

/** What goes on after answers. */
let open = 0;

export class Objects extends WicketObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.env = instrumented(env);
  }

  /**
   * The report says that it has written, and not yet answered. It reaches nobody before that is on disk: the runtime holds back
   * what leaves an object until then.
   */
  override async wicketAsk(name: string, call: string, input: string): Promise<string> {
    const answer = await super.wicketAsk(name, call, input);
    await report(bindings as Env, "after", `${roleOf(name)}: ${call}`, objectIsAway, name);
    return answer;
  }

  /** The rows that the object keeps. */
  rows(): [key: string, body: string][] {
    const { sql } = this.ctx.storage;
    const tables = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'wicket_rows'").toArray();
    if (tables.length === 0) return [];
    const rows = sql.exec<{ key: string; body: string }>("SELECT key, body FROM wicket_rows ORDER BY key").toArray();
    return rows.map(({ key, body }) => [key, body]);
  }

  /** Its alarm, now; false where it has set none. */
  async ring(): Promise<boolean> {
    if ((await this.ctx.storage.getAlarm()) === null) return false;
    await this.alarm();
    return true;
  }
}

function server(): McpServer {
  const made = new McpServer({ name: "shop", version: "1.0.0" });
  made.registerTool("whoami", {}, ({ authInfo }) => ({
    content: [{ type: "text", text: JSON.stringify(authInfo?.extra ?? null) }],
  }));
  made.registerTool("pay", { inputSchema: { order: z.string() } }, async ({ order }, context) => {
    await context.elicit({ message: `Pay ${order}?`, requestedSchema: { type: "object", properties: {} } });
    const receipt = await context.once("charge", async () => {
      const charged = await fetch(`https://bank.example/charge?order=${order}`, { method: "POST" });
      return charged.text();
    });
    return { content: [{ type: "text", text: receipt }] };
  });
  return made;
}

const limits = { authorize: 10_000, register: 10_000, token: 10_000, callback: 10_000, documents: 10_000 };
const ISSUER = "https://mcp.example.com";
const provider = new OAuthProvider<Env>({
  issuer: ISSUER,
  apiHandlers: { "/mcp": createMcpHandler<Env>(server, { objects: "OBJECTS" }) },
  defaultHandler: new GitHubHandler<Env>({ clientId: "client-1", clientSecret: "s3cret", allow: "anyone" }),
  objects: "OBJECTS",
  kv: ({ OAUTH_KV }) => OAUTH_KV,
  audit: d1Audit(({ DB }) => DB),
  limits,
});

/** What the test asks of the Worker itself, past all reports. */
async function asked(url: URL, env: Env): Promise<Response> {
  const object = () => env.OBJECTS.getByName(url.searchParams.get("name") ?? "") as unknown as Objects;
  switch (url.pathname) {
    case "/test/ahead":
      ahead = Number(url.searchParams.get("ms"));
      return new Response();
    case "/test/settled":
      // real time: a look at other requests, whose promises cannot be awaited here
      while (open > 0) await scheduler.wait(2);
      return new Response();
    case "/test/rows":
      return Response.json(await Promise.resolve(object().rows()));
    case "/test/ring":
      return Response.json(await object().ring());
    case "/test/audit": {
      const tables = await env.DB.prepare("SELECT 1 FROM sqlite_master WHERE name = 'wicket_audit'").all();
      if (tables.results.length === 0) return Response.json([]);
      const query = "SELECT chain, record FROM wicket_audit WHERE subject = ? ORDER BY seq";
      return Response.json((await env.DB.prepare(query).bind(url.searchParams.get("subject")).all()).results);
    }
    default:
      return new Response("not found", { status: 404 });
  }
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/test/")) return asked(url, env);
    const waitUntil = (promise: Promise<unknown>) => {
      open++;
      const closed = () => {
        open--;
      };
      promise.then(closed, closed);
      ctx.waitUntil(promise);
    };
    const watched = new Proxy(ctx, {
      get: (target, name) => (name === "waitUntil" ? waitUntil : (Reflect.get(target, name) as unknown)),
    });
    return provider.fetch(new Request(request.url.replace(url.origin, ISSUER), request), instrumented(env), watched);
  },
} satisfies ExportedHandler<Env>;
