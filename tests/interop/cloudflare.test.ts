/**
 * Servers that are written for `agents` and `workers-oauth-provider`, in the style of Cloudflare's demos and on their
 * compatibility date, move over by their import lines (`tests/ported/cloudflare/`). This test changes these lines, nothing
 * else, or lets `mcp-wicket migrate` do it; then they compile, and do what they are for.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { SignJWT } from "jose";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserAgent } from "../harness/agent.ts";
import { ClientState } from "../harness/oauth-client.ts";
import { at } from "../harness/paths.ts";
import { type StandIn, type Standing, stand } from "../harness/stand-ins/server.ts";
import { type Running, start } from "../harness/workerd.ts";

const SERVERS = at("tests/ported/cloudflare");
const FILES = ["jwt/index.ts", "github/index.ts", "github/pages.ts"];
const MODULES =
  /^((?:import .*|\}) from )"(?:agents\/mcp|@modelcontextprotocol\/sdk\/.*|@cloudflare\/workers-oauth-provider)";$/gm;

const MIGRATED = `${SERVERS}/made/migrated`;
const WAYS = [
  ["changed import lines", SERVERS],
  ["mcp-wicket migrate", MIGRATED],
] as const;
/** What the command has printed, by server. */
const said: Record<string, string> = {};
const migrate = (name: string, ...flags: string[]) =>
  execFileSync(
    process.execPath,
    [at("dist/cli/main.js"), "migrate", `${MIGRATED}/${name}`, "--yes", "--force", ...flags],
    {
      encoding: "utf8",
    },
  );

const source = (file: string) => readFileSync(`${SERVERS}/${file}`, "utf8");
const moved = (file: string) =>
  source(file).replace(MODULES, `$1"mcp-wicket/${file.startsWith("jwt/") ? "jwt" : "oauth"}";`);

beforeAll(() => {
  for (const file of FILES) {
    mkdirSync(`${SERVERS}/made/${file.replace(/\/.*/, "")}`, { recursive: true });
    writeFileSync(`${SERVERS}/made/${file}`, moved(file));
    mkdirSync(`${MIGRATED}/${file.replace(/\/.*/, "")}`, { recursive: true });
    writeFileSync(`${MIGRATED}/${file}`, source(file));
  }
  for (const name of ["jwt", "github"]) {
    writeFileSync(
      `${MIGRATED}/${name}/wrangler.toml`,
      source(`${name}/wrangler.toml`).replace(/^main = .*$/m, 'main = "index.ts"'),
    );
    said[name] = migrate(name);
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

test("the command changes import lines, options and flags, and nothing the second time", () => {
  const changed = (name: string) => {
    const [diff = ""] = (said[name] ?? "").split("Left for you");
    return diff.split("\n").filter((line) => /^[-+](?![-+])/.test(line));
  };
  expect(changed("github").filter((line) => !/^[-+]import /.test(line))).toEqual([
    '-  scopesSupported: ["notes"],',
    "-  accessTokenTTL: 3600,",
    '+  scopes: ["notes"],',
    "+  accessTokenTtl: 3600,",
    "+  kv: (env: Env) => env.OAUTH_KV,",
    "+  // Clients that have registered before keep their IDs.",
    "+  legacyClients: true,",
    '-compatibility_flags = ["nodejs_compat"]',
    '+compatibility_flags = ["nodejs_compat", "enable_request_signal", "global_fetch_strictly_public"]',
  ]);
  expect(changed("jwt").filter((line) => !/^[-+]import /.test(line))).toEqual([
    '-compatibility_flags = ["nodejs_compat"]',
    '+compatibility_flags = ["nodejs_compat", "enable_request_signal"]',
  ]);
  for (const name of ["jwt", "github"]) {
    const before = readFileSync(`${MIGRATED}/${name}/index.ts`, "utf8");
    expect(before.match(/from "(?:agents|@modelcontextprotocol|@cloudflare)/)).toBeNull();
    expect(migrate(name)).toContain("uses mcp-wicket already");
    expect(readFileSync(`${MIGRATED}/${name}/index.ts`, "utf8")).toBe(before);
  }
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
    ["jwt", "github"].flatMap((name) => [`${SERVERS}/made/${name}/index.ts`, `${MIGRATED}/${name}/index.ts`]),
    options,
  );
  const diagnostics = ts.getPreEmitDiagnostics(program);
  expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
});

const texts = (result: unknown) => (result as { content: { text: string }[] }).content.map(({ text }) => text);

describe.each(WAYS)("tokens of another issuer, with two mounts: %s", (_, folder) => {
  let running: Running;
  beforeAll(async () => {
    running = await start(`${folder}/jwt/wrangler.toml`);
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

  test.each(["/mcp", "/sse"] as const)("tools, resources and prompts at %s, for whoever calls", async (path) => {
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

/** As much of GitHub as the server asks: everybody who comes is ada. */
const github: StandIn = {
  hosts: ["github.test"],
  async answer(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login/oauth/authorize") {
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("code", "code-of-ada");
      back.searchParams.set("state", searchParams.get("state") ?? "");
      return new Response(null, { status: 302, headers: { location: back.href } });
    }
    if (pathname === "/login/oauth/access_token") {
      const form = new URLSearchParams(await request.text());
      const isGood = form.get("code") === "code-of-ada" && form.get("client_secret") === "notes-secret";
      return Response.json(isGood ? { access_token: "gho_ada" } : { error: "bad_verification_code" });
    }
    if (pathname === "/user" && request.headers.get("authorization") === "Bearer gho_ada") {
      return Response.json({ id: 1, login: "ada", name: "Ada Lovelace" });
    }
    return new Response("Not Found", { status: 404 });
  },
};

describe.each(WAYS)("sign-in with GitHub, on pages of its own, with state and SQL: %s", (_, folder) => {
  let running: Running;
  let upstream: Standing;
  beforeAll(async () => {
    upstream = await stand(github);
    running = await start(`${folder}/github/wrangler.toml`, { outbound: upstream.port });
  });
  afterAll(async () => {
    await running.stop();
    await upstream.stop();
  });

  /** Signs in on the server's own pages; gives the client's redirect URI with the answer. */
  async function signIn(url: URL): Promise<URL> {
    const agent = new UserAgent(fetch);
    const page = await (await agent.go(url.href)).text();
    expect(page).toContain("Cursor wants to use your notes");
    expect(page).toContain("with: notes");
    const [, state = ""] = /name="state" value="([^"]+)"/.exec(page) ?? [];
    const approved = await agent.go(`${running.url}/authorize`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ state, answer: "yes" }).toString(),
    });
    const back = await upstream.fetch(approved.headers.get("location") ?? "");
    return new URL(await agent.location(back.headers.get("location") ?? ""));
  }

  async function connect(path: "/mcp" | "/sse"): Promise<Client> {
    let asked: URL | undefined;
    const authProvider = new ClientState("http://127.0.0.1:33418/callback", (url) => (asked = url));
    const url = new URL(path, running.url);
    const made = () =>
      path === "/mcp"
        ? new StreamableHTTPClientTransport(url, { authProvider })
        : new SSEClientTransport(url, { authProvider });
    const client = () => new Client({ name: "test", version: "1.0.0" }, { capabilities: { elicitation: {} } });
    const first = made();
    await expect(client().connect(first as Transport)).rejects.toThrow(UnauthorizedError);
    if (!asked) throw new Error("the client has not asked for a browser");
    await first.finishAuth((await signIn(asked)).searchParams.get("code") ?? "");
    const signedIn = client();
    signedIn.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: { sure: true } }));
    await signedIn.connect(made());
    return signedIn;
  }

  test.each(["/mcp", "/sse"] as const)(
    "from the first connection to state, SQL and a question, at %s",
    async (path) => {
      const client = await connect(path);
      const call = async (name: string, args: Record<string, unknown> = {}) =>
        texts(await client.callTool({ name, arguments: args }));
      expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
        "whoami",
        "write",
        "list",
        "session",
        "clear",
      ]);
      expect(await call("whoami")).toEqual(["Ada Lovelace (ada)"]);
      expect(await call("write", { text: "first" })).toEqual(["1 written"]);
      expect(await call("write", { text: "second", pinned: true })).toEqual(["2 written"]);
      expect(await call("list")).toEqual(["first", "* second"]);
      expect(await call("session")).toEqual(["string"]);
      expect((await client.readResource({ uri: "notes://2" })).contents).toMatchObject([{ text: "second" }]);
      expect(await call("clear")).toEqual(["Deleted."]);
      expect(await call("list")).toEqual([]);
      expect(running.log()).toContain("notes written: 2");
      await client.close();
    },
  );

  test("errors are told to onError", async () => {
    const response = await fetch(`${running.url}/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "grant_type=refresh_token&client_id=x&refresh_token=y",
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    await expect.poll(() => running.log()).toContain(`OAuth error ${response.status}`);
  });
});
