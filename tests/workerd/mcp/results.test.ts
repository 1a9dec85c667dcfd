/** Structured results, and what older clients get of them. */
import { type CallToolResult, ToolError } from "mcp-wicket";
import { fromJsonSchema } from "mcp-wicket/json-schema";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type ToolResult, legacy, modern, wires } from "../../harness/messages.ts";
import { HOST, messageOf, serverOf } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const url = `${HOST}/mcp`;
const WEATHER = z.object({ degrees: z.number() });
const text = (content: string) => ({ content: [{ type: "text" as const, text: content }] });

const serverWith = (result: CallToolResult | (() => CallToolResult), outputSchema: z.ZodType = WEATHER) =>
  serverOf((server) => {
    server.registerTool("tool", { outputSchema }, () => (typeof result === "function" ? result() : result));
  });

describe.each(wires)("on $wire", ({ ask }) => {
  const call = async (...args: Parameters<typeof serverWith>) =>
    (await messageOf<ToolResult>(serverWith(...args)(ask(url, "tools/call", { name: "tool" })))).result;

  test("a result that fits goes out, with a text of it for clients that read text", async () => {
    const structuredContent = { degrees: 20.5 };
    for (const result of [{ structuredContent }, { structuredContent, content: [] }]) {
      const { content, structuredContent: sent } = await call(result);
      expect([content, sent]).toEqual([text('{"degrees":20.5}').content, structuredContent]);
    }
    const own = await call({ structuredContent, ...text("20.5 degrees") });
    expect([own.content, own.structuredContent]).toEqual([text("20.5 degrees").content, structuredContent]);
  });

  test.each<[string, CallToolResult]>([
    ["has another shape", { structuredContent: { degrees: "cold, 5432" } }],
    ["is not there", text("20 degrees")],
    ["is null", { structuredContent: null }],
  ])("a structured result that %s is the server's fault, and the log says why", async (_what, result) => {
    const { value, log } = await logOf(() => call(result));
    expect(value).toMatchObject({ isError: true });
    expect(value.structuredContent).toBeUndefined();
    expect(value.content[0]?.text).toMatch(/^The tool's result does not fit its output schema\. The server's log has /);
    expect(JSON.stringify(value)).not.toContain("5432");
    expect(log).toMatch(/outputSchema/);
  });

  test("an error needs no structured result", async () => {
    expect(await call({ ...text("no such city"), isError: true })).toMatchObject({ isError: true });
    const thrown = await call(() => {
      throw new ToolError("no such city");
    });
    expect(thrown).toMatchObject({ ...text("no such city"), isError: true });
  });

  test("what is checked stays as the handler returned it", async () => {
    const structuredContent = { degrees: 1, more: true };
    expect((await call({ structuredContent, ...text("") })).structuredContent).toEqual(structuredContent);
  });

  test("an output schema may be plain JSON Schema", async () => {
    const server = (degrees: unknown) =>
      serverOf((made) => {
        const outputSchema = fromJsonSchema({ type: "object", properties: { degrees: { type: "number" } } });
        made.registerTool("tool", { outputSchema }, () => ({ structuredContent: { degrees } }));
      });
    const of = async (degrees: unknown) =>
      (await messageOf<ToolResult>(server(degrees)(ask(url, "tools/call", { name: "tool" })))).result;
    expect((await of(1)).isError).toBeUndefined();
    expect((await logOf(() => of("1"))).value.isError).toBe(true);
  });
});

test("a structured result of any kind is for 2026-07-28 alone", async () => {
  const server = serverWith({ structuredContent: [1, 2] }, z.array(z.number()));
  const of = async (request: Request) => (await messageOf<ToolResult>(server(request))).result;
  expect(await of(modern(url, "tools/call", { name: "tool" }))).toMatchObject({
    structuredContent: [1, 2],
    ...text("[1,2]"),
  });
  expect(await of(legacy(url, "tools/call", { name: "tool" }))).toEqual(text("[1,2]"));
});

test.each(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])(
  "%s gets content that it knows",
  async (revision) => {
    const server = serverOf((made) => {
      made.registerTool("tool", {}, () => ({
        content: [
          { type: "audio", data: "AA==", mimeType: "audio/wav" },
          { type: "resource_link", uri: "notes://1", name: "One" },
        ],
        structuredContent: { a: 1 },
      }));
    });
    const { result } = await messageOf<ToolResult>(server(legacy(url, "tools/call", { name: "tool" }, { revision })));
    const isNew = revision >= "2025-06-18";
    expect(result.content.map(({ type }) => type)).toEqual([
      revision === "2024-11-05" ? "resource" : "audio",
      isNew ? "resource_link" : "text",
      // Where structured content stays away, its text does not.
      ...(isNew ? [] : ["text"]),
    ]);
    expect(result.structuredContent).toEqual(isNew ? { a: 1 } : undefined);
  },
);
