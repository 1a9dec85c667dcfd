/**
 * Servers that are written for `agents` and `workers-oauth-provider`, in the style of Cloudflare's demos and on their
 * compatibility date, move over by their import lines (`tests/ported/cloudflare/`). This test changes these lines, nothing
 * else; then they compile, and do what they are for.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { SignJWT } from "jose";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";

const SERVERS = at("tests/ported/cloudflare");
const FILES = ["jwt/index.ts", "github/index.ts", "github/pages.ts"];
const MODULES =
  /^((?:import .*|\}) from )"(?:agents\/mcp|@modelcontextprotocol\/sdk\/.*|@cloudflare\/workers-oauth-provider)";$/gm;

const source = (file: string) => readFileSync(`${SERVERS}/${file}`, "utf8");
const moved = (file: string) =>
  source(file).replace(MODULES, `$1"mcp-wicket/${file.startsWith("jwt/") ? "jwt" : "oauth"}";`);

beforeAll(() => {
  for (const file of FILES) {
    mkdirSync(`${SERVERS}/made/${file.replace(/\/.*/, "")}`, { recursive: true });
    writeFileSync(`${SERVERS}/made/${file}`, moved(file));
  }
});
afterAll(() => rmSync(`${SERVERS}/made`, { recursive: true, force: true }));

test.each(FILES)("%s changes by its import lines alone", (file) => {
  const before = source(file).split("\n");
  const changed = moved(file)
    .split("\n")
    .filter((line, at) => line !== before[at]);
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.filter((line) => !/^import .* from "mcp-wicket\/(jwt|oauth)";$/.test(line))).toEqual([]);
});

test.each([false, true])("they compile then, with exactOptionalPropertyTypes: %s", (exactOptionalPropertyTypes) => {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ["@cloudflare/workers-types"],
  };
  const program = ts.createProgram(
    ["jwt", "github"].map((name) => `${SERVERS}/made/${name}/index.ts`),
    options,
  );
  const diagnostics = ts.getPreEmitDiagnostics(program);
  expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
});

const texts = (result: unknown) => (result as { content: { text: string }[] }).content.map(({ text }) => text);

describe("tokens of another issuer, with two mounts", () => {
  let running: Running;
  beforeAll(async () => {
    running = await start(`${SERVERS}/jwt/wrangler.toml`);
  });
  afterAll(() => running.stop());

  const token = (roles: string[]) => {
    const secret = /^JWT_SECRET = "(.*)"$/m.exec(source("jwt/wrangler.toml"))?.[1] ?? "";
    const jwt = new SignJWT({ sub: "ann", roles }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("10m");
    return jwt.sign(new TextEncoder().encode(secret));
  };
  const connect = async (path: "/mcp" | "/sse", roles: string[]) => {
    const init = { requestInit: { headers: { authorization: `Bearer ${await token(roles)}` } } };
    const url = new URL(path, running.url);
    const client = new Client({ name: "test", version: "1.0.0" });
    const transport =
      path === "/mcp" ? new StreamableHTTPClientTransport(url, init) : new SSEClientTransport(url, init);
    await client.connect(transport);
    return client;
  };

  test("its own page and its own guard answer as before", async () => {
    expect(await (await fetch(running.url)).text()).toContain("<h1>Ledger</h1>");
    for (const path of ["/mcp", "/sse", "/sse/message"]) {
      expect((await fetch(`${running.url}${path}`, { method: "POST" })).status).toBe(401);
    }
  });

  test.each(["/mcp"] as const)("tools, resources and prompts at %s, for whoever calls", async (path) => {
    const client = await connect(path, ["clerk"]);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["whoami", "convert"]);
    expect(texts(await client.callTool({ name: "whoami" }))).toEqual(["ann (clerk)"]);
    const converted = await client.callTool({ name: "convert", arguments: { cents: 100, rate: 1.5 } });
    expect(converted.structuredContent).toEqual({ cents: 150 });
    expect((await client.readResource({ uri: "ledger://rates" })).contents).toMatchObject([{ text: '{"EUR":1}' }]);
    expect((await client.getPrompt({ name: "explain", arguments: { entry: "7" } })).messages).toMatchObject([
      { content: { text: "Explain 7" } },
    ]);
    await client.close();
    const admin = await connect(path, ["admin"]);
    expect(texts(await admin.callTool({ name: "close", arguments: { year: 2025 } }))).toEqual(["2025 is closed"]);
    await admin.close();
  });
});
