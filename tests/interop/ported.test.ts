/**
 * Servers that are written against the official SDK (`tests/ported/servers/`, in the style of the examples that it comes
 * with) move over by their import lines: this test changes those, nothing else, and both answer a client alike.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResultSchema,
} from "@modelcontextprotocol/sdk/types.js";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";
import { type Ask, asks } from "../ported/asks.ts";

const SERVERS = at("tests/ported/servers");
const MADE = at("tests/ported/made");
const names = readdirSync(SERVERS).map((file) => file.replace(/\.ts$/, ""));
const IMPORT = /^(import .* from )"@modelcontextprotocol\/sdk\/[^"]+";$/gm;

let running: Running;

beforeAll(async () => {
  rmSync(MADE, { recursive: true, force: true });
  mkdirSync(MADE);
  for (const name of names) writeFileSync(`${MADE}/${name}.ts`, moved(name));
  const imports = names.map((name, at) => `import { getServer as s${String(at)} } from "./${name}.js";`);
  const entries = names.map((name, at) => `  ${JSON.stringify(name)}: s${String(at)},`);
  writeFileSync(`${MADE}/index.ts`, `${imports.join("\n")}\n\nexport const servers = {\n${entries.join("\n")}\n};\n`);
  running = await start(at("tests/ported/wrangler.toml"));
});

afterAll(async () => {
  await running.stop();
  rmSync(MADE, { recursive: true, force: true });
});

/** The source of a server with other import lines. */
function moved(name: string): string {
  return readFileSync(`${SERVERS}/${name}.ts`, "utf8").replace(IMPORT, '$1"mcp-wicket";');
}

/** What a client sees: the answers, and what was said on the way. */
async function seen(transport: Transport, all: Ask[]): Promise<unknown[]> {
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities: { elicitation: {}, sampling: {} } });
  const seen: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void seen.push(params));
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    seen.push(params);
    return { action: "accept", content: { name: "Ada", stars: 5 } };
  });
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    seen.push(params);
    return { role: "assistant", model: "m", content: { type: "text", text: "Short." } };
  });
  await client.connect(transport);
  for (const ask of all) {
    const onprogress = (progress: object) => seen.push(progress);
    const answer = await client.request(ask, ResultSchema, { onprogress });
    seen.push({ ask, answer: comparable(answer) });
  }
  await client.close();
  return seen;
}

/** Schemas are compared by what they say, not by the way that two converters write it. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => {
    const isNoise = name === "$schema" || name === "execution" || (name === "additionalProperties" && member === false);
    return !isNoise && !(name === "required" && Array.isArray(member) && member.length === 0);
  });
  return Object.fromEntries(members.map(([name, member]) => [name, comparable(member)]));
}

test("every server is asked something", () => {
  expect(Object.keys(asks).sort()).toEqual(names.toSorted());
});

test.each(names)("%s changes by its import lines alone, and compiles", (name) => {
  const before = readFileSync(`${SERVERS}/${name}.ts`, "utf8").split("\n");
  const after = moved(name).split("\n");
  const changed = after.filter((line, at) => line !== before[at]);
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.every((line) => /^import .* from "mcp-wicket";$/.test(line))).toBe(true);
  expect(after.join("\n")).not.toContain("@modelcontextprotocol");
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ["@cloudflare/workers-types"],
  };
  const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([`${MADE}/${name}.ts`], options));
  expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
});

test.each(names)("%s answers as before", async (name) => {
  const { getServer } = (await import(`${SERVERS}/${name}.ts`)) as { getServer: () => McpServer };
  const [theirs, ours] = InMemoryTransport.createLinkedPair();
  await getServer().connect(ours);
  const all = asks[name] ?? [];
  const before = await seen(theirs, all);
  const http = new StreamableHTTPClientTransport(new URL(`${running.url}/${name}`));
  expect(await seen(http as Transport, all)).toEqual(before);
});
