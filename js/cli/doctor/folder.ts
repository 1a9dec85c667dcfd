/** `mcp-wicket doctor FOLDER`: the mistakes in a Worker's project. Nothing of it is run. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { inspectCode } from "./code.js";
import { type Config, configOf, inspectConfig } from "./config.js";
import { type Finding, finding } from "./findings.js";
import { type Source, sourceOf } from "./source.js";
import type { Step } from "./visit.js";

const CONFIGS = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const NOT_OURS = new Set(["node_modules", "dist", "build", "out", "coverage", "vendor"]);
const SECRET_FILES = [".dev.vars", ".env"];
/** Larger files are generated. */
const MAX_BYTES = 1_000_000;
const MAX_FILES = 5_000;

export interface Inspected {
  /** What was looked at, for the report. */
  looked: string;
  /** At a URL: each request, and what came back. */
  steps?: Step[];
  findings: Finding[];
}

/** Throws with what to do if the folder cannot be looked at. */
export function inspectFolder(folder: string): Inspected {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new Error(`There is no folder ${folder}.`);
  const config = readConfig(folder);
  const sources = sourcesIn(folder);
  const secretFiles = SECRET_FILES.filter((name) => existsSync(join(folder, name)));
  const [first] = secretFiles;
  const localSecrets =
    first === undefined ? new Map<string, string>() : variablesIn(readFileSync(join(folder, first), "utf8"));
  const project = { config, sources, localSecrets, scripts: scriptsOf(folder) };
  return {
    looked: `${config.file}, ${String(sources.length)} source files${secretFiles.map((name) => `, ${name}`).join("")}`,
    findings: [...inspectConfig(project), ...inspectCode(sources), ...committed(folder, secretFiles)],
  };
}

/** The configuration of Wrangler. Throws if there is none, or if it cannot be read. */
export function readConfig(folder: string): Config {
  const file = CONFIGS.find((name) => existsSync(join(folder, name)));
  if (file === undefined) {
    throw new Error(`${folder} has no ${CONFIGS.join(", ")}: name the folder of the Worker, or a URL.`);
  }
  try {
    return configOf(file, readFileSync(join(folder, file), "utf8"));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

/** The code below a folder, without what is installed or built, and without other Workers. */
export function sourcesIn(root: string): Source[] {
  const found: Source[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        const isOurs = !entry.name.startsWith(".") && !NOT_OURS.has(entry.name);
        if (isOurs && !CONFIGS.some((name) => existsSync(join(path, name)))) walk(path);
      } else if (entry.isFile() && CODE.test(entry.name) && statSync(path).size <= MAX_BYTES) {
        if (found.length >= MAX_FILES)
          throw new Error(`${root} has more than ${String(MAX_FILES)} source files: name the Worker's folder.`);
        found.push(sourceOf(relative(root, path).replaceAll("\\", "/"), readFileSync(path, "utf8")));
      }
    }
  };
  walk(root);
  return found;
}

/** `NAME=VALUE` lines, as in `.env` files. */
function variablesIn(text: string): Map<string, string> {
  const pattern =
    /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|'([^']*)'|`([^`]*)`|([^\n#]*))/gm;
  return new Map(
    [...text.matchAll(pattern)].map((match) => [
      match[1] ?? "",
      (match[2] ?? match[3] ?? match[4] ?? match[5] ?? "").trim(),
    ]),
  );
}

function scriptsOf(folder: string): Record<string, string> {
  try {
    const { scripts = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      scripts?: Record<string, string>;
    };
    return scripts;
  } catch {
    return {};
  }
}

/** Files with secrets that git would commit. Nothing is said outside a repository. */
function committed(folder: string, files: readonly string[]): Finding[] {
  return files.flatMap((name) => {
    const git = (...args: string[]) =>
      spawnSync("git", ["-c", "core.fsmonitor=false", ...args], { cwd: folder, stdio: "ignore" }).status;
    const isTracked = git("ls-files", "--error-unmatch", name) === 0;
    const isIgnored = git("check-ignore", "--quiet", name) !== 1;
    if (isIgnored && !isTracked) return [];
    return [
      finding("secrets_committed", name, isTracked ? "Git has committed this file." : "Git does not ignore this file."),
    ];
  });
}
