/** `connect` of `mcp-wicket/testing` with the URL of a server that runs elsewhere, from plain Node. */
import { type Revision, connect, textOf } from "mcp-wicket/testing";
import { beforeAll, expect, test } from "vitest";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";

const ADD = { a: 40, b: 2 };

let worker: Running;

beforeAll(async () => {
  worker = await start(at("tests/sockets/mcp/smallest/wrangler.toml"));
  return () => worker.stop();
});

test.each<Revision>(["2026-07-28", "2025-11-25", "2025-03-26"])("a client of %s lists and calls", async (revision) => {
  const client = await connect(new URL("/mcp", worker.url), { revision });
  expect(client.server).toMatchObject({ serverInfo: { name: "adder" }, protocolVersion: revision });
  expect((await client.listTools()).map(({ name }) => name)).toEqual(["add"]);
  expect(textOf(await client.callTool("add", ADD))).toBe("The sum is 42");
});

test("a URL without a path means /mcp", async () => {
  const client = await connect(worker.url);
  expect(textOf(await client.callTool("add", ADD))).toBe("The sum is 42");
});

test.each([{ env: {} }, { props: {} }, { origin: "https://mcp.example.com" }])(
  "%j is for Workers of this process, and refused",
  async (options) => {
    await expect(connect(worker.url, options)).rejects.toMatchObject({ code: "ERR_ARGUMENT" });
  },
);
