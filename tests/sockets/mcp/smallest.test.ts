/** The README's smallest server, with less configuration still: nothing but name, main file and date. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Message, type ToolResult, initialize, legacy } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";

const INSPECTOR = at("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");

let worker: Running;
beforeAll(async () => {
  worker = await start(at("tests/sockets/mcp/smallest/wrangler.toml"));
});
afterAll(() => worker.stop());

/** What the official Inspector's command line shows. */
async function inspect<T>(...method: string[]): Promise<T> {
  const args = ["--cli", `${worker.url}/mcp`, "--transport", "http", "--format", "json", "--method", ...method];
  const { stdout } = await promisify(execFile)(process.execPath, [INSPECTOR, ...args], { timeout: 60_000 });
  return (JSON.parse(stdout) as { result: T }).result;
}

test("it is the one in the README, and has nothing in its configuration but name, main file and date", () => {
  const [, code] = /## The smallest server\n.*?```ts\n(.*?)```/s.exec(readFileSync(at("README.md"), "utf8")) ?? [];
  const [, ...lines] = readFileSync(at("tests/sockets/mcp/smallest/index.ts"), "utf8").split("\n");
  expect(lines.join("\n")).toBe(code);
  const toml = readFileSync(at("tests/sockets/mcp/smallest/wrangler.toml"), "utf8");
  expect([...toml.matchAll(/^\[*(\w+)/gm)].map(([, name]) => name)).toEqual(["name", "main", "compatibility_date"]);
});

test("the official Inspector lists and calls its tool", async () => {
  const { tools } = await inspect<{ tools: { name: string }[] }>("tools/list");
  expect(tools.map(({ name }) => name)).toEqual(["add"]);
  const call = ["tools/call", "--tool-name", "add", "--tool-arg", "a=40", "--tool-arg", "b=2"];
  expect((await inspect<ToolResult>(...call)).content).toEqual([{ type: "text", text: "The sum is 42" }]);
});

test("it announces its tools and nothing else, and its log is silent", async () => {
  const url = `${worker.url}/mcp`;
  const begun = await fetch(initialize(url));
  const session = begun.headers.get("mcp-session-id") ?? "";
  const { result } = (await begun.json()) as Message<{ capabilities: object }>;
  expect(result.capabilities).toEqual({ tools: {} });
  const ready = await fetch(legacy(url, "ping", {}, { session }));
  expect(await ready.json()).toMatchObject({ result: {} });
  expect(worker.log()).not.toContain("mcp-wicket");
});
