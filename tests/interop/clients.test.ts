/** The official clients against the example without sign-in. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Served, serve } from "../harness/serve.ts";
import { officials } from "./lib/clients.ts";
import { pageFetch } from "./lib/page.ts";

let example: Served;
let everything: Served;

beforeAll(async () => {
  example = await serve("no-auth");
  everything = await serve("everything");
  return () => Promise.all([example.stop(), everything.stop()]);
});

describe.each(officials)("$title", ({ transport, revision, connect }) => {
  const open = (fetchWith?: typeof fetch) => connect(example.url + (transport === "sse" ? "/sse" : "/mcp"), fetchWith);

  test("gets to know the server", async () => {
    const client = await open();
    expect(client.revision).toBe(revision);
    expect(client.server).toMatchObject({ name: "Adder", version: "1.0.0" });
    expect(client.capabilities).toHaveProperty("tools");
    await client.close();
    expect(client.complaints).toEqual([]);
  });

  test("lists the tools", async () => {
    const client = await open();
    const { tools } = await client.list();
    expect(tools.map(({ name }) => name)).toEqual(["add", "roll_dice"]);
    expect(tools[0]).toMatchObject({ description: "Adds two numbers", inputSchema: { required: ["a", "b"] } });
    expect(tools[1]?.inputSchema).not.toHaveProperty("required");
    await client.close();
    expect(client.complaints).toEqual([]);
  });

  test("calls tools", async () => {
    const client = await open();
    expect((await client.call("add", { a: 2, b: 3 })).content).toEqual([{ type: "text", text: "The sum is 5" }]);
    const rolled = Number(/^You rolled (\d+)$/.exec((await client.call("roll_dice")).content[0]?.text ?? "")?.[1]);
    expect(rolled).toBeGreaterThanOrEqual(1);
    expect(rolled).toBeLessThanOrEqual(6);
    await client.close();
    expect(client.complaints).toEqual([]);
  });

  test("sees what is wrong with a call", async () => {
    const client = await open();
    const { isError, content } = await client.call("add", { a: 2, b: "three" });
    expect(isError).toBe(true);
    expect(content[0]?.text).toContain('Invalid arguments for the tool "add": b: ');
    await expect(client.call("subtract")).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool "subtract".') as string,
    });
    expect((await client.call("add", { a: 1, b: 1 })).content[0]?.text).toBe("The sum is 2");
    await client.close();
    expect(client.complaints).toEqual([]);
  });

  test("shares the server with another of its kind", async () => {
    const clients = await Promise.all([open(), open()]);
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const called = clients.map((client, who) =>
      Promise.all(numbers.map(async (n) => (await client.call("add", { a: n, b: who * 1000 })).content[0]?.text)),
    );
    const sums = (more: number) => numbers.map((n) => `The sum is ${String(n + more)}`);
    expect(await Promise.all(called)).toEqual([sums(0), sums(1000)]);
    for (const client of clients) {
      await client.close();
      expect(client.complaints).toEqual([]);
    }
  });

  test("works in the Inspector's page, and in none that is foreign", async () => {
    for (const origin of ["http://localhost:6274", "http://127.0.0.1:6274", "https://claude.ai"]) {
      const client = await open(pageFetch(origin));
      expect(client.revision).toBe(revision);
      expect((await client.list()).tools).toHaveLength(2);
      expect((await client.call("add", { a: 2, b: 3 })).content[0]?.text).toBe("The sum is 5");
      await client.close();
    }
    await expect(open(pageFetch("https://evil.example"))).rejects.toThrow("CORS: 403");
  });

  test("understands every kind of content", async () => {
    for (const path of transport === "sse" ? ["/sse"] : ["/mcp", "/agent"]) {
      const client = await connect(everything.url + path);
      const kinds = async (name: string) => (await client.call(name)).content.map(({ type }) => type);
      expect(await kinds("test_simple_text")).toEqual(["text"]);
      expect(await kinds("test_image_content")).toEqual(["image"]);
      expect(await kinds("test_audio_content")).toEqual(["audio"]);
      expect(await kinds("test_embedded_resource")).toEqual(["resource"]);
      expect(await kinds("test_multiple_content_types")).toEqual(["text", "image", "resource"]);
      expect(await client.call("test_error_handling")).toMatchObject({
        isError: true,
        content: [{ type: "text", text: "This tool intentionally returns an error for testing" }],
      });
      await client.close();
      expect(client.complaints).toEqual([]);
    }
  });
});
