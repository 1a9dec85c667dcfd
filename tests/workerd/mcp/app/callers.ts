/** Agents whose tools depend on who is calling, behind several tokens of one person. */
import { type Caller, McpAgent, McpServer, ResourceTemplate, type TokenVerifier, protect } from "mcp-wicket/jwt";
import * as z from "zod";

interface Who extends Record<string, unknown> {
  name: string;
  role: string;
}

function table(): TokenVerifier<Cloudflare.Env> {
  const ann = (role: string, scopes: string[] = []): Caller => ({
    principal: "user:test:ann",
    scopes: new Set(scopes),
    props: { name: "ann", role },
    client: "desk",
  });
  const callers = new Map([
    ["Bearer admin", ann("admin", ["write"])],
    ["Bearer reader", ann("reader")],
  ]);
  return {
    issuers: ["https://issuer.example"],
    bearer: true,
    header: "X-Caller-Token",
    identify: ({ headers }) => {
      const authorization = headers.get("x-caller-token") ?? headers.get("authorization");
      if (authorization === null) return { refused: "absent", reason: "no_token" };
      return callers.get(authorization) ?? { refused: "token", reason: "unknown" };
    },
  };
}

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: JSON.stringify(value) }] });

/** Registers by who is calling, and reads `this.props` when a call is under way. */
abstract class ByCaller extends McpAgent<Cloudflare.Env, unknown, Who> {
  override server = new McpServer(
    { name: "callers", version: "1.0.0" },
    { onCall: (call, next) => (this.#seen.push(call.caller.props), next()) },
  );
  readonly #seen: unknown[] = [];

  override async init(): Promise<void> {
    // real time: others begin in the meantime
    await scheduler.wait(5);
    this.server.registerTool("whoami", { inputSchema: { ms: z.number() } }, async ({ ms }, { caller, log }) => {
      const { role } = this.props;
      // real time: others begin in the meantime
      await scheduler.wait(ms);
      await log("info", `${role} says so`);
      return text({ before: role, after: this.props.role, scopes: [...(caller?.scopes ?? [])], seen: this.#seen });
    });
    this.server.registerTool("headers", {}, ({ requestInfo }) => text(requestInfo.headers));
    const read = ({ href }: URL) => ({ contents: [{ uri: href, text: "read" }] });
    const template = (uri: string) => new ResourceTemplate(uri, { list: undefined });
    this.server.registerResource("open", "mem://open", {}, read);
    this.server.registerResource("secret", "mem://secret", { scopes: ["write"] }, read);
    this.server.registerResource("public notes", template("note://public/{id}"), {}, read);
    this.server.registerResource("notes", template("note://{+path}"), { scopes: ["write"] }, read);
    const inputSchema = { uris: z.array(z.string()), own: z.boolean().optional() };
    this.server.registerTool("update", { inputSchema }, async ({ uris, own }, { sendNotification }) => {
      for (const uri of uris) {
        if (own) await sendNotification({ method: "notifications/resources/updated", params: { uri } });
        else await this.server.sendResourceUpdated({ uri });
      }
      return text("updated");
    });
    this.server.registerTool("write", { scopes: ["write"] }, () => text("written"));
    if (this.props.role === "admin") this.server.registerTool("admin_only", {}, () => text("done"));
  }
}

export class CallersInWorker extends ByCaller {}

export class CallersInObject extends ByCaller {
  static override placement = "session" as const;
  override initialState = { n: 0 };

  override async init(): Promise<void> {
    await super.init();
    this.server.registerTool("bump", {}, () => {
      const { n } = this.state as { n: number };
      this.setState({ n: n + 1 });
      return text(n + 1);
    });
  }
}

export const callers = protect(table(), [
  CallersInWorker.serve("/callers-worker"),
  CallersInWorker.serveSSE("/callers-worker-sse"),
  CallersInObject.serve("/callers-object"),
  CallersInObject.serveSSE("/callers-object-sse"),
]);
