/** `create-mcp-wicket` and `mcp-wicket init`: writes a new project, and never over a file. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { type Choices, choicesOf } from "./choices.js";
import { filesOf } from "./project.js";
import { terminal } from "./terminal.js";

export const CREATE_USAGE = `[FOLDER] [--pattern none|jwt|api-key|oauth] [--provider github|google|azure|oidc]
                        [--transport http|session] [--package SPEC]
      Writes a new server into FOLDER, which must be empty or new. Asks for what is not given, if it runs in a terminal.
      --pattern    who may use it: everyone, programs with a token or an API key, people who sign in
      --provider   where people sign in; only with --pattern oauth
      --transport  http: no storage; session: a Durable Object for each session
      --package    the package to install: a version, or file:../mcp-wicket-X.Y.Z.tgz
`;

/** Writes the project. `version` is that of mcp-wicket. Throws with the flag and the fix. */
export async function create(args: string[], version: string): Promise<void> {
  const swallowed = ["pattern", "provider", "transport"].find((flag) => `npm_config_${flag}` in process.env);
  if (swallowed !== undefined) {
    throw new Error(
      `npm has read --${swallowed} as its own. Put -- before the flags: npm create mcp-wicket@latest my-server -- --${swallowed} …`,
    );
  }
  const asking = process.stdin.isTTY && process.stdout.isTTY ? terminal() : undefined;
  try {
    const choices = await choicesOf(args, version, asking?.ask);
    const folder = resolve(choices.folder);
    checkEmpty(folder, choices.folder);
    for (const [path, text] of await filesOf(choices)) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      // `wx`: fails where a file exists.
      writeFileSync(file, text, { flag: "wx" });
    }
    process.stdout.write(next(choices));
  } finally {
    asking?.close();
  }
}

/** What a folder may contain: what `git init` makes. */
const HARMLESS = [".git", ".DS_Store"];

function checkEmpty(folder: string, given: string): void {
  if (!existsSync(folder)) return;
  const [first] = readdirSync(folder).filter((name) => !HARMLESS.includes(name));
  if (first === undefined) return;
  throw new Error(`The folder ${given} is not empty (it has ${first}), and no file is overwritten: name a new folder.`);
}

function next({ folder, pattern }: Choices): string {
  const what = {
    none: "Everyone may use it.",
    jwt: "Callers need a token: npm run token",
    "api-key": "Callers need a key: the one for this computer is in .dev.vars.",
    oauth: "People sign in. On this computer a stand-in takes the provider's place: one click, no account.",
  }[pattern];
  const steps = [...(folder === "." ? [] : [`cd ${folder}`]), "npm install", "npm run dev"];
  return `\nYour MCP server is in ${folder}. ${what}\n\n${steps.map((step) => `  ${step}`).join("\n")}\n\nThen open http://localhost:8787\n`;
}
