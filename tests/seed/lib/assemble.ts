/** Makes a project of a pattern: the seed's snippet, byte for byte, behind a prelude with what the seed leaves out. */
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
import { join } from "node:path";
import { promisify } from "node:util";
import { at, root } from "../../harness/paths.ts";

const run = promisify(execFile);

export interface Project {
  folder: string;
  config: string;
  prelude: string;
  snippet: string;
  remove(): void;
}

/**
 * The project of the folder `pattern`: it sees this package, and what was installed beside it. `edit` changes the prelude,
 * where something else is to be imported than usual.
 */
export function assemble(pattern: string, edit = (prelude: string): string => prelude): Project {
  const source = (name: string) => at("tests/seed", pattern, name);
  const prelude = edit(readFileSync(source("prelude.ts"), "utf8"));
  const snippet = readFileSync(source("snippet.ts"), "utf8");
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-seed-"));
  writeFileSync(join(folder, "worker.ts"), prelude + snippet);
  const config = configured(pattern, folder);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/mcp-wicket"));
  for (const name of ["@cloudflare", "@octokit", "octokit"])
    symlinkSync(at("node_modules", name), join(folder, "node_modules", name));
  return { folder, config, prelude, snippet, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The configuration: as it stands there, or a wrangler.json with the bindings of the seed in it. */
function configured(pattern: string, folder: string): string {
  const source = (name: string) => at("tests/seed", pattern, name);
  const bindings = source("bindings.json");
  const config = join(folder, existsSync(bindings) ? "wrangler.json" : "wrangler.toml");
  if (existsSync(bindings)) {
    const parts = [source("wrangler.json"), bindings].map((file) => JSON.parse(readFileSync(file, "utf8")) as object);
    writeFileSync(config, JSON.stringify(Object.assign({}, ...parts), null, 2));
  } else {
    copyFileSync(source("wrangler.toml"), config);
  }
  return config;
}

/** What the strict compiler has to say about the project. Only the types of its parameters may be left out, as the seed does. */
export async function typeErrors({ folder }: Project): Promise<string> {
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    module: "esnext",
    moduleResolution: "bundler",
    types: ["@cloudflare/workers-types"],
    strict: true,
    noImplicitAny: false,
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["worker.ts"] }));
  try {
    await run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-p", folder]);
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
