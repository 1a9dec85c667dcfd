/** A server for the rows of docs/protocol-tests.md that no other test shows. */
import { McpAgent, McpServer, ResourceTemplate, completable, createMcpHandler } from "mcp-wicket";
import * as z from "zod";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });

/** The calls that wait for their cancellation, and those that went on after it. */
const begun: string[] = [];
const finished: string[] = [];

/** What the tool `structured` returns. */
const STRUCTURED: Record<string, object> = {
  right: { structuredContent: { n: 1 } },
  wrong: { structuredContent: { n: "one" } },
  none: { content: [] },
  more: { structuredContent: { n: 1, secret: "s" } },
  failed: { content: [{ type: "text", text: "No." }], isError: true },
};

function register(server: McpServer, user: string): McpServer {
  server.registerTool(
    "structured",
    { inputSchema: { as: z.string() }, outputSchema: z.object({ n: z.number() }) },
    ({ as }) => STRUCTURED[as] as never,
  );
  server.registerTool("late", { inputSchema: { name: z.string() } }, async ({ name }, { signal }) => {
    const cancelled = new Promise((resolve) => signal.addEventListener("abort", resolve));
    begun.push(name);
    await cancelled;
    await scheduler.wait(0);
    finished.push(name);
    return text("finished anyway");
  });
  server.registerTool("begun", {}, () => text(begun.join()));
  server.registerTool("finished", {}, () => text(finished.join()));
  server.registerTool(
    "steps",
    { inputSchema: { wait: z.number().optional() } },
    async ({ wait = 0 }, { progress, log }) => {
      for (const step of [1, 2, 2, 1, 3]) {
        await progress(step, 3);
        // real time: steps come one by one, however far apart
        if (wait > 0) await scheduler.wait(wait);
      }
      await log("info", "three steps");
      return text("done");
    },
  );
  server.registerTool("form", {}, async ({ elicit }) => {
    const { action, content } = await elicit({
      message: "?",
      requestedSchema: {
        type: "object",
        properties: {
          name: { type: "string", minLength: 2 },
          age: { type: "integer", minimum: 0 },
          color: { type: "string", enum: ["red", "blue"] },
        },
        required: ["name"],
      },
    });
    return text(`${action} ${JSON.stringify(content ?? null)}`);
  });
  const one = {
    type: "string" as const,
    oneOf: [
      { const: "r", title: "Red" },
      { const: "b", title: "Blue" },
    ],
  };
  const several = { type: "array" as const, items: { type: "string", enum: ["x", "y"] } };
  for (const [name, field] of Object.entries({ one, several })) {
    server.registerTool(`choose_${name}`, {}, async ({ elicit }) => {
      const requestedSchema = { type: "object" as const, properties: { field } };
      return text((await elicit({ message: "?", requestedSchema })).action);
    });
  }
  server.registerTool("impatient", {}, async ({ sample }) => {
    const content = { type: "text" as const, text: "?" };
    return text((await sample({ messages: [{ role: "user", content }], maxTokens: 1 }, { timeout: 100 })).model);
  });
  server.registerTool("other_form", {}, async ({ elicit }) => {
    const requestedSchema = { type: "object" as const, properties: {} };
    return text((await elicit({ message: "Another?", requestedSchema })).action);
  });
  for (const name of ["z", "a", user]) server.registerTool(`of_${name}`, {}, () => text(name));

  const read = (uri: URL, variables: object) => ({ contents: [{ uri: uri.href, text: JSON.stringify(variables) }] });
  const template = (uri: string, complete = {}) => new ResourceTemplate(uri, { list: undefined, complete });
  const ids = (typed: string) => ["1", "12", "2"].filter((id) => id.startsWith(typed));
  server.registerResource("files", template("file:///{+path}"), {}, read);
  server.registerResource("rows", template("db://{table}{/rest*}", { table: ids }), {}, read);
  server.registerResource("found", template("find://all{?q,page}"), {}, read);
  server.registerResource("part", template("part://x{#where}"), {}, read);
  server.registerResource("one", "one://one", {}, (uri) => read(uri, {}));
  server.registerPrompt("ask", { argsSchema: { id: completable(z.string(), ids), plain: z.string() } }, () => ({
    messages: [],
  }));
  return server;
}

const server = (user: string) => register(new McpServer({ name: "protocol", version: "1.0.0" }, { pageSize: 2 }), user);
const userOf = (props: Record<string, unknown> | undefined) =>
  typeof props?.user === "string" ? props.user : "nobody";

export class Agent extends McpAgent {
  override server = new McpServer({ name: "protocol", version: "1.0.0" }, { pageSize: 2 });
  override init(): void {
    register(this.server, userOf(this.props));
  }
}

export class Placed extends Agent {
  static override placement = "session" as const;
}

const handler = createMcpHandler(({ props }) => server(userOf(props)), { objects: "Agent" });

export default {
  fetch(request, env, ctx): Promise<Response> | Response {
    const user = request.headers.get("x-user");
    if (user !== null) (ctx as { props?: object }).props = { user };
    switch (new URL(request.url).pathname) {
      case "/mcp":
        return handler(request, env, ctx);
      case "/agent":
        return Agent.serve("/agent").fetch(request, env, ctx);
      case "/kept":
        return Agent.serve("/kept", { sessions: "object" }).fetch(request, env, ctx);
      case "/placed":
        return Placed.serve("/placed").fetch(request, env, ctx);
      case "/sse":
      case "/sse/message":
        return Agent.serveSSE("/sse").fetch(request, env, ctx);
      case "/placed-sse":
      case "/placed-sse/message":
        return Placed.serveSSE("/placed-sse").fetch(request, env, ctx);
      default:
        return new Response("Not found", { status: 404 });
    }
  },
} satisfies ExportedHandler;
