/** `mcp-wicket migrate`: moves a project to this package, or to its next pattern. Shows what changes, asks, and writes. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { PROVIDERS, type ProviderName } from "../../create/choices.js";
import { terminal } from "../../create/terminal.js";
import { fromAgents, usesAgents } from "./agents.js";
import { type Change, type Draft, isSecret, writeAll } from "./draft.js";
import { Project } from "./project.js";
import { entriesOf } from "./secrets.js";
import { toSignIn } from "./sign-in.js";
import { toTokens } from "./tokens.js";

export const MIGRATE_USAGE = `[FOLDER] [--to jwt|oauth] [--provider github|google|azure|oidc] [--yes] [--dry-run] [--force]
      Changes the project in FOLDER, by default the current folder: from the packages agents and
      @cloudflare/workers-oauth-provider to this one, or with --to from no authentication to tokens (jwt), or from tokens to
      sign-in (oauth). Shows the changes and asks; --yes makes them without a question, --dry-run only shows them. What is
      left for you is in MIGRATION.md. In a git repository nothing is changed while there are uncommitted changes, unless you
      say --force.
`;

const NOTES = "MIGRATION.md";
const TARGETS = ["jwt", "oauth"] as const;

type Prompts = typeof terminal;

/** Throws with what to do. Nothing has changed then. */
export async function migrate(
  args: string[],
  version: string,
  asking: Prompts | undefined = process.stdin.isTTY && process.stdout.isTTY ? terminal : undefined,
): Promise<void> {
  const flags = flagsOf(args);
  const { folder } = flags;
  if (!flags.dryRun && !flags.force) checkCommitted(folder);
  const project = new Project(folder);
  const title = await change(project, flags, version);
  const { draft } = project;
  if (draft.changes.length === 0) {
    process.stdout.write(`${title === undefined ? alreadyText(flags.to) : "Nothing has to change."}\n`);
    return;
  }
  addNotes(draft, title ?? "");
  const { changes } = draft;
  process.stdout.write(`${difference(changes.filter(({ path }) => path !== NOTES))}\n${summary(draft)}`);
  if (flags.dryRun) {
    process.stdout.write("\nNothing was written, because of --dry-run.\n");
    return;
  }
  if (!flags.yes) {
    if (!asking) {
      throw new Error("Nobody can be asked here: add --yes to make these changes, or --dry-run to see them only.");
    }
    const { ask, close } = asking();
    const answer = await ask(`Make these changes to ${String(changes.length)} files? yes or no`, [], "no");
    close();
    if (!/^y(?:es)?$/i.test(answer)) {
      process.stdout.write("Nothing was changed.\n");
      return;
    }
  }
  writeAll(folder, changes);
  process.stdout.write(`\n${String(changes.length)} files were changed.\n`);
}

interface Flags {
  folder: string;
  to: (typeof TARGETS)[number] | undefined;
  provider: ProviderName;
  yes: boolean;
  dryRun: boolean;
  force: boolean;
}

function flagsOf(args: string[]): Flags {
  const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
  const options = { to: text, provider: text, yes: flag, "dry-run": flag, force: flag };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [folder = ".", more] = positionals;
  if (more !== undefined) throw new Error(`Specify only one folder: leave out "${more}".`);
  const { to, provider } = values;
  const oneOf = <T extends string>(
    name: string,
    given: string | boolean | string[] | undefined,
    known: readonly T[],
  ): T | undefined => {
    if (given === undefined) return undefined;
    const found = known.find((each) => each === given);
    if (found === undefined)
      throw new Error(`--${name} "${String(given)}" does not exist. Use --${name} ${known.join("|")}.`);
    return found;
  };
  const target = oneOf("to", to, TARGETS);
  const chosen = oneOf("provider", provider, PROVIDERS);
  if (chosen !== undefined && target !== "oauth") throw new Error("--provider is only for --to oauth.");
  if (target === "oauth" && chosen === undefined) {
    throw new Error(`Say where people sign in: --provider ${PROVIDERS.join("|")}.`);
  }
  return {
    folder,
    to: target,
    provider: chosen ?? "github",
    yes: values["yes"] === true,
    dryRun: values["dry-run"] === true,
    force: values["force"] === true,
  };
}

/** Makes the changes in the draft; gives their title, or `undefined` if the project is there already. */
async function change(project: Project, { to, provider }: Flags, version: string): Promise<string | undefined> {
  const pattern = patternOf(project);
  if (usesAgents(project)) {
    if (to !== undefined)
      throw new Error("The project still uses agents: run `npx mcp-wicket migrate` without --to first.");
    fromAgents(project, version);
    return "From agents to mcp-wicket";
  }
  if (pattern === undefined)
    throw new Error("The project uses neither mcp-wicket nor agents, so there is nothing to migrate.");
  if (to === undefined) {
    return undefined;
  }
  if (pattern === to) return undefined;
  if (to === "jwt") {
    if (pattern === "oauth")
      throw new Error(
        "The project has sign-in already. For tokens besides it, use the option `tokens` of OAuthProvider.",
      );
    await toTokens(project);
    return "From no authentication to tokens";
  }
  if (pattern === "none")
    throw new Error("The server has no authentication yet: run `npx mcp-wicket migrate --to jwt` first.");
  toSignIn(project, provider);
  return "From tokens to sign-in";
}

/** The pattern of the main module, by what it makes. */
function patternOf(project: Project): "none" | "jwt" | "oauth" | undefined {
  const used = project.sources
    .filter((path) => !project.tests.includes(path))
    .map((path) => project.draft.read(path) ?? "");
  if (!used.some((text) => /["']mcp-wicket(?:\/\w+)?["']/.test(text))) return undefined;
  const makes = (pattern: RegExp) => used.some((text) => pattern.test(text));
  if (makes(/\bnew\s+OAuthProvider\b/)) return "oauth";
  return makes(/\bprotect\s*\(|\bnew\s+(?:JWT|APIKey|Introspection)Verifier\b/) ? "jwt" : "none";
}

function alreadyText(to: Flags["to"]): string {
  if (to === undefined) {
    return "The project uses mcp-wicket already. To add authentication: --to jwt, or --to oauth --provider NAME.";
  }
  return `${to === "jwt" ? "The server validates tokens" : "The server has sign-in"} already: nothing has to change.`;
}

function addNotes(draft: Draft, title: string): void {
  const list = draft.notes.map((note) => `- [ ] ${note}\n`).join("");
  const before =
    draft.read(NOTES) ??
    "# Migration\n\nWhat `npx mcp-wicket migrate` has left for you. Delete this file when it is done.\n";
  draft.write(NOTES, `${before}\n## ${title}\n\n${list}`);
}

function summary({ notes }: Draft): string {
  return `Left for you, also in ${NOTES}:\n${notes.map((note) => `- ${note}\n`).join("")}`;
}

/** Whoever has uncommitted changes could not tell them from ours, or take ours back. */
function checkCommitted(folder: string): void {
  const { status, stdout } = spawnSync("git", ["status", "--porcelain", "--", "."], { cwd: folder, encoding: "utf8" });
  if (status !== 0 || (stdout ?? "").trim() === "") return;
  throw new Error(
    "Git has uncommitted changes in this folder. Commit them first, so that you can tell them from the migration's and take those back, or add --force.",
  );
}

/** The names of local secrets: neither values nor comments, which may have a key. */
function withoutSecrets(text: string): string {
  const shown = ({ name, text }: { name: string | undefined; text: string }) => {
    if (name === undefined) return text.trim() === "" ? text : "…";
    const value = text.indexOf("=") + 1;
    return /^\s*(?:""|''|)\s*$/.test(text.slice(value)) ? text : `${text.slice(0, value)}"…"`;
  };
  return entriesOf(text).map(shown).join("\n");
}

/** A unified diff by git. Values of local secrets are not shown. */
function difference(changes: readonly Change[]): string {
  const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-migrate-"));
  try {
    for (const { path, before, after } of changes) {
      for (const [side, text] of [
        ["a", before],
        ["b", after],
      ] as const) {
        if (text === undefined) continue;
        const file = join(folder, side, path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, isSecret(path) ? withoutSecrets(text) : text);
      }
    }
    for (const side of ["a", "b"]) mkdirSync(join(folder, side), { recursive: true });
    const color = process.stdout.isTTY ? "always" : "never";
    const args = [
      "-c",
      "core.quotePath=false",
      "diff",
      "--no-index",
      "--no-ext-diff",
      "--no-prefix",
      `--color=${color}`,
      "a",
      "b",
    ];
    const { stdout } = spawnSync("git", args, { cwd: folder, encoding: "utf8" });
    if (stdout) return stdout;
    return `git is not installed, so that only the files can be named:\n${changes.map(({ path }) => `  ${path}\n`).join("")}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
