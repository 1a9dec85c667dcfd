/** `npm create mcp-wicket`: new projects for every pattern and provider, as people make, test and run them. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { choicesOf, nameOf } from "../../dist/create/choices.js";
import { terminal } from "../../dist/create/terminal.js";
import { UserAgent } from "../harness/agent.ts";
import { ClientState, listen } from "../harness/oauth-client.ts";
import { at } from "../harness/paths.ts";
import { dev } from "./lib/dev.ts";
import { type Packed, pack } from "./lib/packed.ts";

let packed: Packed;
beforeAll(async () => {
  packed = await pack();
  return () => packed.remove();
});

vi.setConfig({ testTimeout: 240_000 });

/** Every pattern, every provider, and each pattern or its like with sessions. */
const PROJECTS = [
  "--pattern none --transport http",
  "--pattern none --transport session",
  "--pattern jwt --transport http",
  "--pattern api-key --transport session",
  "--pattern oauth --provider github --transport http",
  "--pattern oauth --provider github --transport session",
  "--pattern oauth --provider google --transport session",
  "--pattern oauth --provider azure --transport http",
  "--pattern oauth --provider oidc --transport http",
];

/** In the code of the stand-in. */
const DEVELOPMENT = /MCP_WICKET_DEVELOPMENT/;

/** Makes a project with the command line of the README; gives its folder. */
async function make(name: string, flags: string): Promise<string> {
  await packed.command(packed.folder, `npm create mcp-wicket@latest ${name} -- ${flags}`);
  const project = join(packed.folder, name);
  packed.install(project);
  return project;
}

describe.each(PROJECTS.map((flags, index) => [flags, `project-${String(index)}`]))("%s", (flags, name) => {
  let project: string;
  beforeAll(async () => {
    project = await make(name, flags);
  });

  test("type-checks, and does so with the types that wrangler writes", async () => {
    expect(await packed.command(project, "npm run check --silent")).toBe("");
    await packed.command(project, "npm run types");
    expect(await packed.command(project, "npm run check --silent")).toBe("");
  });

  test("its own tests pass", async () => {
    expect(await packed.command(project, "npm test")).toMatch(/Tests .*\d passed/);
  });

  test("would be deployed, with one wasm module and nothing of the development sign-in", async () => {
    const output = await packed.command(project, "npm run deploy -- --dry-run --outdir bundle");
    expect(output).not.toMatch(/warning/i);
    const files = readdirSync(join(project, "bundle"));
    expect(files.filter((file) => file.endsWith(".wasm"))).toHaveLength(1);
    const [main = ""] = files.filter((file) => file.endsWith(".js"));
    const code = readFileSync(join(project, "bundle", main), "utf8");
    expect(code).not.toMatch(DEVELOPMENT);
  });
});

const client = () => new Client({ name: "test", version: "1.0.0" });
const ADD = { name: "add", arguments: { a: 40, b: 2 } };
const FORTY_TWO = [{ type: "text", text: "42" }];

describe("npm run dev", () => {
  test("without sign-in: an official client calls a tool", async () => {
    const server = await dev(await make("open", "--pattern none --transport http"), packed.env);
    try {
      const connected = client();
      await connected.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
      expect((await connected.callTool(ADD)).content).toEqual(FORTY_TWO);
      await connected.close();
      expect((await fetch(server.url)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  test("with sign-in: one click at the stand-in, and an official client calls a tool", async () => {
    const began = performance.now();
    const project = await make("closed", "--pattern oauth --provider github --transport http");
    const made = performance.now();
    const server = await dev(project, packed.env);
    const listener = await listen();
    const seconds = (from: number) => ((performance.now() - from) / 1000).toFixed(1);
    try {
      const endpoint = new URL(`${server.url}/mcp`);
      let asked: URL | undefined;
      const authProvider = new ClientState(listener.redirectUri, (url) => (asked = url));
      const transport = new StreamableHTTPClientTransport(endpoint, { authProvider });
      await expect(client().connect(transport)).rejects.toThrow(UnauthorizedError);
      if (!asked) throw new Error("the client did not ask for a browser");
      const person = new UserAgent(fetch);
      const page = await person.decide(asked.href, "allow");
      const back = await person.location(await oneClick(person, page));
      await transport.finishAuth(new URL(back).searchParams.get("code") ?? "");
      const connected = client();
      await connected.connect(new StreamableHTTPClientTransport(endpoint, { authProvider }));
      expect((await connected.callTool(ADD)).content).toEqual(FORTY_TWO);
      expect((await connected.callTool({ name: "whoami", arguments: {} })).content).toEqual([
        { type: "text", text: "Ada Lovelace" },
      ]);
      await connected.close();
      console.log(
        `From an empty folder to a tool call behind sign-in: ${seconds(began)} s, ${seconds(made)} s after npm install.`,
      );
      for (const headers of FROM_ELSEWHERE) expect(await statusOf(server.url, headers)).toBe(403);
      expect(await statusOf(server.url, {})).toBe(200);
    } finally {
      listener.stop();
      await server.stop();
    }
  });
});

/** Headers of requests that this computer has not sent to itself. */
const FROM_ELSEWHERE: Record<string, string>[] = [
  { host: "notes.example.com" },
  { "cf-connecting-ip": "203.0.113.7" },
  { "cf-ray": "8f2a-AMS" },
  { "x-forwarded-for": "127.0.0.1" },
];

/** The status of a GET with these headers, `Host` among them. */
const statusOf = (url: string, headers: Record<string, string>) =>
  new Promise<number | undefined>((resolve, reject) => {
    get(url, { headers }, (response) => resolve(response.resume().statusCode)).once("error", reject);
  });

test("the development sign-in is in its own entry point, and nowhere else", async () => {
  const project = await make("entries", "--pattern oauth --provider github --transport http");
  await packed.command(project, "npx wrangler deploy src/development.ts --dry-run --outdir bundle");
  expect(readFileSync(join(project, "bundle/development.js"), "utf8")).toMatch(DEVELOPMENT);
});

/** Opens the page of the stand-in, and gives where the click on Ada leads. */
async function oneClick(person: UserAgent, page: string): Promise<string> {
  const text = await (await person.go(page)).text();
  expect(text).toContain("This page stands in for GitHub");
  const [, href = ""] = /<a href="([^"]+)">Ada Lovelace/.exec(text) ?? [];
  return href.replaceAll("&#38;", "&");
}

describe("the program", () => {
  /** Runs it without a terminal, and gives what it says when it fails. */
  const failing = (flags: string) =>
    packed.command(packed.folder, `npm create --silent mcp-wicket@latest -- ${flags}`).then(
      (output) => `it did not fail: ${output}`,
      (error: unknown) => (error as Error).message.split("\n").slice(1).join("\n"),
    );

  test.each([
    ["x --pattern nothing", '--pattern "nothing" does not exist. Use --pattern none|jwt|api-key|oauth.'],
    ["x --pattern oauth --provider okta", '--provider "okta" does not exist. Use --provider github|google|azure|oidc.'],
    ["x --pattern none --transport sse", '--transport "sse" does not exist. Use --transport http|session.'],
    [
      "x --pattern jwt --provider github",
      "--provider is only for --pattern oauth: leave it out, or use --pattern oauth.",
    ],
    ["x", "Nobody can be asked here, so set --pattern none|jwt|api-key|oauth."],
    ["x --pattern oauth", "Nobody can be asked here, so set --provider github|google|azure|oidc."],
    ["--pattern none", "Say where to make the server: create-mcp-wicket my-server --pattern none."],
    ["x --patern none", "--patern is not a flag. There are --pattern, --provider, --transport, --package and --help."],
    ["x --pattern", "--pattern needs a value: --pattern VALUE."],
    ["x y --pattern none", 'Only one folder can be made: leave out "y".'],
  ])("%s: says what is wrong and what to do", async (flags, message) => {
    expect((await failing(flags)).trim()).toBe(message);
    expect(existsSync(join(packed.folder, "x"))).toBe(false);
  });

  test("says where the -- has to be, if npm has read the flags itself", async () => {
    const line = "npm create --silent mcp-wicket@latest x --pattern none";
    await expect(packed.command(packed.folder, line)).rejects.toThrow("Put -- before the flags");
    expect(existsSync(join(packed.folder, "x"))).toBe(false);
  });

  test("never overwrites a file", async () => {
    const project = join(packed.folder, "taken");
    mkdirSync(project);
    writeFileSync(join(project, "notes.txt"), "mine");
    expect(await failing("taken --pattern none")).toContain(
      "The folder taken is not empty (it has notes.txt), and no file is overwritten: name a new folder.",
    );
    expect(readdirSync(project)).toEqual(["notes.txt"]);
  });

  test("is the same as `npx mcp-wicket init`", async () => {
    await packed.command(packed.folder, "npm create mcp-wicket@latest one -- --pattern none --transport http");
    mkdirSync(join(packed.folder, "other"));
    packed.install(join(packed.folder, "other"));
    await packed.command(join(packed.folder, "other"), "npx mcp-wicket init one --pattern none --transport http");
    const textsOf = (folder: string) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), "utf8")]);
    expect(textsOf(join(packed.folder, "other/one"))).toEqual(textsOf(join(packed.folder, "one")));
  });

  test("needs nothing else, and makes projects for the versions that this repository is tested with", async () => {
    interface Manifest {
      version: string;
      dependencies?: Record<string, string>;
      devDependencies?: Record<string, string>;
    }
    const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Manifest;
    const [own, create] = [read(at("package.json")), read(at("create/package.json"))];
    expect(create.version).toBe(own.version);
    expect(create).not.toHaveProperty("dependencies");
    const made = read(join(await make("versions", "--pattern none --transport http"), "package.json"));
    expect(made.dependencies?.["mcp-wicket"]).toBe(`^${own.version}`);
    for (const [name, range] of Object.entries({ ...made.dependencies, ...made.devDependencies })) {
      if (name !== "mcp-wicket") expect([name, range]).toEqual([name, `^${own.devDependencies?.[name] ?? ""}`]);
    }
  });

  test("puts secrets into .dev.vars alone, which git ignores, and new ones each time", async () => {
    const secretsOf = async (name: string) =>
      readFileSync(join(await make(name, "--pattern jwt --transport http"), ".dev.vars"), "utf8");
    const [one, other] = [await secretsOf("first"), await secretsOf("second")];
    const [, secret = ""] = /JWT_SECRET="(.{43})"/.exec(one) ?? [];
    expect(secret).not.toBe("");
    expect(other).not.toContain(secret);
    const project = join(packed.folder, "first");
    expect(readFileSync(join(project, ".gitignore"), "utf8").split("\n")).toContain(".dev.vars*");
    expect(readFileSync(join(project, ".dev.vars.example"), "utf8")).not.toContain(secret);
  });
});

describe("the questions", () => {
  /** What is chosen by a person who gives these answers; and everything that is shown. */
  async function answered(args: string[], answers: string[]) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let shown = "";
    output.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      if (/\) $|: $/.test(text)) input.write(`${answers.shift() ?? "no more answers"}\n`);
    });
    const { ask, close } = terminal({ input, output });
    const choices = await choicesOf(args, "0.1.0", ask);
    close();
    return { choices, shown };
  }

  test("are asked in turn, and take a number, a name, or nothing for what is in parentheses", async () => {
    const { choices, shown } = await answered([], ["Notes", "people", "4", "azure", ""]);
    expect(choices).toMatchObject({ folder: "Notes", name: "notes", pattern: "oauth", provider: "azure" });
    expect(choices).toMatchObject({ transport: "http", dependency: "^0.1.0" });
    expect(shown).toContain('"people" is none of them.');
  });

  test("are only asked for what the flags leave open", async () => {
    const { choices, shown } = await answered(["notes", "--transport", "session"], [""]);
    expect(choices).toMatchObject({ folder: "notes", pattern: "none", transport: "session" });
    expect(shown).not.toMatch(/Which folder|Where do people|remember/);
  });

  test.each([
    ["../My Server", "my-server"],
    ["a/b/c_d/", "c-d"],
    [".", "mcp-server"],
    ["x".repeat(80), "x".repeat(54)],
  ])("a folder %s holds the Worker %s", (folder, name) => {
    expect(nameOf(folder)).toBe(name);
  });
});

describe("the README", () => {
  const blocks = [...readFileSync(at("README.md"), "utf8").matchAll(/^(?:> )?```(\w+)\n([^]*?)^(?:> )?```$/gm)];
  const block = (language: string, word: string) => {
    const found = blocks.find(([, of, text = ""]) => of === language && text.includes(word))?.[2];
    if (found === undefined) throw new Error(`the README has no ${language} with ${word}`);
    return found.replaceAll(/^> /gm, "");
  };

  test("its first commands make a project and run it", () => {
    const lines = block("sh", "npm create").trim().split("\n");
    // The first is what \`make\` runs, with flags instead of answers; the others are what the tests above do.
    expect(lines).toEqual(["npm create mcp-wicket@latest my-server", "cd my-server", "npm install", "npm run dev"]);
  });

  test("its commands for the time before the packages are on npm make a project", async () => {
    const [, line = ""] = block("sh", "npm exec").trim().split("\n");
    const folder = join(packed.folder, "before");
    mkdirSync(join(folder, "mcp-wicket"), { recursive: true });
    for (const file of Object.values(packed.tarballs))
      cpSync(join(packed.folder, file), join(folder, "mcp-wicket", file));
    await packed.command(folder, `${line} --pattern none`);
    const made = JSON.parse(readFileSync(join(folder, "my-server/package.json"), "utf8")) as { dependencies: object };
    expect(made.dependencies).toMatchObject({ "mcp-wicket": `file:../mcp-wicket/${packed.tarballs["mcp-wicket"]}` });
  });

  test("its smallest server, with its whole configuration, answers its own call", async () => {
    const project = join(packed.folder, "smallest");
    mkdirSync(join(project, "src"), { recursive: true });
    writeFileSync(join(project, "src/index.ts"), block("ts", "createMcpHandler"));
    writeFileSync(join(project, "wrangler.jsonc"), block("jsonc", "$schema"));
    writeFileSync(join(project, "package.json"), JSON.stringify({ scripts: { dev: "wrangler dev" } }));
    packed.install(project);
    const server = await dev(project, packed.env);
    try {
      const curl = block("sh", "curl").replace("http://localhost:8787", server.url);
      expect(await packed.command(project, curl)).toContain("The sum is 42");
    } finally {
      await server.stop();
    }
  });
});

describe("an example, copied to an empty folder", () => {
  const examples = readdirSync(at("examples")).filter((name) => existsSync(at("examples", name, "wrangler.toml")));

  test.each(examples)("%s: npm run dev answers", async (name) => {
    const project = join(packed.folder, `example-${name}`);
    cpSync(at("examples", name), project, { recursive: true });
    packed.install(project);
    const server = await dev(project, packed.env);
    try {
      const response = await fetch(server.url);
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining(`${server.url}/mcp`)]);
    } finally {
      await server.stop();
    }
  });
});
