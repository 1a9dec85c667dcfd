/** Lists of tools: what stays kept between requests and what does not, pages, and what older revisions are not told. */
import { McpServer, type McpServerOptions } from "mcp-wicket";
import { describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { type Sent, legacy, modern } from "../../harness/messages.ts";
import { type Answering, HOST, messageOf, serverOf } from "./lib/client.ts";

const nothing = () => ({ content: [] });
const A = z.object({ a: z.string() });
const B = z.object({ b: z.number() });

interface Listed {
  tools: Record<string, unknown>[];
  nextCursor?: string;
}
const url = `${HOST}/mcp`;
const listed = async (server: Answering, params = {}, sent: Sent = {}) =>
  (await messageOf<Listed>(server(modern(url, "tools/list", params, sent)))).result;
const toolsOf = async (fill: (server: McpServer) => void) => (await listed(serverOf(fill))).tools;

describe("a list is never another server's", () => {
  const base = { description: "d", title: "t", inputSchema: A };
  const variants: [string, (server: McpServer) => void][] = [
    ["one", (s) => s.registerTool("tool", base, nothing)],
    ["another name", (s) => s.registerTool("tool2", base, nothing)],
    ["another description", (s) => s.registerTool("tool", { ...base, description: "e" }, nothing)],
    ["no description", (s) => s.registerTool("tool", { title: "t", inputSchema: A }, nothing)],
    ["another title", (s) => s.registerTool("tool", { ...base, title: "u" }, nothing)],
    ["another schema", (s) => s.registerTool("tool", { ...base, inputSchema: B }, nothing)],
    ["a shape", (s) => s.registerTool("tool", { ...base, inputSchema: { a: z.string().max(5) } }, nothing)],
    ["an output schema", (s) => s.registerTool("tool", { ...base, outputSchema: B }, nothing)],
    ["annotations", (s) => s.registerTool("tool", { ...base, annotations: { readOnlyHint: true } }, nothing)],
    ["other annotations", (s) => s.registerTool("tool", { ...base, annotations: { readOnlyHint: false } }, nothing)],
    [
      "more annotations",
      (s) => s.registerTool("tool", { ...base, annotations: { readOnlyHint: true, title: "x" } }, nothing),
    ],
    ["icons", (s) => s.registerTool("tool", { ...base, icons: [{ src: "https://a.example/" }] }, nothing)],
    ["other icons", (s) => s.registerTool("tool", { ...base, icons: [{ src: "https://b.example/" }] }, nothing)],
    ["metadata", (s) => s.registerTool("tool", { ...base, _meta: { "a/b": [1] } }, nothing)],
    ["other metadata", (s) => s.registerTool("tool", { ...base, _meta: { "a/b": [2] } }, nothing)],
    ["no tool that is enabled", (s) => s.registerTool("tool", base, nothing).disable()],
    ["two tools", (s) => (s.registerTool("tool", base, nothing), s.registerTool("tool2", base, nothing))],
    [
      "two tools in another order",
      (s) => (s.registerTool("tool2", base, nothing), s.registerTool("tool", base, nothing)),
    ],
  ];

  test("in whatever order they are asked", async () => {
    const first = new Map<string, string>();
    for (const round of [variants, variants.toReversed(), variants]) {
      for (const [name, fill] of round) {
        const text = JSON.stringify(await toolsOf(fill));
        expect(text, name).toBe(first.get(name) ?? text);
        first.set(name, text);
      }
    }
    expect(new Set(first.values()).size).toBe(variants.length);
  });

  test("even if what was registered has been changed since", async () => {
    const annotations = { title: "before" };
    const shape: Record<string, z.ZodType> = { a: z.string() };
    const fill = (server: McpServer) => void server.registerTool("tool", { annotations, inputSchema: shape }, nothing);
    expect(JSON.stringify(await toolsOf(fill))).toContain("before");
    annotations.title = "after";
    expect(JSON.stringify(await toolsOf(fill))).toContain("after");
  });

  test("schemas are written once, however often they are listed", async () => {
    let written = 0;
    const jsonSchema = { input: () => (written++, { type: "object" }), output: () => ({}) };
    const counted = { "~standard": { ...A["~standard"], vendor: "counted", jsonSchema } };
    const server = serverOf((made) => void made.registerTool("tool", { inputSchema: counted }, nothing));
    for (let i = 0; i < 3; i++) await listed(server);
    await listed(serverOf((made) => void made.registerTool("other", { inputSchema: counted }, nothing)));
    expect(written).toBe(1);
  });
});

describe("pages", () => {
  const five = (about: McpServerOptions) =>
    serverOf(
      (server) => {
        for (const name of ["a", "b", "c", "d", "e"]) server.registerTool(name, {}, nothing);
      },
      {},
      about,
    );
  const pagesOf = async (server: Answering, ask: typeof modern) => {
    const pages: unknown[][] = [];
    let cursor: string | undefined;
    do {
      const { result } = await messageOf<Listed>(
        server(ask(url, "tools/list", cursor === undefined ? {} : { cursor })),
      );
      pages.push(result.tools.map(({ name }) => name));
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    return pages;
  };

  test.each<[string, McpServerOptions, string[][]]>([
    ["none", {}, [["a", "b", "c", "d", "e"]]],
    ["of two", { pageSize: 2 }, [["a", "b"], ["c", "d"], ["e"]]],
    ["of one", { pageSize: 1 }, [["a"], ["b"], ["c"], ["d"], ["e"]]],
    ["of just as many", { pageSize: 5 }, [["a", "b", "c", "d", "e"]]],
    ["of more", { pageSize: 9 }, [["a", "b", "c", "d", "e"]]],
  ])("%s", async (_size, about, pages) => {
    expect(await pagesOf(five(about), modern)).toEqual(pages);
    expect(await pagesOf(five(about), legacy)).toEqual(pages);
  });

  test("a cursor stays right when something is registered before its item, and ends when it is gone", async () => {
    const names = (all: string[]) =>
      serverOf((server) => all.forEach((name) => server.registerTool(name, {}, nothing)), {}, { pageSize: 2 });
    const { nextCursor: cursor } = await listed(names(["a", "b", "c"]));
    expect((await listed(names(["0", "a", "b", "c"]), { cursor })).tools).toMatchObject([{ name: "c" }]);
    const gone = await messageOf(names(["a", "c"])(modern(url, "tools/list", { cursor })));
    expect(gone.error.code).toBe(-32602);
  });

  test.each(["prompts", "resources"] as const)("of %s: a page is written without the others", async (kind) => {
    const written: string[] = [];
    const server = serverOf(
      (made) => {
        for (const name of ["a", "b", "c", "d"]) {
          const _meta = { "example.com/a": { toJSON: () => written.push(name) } };
          if (kind === "prompts") made.registerPrompt(name, { _meta }, () => ({ messages: [] }));
          else made.registerResource(name, `test:${name}`, { _meta }, () => ({ contents: [] }));
        }
      },
      {},
      { pageSize: 2 },
    );
    const page = async (params = {}) => {
      written.length = 0;
      const { result } = await messageOf<Listed>(server(modern(url, `${kind}/list`, params)));
      return { written: [...written], cursor: result.nextCursor };
    };
    const { cursor, ...first } = await page();
    expect(first).toEqual({ written: ["a", "b"] });
    expect(await page({ cursor })).toEqual({ written: ["c", "d"], cursor: undefined });
  });

  test.each([0, -1, 1.5, NaN, "2"])("%s is no page size", (pageSize) => {
    const make = () => new McpServer({ name: "test", version: "1.0.0" }, { pageSize: pageSize as number });
    expect(make).toThrow("`pageSize` must be a positive whole number.");
  });
});

describe("older revisions", () => {
  const tool = {
    title: "Tool",
    description: "d",
    inputSchema: A,
    annotations: { readOnlyHint: true },
    icons: [{ src: "https://a.example/" }],
    _meta: { "a/b": 1 },
  };
  const membersOf = async (outputSchema: z.ZodType, ask: () => Request) => {
    const server = serverOf((made) => void made.registerTool("tool", { ...tool, outputSchema }, nothing));
    const { result } = await messageOf<Listed>(server(ask()));
    return Object.keys(result.tools[0] ?? {})
      .sort()
      .join(" ");
  };
  const asked = (revision: string) => () => legacy(url, "tools/list", {}, { revision });

  test.each([
    ["2024-11-05", "description inputSchema name"],
    ["2025-03-26", "annotations description inputSchema name"],
    ["2025-06-18", "_meta annotations description inputSchema name outputSchema title"],
    ["2025-11-25", "_meta annotations description icons inputSchema name outputSchema title"],
  ])("%s", async (revision, members) => {
    expect(await membersOf(B, asked(revision))).toBe(members);
  });

  test("know output schemas only of objects", async () => {
    const all = "_meta annotations description icons inputSchema name outputSchema title";
    expect(await membersOf(z.array(z.string()), asked("2025-11-25"))).toBe(all.replace("outputSchema ", ""));
    expect(await membersOf(z.array(z.string()), () => modern(url, "tools/list"))).toBe(all);
  });
});

test("a server that offers nothing yet is one without tools", async () => {
  const server = serverOf(() => {});
  expect((await listed(server)).tools).toEqual([]);
  const { result } = await messageOf<{ capabilities: object }>(server(modern(url, "server/discover")));
  expect(result.capabilities).toHaveProperty("tools");
});

test("a tool's name that some clients will not take is said once, in the log; the tool is there all the same", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const odd = ["get weather", "größe", "a/b", "x".repeat(129), "tool\n"];
  const fine = ["A", "get_weather.v2-beta", "x".repeat(128)];
  const server = serverOf((s) => {
    for (const name of [...odd, ...fine]) s.registerTool(name, {}, nothing);
  });
  try {
    for (const of of [modern(url, "tools/list"), legacy(url, "tools/list"), modern(url, "tools/list")]) {
      const { tools } = (await messageOf<Listed>(server(of))).result;
      expect(tools.map(({ name }) => name)).toEqual([...odd, ...fine]);
    }
    expect(warned.mock.calls.map(([text]) => String(text))).toEqual(
      odd.map((name) => expect.stringContaining(`the tool ${JSON.stringify(name)}`) as string),
    );
  } finally {
    warned.mockRestore();
  }
});
