/** What becomes of what a tool throws or returns: what the model may read, and what only the operator may. */
import { ToolError } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type ToolResult, modern, wires } from "../../harness/messages.ts";
import { HOST, callTool, messageOf, serverOf, textOf, worker } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const url = `${HOST}/mcp`;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** A server with one tool, `tool`, that does this. */
const doing = (tool: () => unknown) => serverOf((server) => void server.registerTool("tool", {}, tool as never));

describe.each(wires)("on $wire", ({ ask }) => {
  const call = async (tool: () => unknown) => {
    const answered = () => messageOf<ToolResult>(doing(tool)(ask(url, "tools/call", { name: "tool" })));
    const { value, log } = await logOf(answered);
    return { ...value, log };
  };

  test("the message of a ToolError is shown, thrown at once or later", async () => {
    const refuse = () => {
      throw new ToolError('No order "7": try 1 to 6.');
    };
    for (const tool of [refuse, async () => refuse()]) {
      const { result, log } = await call(tool);
      expect(result).toMatchObject({ content: [{ type: "text", text: 'No order "7": try 1 to 6.' }], isError: true });
      expect(log).toBe("");
    }
  });

  test.each<[string, unknown]>([
    ["an Error", new Error("password is hunter2")],
    ["a TypeError", new TypeError("password is hunter2")],
    ["an error of the name ToolError", Object.assign(new Error("password is hunter2"), { name: "ToolError" })],
    ["a string", "password is hunter2"],
    ["an object", { toString: () => "password is hunter2" }],
  ])("%s stays in the log, and the model gets the id", async (_what, thrown) => {
    const { result, log } = await call(() => {
      throw thrown;
    });
    const text = textOf(result) ?? "";
    expect(result.isError).toBe(true);
    expect(text).toMatch(/^The tool "tool" failed\. The server's log has the reason under the ID [0-9a-f-]{36}\.$/);
    expect(JSON.stringify(result)).not.toContain("hunter2");
    expect(log).toContain("hunter2");
    expect(log).toContain(UUID.exec(text)?.[0] ?? "no id");
  });

  test("throwing nothing at all is throwing", async () => {
    const { result } = await call(() => {
      throw undefined;
    });
    expect(result.isError).toBe(true);
  });

  test.each<[string, unknown, object]>([
    ["nothing but content", { content: [] }, { content: [] }],
    ["structured content alone", { structuredContent: { n: 1 } }, { content: [{ type: "text", text: '{"n":1}' }] }],
    ["an empty object", {}, { content: [] }],
    ["an error of its own", { content: [], isError: true }, { isError: true }],
    ["_meta", { content: [], _meta: { "example.com/a": 1 } }, { _meta: { "example.com/a": 1 } }],
  ])("a tool may return %s", async (_what, returned, expected) => {
    const { result } = await call(() => returned);
    expect(result).toMatchObject(expected);
    expect(result.resultType).toBe(ask === modern ? "complete" : undefined);
  });

  test("a tool cannot say that its result is incomplete", async () => {
    const { result } = await call(() => ({ content: [], resultType: "input_required" }));
    expect(result.resultType).toBe(ask === modern ? "complete" : undefined);
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a string", "done"],
    ["an array", []],
    ["content that is no array", { content: "done" }],
  ])("returning %s is the server's fault and says whose", async (_what, returned) => {
    const { error } = await call(() => returned);
    expect(error.code).toBe(-32603);
    expect(error.message).toMatch(/^The tool "tool" returned /);
  });

  test("a result that JSON cannot hold is an error in the log", async () => {
    const loop: Record<string, unknown> = { content: [] };
    loop.structuredContent = loop;
    for (const returned of [loop, { content: [], structuredContent: 1n }]) {
      const { result, log } = await call(() => returned);
      expect(textOf(result)).toMatch(/failed\. The server's log/);
      expect(log).toContain("TypeError");
    }
  });

  test("texts of every kind arrive as they are", async () => {
    const text = 'quotes " and \\, \u2028, \u0000, 🦀, </script>, ünïcode';
    const { result } = await call(() => ({ content: [{ type: "text", text }] }));
    expect(textOf(result)).toBe(text);
  });
});

test("arguments that do not fit are told to the model, not to the log", async () => {
  const server = serverOf(
    (made) => void made.registerTool("tool", { inputSchema: { n: z.number().max(9) } }, () => ({ content: [] })),
  );
  const { value, log } = await logOf(() => callTool(server, "tool", { n: 10 }));
  expect(value.isError).toBe(true);
  expect(textOf(value)).toBe('Invalid arguments for the tool "tool": n: Too big: expected number to be <=9');
  expect(log).toBe("");
});

test("a server that cannot be made is a 500 whose reason is in the log", async () => {
  const server = serverOf(() => {
    throw new Error("no database at 10.0.0.1");
  });
  const { value: response, log } = await logOf(() => server(modern(url, "tools/list")));
  const { error } = await messageOf(response);
  expect([response.status, error.code]).toEqual([500, -32603]);
  expect(error.message).not.toContain("10.0.0.1");
  expect(log).toContain("no database at 10.0.0.1");
  expect(log).toContain(UUID.exec(error.message)?.[0] ?? "no id");
});

test("a server whose description is no JSON is one, too", async () => {
  const server = serverOf((made) => void Object.assign(made.serverInfo, { count: 1n }));
  const { value: response, log } = await logOf(() => server(modern(url, "tools/list")));
  const { error } = await messageOf(response);
  expect([response.status, error.code]).toEqual([500, -32603]);
  expect(log).toContain("BigInt");
});

test("an error in an object stays there too", async () => {
  const placed = `${HOST}/placed`;
  const { value, log } = await logOf(() => callTool(worker, "throw", {}, {}, placed));
  expect(textOf(value)).toMatch(/^The tool "throw" failed\. The server's log/);
  expect(log).toContain("a secret of the object");
});
