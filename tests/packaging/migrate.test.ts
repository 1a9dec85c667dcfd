/** `mcp-wicket migrate`, from the packed package: a project along none, tokens and sign-in, and what it refuses. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { Draft, writeAll } from "../../dist/cli/migrate/draft.js";
import { migrate as migrated } from "../../dist/cli/migrate/migrate.js";
import { type Packed, pack } from "./lib/packed.ts";

let packed: Packed;
beforeAll(async () => {
  packed = await pack();
  return () => packed.remove();
});

vi.setConfig({ testTimeout: 240_000 });

async function make(name: string, flags: string): Promise<string> {
  await packed.command(packed.folder, `npm create mcp-wicket@latest ${name} -- ${flags}`);
  const project = join(packed.folder, name);
  packed.install(project);
  return project;
}

const migrate = (project: string, flags: string) => packed.command(project, `npx mcp-wicket migrate ${flags}`);

/** All files of a project, as texts. */
function textsOf(project: string): Record<string, string> {
  const files = readdirSync(project, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !/node_modules|\.git(\/|$)|\.wrangler|dist/.test(join(entry.parentPath, entry.name)),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file.slice(project.length + 1), readFileSync(file, "utf8")];
    }),
  );
}

/** Types, its own tests, deployment, and what `doctor` finds. */
async function isSound(project: string): Promise<void> {
  expect(await packed.command(project, "npm run check --silent")).toBe("");
  await packed.command(project, "npm run types");
  expect(await packed.command(project, "npm run check --silent")).toBe("");
  expect(await packed.command(project, "npm test")).toMatch(/Tests .*\d passed/);
  const output = await packed.command(project, "npm run deploy -- --dry-run --outdir dist");
  expect(output).not.toMatch(/warning/i);
  expect(await packed.command(project, "npx mcp-wicket doctor")).toContain("Nothing found");
}

describe.each(["http", "session"])("from none to tokens to sign-in, with --transport %s", (transport) => {
  let project: string;
  beforeAll(async () => {
    project = await make(`along-${transport}`, `--pattern none --transport ${transport}`);
    // A test that somebody has changed is changed where it connects; the one of `init` becomes that of the next pattern.
    const path = join(project, "test/index.test.ts");
    if (transport === "session") writeFileSync(path, `/** Ours. */\n${readFileSync(path, "utf8")}`);
  });

  test.each(["--to jwt", "--to oauth --provider github"])(
    "%s: sound, and nothing changes a second time",
    async (flags) => {
      const before = textsOf(project);
      const dry = await migrate(project, `${flags} --dry-run`);
      expect(textsOf(project)).toEqual(before);
      const said = await migrate(project, `${flags} --yes`);
      const written = dry.replace(/\nNothing was written.*\n$/, "");
      expect(said.replaceAll(/^index .*\n/gm, "")).toContain(written.replaceAll(/^index .*\n/gm, ""));
      expect(said).toContain("--- a/src/index.ts\n+++ b/src/index.ts\n");
      const after = textsOf(project);
      expect(after).not.toEqual(before);
      expect(after["MIGRATION.md"]).toContain("- [ ] ");
      expect(await migrate(project, `${flags} --yes`)).toMatch(/already: nothing has to change/);
      expect(textsOf(project)).toEqual(after);
      await isSound(project);
    },
  );

  test("what it has become is what `init` makes", async () => {
    const made = await make(`made-${transport}`, `--pattern oauth --provider github --transport ${transport}`);
    const [became, wanted] = [textsOf(project), textsOf(made)];
    const named = (text = "") => text.replaceAll(/\b(?:along|made)-\w+/g, "NAME");
    for (const file of ["README.md", "src/development.ts", "package.json"]) {
      expect(named(became[file])).toBe(named(wanted[file]));
    }
    const exported = (text = "") => named(text.slice(text.indexOf("export default")));
    expect(exported(became["src/index.ts"])).toBe(exported(wanted["src/index.ts"]));
    // Git does not have it, so it stays for whoever still needs it.
    expect(became[".dev.vars"]).toMatch(/^# JWT_SECRET="/m);
    expect(became[".dev.vars"]).not.toMatch(/^JWT_SECRET/m);
    // The tool that tells who is calling is not in a server that began without authentication.
    const withoutWho = (text = "") => named(text.replace(/test\("knows who is calling"[\s\S]*?\n\}\);\n\n/, ""));
    if (transport === "http")
      expect(named(became["test/index.test.ts"])).toBe(withoutWho(wanted["test/index.test.ts"]));
  });
});

test("a project of `init` with API keys becomes one with sign-in, and its test still expects that strangers are refused", async () => {
  const project = await make("keys", "--pattern api-key --transport http");
  await migrate(project, "--to oauth --provider google --yes");
  await isSound(project);
  const { "test/index.test.ts": source, "wrangler.jsonc": config = "", "MIGRATION.md": notes } = textsOf(project);
  expect(source).toContain("await expect(connect(worker)).rejects");
  expect(config).not.toMatch(/API_KEYS|JWT_SECRET/);
  expect(notes).toContain("npx wrangler secret delete API_KEYS");
  expect(notes).not.toContain("JWT_SECRET");
});

/** An open project in a repository of its own. */
async function committed(name: string): Promise<string> {
  const project = await make(name, "--pattern none --transport http");
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd: project,
      stdio: "ignore",
    });
  git("init");
  git("add", ".");
  git("commit", "-m", "all");
  return project;
}

describe("changes nothing", () => {
  const refused = async (project: string, flags: string, message: string) => {
    const before = textsOf(project);
    await expect(migrate(project, flags)).rejects.toThrow(message);
    expect(textsOf(project)).toEqual(before);
  };

  test("with uncommitted changes, unless --force says so", async () => {
    const project = await committed("dirty");
    writeFileSync(join(project, "notes.txt"), "mine");
    await refused(project, "--to jwt --yes", "Git has uncommitted changes in this folder");
    expect(await migrate(project, "--to jwt --dry-run")).toContain("Nothing was written");
    await migrate(project, "--to jwt --yes --force");
    expect(readFileSync(join(project, "src/index.ts"), "utf8")).toContain("protect(");
  });

  test("where everything is committed it is not refused, and where nobody can be asked it shows and stops", async () => {
    const project = await committed("clean");
    await refused(project, "--to jwt", "Nobody can be asked here: add --yes");
    await migrate(project, "--to jwt --yes");
    expect(readFileSync(join(project, "src/index.ts"), "utf8")).toContain("protect(");
  });

  test.each([
    ["--to oauth", "Say where people sign in: --provider github|google|azure|oidc."],
    ["--to oauth --provider okta", '--provider "okta" does not exist.'],
    ["--to mtls", '--to "mtls" does not exist. Use --to jwt|oauth.'],
    ["--to jwt --provider github", "--provider is only for --to oauth."],
    ["--to oauth --provider github --yes", "run `npx mcp-wicket migrate --to jwt` first"],
  ])("%s", async (flags, message) => {
    const project = join(packed.folder, "open");
    if (!existsSync(project)) await make("open", "--pattern none --transport http");
    await refused(project, flags, message);
  });

  test.each([
    [
      "a default export that it does not know",
      `import { McpServer } from "mcp-wicket";\nexport default app;\n`,
      "src/index.ts: the default export is not an endpoint",
    ],
    [
      "no default export",
      `import { McpServer } from "mcp-wicket";\n`,
      "src/index.ts: the default export is not an endpoint",
    ],
    ["code of neither package", "export default {};\n", "uses neither mcp-wicket nor agents"],
  ])("%s", async (name, code, message) => {
    const project = await make(`odd-${name.length}`, "--pattern none --transport http");
    rmSync(join(project, "test"), { recursive: true });
    writeFileSync(join(project, "src/index.ts"), code);
    await refused(project, "--to jwt --yes", message);
  });

  test("without the TypeScript compiler", async () => {
    const project = await make("bare", "--pattern none --transport http");
    rmSync(join(project, "node_modules"));
    const own = join(packed.folder, ".modules/mcp-wicket");
    mkdirSync(join(project, "node_modules"));
    cpSync(own, join(project, "node_modules/mcp-wicket"), { recursive: true });
    const line = "node node_modules/mcp-wicket/dist/cli/main.js migrate --to jwt --yes";
    await expect(packed.command(project, line)).rejects.toThrow("npm install -D typescript@6");
  });

  test("one file cannot be written: the others are as they were", () => {
    const folder = join(packed.folder, "half");
    mkdirSync(join(folder, "c/inside"), { recursive: true });
    writeFileSync(join(folder, "a.txt"), "a");
    const changes = (last: string) => [
      { path: "a.txt", before: "a", after: "changed" },
      { path: "new.txt", before: undefined, after: "new" },
      { path: last, before: undefined, after: "x" },
    ];
    // A folder where a file has to be, and a file where a folder has to be.
    for (const last of ["c", "a.txt/x"]) {
      expect(() => writeAll(folder, changes(last))).toThrow("Nothing was changed");
      expect(readdirSync(folder).toSorted()).toEqual(["a.txt", "c"]);
      expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("a");
    }
  });
});

describe("files are written", () => {
  const fresh = (name: string) => {
    const folder = join(packed.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "mine.txt"), "mine");
    return folder;
  };
  const change = (path: string, before?: string) => [{ path, before, after: "changed" }];

  test.each([
    ["a link instead of the file", "a.txt", (inside: string) => symlinkSync("../outside.txt", join(inside, "a.txt"))],
    ["a link to a folder outside", "c/a.txt", (inside: string) => symlinkSync("..", join(inside, "c"))],
    ["a new folder behind one", "c/new/a.txt", (inside: string) => symlinkSync("..", join(inside, "c"))],
  ])("%s is refused, and nothing outside changes", (_, path, link) => {
    const folder = fresh(`links-${path.replaceAll("/", "-")}`);
    const inside = join(folder, "project");
    mkdirSync(inside);
    link(inside);
    for (const file of ["outside.txt", "a.txt"]) writeFileSync(join(folder, file), "theirs");
    expect(() => writeAll(inside, change(path))).toThrow(/Nothing was changed.*symbolic link/);
    for (const file of ["outside.txt", "a.txt"]) expect(readFileSync(join(folder, file), "utf8")).toBe("theirs");
    expect(readdirSync(folder).toSorted()).toEqual(["a.txt", "mine.txt", "outside.txt", "project"]);
  });

  test("a file of any name beside one that changes stays as it is", () => {
    const folder = fresh("beside");
    for (const name of ["a.txt", "a.txt.mcp-wicket-migrate", "a.txt.tmp"]) writeFileSync(join(folder, name), name);
    writeAll(folder, change("a.txt", "a.txt"));
    const names = readdirSync(folder).toSorted();
    expect(names).toEqual(["a.txt", "a.txt.mcp-wicket-migrate", "a.txt.tmp", "mine.txt"]);
    expect(readFileSync(join(folder, "a.txt.mcp-wicket-migrate"), "utf8")).toBe("a.txt.mcp-wicket-migrate");
  });

  test("line ends stay, and a file that is not UTF-8 is refused", () => {
    const folder = fresh("bytes");
    writeFileSync(join(folder, "crlf.txt"), "a\r\nb\r\n");
    writeFileSync(join(folder, "latin.txt"), Buffer.from([0x63, 0xe9, 0x0a]));
    const draft = new Draft(folder);
    draft.write("crlf.txt", `${draft.read("crlf.txt") ?? ""}c\n`);
    expect(() => draft.write("latin.txt", "x")).toThrow("latin.txt is not UTF-8");
    writeAll(folder, draft.changes);
    expect(readFileSync(join(folder, "crlf.txt"), "utf8")).toBe("a\r\nb\r\nc\r\n");
  });

  test("modes stay, and only the owner may read new secrets", () => {
    const folder = fresh("modes");
    for (const [name, mode] of [
      ["run.ts", 0o755],
      [".env", 0o640],
    ] as const) {
      writeFileSync(join(folder, name), "x");
      chmodSync(join(folder, name), mode);
      writeAll(folder, change(name, "x"));
      expect(statSync(join(folder, name)).mode & 0o777).toBe(mode);
    }
    writeAll(folder, change(".dev.vars"));
    expect(statSync(join(folder, ".dev.vars")).mode & 0o777).toBe(0o600);
  });
});

test("where local values are in .env, that file gets the new one, since Wrangler ignores it beside .dev.vars", async () => {
  const project = await make("dotenv", "--pattern none --transport http");
  rmSync(join(project, ".dev.vars"), { force: true });
  const pem = 'PEM="-----BEGIN\nwk_line\nwk_last=\n"';
  writeFileSync(join(project, ".env"), `DB_PASSWORD=wk_pass\n${pem}\n`);
  const said = await migrate(project, "--to jwt --yes");
  expect(said).not.toContain("wk_");
  const { ".env": env, ".gitignore": ignored } = textsOf(project);
  expect(existsSync(join(project, ".dev.vars"))).toBe(false);
  expect(env).toMatch(/^DB_PASSWORD=wk_pass\nPEM="-----BEGIN\nwk_line\nwk_last=\n"\nJWT_SECRET=".{43}"\n$/);
  expect(ignored).toMatch(/^\.env\*?$/m);
});

test("code that does more than hand requests over keeps doing it, with a guard where it hands them over", async () => {
  const project = await make("own", "--pattern none --transport session");
  const path = join(project, "src/index.ts");
  const source = readFileSync(path, "utf8");
  const changed = source.replace(
    'if (pathname === "/")',
    'if (pathname === "/health") return Response.json(await env.HEALTH?.get("x") ?? "ok");\n    if (pathname === "/")',
  );
  expect(changed).not.toBe(source);
  writeFileSync(path, changed);
  await migrate(project, "--to jwt --yes");
  const after = readFileSync(path, "utf8");
  expect(after).toContain('const guarded = protect(verifier, MyMCP.serve("/mcp"), { name: "own" });');
  expect(after).toContain("return guarded.fetch(request, env, ctx);");
  expect(after).toContain('"/health"');
  expect(after.match(/MyMCP\.serve\(/g)).toHaveLength(1);
});

test("a fetch that verifies the token itself becomes a sign-in, with another provider, too", async () => {
  const project = await make("verifying", "--pattern jwt --transport session");
  const path = join(project, "src/index.ts");
  const source = readFileSync(path, "utf8");
  const own = `export default {
  async fetch(request, env, ctx) {
    const token = request.headers.get("Authorization")?.replace("Bearer ", "");
    if (!token) return new Response("Unauthorized", { status: 401 });
    try {
      await verifier.verify(token);
      return MyMCP.serve("/mcp").fetch(request, env, ctx);
    } catch {
      return new Response("Invalid token", { status: 403 });
    }
  },
} satisfies ExportedHandler<Env>;
`;
  const at = source.indexOf("export default");
  const old = source.slice(0, at) + own;
  writeFileSync(path, old);
  rmSync(join(project, "test"), { recursive: true });
  await migrate(project, "--to oauth --provider azure --yes");
  const after = readFileSync(path, "utf8");
  expect(after).toContain(`export default new OAuthProvider<Env>({
  name: "verifying",
  apiHandlers: { "/mcp": MyMCP.serve("/mcp") },
  defaultHandler: new AzureADHandler<Env>({`);
  expect(after).not.toMatch(/verifier|JWT|cloudflare:workers/);
  expect(readFileSync(join(project, "MIGRATION.md"), "utf8")).toContain("OAuthProvider replaces this `fetch`");
  expect(await packed.command(project, "npm run check --silent")).toBe("");
  expect(await packed.command(project, "npx mcp-wicket doctor")).toContain("Nothing found");
});

test("a person is asked after the changes were shown, and only a yes makes them", async () => {
  const project = await make("asked", "--pattern none --transport http");
  const before = textsOf(project);
  const answering = async (answer: string) => {
    let [shown, question] = ["", ""];
    const output = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      shown += String(text);
      return true;
    });
    const ask = (asked: string) => {
      question = asked;
      expect(shown).toContain("+++ b/src/index.ts");
      return Promise.resolve(answer);
    };
    await migrated([project, "--to", "jwt"], "0.1.0", () => ({ ask, close: () => {} })).finally(() =>
      output.mockRestore(),
    );
    expect(question).toMatch(/^Make these changes to \d+ files\?/);
    return shown;
  };
  for (const no of ["no", "n", "", "yess", "Y e s"]) {
    expect(await answering(no)).toContain("Nothing was changed.");
    expect(textsOf(project)).toEqual(before);
  }
  expect(await answering("Yes")).toMatch(/\d+ files were changed\./);
  expect(readFileSync(join(project, "src/index.ts"), "utf8")).toContain("protect(");
});

test("a secret that it makes is shown nowhere", async () => {
  const project = await make("secret", "--pattern none --transport http");
  writeFileSync(join(project, ".dev.vars"), "# The key is wk_abc\nexport KEY='wk_def\nwk_ghi'\nEMPTY=\n");
  const said = await migrate(project, "--to jwt --yes");
  expect(said).not.toContain("wk_");
  const [, secret = ""] = /JWT_SECRET="(.{43})"/.exec(readFileSync(join(project, ".dev.vars"), "utf8")) ?? [];
  expect(secret).not.toBe("");
  expect(said).toContain('+JWT_SECRET="…"');
  expect(said).not.toContain(secret);
});

/** A server that uses what this package has, under other names, and what it does not have. */
const ELSEWHERE = `import { OAuthProvider, type OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { McpAgent, createMcpHandler, experimental_callable } from "agents/mcp";
import * as all from "agents";

export class Notes extends McpAgent<Env> {
  server = new McpServer({ name: "notes", version: "1.0.0" });
  async init() {
    await this.schedule(60, "tidy");
    await this.env.OAUTH_PROVIDER.unwrapToken("x");
  }
}

const handler = createMcpHandler(() => new McpServer({ name: "n", version: "1" }), {
  enableJsonResponse: true,
  allowedHostnames: ["example.com"],
  authContext: {},
});

const scopesSupported = ["a"];
export default new OAuthProvider({
  apiHandlers: { "/sse": Notes.mount("/sse"), "/mcp": Notes.serve("/mcp", { jurisdiction: "eu" }), "/n": handler },
  defaultHandler: { fetch: () => new Response("x") },
  scopesSupported,
  accessTokenTTL: 86400,
  clientRegistrationTTL: 60,
  allowImplicitFlow: true,
  allowPlainPKCE: false,
  tokenExchangeCallback: () => undefined
});
`;

test("from agents in JavaScript: no types are written, and the provider may have another name", async () => {
  const project = await make("plain", "--pattern oauth --provider github --transport session");
  for (const path of ["test", "src/development.ts", "src/index.ts"]) {
    rmSync(join(project, path), { recursive: true, force: true });
  }
  writeFileSync(
    join(project, "src/index.js"),
    `import { OAuthProvider as Provider } from "@cloudflare/workers-oauth-provider";
import { McpAgent } from "agents/mcp";
export { createMcpHandler } from "agents/mcp";
export class Notes extends McpAgent {}
export default new Provider({
  apiHandlers: { "/mcp": Notes.serve("/mcp") },
  defaultHandler: { fetch: () => new Response("x") },
  accessTokenTTL: 600,
});
`,
  );
  const config = JSON.parse(readFileSync(join(project, "wrangler.jsonc"), "utf8")) as object;
  const more = {
    main: "src/index.js",
    kv_namespaces: [{ binding: "OAUTH_KV", id: "x" }],
    env: { staging: { compatibility_flags: ["nodejs_compat"] }, live: {} },
  };
  writeFileSync(join(project, "wrangler.jsonc"), JSON.stringify({ ...config, ...more }));
  await migrate(project, "--yes");
  const { "src/index.js": code = "", "MIGRATION.md": notes } = textsOf(project);
  expect(code).toContain("accessTokenTtl: 600,\n  kv: (env) => env.OAUTH_KV,");
  expect(code).toContain("legacyClients: true,");
  renameSync(join(project, "src/index.js"), join(project, "src/index.mjs"));
  await packed.command(project, "node --check src/index.mjs");
  expect(notes).toContain("Clients keep their IDs");
  expect(notes).toContain('src/index.js:3: "agents/mcp" is not imported by an import declaration');
  expect(notes).toContain('the environment "staging" has `compatibility_flags` of its own');
  expect(notes).not.toContain('"live"');
});

test("from agents: what has another name gets it, what is needless goes, and each of the rest has a note", async () => {
  const project = await make("elsewhere", "--pattern oauth --provider github --transport session");
  for (const path of ["test", "src/development.ts"]) rmSync(join(project, path), { recursive: true });
  writeFileSync(join(project, "src/index.ts"), ELSEWHERE);
  const config = JSON.parse(readFileSync(join(project, "wrangler.jsonc"), "utf8")) as object;
  writeFileSync(
    join(project, "wrangler.jsonc"),
    JSON.stringify({ ...config, compatibility_flags: [], kv_namespaces: [{ binding: "OAUTH_KV", id: "x" }] }),
  );
  const manifest = {
    dependencies: { agents: "1", "@cloudflare/workers-oauth-provider": "1", "@modelcontextprotocol/sdk": "1" },
  };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  await migrate(project, "--yes");
  const { "src/index.ts": code = "", "MIGRATION.md": notes = "", ...others } = textsOf(project);
  expect(code).toContain(`import { OAuthProvider, type OAuthHelpers } from "mcp-wicket/oauth";
import { McpServer } from "mcp-wicket/oauth";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { McpAgent, createMcpHandler } from "mcp-wicket/oauth";
import { experimental_callable } from "agents/mcp";
import * as all from "agents";
`);
  expect(code).toContain(`new McpServer({ name: "n", version: "1" }), {
  allowedHosts: ["example.com"],
  authContext: {},
});`);
  expect(code).toContain(`Notes.serveSSE("/sse")`);
  expect(code.slice(code.indexOf("  scopes:"))).toBe(`  scopes: scopesSupported,
  accessTokenTtl: 86400,
  allowPlainPKCE: false,
  tokenExchangeCallback: () => undefined,
  kv: (env: Env) => env.OAUTH_KV,
  // Clients that have registered before keep their IDs.
  legacyClients: true,
});
`);
  for (const what of [
    "`experimental_callable` has no counterpart",
    'the import of "agents" has no counterpart',
    "`this.schedule` is not available",
    "`unwrapToken` is not available",
    "`enableJsonResponse` was removed",
    "`authContext` is not supported",
    "`jurisdiction` is not supported",
    "accessTokenTtl is at most 3600 seconds",
    "`clientRegistrationTTL` was removed",
    "`allowImplicitFlow` was removed",
    "`tokenExchangeCallback` is not supported",
  ]) {
    expect(notes).toContain(what);
  }
  const left = [...notes.matchAll(/index\.ts:(\d+): (?:`(?:this\.)?(\w+)` is not|(accessTokenTtl) )/g)];
  expect(left).toHaveLength(6);
  for (const [, line, name, other = ""] of left) {
    expect(code.split("\n")[Number(line) - 1]).toContain(name ?? other);
  }
  const { dependencies } = JSON.parse(others["package.json"] ?? "") as { dependencies: object };
  // The client of the SDK, and what is left of agents, are still imported.
  expect(Object.keys(dependencies)).toEqual(["agents", "@modelcontextprotocol/sdk", "mcp-wicket"]);
  expect(others["wrangler.jsonc"]).toContain('["enable_request_signal", "global_fetch_strictly_public"]');
  const again = await migrate(project, "--yes");
  expect(again).toContain("uses mcp-wicket already");
  expect(textsOf(project)["src/index.ts"]).toBe(code);
});
