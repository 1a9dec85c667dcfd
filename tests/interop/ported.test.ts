/**
 * Servers that are written against the official SDK move over by their import lines: those of the examples that it comes
 * with (`lib/examples.ts`), and some that use what these do not (`tests/ported/servers/`). This test changes the import
 * lines, nothing else, and both answer a client alike.
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
  McpError,
  ResultSchema,
} from "@modelcontextprotocol/sdk/types.js";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Watched, watched } from "../harness/proxy.ts";
import { type Running, start } from "../harness/workerd.ts";
import { type Ask, asks } from "../ported/asks.ts";
import { EXAMPLES, exampleServer } from "./lib/examples.ts";

const SERVERS = at("tests/ported/servers");
const MADE = at("tests/ported/made");
const own = readdirSync(SERVERS).map((file) => file.replace(/\.ts$/, ""));
const names = [...own, ...EXAMPLES];
const IMPORT = /^((?:import .*|\}) from )"@modelcontextprotocol\/sdk\/[^"]+";$/gm;

let running: Running;
let proxy: Watched;

beforeAll(async () => {
  rmSync(MADE, { recursive: true, force: true });
  mkdirSync(MADE);
  for (const name of own) writeFileSync(`${MADE}/${name}.ts`, moved(source(name)));
  for (const name of EXAMPLES) {
    writeFileSync(`${MADE}/${name}.js`, moved(source(name)));
    writeFileSync(`${MADE}/${name}.before.js`, source(name));
  }
  const imports = names.map((name, at) => `import { getServer as s${String(at)} } from "./${name}.js";`);
  const entries = names.map((name, at) => `  ${JSON.stringify(name)}: s${String(at)},`);
  writeFileSync(`${MADE}/index.ts`, `${imports.join("\n")}\n\nexport const servers = {\n${entries.join("\n")}\n};\n`);
  running = await start(at("tests/ported/wrangler.toml"));
  proxy = await watched(running.url);
});

afterAll(async () => {
  await proxy.stop();
  await running.stop();
  rmSync(MADE, { recursive: true, force: true });
});

const isExample = (name: string) => EXAMPLES.some((example) => example === name);

/** The source of a server. */
const source = (name: string) =>
  isExample(name) ? exampleServer(name) : readFileSync(`${SERVERS}/${name}.ts`, "utf8");

/** The same with other import lines. */
const moved = (text: string) => text.replace(IMPORT, '$1"mcp-wicket";');

/** Fills in a form: the first choice, the least number, a text of its format. */
function filled({ properties = {} }: { properties?: Record<string, FormField> }): Record<string, FormValue> {
  const value = ({ type, format, minimum = 1, maxLength, enum: choices, oneOf, items, default: known }: FormField) => {
    if (known !== undefined) return known;
    if (type === "array") return (items?.enum ?? items?.anyOf?.map((one) => one.const) ?? []).slice(0, 1);
    if (type === "boolean") return true;
    if (type === "number" || type === "integer") return minimum;
    return choices?.[0] ?? oneOf?.[0]?.const ?? TEXTS[format ?? ""] ?? "Ada Lovelace".slice(0, maxLength);
  };
  return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, value(field)]));
}

type FormValue = string | number | boolean | string[];
interface FormField {
  type?: string;
  format?: string;
  minimum?: number;
  maxLength?: number;
  items?: { enum?: string[]; anyOf?: { const: string }[] };
  enum?: string[];
  oneOf?: { const: string }[];
  default?: FormValue;
}
const TEXTS: Record<string, string> = {
  email: "ada@example.com",
  date: "2026-07-28",
  "date-time": "2026-07-28T00:00:00Z",
  uri: "https://example.com",
};

const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** What a client sees: the answers, and what was said on the way. */
async function seen(transport: Transport, all: Ask[]): Promise<unknown[]> {
  const capabilities = { elicitation: { form: {}, url: {} }, sampling: {} };
  const client = new Client({ name: "test", version: "1.0.0" }, { capabilities });
  const seen: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    seen.push(JSON.parse(JSON.stringify(params).replace(TIME, "some time")));
  });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    seen.push(params);
    return { action: "accept", content: "requestedSchema" in params ? filled(params.requestedSchema) : {} };
  });
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    seen.push(params);
    return { role: "assistant", model: "m", content: { type: "text", text: "Short." } };
  });
  await client.connect(transport);
  for (const ask of all) {
    const onprogress = (progress: object) => seen.push(progress);
    const answer = await client.request(ask, ResultSchema, { onprogress }).catch(errorOf);
    seen.push({ ask, answer: comparable(answer) });
  }
  await client.close();
  return seen;
}

/** An error that a request was answered with. The SDK's server has its code in the message, too. */
function errorOf(error: unknown): object {
  if (!(error instanceof McpError)) throw error;
  const { name, code, message, data } = error;
  return { kind: error.constructor.name, name, code, message: message.replaceAll(/MCP error -?\d+: /g, ""), data };
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

test.each(names)("%s changes by its import lines alone", (name) => {
  const before = source(name).split("\n");
  const after = moved(source(name)).split("\n");
  const changed = after.filter((line, at) => line !== before[at]);
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.every((line) => /^(?:import .*|\}) from "mcp-wicket";$/.test(line))).toBe(true);
  expect(after.join("\n")).not.toContain("@modelcontextprotocol");
});

test.each(own)("%s compiles then", (name) => {
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
  const module = isExample(name) ? `${MADE}/${name}.before.js` : `${SERVERS}/${name}.ts`;
  const { getServer } = (await import(module)) as { getServer: () => McpServer };
  const [theirs, ours] = InMemoryTransport.createLinkedPair();
  await getServer().connect(ours);
  const all = asks[name] ?? [];
  const before = await seen(theirs, all);
  const http = new StreamableHTTPClientTransport(new URL(`${proxy.url}/${name}`));
  expect(await seen(http as Transport, all)).toEqual(before);
  expect(proxy.faults.splice(0), "messages that the official schemas do not allow").toEqual([]);
});
