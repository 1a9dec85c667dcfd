/** Hooks around calls: what they see, and what they can do. */
import {
  type Call,
  type CallResult,
  McpAgent,
  McpServer,
  type McpServerOptions,
  type OnCall,
  ProtocolError,
  ResourceTemplate,
  ToolError,
  createMcpHandler,
  traced,
} from "mcp-wicket";
import { ProtocolError as ClientError, type Revision, connect, textOf } from "mcp-wicket/testing";
import { describe, expect, test } from "vitest";
import * as z from "zod";

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });

const serverWith = (onCall: McpServerOptions["onCall"]) => {
  const server = new McpServer({ name: "hooked", version: "1.0.0" }, { onCall });
  server.registerTool("greet", { inputSchema: { name: z.string().default("you") } }, ({ name }) => text(`Hi ${name}`));
  server.registerTool("fail", {}, () => {
    throw new ToolError("no");
  });
  server.registerPrompt("say", { argsSchema: { word: z.string() } }, ({ word }) => ({
    messages: [{ role: "user", content: { type: "text", text: word } }],
  }));
  const template = new ResourceTemplate("test://{name}", { list: undefined });
  server.registerResource("names", template, {}, async ({ href }) => ({ contents: [{ uri: href, text: "one" }] }));
  return server;
};
const handlerWith = (onCall: McpServerOptions["onCall"]) => createMcpHandler(() => serverWith(onCall));

describe.each(["2026-07-28", "2025-11-25"] as Revision[])("on %s", (revision) => {
  test("a hook sees tool, prompt and resource, with arguments and caller", async () => {
    const seen: Omit<Call, "context">[] = [];
    const onCall: OnCall = ({ context, ...call }, next) => {
      expect(context.requestInfo.url.pathname).toBe("/mcp");
      seen.push(call);
      return next();
    };
    const client = await connect(handlerWith(onCall), { revision, props: { user: "ann" } });
    expect(textOf(await client.callTool("greet"))).toBe("Hi you");
    await client.getPrompt("say", { word: "hello" });
    await client.readResource("test://ann");
    const caller = { props: { user: "ann" }, scopes: [] };
    expect(seen).toEqual([
      { method: "tools/call", name: "greet", arguments: { name: "you" }, caller },
      { method: "prompts/get", name: "say", arguments: { word: "hello" }, caller },
      { method: "resources/read", name: "test://ann", arguments: { name: "ann" }, caller },
    ]);
  });

  test("a hook sees calls whose arguments do not fit, and no handler runs", async () => {
    const seen: [string, unknown, unknown][] = [];
    const onCall: OnCall = async ({ name, arguments: args }, next) => {
      const outcome = await next().catch((error: unknown) => error);
      seen.push([name, args, outcome]);
      if (outcome instanceof Error) throw outcome;
      return outcome as CallResult;
    };
    const [hooked, plain] = await Promise.all(
      [handlerWith(onCall), handlerWith(undefined)].map((handler) => connect(handler, { revision })),
    );
    const result = await hooked?.callTool("greet", { name: 5 });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("Invalid arguments") as string }],
    });
    expect(result).toEqual(await plain?.callTool("greet", { name: 5 }));
    const refused = await hooked?.getPrompt("say", {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: -32602, message: expect.stringContaining("Invalid arguments") as string });
    expect(refused).toEqual(await plain?.getPrompt("say", {}).catch((error: unknown) => error));
    expect(seen).toEqual([
      ["greet", { name: 5 }, expect.objectContaining({ isError: true })],
      ["say", {}, expect.any(ProtocolError)],
    ]);
  });

  test("hooks compose, change results, and learn what handlers throw", async () => {
    const told: string[] = [];
    const outer: OnCall = async (_, next) => {
      const result = await next();
      told.push("outer");
      return { ...result, content: [...("content" in result ? (result.content ?? []) : []), ...text("!").content] };
    };
    const inner: OnCall = async (_, next) => {
      try {
        return await next();
      } catch (error) {
        told.push((error as Error).message);
        throw error;
      }
    };
    const client = await connect(handlerWith([outer, inner]), { revision });
    expect(textOf(await client.callTool("greet", { name: "Ada" }))).toBe("Hi Ada\n!");
    expect(await client.callTool("fail")).toMatchObject({ isError: true, content: [{ text: "no" }] });
    expect(told).toEqual(["outer", "no"]);
  });

  test("a hook refuses: a ToolError is for the model, a ProtocolError for the client", async () => {
    const onCall: OnCall = ({ method }) => {
      throw method === "tools/call" ? new ToolError("Not on Sundays.") : new ProtocolError(-31001, "Not on Sundays.");
    };
    const client = await connect(handlerWith(onCall), { revision });
    expect(await client.callTool("greet")).toMatchObject({ isError: true, content: [{ text: "Not on Sundays." }] });
    const refused = await client.getPrompt("say", { word: "x" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ClientError);
    expect(refused).toMatchObject({ code: -31001, message: "Not on Sundays." });
  });

  test("calls are traced where the runtime can, and run everywhere", async () => {
    const client = await connect(handlerWith(traced), { revision });
    expect(textOf(await client.callTool("greet"))).toBe("Hi you");
    expect(await client.callTool("fail")).toMatchObject({ isError: true });
  });
});

test("an agent has the hook as a method, outside of its server's own", async () => {
  const order: string[] = [];
  class Hooked extends McpAgent {
    override server = serverWith((_, next) => {
      order.push("server");
      return next();
    });
    override async onCall(call: Call, next: Parameters<OnCall>[1]) {
      order.push(`${this.constructor.name} ${call.name}`);
      return next();
    }
  }
  const client = await connect(Hooked.serve("/mcp"));
  await client.callTool("greet");
  expect(order).toEqual(["Hooked greet", "server"]);
});

test("what is no function is refused, and a server without hooks has none", () => {
  expect(() => serverWith([1 as never])).toThrow("`onCall` must be a function");
  expect(serverWith(undefined).hooks).toBeUndefined();
  expect(serverWith([]).hooks).toBeUndefined();
});
