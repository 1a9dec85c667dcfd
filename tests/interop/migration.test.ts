/** The guide "From no authentication to token validation", step by step, as it is written. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v2 from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { at } from "../harness/paths.ts";
import { type Running, start } from "../harness/workerd.ts";

const guide = readFileSync(at("docs/guides/from-no-auth-to-token-validation.md"), "utf8");
/** The code blocks, in order. */
const blocks = [...guide.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```$/gm)].map(([, kind = "", text = ""]) => ({
  kind,
  text: text.replace(/^ {3}/gm, ""),
}));
const block = (kind: string, place = 0) => blocks.filter((block) => block.kind === kind)[place]?.text ?? "";

/** Runs a command of the guide with the package's own program in place of `npx mcp-wicket`. */
function run(command: string, env: Record<string, string> = {}): string {
  expect(command).toMatch(/^npx mcp-wicket /);
  const args = command.trim().split(/\s+/).slice(2);
  return execFileSync(process.execPath, [at("dist/cli/main.js"), ...args], { env, encoding: "utf8" }).trim();
}

let folder: string;
let secret: string;
let before: Running;
let after: Running;

beforeAll(async () => {
  // Inside of the project, so that its packages are found.
  folder = mkdtempSync(at("tests/interop/.migration-"));
  const write = (name: string, source: string, vars = "") => {
    writeFileSync(join(folder, `${name}.ts`), source);
    writeFileSync(
      join(folder, `${name}.toml`),
      `name = "${name}"\nmain = "${name}.ts"\ncompatibility_date = "2026-07-01"\n` +
        `compatibility_flags = ["enable_request_signal"]\n\n[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["MyMCP"]\n\n[vars]\n${vars}`,
    );
    return join(folder, `${name}.toml`);
  };
  secret = run(block("sh", 0).split("\n")[0] ?? "");
  before = await start(write("before", block("ts", 0)));
  after = await start(write("after", block("ts", 1), `JWT_SECRET = "${secret}"\n`));
});
afterAll(async () => {
  await before.stop();
  await after.stop();
  rmSync(folder, { recursive: true, force: true });
});

const connect = async (url: string, headers: Record<string, string>) => {
  const client = new Client({ name: "v1", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return client;
};

test("before: whoever has the URL comes in", async () => {
  const client = await connect(`${before.url}/mcp`, {});
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["whoami"]);
  await client.close();
});

test("step 1, a secret of 256 bits", () => {
  expect(secret).toMatch(/^[\w-]{43}$/);
});

test("step 2, the verifier: nobody comes in without a token", async () => {
  await expect(connect(`${after.url}/mcp`, {})).rejects.toThrow("An access token is required");
});

test("steps 3 and 4, a token, and the header in the client's configuration", async () => {
  const command = block("sh", 1)
    .split("\n")
    .find((line) => line.startsWith("JWT_SECRET="));
  const token = run(command?.replace(/^JWT_SECRET=… /, "") ?? "", { JWT_SECRET: secret });
  const { mcpServers } = JSON.parse(block("json").replace("YOUR_JWT_TOKEN_HERE", token)) as {
    mcpServers: { "my-mcp": { url: string; headers: Record<string, string> } };
  };
  const { url, headers } = mcpServers["my-mcp"];
  const here = url.replace(/^https:\/\/[^/]+/, after.url);
  const client = await connect(here, headers);
  expect(await client.callTool({ name: "whoami", arguments: {} })).toMatchObject({
    content: [{ type: "text", text: "ann" }],
  });
  await client.close();
  const modern = new v2.Client({ name: "v2", version: "1" });
  await modern.connect(new v2.StreamableHTTPClientTransport(new URL(here), { requestInit: { headers } }));
  expect(await modern.callTool({ name: "whoami", arguments: {} })).toMatchObject({ content: [{ text: "ann" }] });
  await modern.close();
});

test("step 5, rotation: tokens of the old secret and of the new one count, until the old one is taken away", async () => {
  const next = run("npx mcp-wicket keys");
  const source = readFileSync(join(folder, "after.ts"), "utf8");
  const listed = /`(secret: \[env\.JWT_SECRET, env\.JWT_SECRET_PREVIOUS\])`/.exec(guide.replaceAll(/\s+/g, " "))?.[1];
  writeFileSync(join(folder, "after.ts"), source.replace("secret: env.JWT_SECRET", listed ?? "missing"));
  const args = "npx mcp-wicket token --issuer my-auth --audience my-mcp --subject ann";
  const [old, fresh] = [run(args, { JWT_SECRET: secret }), run(args, { JWT_SECRET: next })];
  const status = async (worker: Running, token: string) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return (await fetch(`${worker.url}/mcp`, { method: "POST", headers, body: "{}" })).status;
  };
  const rotating = await start(join(folder, "after.toml"), { vars: { JWT_SECRET: next, JWT_SECRET_PREVIOUS: secret } });
  expect([await status(rotating, old), await status(rotating, fresh)]).not.toContain(401);
  await rotating.stop();
  const rotated = await start(join(folder, "after.toml"), { vars: { JWT_SECRET: next } });
  expect(await status(rotated, old)).toBe(401);
  expect(await status(rotated, fresh)).not.toBe(401);
  await rotated.stop();
});
