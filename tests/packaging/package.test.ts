/** The package as people get it: packed, installed into an empty project, bundled and run. */
import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { bundle, unbundle } from "../harness/bundle.ts";
import { type Message, type ToolResult, modern } from "../harness/messages.ts";
import { at, root } from "../harness/paths.ts";
import { start } from "../harness/workerd.ts";
import { type Editor, openEditor } from "./lib/editor.ts";

const run = promisify(execFile);

interface Manifest {
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
  dependencies?: object;
}

interface SourceMap {
  sources: string[];
  sourcesContent: string[];
}

const manifest = JSON.parse(readFileSync(at("package.json"), "utf8")) as Manifest;
const npm = async (cwd: string, ...args: string[]) => (await run("npm", args, { cwd })).stdout;

let folder: string;
let project: string;
/** What is in the tarball. */
let files: string[];

/** Packs the package and installs the tarball into a new project, beside the zod and the types that are here already. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mcp-wicket-packaging-"));
  const [packed] = JSON.parse(await npm(root, "pack", "--json", "--pack-destination", folder)) as [
    { filename: string; files: { path: string }[] },
  ];
  files = packed.files.map(({ path }) => path);
  project = join(folder, "fresh");
  mkdirSync(project);
  for (const name of ["index.ts", "tsconfig.json", "wrangler.toml"]) {
    copyFileSync(at("tests/packaging/fresh", name), join(project, name));
  }
  const dependencies = {
    "mcp-wicket": `file:${join(folder, packed.filename)}`,
    zod: `file:${at("node_modules/zod")}`,
  };
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "fresh", private: true, type: "module", dependencies }),
  );
  await npm(project, "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts");
  symlinkSync(at("node_modules/@cloudflare"), join(project, "node_modules/@cloudflare"));
  return () => rmSync(folder, { recursive: true, force: true });
});

describe("the tarball", () => {
  const matching = (pattern: RegExp) => files.filter((path) => pattern.test(path));

  test("has every file that an entry point needs, with its declarations", () => {
    const entries = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : Object.values(entry),
    );
    expect(entries.length).toBeGreaterThan(4);
    for (const entry of entries) expect(files).toContain(entry.replace(/^\.\//, ""));
    for (const file of matching(/^dist\/.*\.js$/)) expect(files).toContain(file.replace(/\.js$/, ".d.ts"));
    for (const module of new Set(matching(/^build\//).map((path) => path.split("/")[1]))) {
      expect(files).toEqual(expect.arrayContaining([`build/${module}/index.js`, `build/${module}/index_bg.wasm`]));
    }
  });

  test("has nothing else", () => {
    const wanted = [/^build\/\w+\/(index\.js|index_bg\.wasm)$/, /^dist\/[\w/-]+\.(js|js\.map|d\.ts)$/];
    const papers = /^(package\.json|README\.md|CHANGELOG\.md|LICEN[CS]E[\w.-]*)$/;
    expect(files.filter((path) => ![...wanted, papers].some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test("has no part of the project's own probes", () => {
    expect(matching(/probe|build\/testing/)).toEqual([]);
    expect(new Set(matching(/^build\//).map((path) => path.split("/")[1]))).toEqual(new Set(["mcp", "jwt", "oauth"]));
    for (const path of matching(/\.(js|wasm)$/)) {
      const bytes = readFileSync(join(project, "node_modules/mcp-wicket", path), "latin1");
      expect([path, bytes.includes("trapAt")]).toEqual([path, false]);
    }
  });

  test("has a source map for every module, with the source in it", () => {
    for (const path of matching(/^dist\/.*\.js$/)) {
      const file = join(project, "node_modules/mcp-wicket", path);
      const { sources, sourcesContent } = JSON.parse(readFileSync(`${file}.map`, "utf8")) as SourceMap;
      expect(sources).toEqual([expect.stringMatching(/^(\.\.\/)+js\/.*\.ts$/)]);
      expect(sourcesContent).toEqual([readFileSync(at(dirname(path), ...sources), "utf8")]);
      expect(readFileSync(file, "utf8")).toContain(`//# sourceMappingURL=${basename(path)}.map`);
    }
  });

  test("has no comment in its declarations that cites a file of the repository", () => {
    // Paths of this kind that a reader does have: those of the projects that `npm create mcp-wicket` makes.
    const cited = /(?<![\w@/.-])(?:src|js|tests|docs|scripts|fuzz|examples)\/(?!index\.ts|development\.ts)[\w./-]*/g;
    for (const path of matching(/\.d\.ts$/)) {
      const text = readFileSync(join(project, "node_modules/mcp-wicket", path), "utf8");
      expect([path, ...(text.match(cited) ?? [])]).toEqual([path]);
    }
  });

  test("has its licence and its readme", () => {
    expect(matching(/^README\.md$/)).toHaveLength(1);
    expect(matching(/^LICEN[CS]E/)).not.toEqual([]);
  });

  test("says nothing of the machine that made it", () => {
    for (const path of matching(/\.(js|map|ts|json|wasm)$/)) {
      const bytes = readFileSync(join(project, "node_modules/mcp-wicket", path), "latin1");
      expect([path, bytes.includes(root)]).toEqual([path, false]);
      expect([path, /\/(root|home)\/[\w.]+\//.exec(bytes)?.[0]]).toEqual([path, undefined]);
    }
  });

  test("brings one library along, which its entry for JSON Schema alone imports", () => {
    expect(Object.keys(manifest.dependencies ?? {})).toEqual(["@cfworker/json-schema"]);
    const importing = matching(/^dist\/.*\.js$/).filter((path) =>
      readFileSync(join(project, "node_modules/mcp-wicket", path), "utf8").includes('"@cfworker/json-schema"'),
    );
    expect(importing).toEqual(["dist/entry/json-schema.js"]);
    expect(existsSync(join(project, "node_modules/mcp-wicket/node_modules"))).toBe(false);
  });
});

describe("an editor", () => {
  let editor: Editor;
  beforeAll(() => {
    editor = openEditor(project);
  });

  const LISTED = [
    "sendLoggingMessage sendPromptListChanged sendResourceListChanged sendResourceUpdated sendToolListChanged",
    "prompt registerPrompt registerResource registerTool resource tool tools",
    "close isConnected options server serverInfo",
  ];
  const AGENT = [
    "alarm ctx env fetch getSessionId init initialState onCall params props server setState sql state upstream",
    // Compatibility with Cloudflare's class; those that do not exist here are deprecated and say what to use.
    "addMcpServer broadcast cancelSchedule dequeue elicitInput getSchedules onStateChanged onStateUpdate queue runWorkflow",
    "schedule scheduleEvery validateStateChange",
  ];
  const VERIFIER = ["bearer header identify issuers known verify"];
  const HANDLER = ["fetch"];
  const CONTEXT = [
    "_meta authInfo caller closeSSEStream elicit listRoots log once params progress requestId requestInfo",
    "requireCapabilities sample sendNotification sendRequest sessionId signal",
  ];

  test.each([
    ["McpAgent", AGENT],
    ["McpServer", LISTED],
    ["OAuthProvider", ["api fetch purgeExpiredData"]],
    ["JWTVerifier", VERIFIER],
    ["APIKeyVerifier", VERIFIER],
    ["IntrospectionVerifier", VERIFIER],
    ["GitHubHandler", HANDLER],
    ["GoogleHandler", HANDLER],
    ["AzureADHandler", HANDLER],
    ["GenericOAuthHandler", HANDLER],
    ["ToolContext", CONTEXT],
    ["RequestContext", ["passThroughOnException props waitUntil"]],
    ["ResourceTemplate", ["completeCallback listCallback uriTemplate"]],
    ["WicketObject", ["alarm connect fetch webSocketClose webSocketError webSocketMessage"]],
  ])("completes the public members of a %s, and no others", (name, members) => {
    const names = editor.completes(`import { ${name} } from "mcp-wicket/oauth";\ndeclare const it: ${name};`, "it");
    expect(names.toSorted()).toEqual(members.join(" ").split(" ").toSorted());
  });

  test("completes the same members of `this` in a subclass", () => {
    const begun = 'import { McpAgent } from "mcp-wicket";\nclass Mine extends McpAgent {\n  init() {';
    expect(editor.completes(begun, "this").toSorted()).toEqual(AGENT.join(" ").split(" ").toSorted());
  });

  test("completes the static members of an agent class", () => {
    const names = editor.completes('import { McpAgent } from "mcp-wicket";', "McpAgent");
    const ofFunctions = ["apply", "arguments", "bind", "call", "caller", "length", "name", "prototype", "toString"];
    const own = names.filter((name) => !ofFunctions.includes(name));
    expect(own.toSorted()).toEqual(["mount", "placement", "serve", "serveSSE"]);
  });

  test("a handler has to be one of the package's, or the app's own", () => {
    const use = (handler: string) =>
      editor.errors(`import { GitHubHandler, OAuthProvider } from "mcp-wicket/oauth";
const options = { apiHandlers: {}, scopesSupported: ["read"] };
export default new OAuthProvider({ ...options, defaultHandler: ${handler} });`);
    expect(use('new GitHubHandler({ clientId: "a", clientSecret: "b" })')).toEqual([]);
    expect(use("{ identify: () => null }")).toEqual([]);
    expect(use("{}")).not.toEqual([]);
  });

  test.each([
    ["McpAgent", "mcp-wicket"],
    ["McpServer", "mcp-wicket"],
    ["OAuthProvider", "mcp-wicket/oauth"],
  ])("says what %s is, with an example that type-checks", (name, entry) => {
    const [text = "", example = ""] = editor.hover(name, entry).split(/^```(?:ts)?$/m);
    expect(text).toMatch(/\w\.\n/);
    expect(example).toContain(name);
    const environment = "interface Env { GITHUB_CLIENT_ID: string; GITHUB_CLIENT_SECRET: string }";
    expect(editor.errors(`${example}\n${environment}`)).toEqual([]);
    expect(
      editor.errors(`${example.replace("server.registerTool", "server.registerTol")}\n${environment}`),
    ).not.toEqual([]);
  });
});

describe("a fresh project", () => {
  test("type-checks, the package's declarations included", async () => {
    const tsc = run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", project]);
    await expect(tsc.catch((error: unknown) => (error as { stdout: string }).stdout)).resolves.toMatchObject({
      stdout: "",
    });
  });

  test("uploads one wasm module, the one it needs", async () => {
    const made = await bundle(join(project, "wrangler.toml"));
    const wasm = made.modules.filter((name) => name.endsWith(".wasm"));
    expect(wasm).toHaveLength(1);
    const uploaded = readFileSync(join(made.folder, wasm[0] ?? ""));
    expect(uploaded.equals(readFileSync(at("build/mcp/index_bg.wasm")))).toBe(true);
    unbundle(made);
  });

  test("answers a call", async () => {
    const worker = await start(join(project, "wrangler.toml"));
    try {
      const call = async (args: object) => {
        const params = { name: "greet", arguments: args };
        const response = await fetch(modern(`${worker.url}/mcp`, "tools/call", params));
        return ((await response.json()) as Message<ToolResult>).result;
      };
      expect((await call({ name: "Ann", times: 2 })).content).toEqual([
        { type: "text", text: "Hello, Ann! Hello, Ann!" },
      ]);
      expect(await call({ name: "" })).toMatchObject({ content: [{ text: "Whom?" }], isError: true });
    } finally {
      await worker.stop();
    }
  });
});
