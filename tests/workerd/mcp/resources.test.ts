/** Resources: registering, listing, reading, templates. */
import { McpServer, ProtocolError, ResourceNotFoundError, ResourceTemplate, WicketError } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import { wires } from "../../harness/messages.ts";
import { HOST, messageOf, serverOf } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const text = (uri: URL, content: unknown) => ({ contents: [{ uri: uri.href, text: JSON.stringify(content) }] });

interface Listed {
  resources: Record<string, unknown>[];
  resourceTemplates: Record<string, unknown>[];
  nextCursor?: string;
  ttlMs?: number;
  cacheScope?: string;
}
interface Read {
  contents: { uri: string; text: string }[];
  ttlMs?: number;
  cacheScope?: string;
}

const full = serverOf((server) => {
  server.registerResource(
    "readme",
    "docs://readme",
    {
      title: "Read me",
      description: "What it is",
      mimeType: "text/plain",
      size: 3,
      annotations: { audience: ["user"], priority: 0.5 },
      icons: [{ src: "data:image/png;base64,AA==" }],
      _meta: { "example.com/a": 1 },
      cacheHint: { ttlMs: 5000, cacheScope: "public" },
    },
    (uri) => text(uri, "readme"),
  );
  server.resource("old", "docs://old", (uri) => text(uri, "old"));
  server.resource("older", "docs://older", { mimeType: "text/x" }, (uri) => text(uri, "older"));
  const notes = new ResourceTemplate("notes://{user}/{id}", {
    list: () => ({
      resources: [
        { uri: "notes://ada/1", name: "One" },
        { uri: "notes://ada/2", name: "Two", mimeType: "text/html" },
        { uri: "docs://readme", name: "taken" },
      ],
    }),
  });
  server.registerResource("notes", notes, { title: "Notes", mimeType: "text/plain" }, (uri, variables) =>
    text(uri, variables),
  );
  server.resource("files", new ResourceTemplate("files:///{+path}", { list: undefined }), (uri, variables) =>
    text(uri, variables),
  );
});

describe.each(wires)("on $wire", ({ wire, ask }) => {
  const list = async (method: string) => (await messageOf<Listed>(full(ask(`${HOST}/mcp`, method)))).result;
  const read = async (uri: string, from = full) => {
    const headers = { "mcp-name": uri };
    return messageOf<Read>(from(ask(`${HOST}/mcp`, "resources/read", { uri }, { headers })));
  };
  const isModern = wire === "2026-07-28";

  test("a list has what is registered and what templates name", async () => {
    const { resources, ttlMs, cacheScope } = await list("resources/list");
    expect(resources).toEqual([
      {
        uri: "docs://readme",
        name: "readme",
        title: "Read me",
        description: "What it is",
        mimeType: "text/plain",
        size: 3,
        annotations: { audience: ["user"], priority: 0.5 },
        icons: [{ src: "data:image/png;base64,AA==" }],
        _meta: { "example.com/a": 1 },
      },
      { uri: "docs://old", name: "old" },
      { uri: "docs://older", name: "older", mimeType: "text/x" },
      { uri: "notes://ada/1", name: "One", title: "Notes", mimeType: "text/plain" },
      { uri: "notes://ada/2", name: "Two", title: "Notes", mimeType: "text/html" },
    ]);
    expect([ttlMs, cacheScope]).toEqual(isModern ? [60000, "private"] : [undefined, undefined]);
  });

  test("a list has the templates", async () => {
    const { resourceTemplates } = await list("resources/templates/list");
    expect(resourceTemplates).toEqual([
      { uriTemplate: "notes://{user}/{id}", name: "notes", title: "Notes", mimeType: "text/plain" },
      { uriTemplate: "files:///{+path}", name: "files" },
    ]);
  });

  test("a resource is read at its URI, and says how long it holds", async () => {
    const { result } = await read("docs://readme");
    expect(result.contents).toEqual([{ uri: "docs://readme", text: '"readme"' }]);
    expect([result.ttlMs, result.cacheScope]).toEqual(isModern ? [5000, "public"] : [undefined, undefined]);
    const old = (await read("docs://old")).result;
    expect([old.ttlMs, old.cacheScope]).toEqual(isModern ? [0, "private"] : [undefined, undefined]);
  });

  test("a resource is read through its template", async () => {
    const { result } = await read("notes://ada/a%20b");
    expect(JSON.parse(result.contents[0]?.text ?? "")).toEqual({ user: "ada", id: "a%20b" });
    const file = (await read("files:///a/b.txt")).result;
    expect(JSON.parse(file.contents[0]?.text ?? "")).toEqual({ path: "a/b.txt" });
  });

  test.each([
    "docs://none",
    "notes://ada",
    "notes://ada/1/2",
    "files:///../etc/passwd",
    "files:///a/%2e%2e/%2e%2e/etc/passwd",
    "files:///..%2Fetc/passwd",
    "files:///..\\etc",
    "__proto__:",
    "http://",
  ])("there is nothing at %s", async (uri) => {
    const { error } = await read(uri);
    expect(error.code).toBe(uri === "__proto__:" ? -32602 : isModern ? -32602 : -32002);
    if (uri !== "__proto__:") expect(error.data).toEqual({ uri });
  });

  test("what a handler throws", async () => {
    const thrown = (error: Error, errors?: "verbatim") =>
      serverOf(
        (server) => {
          server.registerResource("r", "r:", {}, () => {
            throw error;
          });
        },
        {},
        errors && { errors },
      );
    expect((await read("r:", thrown(new ResourceNotFoundError("r:")))).error.code).toBe(isModern ? -32602 : -32002);
    const own = await read("r:", thrown(new ProtocolError(-31999, "Closed.", { until: 8 })));
    expect(own.error).toEqual({ code: -31999, message: "Closed.", data: { until: 8 } });
    const { value, log } = await logOf(() => read("r:", thrown(new Error("secret"))));
    expect(value.error.message).toMatch(
      /^The resource "r:" failed\. The server's log has the reason under the ID [-\w]+\.$/,
    );
    expect(log).toContain("secret");
    const shown = await logOf(() => read("r:", thrown(new Error("shown"), "verbatim")));
    expect(shown.value.error).toMatchObject({ code: -32603, message: "shown" });
  });

  test("a server without resources lists none to clients that ask all the same", async () => {
    const none = serverOf((server) => void server.registerTool("t", {}, () => ({ content: [] })));
    for (const [method, list] of [
      ["resources/list", "resources"],
      ["resources/templates/list", "resourceTemplates"],
      ["prompts/list", "prompts"],
    ] as const) {
      const { result } = await messageOf(none(ask(`${HOST}/mcp`, method)));
      expect(result[list], method).toEqual([]);
    }
  });
});

describe("handles", () => {
  const fill = (server: McpServer) => {
    const resource = server.registerResource("one", "a:1", {}, (uri) => text(uri, 1));
    const template = new ResourceTemplate("b:{id}", { list: () => ({ resources: [{ uri: "b:1", name: "B" }] }) });
    return { resource, template: server.registerResource("two", template, {}, (uri) => text(uri, 2)) };
  };
  type Handles = ReturnType<typeof fill>;
  const { ask } = wires[0];

  test.each<[string, (handles: Handles) => void, string[], string[]]>([
    ["as registered", () => {}, ["a:1", "b:1"], ["b:{id}"]],
    [
      "disabled",
      ({ resource, template }) =>
        [resource, template].forEach((handle) => {
          handle.disable();
        }),
      [],
      [],
    ],
    [
      "removed",
      ({ resource, template }) =>
        [resource, template].forEach((handle) => {
          handle.remove();
        }),
      [],
      [],
    ],
    [
      "removed twice",
      ({ resource }) => {
        resource.remove();
        resource.remove();
      },
      ["b:1"],
      ["b:{id}"],
    ],
    [
      "disabled and enabled",
      ({ resource }) => {
        resource.disable();
        resource.enable();
      },
      ["a:1", "b:1"],
      ["b:{id}"],
    ],
    ["moved", ({ resource }) => resource.update({ uri: "a:2", name: "x" }), ["a:2", "b:1"], ["b:{id}"]],
    [
      "another template",
      ({ template }) => template.update({ template: new ResourceTemplate("c:{id}", { list: undefined }) }),
      ["a:1"],
      ["c:{id}"],
    ],
  ])("%s", async (_name, change, uris, templates) => {
    const server = serverOf((made) => change(fill(made)));
    const { resources } = (await messageOf<Listed>(server(ask(`${HOST}/mcp`, "resources/list")))).result;
    expect(resources.map(({ uri }) => uri)).toEqual(uris);
    const listed = (await messageOf<Listed>(server(ask(`${HOST}/mcp`, "resources/templates/list")))).result;
    expect(listed.resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(templates);
    for (const uri of ["a:1", "a:2", "b:7", "c:7"]) {
      const there = uris.includes(uri) || (templates.includes(`${uri[0] ?? ""}:{id}`) && uri.endsWith("7"));
      const answer = await messageOf(
        server(ask(`${HOST}/mcp`, "resources/read", { uri }, { headers: { "mcp-name": uri } })),
      );
      expect("result" in answer, uri).toBe(there);
    }
  });

  test("changes are told to whoever listens", () => {
    const server = new McpServer({ name: "test", version: "1.0.0" });
    const { resource } = fill(server);
    const told: string[] = [];
    server.registry.listener = { listChanged: (of) => void told.push(of) };
    resource.disable();
    resource.update({ title: "x" });
    resource.remove();
    server.registerTool("t", {}, () => ({ content: [] })).disable();
    server.registerPrompt("p", {}, () => ({ messages: [] })).remove();
    expect(told).toEqual(["resources", "resources", "resources", "tools", "tools", "prompts", "prompts"]);
  });
});

test("mistakes are said in plain words", () => {
  const server = new McpServer({ name: "test", version: "1.0.0" });
  const read = (uri: URL) => text(uri, 1);
  server.registerResource("one", "a:1", {}, read);
  server.registerResource("t", new ResourceTemplate("a:{x}", { list: undefined }), {}, read);
  const mistakes: [() => unknown, string, string][] = [
    [
      () => server.registerResource("two", "a:1", {}, read),
      "ERR_DUPLICATE",
      'The resource "a:1" is already registered.',
    ],
    [
      () => server.registerResource("t", new ResourceTemplate("b:{x}", { list: undefined }), {}, read),
      "ERR_DUPLICATE",
      'The resource template "t" is already registered.',
    ],
    [() => server.registerResource("two", "no uri", {}, read), "ERR_ARGUMENT", "must have an absolute URI"],
    [
      () => server.registerResource("two", { uriTemplate: "a:" } as never, {}, read),
      "ERR_ARGUMENT",
      "ResourceTemplate",
    ],
    [() => server.registerResource("two", "a:2", {}, undefined as never), "ERR_ARGUMENT", "needs a handler"],
    [
      () => server.registerResource("two", "a:2", { icons: [{ src: "http://example.com/i.png" }] }, read),
      "ERR_ARGUMENT",
      "an icon whose `src` is neither an https URL nor a data URL",
    ],
    [() => new ResourceTemplate("a:{", { list: undefined }), "ERR_ARGUMENT", "is not a URI template"],
    [() => new ResourceTemplate("a:{x y}", { list: undefined }), "ERR_ARGUMENT", "is not a URI template"],
    [() => new ResourceTemplate("a".repeat(1025), { list: undefined }), "ERR_ARGUMENT", "is not a URI template"],
  ];
  for (const [make, code, message] of mistakes) {
    expect(make).toThrow(WicketError);
    expect(make).toThrow(expect.objectContaining({ code }) as Error);
    expect(make).toThrow(message);
  }
  expect([...server.registry.resources.keys()]).toEqual(["a:1"]);
});

test("a template knows its variables", () => {
  const { uriTemplate } = new ResourceTemplate("a:{x}/{+y,z*}{?q,n:3}", { list: undefined });
  expect([uriTemplate.variableNames, String(uriTemplate)]).toEqual([
    ["x", "y", "z", "q", "n"],
    "a:{x}/{+y,z*}{?q,n:3}",
  ]);
});
