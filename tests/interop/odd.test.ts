/** What the official clients make of results and arguments that are within the rules, but not what they see every day. */
import { beforeAll, describe, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";
import { officials } from "./lib/clients.ts";

let worker: Running;

beforeAll(async () => {
  worker = await start(at("tests/interop/workers/odd/wrangler.toml"));
  return () => worker.stop();
});

describe.each(officials)("$title", ({ transport, connect }) => {
  const open = () => connect(worker.url + (transport === "sse" ? "/sse" : "/mcp"));

  test("reads the error of a tool that has an output schema and answers with another structure", async () => {
    const client = await open();
    await client.list(); // From here on the client holds results against the schema.
    const failed = await client.call("divide", { by: 0 });
    expect(failed).toMatchObject({ isError: true, content: [{ type: "text", text: "by zero" }] });
    expect(await client.call("divide", { by: 4 })).toMatchObject({ structuredContent: { quotient: 0.25 } });
    await client.close();
    expect(client.complaints).toEqual([]);
  });

  test("reads half a surrogate pair as U+FFFD", async () => {
    const client = await open();
    expect((await client.call("half")).content).toEqual([{ type: "text", text: "half a pair: \uFFFD" }]);
    await client.close();
    expect(client.complaints).toEqual([]);
  });

  test("sends null for the arguments of a tool that needs none", async () => {
    const client = await open();
    const nothing = null as unknown as Record<string, unknown>;
    expect((await client.call("greet", nothing)).content).toEqual([{ type: "text", text: "Hello stranger" }]);
    expect((await client.call("greet", { name: "ada" })).content).toEqual([{ type: "text", text: "Hello ada" }]);
    await client.close();
    expect(client.complaints).toEqual([]);
  });
});
