/** The Worker under test, in two isolates: each has a clock of its own, and the objects live with the first. */
import { GitHubHandler, McpAgent, McpServer, OAuthProvider, WicketObject } from "mcp-wicket/oauth";

/** How far this isolate's clock is ahead, in milliseconds. */
let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;

/** What becomes of questions to the list of revocations, and how many there were. */
let list: "answers" | "fails" | "hangs" = "answers";
let asked = 0;
/** Requests for a credential that have arrived at objects. */
let taken = 0;

export class Objects extends WicketObject {
  override wicketAsk(name: string, call: string, input: string): Promise<string> {
    if (call === "credential") taken++;
    if (name === "revocations") {
      asked += call === "since" ? 1 : 0;
      if (list === "fails") return Promise.reject(new Error("the list of revocations is down"));
      if (list === "hangs") return new Promise(() => {});
    }
    return super.wicketAsk(name, call, input);
  }
}

class MyMCP extends McpAgent {
  server = new McpServer({ name: "isolates", version: "1.0.0" });

  init(): void {
    this.server.registerTool("whoami", {}, () => ({ content: [{ type: "text", text: JSON.stringify(this.props) }] }));
  }
}

const usual = {
  apiHandlers: { "/mcp": MyMCP.serve("/mcp") },
  defaultHandler: { identify: () => ({ id: "ann", props: { login: "ann" } }) },
  // Both isolates are one server.
  issuer: "https://mcp.example.com",
  objects: "OBJECTS",
};
const provider = new OAuthProvider(usual);
const strict = new OAuthProvider({ ...usual, revocation: "strict" });

/** What becomes of `context` in this isolate, and how often it ran. */
let context: "answers" | "hangs" | "waits" | "throws" = "answers";
let contexts = 0;

/** The same behind GitHub; `limit` in seconds. */
const behindGitHub = (limit: number) =>
  new OAuthProvider({
    ...usual,
    defaultHandler: new GitHubHandler({
      clientId: "client-1",
      clientSecret: "s3cret",
      allow: "anyone",
      context: async (_accessToken, { login }) => {
        contexts++;
        if (context === "hangs") await new Promise(() => {});
        // real time: a look at what the test says next
        while (context === "waits") await scheduler.wait(10);
        if (context === "throws") throw new Error("the directory is down");
        return { login, contexts };
      },
    }),
    callbackTimeout: limit,
  });
let github: ReturnType<typeof behindGitHub> | undefined;

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/test") {
      ahead = Number(searchParams.get("ahead") ?? ahead);
      list = (searchParams.get("list") as typeof list | null) ?? list;
      context = (searchParams.get("context") as typeof context | null) ?? context;
      return Response.json({ asked, contexts, taken });
    }
    if (env.LIMIT !== undefined) return (github ??= behindGitHub(Number(env.LIMIT))).fetch(request, env, ctx);
    return (request.headers.has("x-strict") ? strict : provider).fetch(request, env, ctx);
  },
} satisfies ExportedHandler<{ LIMIT?: string }>;
