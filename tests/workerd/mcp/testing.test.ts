/** `mcp-wicket/testing`: the client, against each kind of target and on each revision. */
import { SELF } from "cloudflare:test";
import { WorkerEntrypoint, env, exports } from "cloudflare:workers";
import { McpServer, ResourceTemplate, ToolError, completable, createMcpHandler } from "mcp-wicket";
import { HttpError, ProtocolError, type Revision, connect, signIn, textOf, tokens } from "mcp-wicket/testing";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import main from "./app/worker.ts";

const text = (value: unknown) => ({ content: [{ type: "text" as const, text: String(value) }] });
const ROUTE = { type: "string", "x-mcp-header": "Route" };

class Entrypoint extends WorkerEntrypoint {
  override fetch() {
    return new Response();
  }
}

function adding(): McpServer {
  const server = new McpServer({ name: "adding", version: "1.0.0" });
  server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => text(a + b));
  return server;
}

const everything = createMcpHandler<{ GREETING?: string }>(({ env, props }) => {
  const server = new McpServer({ name: "everything", version: "1.0.0" }, { pageSize: 2, instructions: "Ask." });
  server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
    ...text(a + b),
    structuredContent: { sum: a + b },
  }));
  server.registerTool("whoami", {}, () => text(JSON.stringify(props ?? null)));
  server.registerTool("greeting", {}, () => text(env.GREETING));
  server.registerTool("fail", {}, () => {
    throw new ToolError("not today");
  });
  server.registerTool("mirrored", { inputSchema: z.object({ route: z.string().meta(ROUTE) }) }, ({ route }) =>
    text(route),
  );
  server.registerTool("steps", {}, async ({ progress, log }) => {
    await progress(1, 2, "half");
    await log("info", "said");
    return text("done");
  });
  server.registerTool("meet", {}, async ({ elicit, sample, listRoots }) => {
    const requestedSchema = { type: "object" as const, properties: { name: { type: "string" as const } } };
    const { content } = await elicit({ message: "Who are you?", requestedSchema });
    const messages = [{ role: "user" as const, content: { type: "text" as const, text: "Greet" } }];
    const said = await sample({ messages, maxTokens: 10 });
    const { roots } = await listRoots();
    return text(`${String(content?.name)}, ${(said.content as { text: string }).text}, ${roots.length}`);
  });
  server.registerResource("Über uns", "test://über/1", {}, async ({ href }) => ({
    contents: [{ uri: href, text: "us" }],
  }));
  const names = new ResourceTemplate("test://names/{name}", {
    list: undefined,
    complete: { name: () => ["ann", "bob"] },
  });
  server.registerResource("names", names, {}, async ({ href }) => ({ contents: [{ uri: href, text: "one" }] }));
  const argsSchema = { word: completable(z.string(), (value) => [`${value}!`]) };
  server.registerPrompt("say", { argsSchema }, ({ word }) => ({
    messages: [{ role: "user", content: { type: "text", text: `say ${word}` } }],
  }));
  return server;
});

const revisions: Revision[] = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

describe.each(revisions)("a client of %s", (revision) => {
  test("learns who the server is, and reads all pages of its lists", async () => {
    const client = await connect(everything, { revision });
    expect(client.server).toMatchObject({
      serverInfo: { name: "everything" },
      instructions: "Ask.",
      protocolVersion: revision,
    });
    const tools = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["add", "whoami", "greeting", "fail", "mirrored", "steps", "meet"]);
    expect((await client.listResources()).map(({ uri }) => uri)).toEqual(["test://über/1"]);
    expect((await client.listResourceTemplates()).map(({ uriTemplate }) => uriTemplate)).toEqual([
      "test://names/{name}",
    ]);
    expect((await client.listPrompts()).map(({ name }) => name)).toEqual(["say"]);
  });

  test("calls, reads, gets and completes", async () => {
    const client = await connect(everything, { revision });
    expect(textOf(await client.callTool("add", { a: 40, b: 2 }))).toBe("42");
    expect(await client.callTool("fail")).toMatchObject({ isError: true, content: [{ text: "not today" }] });
    expect(textOf(await client.callTool("mirrored", { route: " Zürich " }))).toBe(" Zürich ");
    expect((await client.readResource("test://über/1")).contents).toMatchObject([{ text: "us" }]);
    expect((await client.getPrompt("say", { word: "hi" })).messages).toMatchObject([{ content: { text: "say hi" } }]);
    expect((await client.complete({ prompt: "say" }, "word", "hi")).values).toEqual(["hi!"]);
    expect((await client.complete({ template: "test://names/{name}" }, "name", "")).values).toEqual(["ann", "bob"]);
  });

  test("throws what the server answers with an error", async () => {
    const client = await connect(everything, { revision });
    const missing = await client.callTool("nothing").catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(ProtocolError);
    expect(missing).toMatchObject({ code: -32602, message: 'Unknown tool "nothing".' });
  });

  test("has the props and the environment that the test gives it", async () => {
    const client = await connect(everything, { revision, props: { sub: "ada" }, env: { GREETING: "Hello" } });
    expect(textOf(await client.callTool("whoami"))).toBe('{"sub":"ada"}');
    expect(textOf(await client.callTool("greeting"))).toBe("Hello");
  });
});

describe.each(["2026-07-28", "2025-11-25"] as const)("what a tool of %s says and asks", (revision) => {
  test("progress and log messages are heard", async () => {
    const heard: object[] = [];
    const client = await connect(main, { path: "/asking", revision, logLevel: "info" });
    expect((await client.listTools()).length).toBeGreaterThan(0);
    const spoken = await connect(everything, { revision, ...(revision === "2026-07-28" && { logLevel: "info" }) });
    expect(textOf(await spoken.callTool("steps", {}, { onProgress: (progress) => heard.push(progress) }))).toBe("done");
    expect(heard).toMatchObject([{ progress: 1, total: 2, message: "half" }]);
    expect(spoken.notifications.map(({ method }) => method)).toEqual([
      "notifications/progress",
      "notifications/message",
    ]);
  });

  test("questions are answered by the test, or not asked", async () => {
    const asked: string[] = [];
    const answers = {
      elicit: ({ message }: { message: string }) => {
        asked.push(message);
        return { action: "accept" as const, content: { name: "Ada" } };
      },
      sample: async () => ({ role: "assistant" as const, model: "m", content: { type: "text" as const, text: "Hi" } }),
      roots: [{ uri: "file:///here" }],
    };
    // The questions of earlier revisions need an object class: this handler has it.
    const client = await connect(main, { path: "/asking", revision, ...answers });
    expect(textOf(await client.callTool("greet"))).toContain("Ada");
    expect(asked).toEqual(["Who are you?"]);
    const unable = await connect(main, { path: "/asking", revision });
    const refused = await unable.callTool("greet").catch((error: unknown) => error);
    expect(refused instanceof ProtocolError || (refused as { isError?: boolean }).isError).toBe(true);
  });

  test("changes are heard while the test listens", async () => {
    const client = await connect(exports.default, { path: "/changing", revision });
    const listening = await client.listen({ toolsListChanged: true, resourceSubscriptions: ["test://one"] });
    await client.callTool("change", { what: "tools" });
    await client.callTool("update", { uri: "test://one" });
    expect(await listening.next()).toMatchObject({ method: "notifications/tools/list_changed" });
    expect(await listening.next()).toMatchObject({
      method: "notifications/resources/updated",
      params: { uri: "test://one" },
    });
    await listening.close();
  });
});

describe("the target", () => {
  test("is the Worker's default export, its stub, or a handler", async () => {
    for (const target of [main, createMcpHandler(adding, { route: "/plain" }), SELF, exports.default]) {
      const client = await connect(target, { path: "/plain" });
      expect(textOf(await client.callTool("add", { a: 1, b: 2 }))).toBe("3");
    }
  });

  test("takes props where it can", async () => {
    const withProps = await connect(exports.default, { path: "/tenant-handler", props: { user: "ann" } });
    expect((await withProps.listTools()).length).toBeGreaterThan(0);
    await expect(connect(SELF, { path: "/plain", props: { user: "ann" } })).rejects.toThrow("exports.default");
    await expect(connect(SELF, { path: "/plain", env })).rejects.toThrow("default export");
    await expect(connect("https://mcp.example.com", { props: {} })).rejects.toThrow("a remote server");
    await expect(connect({} as never)).rejects.toThrow("This cannot be tested");
    await expect(connect(Entrypoint as never)).rejects.toThrow("exports.default");
  });

  test("that lets nobody in is an HttpError with the challenge", async () => {
    const refused = await connect(main, { path: "/guarded-worker", token: "made.up.token" }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(HttpError);
    expect((refused as HttpError).status).toBe(401);
    expect((refused as HttpError).challenge).toMatchObject({ error: "invalid_token" });
    await expect(connect(main, { path: "/nowhere" })).rejects.toThrow("The server answered 404: Not found");
  });
});

test("a name that is not known is refused", async () => {
  const client = await connect(everything);
  await expect(client.callTool("whoami", {}, { onProgess: () => {} } as object)).rejects.toThrow("`onProgress`?");
  await expect(signIn(main, { person: { logn: "mallory" } as object })).rejects.toThrow("`person.login`?");
  const issuer = await tokens.issuer({ issuer: "https://issuer.example", audience: "https://mcp.example.com/mcp" });
  await expect(issuer.sign({}, { lifetme: 5 } as object)).rejects.toThrow("`lifetime`?");
});
