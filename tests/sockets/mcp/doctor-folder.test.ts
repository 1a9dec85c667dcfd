/** `npx mcp-wicket doctor FOLDER`: it finds each mistake planted in a project, and nothing in a clean one. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CODES, REPOSITORY } from "../../../dist/cli/doctor/findings.js";
import { cli } from "../../harness/cli.ts";
import { at } from "../../harness/paths.ts";

const scratch = mkdtempSync(join(tmpdir(), "mcp-wicket-doctor-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Found {
  code: string;
  where: string;
  what: string;
  why: string;
  fix: string;
  document: string;
}

const doctor = (...args: string[]) => cli(["doctor", ...args]);

async function findingsIn(folder: string): Promise<Found[]> {
  const { code, out, err } = await doctor(folder, "--json");
  const { findings } = JSON.parse(out) as { findings: Found[] };
  expect([code, err]).toEqual([findings.length > 0 ? 1 : 0, ""]);
  return findings;
}

type Files = Record<string, string>;

let count = 0;
function project(files: Files): string {
  const folder = join(scratch, String(++count));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const SECRET = "Zm9yIHRoaXMgdGVzdCBhbmQgZm9yIG5vdGhpbmcgZWxzZQ";

const CLEAN: Files = {
  "wrangler.jsonc": `{
  // A comment with "quotes", and a URL: https://example.com
  "name": "clean",
  "main": "./src/index.ts",
  "compatibility_date": "2026-07-01",
  "compatibility_flags": ["enable_request_signal", "global_fetch_strictly_public"],
  "kv_namespaces": [{ "binding": "OAUTH_KV", "id": "0" }],
  "vars": { "LOG_LEVEL": "info", "TOKEN_ENDPOINT": "https://example.com/token" },
  "secrets": { "required": ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "WICKET_SECRET"] },
  "migrations": [{ "tag": "v1", "new_sqlite_classes": ["MyMCP"] }], /* the last comma is allowed */
}
`,
  "package.json": `{ "scripts": { "dev": "wrangler dev src/development.ts --var MCP_WICKET_DEVELOPMENT:sign-in", "deploy": "wrangler deploy" } }`,
  ".dev.vars": `GITHUB_CLIENT_ID="Iv1.0"\nGITHUB_CLIENT_SECRET=short\nWICKET_SECRET=${SECRET}\n`,
  "src/development.ts": `import { developmentSignIn } from "mcp-wicket/development";\nimport worker from "./index";\nexport * from "./index";\nexport default developmentSignIn(worker);\n`,
  "src/index.ts": `import { GitHubHandler, McpAgent, McpServer, OAuthProvider } from "mcp-wicket/oauth";

interface Env {
  OAUTH_KV: KVNamespace;
  GITHUB_CLIENT_ID: string;
  GITHUB_CLIENT_SECRET: string;
  LOG_LEVEL: string;
}

export class MyMCP extends McpAgent<Env> {
  server = new McpServer({ name: "clean", version: "1.0.0" });
  initialState = { calls: 0 };
  async init() {}
}

export default new OAuthProvider<Env>({
  apiHandlers: { "/mcp": MyMCP.serve("/mcp") },
  defaultHandler: new GitHubHandler<Env>({
    clientId: (env) => env.GITHUB_CLIENT_ID,
    clientSecret: (env) => env.GITHUB_CLIENT_SECRET,
    scopes: ["read:user"],
    allow: { logins: ["ada"] },
  }),
  kv: (env) => env.OAUTH_KV,
});
`,
};

/** The clean project, with `text` in place of `of` in a file. */
function changed(file: string, of: string, text: string): Files {
  const before = CLEAN[file] ?? "";
  expect(before).toContain(of);
  return { ...CLEAN, [file]: before.replace(of, text) };
}

const inCode = (of: string, text: string) => changed("src/index.ts", of, text);
const inConfig = (of: string, text: string) => changed("wrangler.jsonc", of, text);
const more = (path: string, text: string): Files => ({ ...CLEAN, [path]: text });
const asToml = (text: string): Files => {
  const { "wrangler.jsonc": _, ...others } = CLEAN;
  return { ...others, "wrangler.toml": text };
};

const HANDLER_ALLOW = '\n    allow: { logins: ["ada"] },';

const TOML = `name = "clean"
main = "src/index.ts"
compatibility_date = "2026-07-01"
compatibility_flags = [
  "enable_request_signal", # ends calls
  "global_fetch_strictly_public",
]
secrets = { required = ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "WICKET_SECRET"] }

[[migrations]]
tag = "v1"
new_sqlite_classes = ["MyMCP"]

[[kv_namespaces]]
binding = "OAUTH_KV"
id = "0"

[vars]
LOG_LEVEL = "info"
`;

describe("a clean project", () => {
  const examples = readdirSync(at("examples")).filter((name) =>
    ["toml", "json", "jsonc"].some((kind) => existsSync(at("examples", name, `wrangler.${kind}`))),
  );

  test.each(examples)("the example %s", async (name) => {
    expect(await findingsIn(at("examples", name))).toEqual([]);
  });

  const made = [
    ["none"],
    ["jwt"],
    ["api-key"],
    ...["github", "google", "azure", "oidc"].map((provider) => ["oauth", provider]),
  ];

  test.each(made.flatMap((choice) => ["http", "session"].map((transport) => [transport, ...choice])))(
    "a new project: %s %s %s",
    async (transport, pattern = "", provider) => {
      const folder = join(scratch, [transport, pattern, provider].join("-"));
      const choices = ["--pattern", pattern, ...(provider ? ["--provider", provider] : []), "--transport", transport];
      execFileSync(process.execPath, [at("dist/cli/main.js"), "init", folder, ...choices]);
      expect(await findingsIn(folder)).toEqual([]);
    },
  );

  test("a new project, in which git ignores every file with secrets, and no example of one", () => {
    const folder = join(scratch, "ignored");
    execFileSync(process.execPath, [at("dist/cli/main.js"), "init", folder, "--pattern", "jwt"]);
    const git = (args: string[], input?: string) =>
      execFileSync("git", args, { cwd: folder, encoding: "utf8", ...(input !== undefined && { input }) });
    git(["init", "--quiet"]);
    const secret = [".dev.vars", ".dev.vars.staging", ".env", ".env.local", ".env.production"];
    const names = [...secret, ".dev.vars.example", ".env.example"];
    expect(git(["check-ignore", "--stdin"], names.join("\n")).trim().split("\n")).toEqual(secret);
  });

  test("the whole of one, with JSON and with TOML", async () => {
    expect(await findingsIn(project(CLEAN))).toEqual([]);
    expect(await findingsIn(project(asToml(TOML)))).toEqual([]);
  });

  test("in plain text", async () => {
    const folder = project(CLEAN);
    const { code, out, err } = await doctor(folder);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toBe(`${folder}: Nothing found. Looked at: wrangler.jsonc, 2 source files, .dev.vars.\n`);
  });

  test.each<[string, Files]>([
    [
      "comments and strings that show mistakes",
      more(
        "src/a.ts",
        `// allowConsentScreen: false\nconst help = "allowConsentScreen: false, new GitHubHandler({})";\n/* const secret = "my-secret-key"; */\n`,
      ),
    ],
    [
      "settings of Wrangler itself",
      more(".dev.vars", `${CLEAN[".dev.vars"] ?? ""}CLOUDFLARE_API_TOKEN=x\nWRANGLER_SEND_METRICS=false\n`),
    ],
    [
      "an environment named development, and a variable of the project's own",
      {
        ...changed("package.json", '"wrangler deploy"', '"wrangler deploy --env development"'),
        ...pick(inConfig('"LOG_LEVEL": "info"', '"LOG_LEVEL": "info", "DEVELOPMENT": "yes"')),
      },
    ],
    [
      "names of variables and labels",
      more(
        "src/a.ts",
        `const secret = "JWT_SECRET";\nconst labels = { password: "Your password", secret: "A secret word" };\ntype Kind = { secret: "shared-secret" | "key-pair" };\nconst clientSecret = \`\${prefix}-secret-of-client\`;\nconst apiKey = "x-api-key";\n`,
      ),
    ],
    [
      "regular expressions and templates",
      more(
        "src/a.ts",
        'const quote = /["\'`]/;\nconst text = `${a ? `x ${b}` : "{"} allowConsentScreen: false`;\nconst half = total / 2; // const secret = "my-secret-key"\n',
      ),
    ],
    [
      "a token that is verified",
      more(
        "src/a.ts",
        `export async function who(request: Request) {\n  const token = request.headers.get("Authorization");\n  return await verifier.verify(token ?? "");\n}\n`,
      ),
    ],
    [
      "a token that is compared",
      more(
        "src/a.ts",
        `const ok = (request: Request, env: Env) => request.headers.get("Authorization") === \`Bearer \${env.TOKEN}\`;\n`,
      ),
    ],
    [
      "a token that is sent",
      more("src/a.ts", `const answer = await fetch(url, { headers: { Authorization: \`Bearer \${token}\` } });\n`),
    ],
    [
      "secrets of tests",
      more(
        "test/a.test.ts",
        `const secret = "only-for-this-test";\nconst verifier = new JWTVerifier({ secret: "only-for-this-test-and-nothing-else" });\n`,
      ),
    ],
    ["options from elsewhere", inCode(HANDLER_ALLOW, "\n    ...options,")],
    ["what is installed or built", more("node_modules/a/index.js", `const secret = "my-secret-key";\n`)],
    [
      "another Worker in a folder",
      { ...CLEAN, "other/wrangler.toml": "", "other/index.ts": `const secret = "my-secret-key";\n` },
    ],
    [
      "a class that is exported in another way",
      {
        ...inConfig('["MyMCP"]', '["MyMCP", "One", "Two"]'),
        "src/more.ts": `class Inner {}\nexport { Inner as One };\nexport const { Two } = made();\n`,
      },
    ],
    [
      "a class that another Worker has",
      inConfig(
        '"vars"',
        '"durable_objects": { "bindings": [{ "name": "O", "class_name": "Other", "script_name": "other" }] },\n  "vars"',
      ),
    ],
  ])("%s", async (_, files) => {
    expect(await findingsIn(project(files))).toEqual([]);
  });
});

const PLANTED: [code: string, files: () => Files, where: string][] = [
  ["consent_off", () => inCode("kv: (env)", "allowConsentScreen: false, // never\n  kv: (env)"), "src/index.ts:24"],
  ["secret_in_code", () => more("src/a.ts", `\nconst secret = "my-secret-key"; // never\n`), "src/a.ts:2"],
  ["secret_in_code", () => inCode("(env) => env.GITHUB_CLIENT_SECRET", `"0123456789abcdef0123"`), "src/index.ts:20"],
  [
    "secret_in_code",
    () => inCode("env.GITHUB_CLIENT_SECRET,", `env.GITHUB_CLIENT_SECRET ?? "fallback-secret",`),
    "src/index.ts:20",
  ],
  [
    "secret_in_code",
    () => inCode("(env) => env.GITHUB_CLIENT_SECRET", `() => "0123456789abcdef0123"`),
    "src/index.ts:20",
  ],
  ["secret_in_code", () => more("src/a.ts", `call("ghp_${"a1".repeat(18)}");\n`), "src/a.ts:1"],
  ["secret_in_code", () => more("test/a.test.ts", `call("ghp_${"a1".repeat(18)}");\n`), "test/a.test.ts:1"],
  [
    "secret_in_code",
    () =>
      more(
        "src/a.ts",
        `const key = \`-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC".repeat(2)}\`;\n`,
      ),
    "src/a.ts:1",
  ],
  [
    "secret_in_config",
    () => inConfig('"LOG_LEVEL": "info"', '"LOG_LEVEL": "info", "STRIPE_API_KEY": "x1"'),
    "wrangler.jsonc",
  ],
  [
    "secret_in_config",
    () => inConfig('"LOG_LEVEL": "info"', '"LOG_LEVEL": "info", "DATABASE": "postgres://ann:pw@db.example.com/x"'),
    "wrangler.jsonc",
  ],
  [
    "secret_in_config",
    () =>
      asToml(
        `${TOML}\n[env.production]\nkv_namespaces = [{ binding = "OAUTH_KV", id = "1" }]\n[env.production.vars]\nGITHUB_CLIENT_SECRET = "x"\n`,
      ),
    "wrangler.toml env.production",
  ],
  ["secret_unknown", () => more(".dev.vars", `${CLEAN[".dev.vars"] ?? ""}OTHER=x\n`), ".dev.vars"],
  ["secret_unknown", () => inCode("LOG_LEVEL: string;", "LOG_LEVEL: string;\n  OTHER: string;"), "src/index.ts:8"],
  ["weak_secret", () => changed(".dev.vars", SECRET, "my-secret-key"), ".dev.vars"],
  ["weak_secret", () => changed(".dev.vars", SECRET, "a".repeat(40)), ".dev.vars"],
  ["weak_secret", () => changed(".dev.vars", SECRET, `${SECRET},old`), ".dev.vars"],
  ["broad_scopes", () => inCode('["read:user"]', '["repo", "delete_repo", "admin:org"]'), "src/index.ts:21"],
  [
    "broad_scopes",
    () =>
      more(
        "src/a.ts",
        `export const handler = new AzureADHandler({ tenant: "x", scopes: ["https://graph.microsoft.com/Files.ReadWrite.All"] });\n`,
      ),
    "src/a.ts:1",
  ],
  ["allow_missing", () => inCode(HANDLER_ALLOW, ""), "src/index.ts:18"],
  [
    "allow_missing",
    () => more("src/a.ts", `export const handler = new GoogleHandler({ clientId: "x" });\n`),
    "src/a.ts:1",
  ],
  [
    "allow_missing",
    () => more("src/a.ts", `export const handler = new AzureADHandler({ clientId: "x", tenant: "common" });\n`),
    "src/a.ts:1",
  ],
  [
    "token_unverified",
    () => more("src/a.ts", `// Trusting a token\nconst token = request.headers.get("Authorization");\nuse(token);\n`),
    "src/a.ts:2",
  ],
  [
    "token_unverified",
    () =>
      more(
        "src/a.ts",
        `import { decodeJwt } from "jose";\nexport const who = (token: string) => decodeJwt(token).sub;\n`,
      ),
    "src/a.ts:2",
  ],
  [
    "development_in_production",
    () => inConfig('"LOG_LEVEL": "info"', '"LOG_LEVEL": "info", "MCP_WICKET_DEVELOPMENT": "sign-in"'),
    "wrangler.jsonc",
  ],
  ["development_in_production", () => inConfig("./src/index.ts", "src/development.ts"), "src/development.ts:1"],
  [
    "development_in_production",
    () => changed("package.json", '"wrangler deploy"', '"wrangler deploy src/development.ts"'),
    "package.json",
  ],
  ["date_missing", () => inConfig('"compatibility_date": "2026-07-01",', ""), "wrangler.jsonc"],
  ["date_missing", () => inConfig('"2026-07-01"', '"July"'), "wrangler.jsonc"],
  ["date_future", () => inConfig('"2026-07-01"', '"2999-01-01"'), "wrangler.jsonc"],
  ["date_old", () => inConfig('"2026-07-01"', '"2025-01-01"'), "wrangler.jsonc"],
  ["flag_missing", () => inConfig('"enable_request_signal", ', ""), "wrangler.jsonc"],
  ["flag_missing", () => inConfig(', "global_fetch_strictly_public"', ""), "wrangler.jsonc"],
  ["binding_missing", () => inConfig('"binding": "OAUTH_KV"', '"binding": "OTHER_KV"'), "wrangler.jsonc"],
  ["binding_missing", () => inCode("LOG_LEVEL: string;", "LOG_LEVEL: string;\n  DB: D1Database;"), "wrangler.jsonc"],
  [
    "binding_missing",
    () => inConfig('"vars"', '"env": { "staging": { "vars": {} } },\n  "vars"'),
    "wrangler.jsonc env.staging",
  ],
  [
    "migration_missing",
    () => inConfig('"new_sqlite_classes": ["MyMCP"]', '"new_sqlite_classes": []'),
    "wrangler.jsonc",
  ],
  ["migration_not_sqlite", () => inConfig("new_sqlite_classes", "new_classes"), "wrangler.jsonc"],
  [
    "object_missing",
    () => ({
      ...changed("src/index.ts", "  initialState = { calls: 0 };\n", ""),
      ...pick(inConfig('"migrations": [{ "tag": "v1", "new_sqlite_classes": ["MyMCP"] }],', "")),
    }),
    "wrangler.jsonc",
  ],
  ["class_missing", () => inConfig('["MyMCP"]', '["MyMCP", "Gone"]'), "wrangler.jsonc"],
];

function pick(files: Files): Files {
  return { "wrangler.jsonc": files["wrangler.jsonc"] ?? "" };
}

describe("each planted mistake is found, and nothing else", () => {
  test.each(PLANTED)("%s: %#", async (code, files, where) => {
    const found = await findingsIn(project(files()));
    expect(found.map((each) => [each.code, each.where])).toEqual([[code, where]]);
    for (const text of [found[0]?.what, found[0]?.why, found[0]?.fix, found[0]?.document]) expect(text).toMatch(/\w/);
  });

  test("secrets_committed", async () => {
    const folder = project(CLEAN);
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder });
    git("init", "--quiet");
    expect((await findingsIn(folder)).map(({ code, where }) => [code, where])).toEqual([
      ["secrets_committed", ".dev.vars"],
    ]);
    writeFileSync(join(folder, ".gitignore"), ".dev.vars*\n");
    expect(await findingsIn(folder)).toEqual([]);
    git("add", "--force", ".dev.vars");
    expect((await findingsIn(folder)).map(({ code }) => code)).toEqual(["secrets_committed"]);
  });

  test("nothing that the repository's configuration names is run", async () => {
    const folder = project({ ...CLEAN, "monitor.sh": "#!/bin/sh\ntouch ran\n" });
    chmodSync(join(folder, "monitor.sh"), 0o755);
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder });
    git("init", "--quiet");
    git("add", ".dev.vars");
    git("config", "core.fsmonitor", "./monitor.sh");
    expect((await findingsIn(folder)).map(({ code }) => code)).toEqual(["secrets_committed"]);
    expect(existsSync(join(folder, "ran"))).toBe(false);
    // Git does run it where that is not switched off.
    git("status", "--short");
    expect(existsSync(join(folder, "ran"))).toBe(true);
  });

  test("every finding of the list is planted here, and its document exists", async () => {
    const planted = new Set(["secrets_committed", ...PLANTED.map(([code]) => code)]);
    expect(planted).toEqual(new Set(CODES.folder));
    const documents = new Set<string>();
    for (const [, files] of PLANTED)
      for (const { document } of await findingsIn(project(files()))) documents.add(document);
    for (const document of documents)
      if (document.startsWith(REPOSITORY)) expect(existsSync(at(document.slice(REPOSITORY.length)))).toBe(true);
  });

  test("the guide lists every finding", () => {
    const guide = readFileSync(at("docs/guides/doctor.md"), "utf8");
    const listed = [...guide.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual([...CODES.folder, ...CODES.server]);
  });

  test("in plain text, with what, why, the fix and its document", async () => {
    const { code, out } = await doctor(project(inCode(HANDLER_ALLOW, "")));
    expect(code).toBe(1);
    expect(out).toContain(
      "src/index.ts:18  allow_missing\n  GitHubHandler does not say who may sign in.\n  Why: Everyone",
    );
    expect(out).toMatch(
      / {2}Fix: .*allow: .*\n {2}See: https:\/\/.*\/docs\/guides\/sign-in\.md\n\n.*: 1 finding\. Looked at: /,
    );
  });
});

describe("what cannot be looked at", () => {
  test.each<[string, Files, string]>([
    ["no configuration", { "index.ts": "" }, "has no wrangler.json, wrangler.jsonc, wrangler.toml"],
    ["broken TOML", { "wrangler.toml": 'name = "a"\nmain = ' }, "wrangler.toml cannot be read: line 2"],
    ["broken JSON", { "wrangler.jsonc": '{\n  "name": \n' }, "wrangler.jsonc cannot be read: "],
    ["a list", { "wrangler.json": "[]" }, "wrangler.json cannot be read: it must be an object"],
  ])("%s", async (_, files, message) => {
    const folder = project(files);
    const plain = await doctor(folder);
    expect([plain.code, plain.out]).toEqual([2, ""]);
    expect(plain.err).toContain(message);
    const asJson = await doctor(folder, "--json");
    expect(asJson.code).toBe(2);
    expect((JSON.parse(asJson.out) as { error: string }).error).toContain(message);
  });

  test("no folder, and more than one", async () => {
    expect(await doctor(join(scratch, "nowhere"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("no folder") as unknown,
    });
    expect(await doctor("a", "b")).toMatchObject({ err: expect.stringContaining("only one folder or URL") as unknown });
  });
});
