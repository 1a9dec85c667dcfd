/** `.github/workflows/`: what can be checked here. */
import { readFileSync } from "node:fs";
import { filesUnder } from "./inputs.mjs";
import { at } from "./paths.mjs";
import { Failure } from "./step.mjs";

const FOLDER = ".github/workflows";

/** An action at a commit, with its version in a comment. */
const PINNED = /^ *(?:- )?uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+){0,2}$/;

/**
 * The events on which a workflow may run. On others, such as `pull_request_target`, `workflow_run` and `issue_comment`, it has
 * the secrets and rights of the repository while strangers choose what it reads.
 */
const EVENTS = new Set(["push", "pull_request", "schedule", "workflow_dispatch"]);

/** The events of `on`: a name, a list of names, or an object with a member for each. */
function eventsOf(on) {
  if (typeof on === "string") return [on];
  return Array.isArray(on) ? on.map(String) : Object.keys(on ?? {});
}

/** Throws a {@link Failure} that says what is wrong: the YAML, a script that does not exist, an action that can change, a right too many. */
export async function checkWorkflows() {
  const { parseDocument } = await import("yaml");
  const { scripts } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  const files = filesUnder(FOLDER);
  const wrong = files.flatMap((file) => {
    return faultsOf(parseDocument, readFileSync(at(file), "utf8"), scripts).map((fault) => `${file}: ${fault}`);
  });
  if (files.length === 0) wrong.push(`${FOLDER} is empty`);
  if (wrong.length > 0) throw new Failure(wrong.join("\n"));
}

/** What is wrong with the text of a workflow; `scripts` are those of package.json. */
export function faultsOf(parseDocument, text, scripts) {
  const document = parseDocument(text);
  const faults = document.errors.length > 0 ? document.errors.map(({ message }) => message) : [];
  if (faults.length === 0) faults.push(...missingScripts(document.toJS(), scripts), ...openRights(document.toJS()));
  const unpinned = text.split("\n").filter((line) => /^ *(?:- )?uses:/.test(line) && !PINNED.test(line));
  return [...faults, ...unpinned.map((line) => `not pinned to a commit: ${line.trim()}`)];
}

function missingScripts({ jobs }, scripts) {
  const commands = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run));
  const named = commands.flatMap((command) =>
    [...command.matchAll(/\bnpm (?:run (?:--?[\w-]+ )*([\w:-]+)|(test|start)\b)/g)].map(([, run, own]) => run ?? own),
  );
  return named.filter((name) => !(name in scripts)).map((name) => `package.json has no script "${name}"`);
}

/** No right by default, each job names its own, and no code of a pull request runs with the rights of the repository. */
function openRights({ on, permissions, jobs }) {
  const faults = [];
  if (JSON.stringify(permissions) !== "{}") faults.push("needs `permissions: {}` at its top");
  for (const [name, job] of Object.entries(jobs)) {
    if (typeof job.permissions !== "object") faults.push(`the job "${name}" does not name its permissions`);
  }
  const events = eventsOf(on).filter((name) => !EVENTS.has(name));
  return [...faults, ...events.map((name) => `must not run on ${name}`)];
}
