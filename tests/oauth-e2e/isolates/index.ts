/** The Worker under test, in two isolates: each has a clock of its own, and the objects live with the first. */
import { McpAgent, McpServer, OAuthProvider, WicketObject } from "mcp-wicket/oauth";

/** How far this isolate's clock is ahead, in milliseconds. */
let ahead = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + ahead;

/** What becomes of questions to the list of revocations, and how many there were. */
let list: "answers" | "fails" | "hangs" = "answers";
let asked = 0;

export class Objects extends WicketObject {
  override wicketAsk(name: string, call: string, input: string): Promise<string> {
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

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/test") {
      ahead = Number(searchParams.get("ahead") ?? ahead);
      list = (searchParams.get("list") as typeof list | null) ?? list;
      return Response.json({ asked });
    }
    return (request.headers.has("x-strict") ? strict : provider).fetch(request, env, ctx);
  },
} satisfies ExportedHandler;
