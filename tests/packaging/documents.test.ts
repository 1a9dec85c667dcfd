/** The samples of README.md and the guides: TypeScript compiles as it is written, JSON is valid, commands and flags exist. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { at } from "../harness/paths.ts";

const DOCUMENTS = ["README.md", ...readdirSync(at("docs/guides")).map((file) => `docs/guides/${file}`)];

/** Samples of other packages' configuration: `npm run test:bundlers` builds with them. */
const ELSEWHERE = ["docs/guides/bundlers.md"];

/** Entry points whose names a sample may leave to its reader to import. */
const ENTRIES = ["mcp-wicket/oauth", "mcp-wicket/testing", "vitest"];

const ofProvider = (sample: string) => `new OAuthProvider<Env>({ defaultHandler, ${sample} });`;
const TYPES = 'import("mcp-wicket/oauth")';

/** Samples that are part of something: how they begin, and what they are in. */
const PARTS: readonly (readonly [begins: string, whole: (sample: string) => string])[] = [
  ["kv: (env)", ofProvider],
  ["audit: d1Audit", (sample) => ofProvider(`${sample}\n`)],
  ["pages: {", ofProvider],
  ["stillKnown:", (sample) => `const pages: ${TYPES}.PagesHandler<Env> = { fetch: () => new Response(), ${sample} };`],
  [
    "allow: {",
    (sample) =>
      sample.replaceAll(
        /^(allow: .*?)\s*(?:\/\/.*)?$/gm,
        `({ $1 }) satisfies ${TYPES}.UpstreamOptions<Env>["allow"] extends infer Rule ? { allow: Rule } : never;`,
      ),
  ],
  [
    "init() {",
    (sample) => `class Part extends McpAgent<Env, unknown, { tenants: string[] }> { server = server; ${sample} }`,
  ],
  ["this.server", (sample) => `class Part extends McpAgent<Env> { server = server; init() { ${sample} } }`],
  ["const said =", (sample) => `async function part(token: string) { ${sample} }`],
];

interface Sample {
  /** `docs/guides/sign-in.md:24`. */
  name: string;
  text: string;
}

/** The blocks of a language, a regular expression. */
function blocksOf(language: string, documents: readonly string[] = DOCUMENTS): Sample[] {
  const block = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\``, "gm");
  return documents.flatMap((file) => {
    const text = readFileSync(at(file), "utf8");
    return [...text.matchAll(block)].map(({ index, 1: margin = "", 2: code = "" }): Sample => {
      const lines = code.split("\n").map((line) => line.slice(margin.length));
      return { name: `${file}:${String(text.slice(0, index).split("\n").length)}`, text: lines.join("\n") };
    });
  });
}

const samples = blocksOf(
  "ts",
  DOCUMENTS.filter((file) => !ELSEWHERE.includes(file)),
);

const folder = at("tests/packaging/samples");
const { config } = ts.readConfigFile(at("examples/tsconfig.json"), (path) => ts.sys.readFile(path)) as {
  config: object;
};
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, at("examples"));
const pathOf = (index: number) => join(folder, `sample-${String(index)}.ts`);

/** A program of files that are not written, beside those of `context`. */
function programOf(texts: readonly string[], context: readonly string[] = []): ts.Program {
  const files = new Map(texts.map((text, index) => [pathOf(index), text]));
  const host = ts.createCompilerHost(options);
  const real = ts.createCompilerHost(options);
  host.fileExists = (path) => files.has(path) || real.fileExists(path);
  host.readFile = (path) => files.get(path) ?? real.readFile(path);
  return ts.createProgram([...files.keys(), ...context], { ...options, noEmit: true }, host);
}

/** What is wrong, by sample. `{ … }` stands for options, and `// …` for members, which may then be missing. */
function errorsOf(texts: readonly string[]): { name: string | undefined; message: string }[][] {
  const context = ["context.d.ts", "modules.d.ts"].map((file) => join(folder, file));
  const program = programOf(texts, context);
  for (const file of context) expect(program.getSemanticDiagnostics(program.getSourceFile(file))).toEqual([]);
  return texts.map((text, index) => {
    const source = program.getSourceFile(pathOf(index));
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.flatMap(({ code, messageText }) => {
      const message = ts.flattenDiagnosticMessageText(messageText, "\n");
      if (
        text.includes("…") &&
        /is missing in type|not assignable to parameter of type|^Expected \d+ arguments/.test(message)
      )
        return [];
      const name = [2304, 2552, 2593].includes(code) ? /'([^']+)'/.exec(message)?.[1] : undefined;
      return [{ name, message }];
    });
  });
}

/** The names that an entry point exports. */
function exportsOf(entries: readonly string[]): Map<string, string> {
  const program = programOf(entries.map((entry) => `export * from "${entry}";`));
  const checker = program.getTypeChecker();
  return new Map(
    entries.flatMap((entry, index) => {
      const source = program.getSourceFile(pathOf(index));
      const symbol = source && checker.getSymbolAtLocation(source);
      return symbol ? checker.getExportsOfModule(symbol).map(({ name }) => [name, entry] as const) : [];
    }),
  );
}

test("every sample compiles", { timeout: 120_000 }, () => {
  expect(samples.length).toBeGreaterThan(30);
  const known = exportsOf(ENTRIES);
  let texts = samples.map(({ text }) => {
    const bare = text.replaceAll(/\{ … \}/g, "{} as never");
    const [, whole] = PARTS.find(([begins]) => bare.startsWith(begins)) ?? [];
    return `${whole?.(bare) ?? bare}\nexport {};\n`;
  });
  const first = errorsOf(texts);
  // A fragment uses names of the package that its page has imported before.
  texts = texts.map((text, index) => {
    const missing = new Set(first[index]?.flatMap(({ name }) => name ?? []));
    const lines = [...missing].flatMap((name) => {
      const entry = known.get(name);
      return entry === undefined ? [] : [`import { ${name} } from "${entry}";`];
    });
    return `${lines.join(" ")}\n${text}`;
  });
  const wrong = errorsOf(texts).flatMap((errors, index) =>
    errors.map(({ message }) => `${samples[index]?.name ?? ""}: ${message}`),
  );
  expect(wrong).toEqual([]);
});

test("every JSON sample is valid, and a part of Wrangler's configuration has keys that it knows", () => {
  const schema = JSON.parse(readFileSync(at("node_modules/wrangler/config-schema.json"), "utf8")) as {
    definitions: { RawConfig: { properties: object } };
  };
  const known = Object.keys(schema.definitions.RawConfig.properties);
  const all = blocksOf("jsonc?");
  expect(all.length).toBeGreaterThan(5);
  for (const { name, text } of all) {
    const isPart = /^(?:\/\/.*\n)*"/.test(text);
    const { config: read, error } = ts.parseConfigFileTextToJson(name, isPart ? `{${text}}` : text) as {
      config: object;
      error?: ts.Diagnostic;
    };
    expect(error?.messageText, name).toBeUndefined();
    if (isPart || text.includes("wrangler/config-schema.json")) {
      for (const key of Object.keys(read)) expect([...known, "$schema"], name).toContain(key);
    }
  }
});

test("every command of this package has flags that it knows", () => {
  const help = execFileSync(process.execPath, [at("dist/cli/main.js"), "--help"], { encoding: "utf8" });
  let found = 0;
  for (const file of DOCUMENTS) {
    for (const [line, command = ""] of readFileSync(at(file), "utf8").matchAll(
      /npx mcp-wicket ([a-z][\w-]*)[^`\n]*/g,
    )) {
      found += 1;
      expect(help, `${file}: ${line}`).toContain(`npx mcp-wicket ${command}`);
      for (const [flag] of line.matchAll(/(?<=\s)--[a-z][\w-]*/g)) expect(help, `${file}: ${line}`).toContain(flag);
    }
  }
  expect(found).toBeGreaterThan(20);
});
