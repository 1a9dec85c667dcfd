/** The samples of `docs/guides/testing.md`, as they stand there; `tests/workerd/oauth/guide.test.ts` has the one of sign-in. `guide-as-written.test.ts`
 * holds them against the guide. */
import { JWTVerifier, McpServer, createMcpHandler, protect } from "mcp-wicket/jwt";
import { clock, connect, textOf, tokens } from "mcp-wicket/testing";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";

const worker = {
  fetch: createMcpHandler(() => {
    const server = new McpServer({ name: "adder", version: "1.0.0" });
    server.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
      content: [{ type: "text", text: String(a + b) }],
    }));
    server.registerTool("greet", {}, async ({ elicit, progress }) => {
      await progress(1, 2);
      const requestedSchema = { type: "object" as const, properties: { name: { type: "string" as const } } };
      const { content } = await elicit({ message: "Who are you?", requestedSchema });
      return { content: [{ type: "text", text: `Hello, ${String(content?.name)}!` }] };
    });
    return server;
  }),
};

test("it adds", async () => {
  const client = await connect(worker);
  expect((await client.listTools()).map(({ name }) => name)).toContain("add");
  expect(textOf(await client.callTool("add", { a: 40, b: 2 }))).toBe("42");
});

test("it greets whom it asks", async () => {
  const client = await connect(worker, {
    elicit: ({ message }) => ({ action: "accept", content: { name: message === "Who are you?" ? "Ada" : "nobody" } }),
  });
  const far: number[] = [];
  const result = await client.callTool("greet", {}, { onProgress: ({ progress }) => far.push(progress) });
  expect(textOf(result)).toBe("Hello, Ada!");
  expect(far[0]).toBe(1);
});

afterEach(() => clock.reset());

test("it takes tokens of its issuer until they expire", async () => {
  const issuer = await tokens.issuer();
  const audience = "https://mcp.example.com/mcp";
  const verifier = new JWTVerifier({ keys: issuer.jwks, issuer: issuer.issuer, audience });
  const guarded = protect(verifier, worker.fetch);

  const token = await issuer.sign({ sub: "ada", scope: "read" });
  const client = await connect(guarded, { token });
  expect(textOf(await client.callTool("add", { a: 1, b: 2 }))).toBe("3");

  clock.advance("17m");
  await expect(client.callTool("add", { a: 1, b: 2 })).rejects.toMatchObject({ status: 401 });
});
