/** Notes behind a sign-in with GitHub, with state and SQL; written for `agents` and `workers-oauth-provider`. */
import OAuthProvider from "@cloudflare/workers-oauth-provider";
import type { OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpAgent } from "agents/mcp";
import { z } from "zod";
import { pages } from "./pages";

export interface Env {
  MCP_OBJECT: DurableObjectNamespace<NotesMCP>;
  OAUTH_KV: KVNamespace;
  OAUTH_PROVIDER: OAuthHelpers;
  GITHUB_URL: string;
  GITHUB_CLIENT_ID: string;
  GITHUB_CLIENT_SECRET: string;
  COOKIE_SECRET: string;
}

/** What the sign-in knows of a person: `this.props`. */
export type Props = {
  login: string;
  name: string;
  accessToken: string;
};

type State = { written: number; last: string | null };

interface Note {
  id: number;
  text: string;
  pinned: number;
}

const WRITERS = new Set(["ada", "octocat"]);

export class NotesMCP extends McpAgent<Env, State, Props> {
  server = new McpServer({ name: "notes", version: "1.0.0" });
  initialState: State = { written: 0, last: null };

  async init() {
    this
      .sql`CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, pinned INTEGER)`;

    this.server.tool("whoami", "The account you have signed in with", {}, async () => {
      const response = await fetch(`${this.env.GITHUB_URL}/user`, {
        headers: { Authorization: `Bearer ${this.props!.accessToken}`, "User-Agent": "notes" },
      });
      const user = await response.json<{ login: string }>();
      return { content: [{ type: "text", text: `${this.props!.name} (${user.login})` }] };
    });

    this.server.tool(
      "write",
      "Writes a note",
      { text: z.string().describe("The note"), pinned: z.boolean().default(false) },
      async ({ text, pinned }) => {
        this.sql`INSERT INTO notes (text, pinned) VALUES (${text}, ${pinned})`;
        this.setState({ written: this.state.written + 1, last: text });
        return { content: [{ type: "text", text: `${this.state.written} written` }] };
      },
    );

    this.server.registerTool("list", { description: "All notes", annotations: { readOnlyHint: true } }, async () => {
      const notes = [...this.sql<Note>`SELECT * FROM notes ORDER BY id`];
      return {
        content: notes.map((note) => ({ type: "text" as const, text: `${note.pinned ? "* " : ""}${note.text}` })),
      };
    });

    this.server.tool("session", "The session", async () => ({
      content: [{ type: "text", text: typeof this.getSessionId() }],
    }));

    if (WRITERS.has(this.props!.login)) {
      this.server.tool("clear", "Deletes every note, after asking", {}, async () => {
        const answer = await this.elicitInput({
          message: "Delete all notes?",
          requestedSchema: { type: "object", properties: { sure: { type: "boolean" } }, required: ["sure"] },
        });
        if (answer.action !== "accept" || !answer.content?.sure) {
          return { content: [{ type: "text", text: "Nothing was deleted." }], isError: true };
        }
        this.ctx.storage.sql.exec("DELETE FROM notes");
        this.setState({ ...this.state, last: null });
        return { content: [{ type: "text", text: "Deleted." }] };
      });
    }

    this.server.resource(
      "note",
      new ResourceTemplate("notes://{id}", { list: undefined }),
      { mimeType: "text/plain" },
      async (uri, { id }) => {
        const [note] = this.sql<Note>`SELECT * FROM notes WHERE id = ${Number(id)}`;
        return { contents: [{ uri: uri.href, text: note?.text ?? "There is no such note." }] };
      },
    );
  }

  onStateUpdate(state: State) {
    console.log(`notes written: ${state.written}`);
  }
}

export default new OAuthProvider({
  apiHandlers: {
    "/mcp": NotesMCP.serve("/mcp"),
    "/sse": NotesMCP.serveSSE("/sse"),
  },
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/token",
  clientRegistrationEndpoint: "/register",
  defaultHandler: pages,
  scopesSupported: ["notes"],
  accessTokenTTL: 3600,
  refreshTokenTTL: 30 * 24 * 3600,
  onError: ({ code, status, description }) => {
    console.warn(`OAuth error ${status} ${code}: ${description}`);
  },
});
