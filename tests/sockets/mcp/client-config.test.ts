/** `npx mcp-wicket client-config`: what it prints can be read by the client, and names the server. */
import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Said, cli } from "../../harness/cli.ts";
import { at } from "../../harness/paths.ts";
import { start } from "../../harness/workerd.ts";
import { parseToml } from "../../../dist/cli/doctor/toml.js";

const URL_OF_SERVER = "https://my-mcp.workers.dev/sse";
const MODERN = "https://my-mcp.example.workers.dev/mcp";
const TOKEN = "Bearer YOUR_JWT_TOKEN_HERE";

async function clientConfig(...args: string[]): Promise<Said> {
  const said = await cli(["client-config", ...args]);
  return { ...said, out: said.out.trim() };
}

const json = async (...args: string[]) => JSON.parse((await clientConfig(...args)).out) as unknown;

test("the configuration of the original document, without a token and with one", async () => {
  const client = ["--client", "cursor"];
  expect(await json(...client, URL_OF_SERVER)).toEqual({ mcpServers: { "my-mcp": { url: URL_OF_SERVER } } });
  expect(await json(...client, "--header", `Authorization: ${TOKEN}`, URL_OF_SERVER)).toEqual({
    mcpServers: { "my-mcp": { url: URL_OF_SERVER, headers: { Authorization: TOKEN } } },
  });
});

test("the start page of a server shows the same", async () => {
  const server = await start(at("examples/no-auth/wrangler.toml"));
  try {
    const url = `${server.url}/mcp`;
    const html = await (await fetch(url, { headers: { Accept: "text/html" } })).text();
    const page = html.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
    const [, name = ""] = /claude mcp add --transport http (\S+)/.exec(page) ?? [];
    for (const client of ["claude-desktop", "claude-code", "cursor", "vscode", "chatgpt"]) {
      // On a computer of one's own, the command cannot know the server's name.
      const { out } = await clientConfig("--client", client, url);
      expect(page, client).toContain(out.replaceAll("my-mcp", name));
    }
  } finally {
    await server.stop();
  }
});

describe("each client's configuration has the URL, and the header where it can have one", () => {
  const headers = { Authorization: TOKEN };
  const server = (of: object) => ({ mcpServers: { "my-mcp": of } });
  const remote = ["-y", "mcp-remote", MODERN, "--header", "Authorization:${HEADER}"];
  const inJson: [string, object | undefined, object][] = [
    ["claude-desktop", undefined, server({ command: "npx", args: remote, env: { HEADER: TOKEN } })],
    ["cursor", server({ url: MODERN }), server({ url: MODERN, headers })],
    [
      "vscode",
      { servers: { "my-mcp": { type: "http", url: MODERN } } },
      { servers: { "my-mcp": { type: "http", url: MODERN, headers } } },
    ],
    ["gemini", server({ httpUrl: MODERN }), server({ httpUrl: MODERN, headers })],
    ["windsurf", server({ serverUrl: MODERN }), server({ serverUrl: MODERN, headers })],
  ];

  test.each(inJson)("%s", async (client, without, withHeader) => {
    if (without) expect(await json("--client", client, MODERN)).toEqual(without);
    expect(await json("--client", client, "--header", `Authorization: ${TOKEN}`, MODERN)).toEqual(withHeader);
  });

  test("codex", async () => {
    const { out } = await clientConfig("--client", "codex", "--header", `Authorization: ${TOKEN}`, MODERN);
    expect(parseToml(out)).toEqual({ mcp_servers: { "my-mcp": { url: MODERN, http_headers: headers } } });
    const plain = await clientConfig("--client", "codex", MODERN);
    expect(parseToml(plain.out)).toEqual({ mcp_servers: { "my-mcp": { url: MODERN } } });
    expect(plain.err).toContain("~/.codex/config.toml");
  });

  test.each(["claude-desktop", "chatgpt"])("%s gets the URL", async (client) => {
    expect((await clientConfig("--client", client, MODERN)).out).toBe(MODERN);
  });

  test("claude-code and inspector get a command that a shell reads as it is meant", async () => {
    const url = `${MODERN}?tenant=a&b=it's`;
    const value = "Bearer a$HOME`b\"c'd";
    for (const client of ["claude-code", "inspector"]) {
      const { out } = await clientConfig("--client", client, "--header", `X-Key: ${value}`, url);
      const words = await new Promise<string>((resolve, reject) => {
        const script = out.replace(/^(claude|npx) /, "printf '%s\\n' ");
        execFile("sh", ["-c", script], (error, text) => (error ? reject(new Error(error.message)) : resolve(text)));
      });
      expect(words.split("\n")).toEqual(expect.arrayContaining([new URL(url).href, `X-Key: ${value}`]));
    }
  });
});

test("install links carry the configuration", async () => {
  const link = async (client: string) => / (\w+:\S+)$/m.exec((await clientConfig("--client", client, MODERN)).err)?.[1];
  const cursor = new URL((await link("cursor")) ?? "");
  expect(JSON.parse(atob(cursor.searchParams.get("config") ?? ""))).toEqual({ url: MODERN });
  expect(cursor.searchParams.get("name")).toBe("my-mcp");
  const code = new URL((await link("vscode")) ?? "");
  expect(JSON.parse(decodeURIComponent(code.search.slice(1)))).toEqual({ name: "my-mcp", type: "http", url: MODERN });
});

test("without --client, all of them", async () => {
  const { code, out, err } = await clientConfig(MODERN);
  expect([code, err]).toEqual([0, ""]);
  const parts = out.split(/^## /m).slice(1);
  expect(parts.map((part) => part.split("\n")[0])).toEqual([
    "Claude Desktop",
    "Claude Code",
    "Cursor",
    "VS Code",
    "ChatGPT",
    "Codex",
    "Gemini CLI",
    "Windsurf",
    "MCP Inspector",
  ]);
  for (const part of parts) expect(part).toContain(MODERN);
});

test.each([
  [["--client", "netscape", MODERN], "--client netscape is not known. Use one of: claude-desktop, claude-code, cursor"],
  [["--client", "toString", MODERN], "is not known"],
  [[], "Specify the URL of the MCP endpoint, such as https://"],
  [
    ["my-mcp.workers.dev"],
    '"my-mcp.workers.dev" is not the URL of an MCP endpoint. Write it in full, such as https://',
  ],
  [["ftp://example.com/mcp"], "Write it in full"],
  [["https://ann:secret@example.com/mcp"], "Remove the name and the password"],
  [[MODERN, MODERN], "only one URL"],
  [["--header", "Authorization", MODERN], '--header must have the form "Name: value"'],
  [["--header", "Authorization: a\r\nX: b", MODERN], "--header must have the form"],
  [["--hedaer", "a: b", MODERN], "--help"],
])("%j is refused, with the fix", async (args, message) => {
  const { code, out, err } = await clientConfig(...args);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(message);
});
