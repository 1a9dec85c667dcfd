/** A server whose tools ask their clients for things, under each entry. */
import { McpAgent, McpServer, UrlElicitationRequiredError, createMcpHandler } from "mcp-wicket";
import * as z from "zod";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });
const info = { name: "asking", version: "1.0.0" };

const NAME = {
  type: "object" as const,
  properties: { name: { type: "string" as const } },
  required: ["name"],
};
const CAPITAL = {
  messages: [{ role: "user" as const, content: { type: "text" as const, text: "What is the capital of France?" } }],
  maxTokens: 100,
};

/** How often each payment was made. */
const payments = new Map<string, number>();

/** Whose pages have been opened. */
const opened = new Set<string>();

function register(server: McpServer): void {
  server.registerTool("greet", {}, async ({ elicit }) => {
    const answer = await elicit({ message: "Who are you?", requestedSchema: NAME });
    return text(`Hello: ${JSON.stringify(answer)}`);
  });
  /** Asks with options of the official SDK. */
  server.registerTool("hasty", { inputSchema: { how: z.string() } }, async ({ how }, { elicit }) => {
    const controller = new AbortController();
    const options: Record<string, object> = {
      total: { timeout: 60_000, maxTotalTimeout: 50 },
      before: { signal: AbortSignal.abort(new Error("taken back")) },
      signal: { signal: controller.signal },
      unknown: { onprogress: () => {} },
    };
    const asked = elicit({ message: "Who are you?", requestedSchema: NAME }, options[how]);
    if (how === "signal") setTimeout(() => controller.abort(new Error("taken back")), 0);
    return asked.then(
      () => text("answered"),
      (error: unknown) => text((error as Error).message),
    );
  });
  server.registerTool("connect", {}, async ({ elicit }) => {
    const url = "https://example.com/connect";
    const { action } = await elicit({ mode: "url", message: "Connect", url, elicitationId: "e1" });
    return text(action);
  });
  server.registerTool("capital", {}, async ({ sample }) => {
    const { content } = await sample(CAPITAL);
    return text((content as { text: string }).text);
  });
  server.registerTool("folders", {}, async ({ listRoots }) => text((await listRoots()).roots[0]?.uri));
  server.registerTool("everything", {}, async ({ elicit, sample, listRoots }) => {
    const [person, capital, { roots }] = await Promise.all([
      elicit({ message: "Who are you?", requestedSchema: NAME }, { key: "name" }),
      sample(CAPITAL, { key: "capital" }),
      listRoots({ key: "folders" }),
    ]);
    return text(
      `${String(person.content?.name)}, ${(capital.content as { text: string }).text}, ${roots.length} folder`,
    );
  });
  server.registerTool("pay", { inputSchema: { tag: z.string() } }, async ({ tag }, { elicit, once }) => {
    await elicit({ message: "Pay?", requestedSchema: NAME });
    const count = await once("payment", () => {
      payments.set(tag, (payments.get(tag) ?? 0) + 1);
      return payments.get(tag);
    });
    const { content } = await elicit({ message: "Who are you?", requestedSchema: NAME });
    return text(`paid ${count} times by ${String(content?.name)}`);
  });
  server.registerTool("stubborn", {}, async ({ elicit }) => {
    try {
      const { action } = await elicit({ message: "Who are you?", requestedSchema: NAME });
      return text(`asked: ${action}`);
    } catch {
      return text("caught");
    }
  });
  server.registerTool(
    "destroy",
    { annotations: { destructiveHint: true }, inputSchema: { tag: z.string() } },
    async ({ tag }, { elicit }) => {
      const { action } = await elicit({ message: `Destroy ${tag}?`, requestedSchema: NAME });
      payments.set(tag, (payments.get(tag) ?? 0) + 1);
      return text(`${action}: ${payments.get(tag)}`);
    },
  );
  /** Needs a page that the person opens, under a name of its own each time; "open" is the page. */
  const needs = (tag: string) => {
    if (opened.has(tag)) return;
    const elicitationId = crypto.randomUUID();
    const url = `https://example.com/connect?elicitation=${elicitationId}`;
    throw new UrlElicitationRequiredError([{ mode: "url", message: "Connect your account", url, elicitationId }]);
  };
  server.registerTool("account", { inputSchema: { tag: z.string() } }, async ({ tag }, { once }) => {
    const count = await once("looked", () => {
      payments.set(tag, (payments.get(tag) ?? 0) + 1);
      return payments.get(tag);
    });
    needs(tag);
    return text(`connected, looked ${count} times`);
  });
  server.registerTool("open", { inputSchema: { tag: z.string() } }, ({ tag }) => text(opened.add(tag).size));
  server.registerPrompt("account", { argsSchema: { tag: z.string() } }, ({ tag }) => {
    needs(tag);
    return { messages: [{ role: "user", content: { type: "text", text: "connected" } }] };
  });
  server.registerResource("account", "account://mine", {}, (uri) => {
    needs("nobody's");
    return { contents: [{ uri: uri.href, text: "" }] };
  });
  server.registerTool("formless", {}, () => {
    throw new UrlElicitationRequiredError([]);
  });
  server.registerTool("destroyed", { inputSchema: { tag: z.string() } }, ({ tag }) => text(payments.get(tag) ?? 0));
}

export class Asking extends McpAgent<Cloudflare.Env> {
  override server = new McpServer(info);
  override init(): void {
    register(this.server);
  }
}

export class AskingPlaced extends McpAgent<Cloudflare.Env> {
  static override placement = "session" as const;
  override server = new McpServer(info);
  override init(): void {
    register(this.server);
  }
}

export const askingHandler = createMcpHandler<Cloudflare.Env>(
  () => {
    const server = new McpServer(info);
    register(server);
    return server;
  },
  { route: "/asking", objects: "Asking" },
);
