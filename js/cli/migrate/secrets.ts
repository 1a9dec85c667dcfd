/** Secrets of a project: where their names, types and local values are. */
import type TypeScript from "typescript";
import { VALUES } from "../../create/tests.js";
import type { Code } from "./code.js";
import type { Project } from "./project.js";

export interface Secrets {
  /** Names, with the value for this computer. */
  add: ReadonlyMap<string, string>;
  remove?: readonly string[];
}

/** An entry of a file of variables, as it is written; without a name, other lines. */
interface Entry {
  name: string | undefined;
  text: string;
}

/** `NAME=value` lines. A quoted value may have several lines. */
export function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const first = lines[at] ?? "";
    const [head, name, quote = ""] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(["'`]?)/.exec(first) ?? [];
    const taken = [first];
    if (head !== undefined && quote !== "" && !first.slice(head.length).includes(quote)) {
      const end = lines.findIndex((line, index) => index > at && line.includes(quote));
      if (end > at) {
        taken.push(...lines.slice(at + 1, end + 1));
        at = end;
      }
    }
    entries.push({ name, text: taken.join("\n") });
  }
  return entries;
}

const HEAD = "# Secrets for this computer. Git ignores this file, and it is not deployed.\n";

/** The file from which Wrangler takes local values: `.env` only where there is no `.dev.vars`. */
function localFile({ draft }: Project): ".dev.vars" | ".env" {
  return draft.read(".dev.vars") === undefined && draft.read(".env") !== undefined ? ".env" : ".dev.vars";
}

export function setSecrets(project: Project, { add, remove = [] }: Secrets): void {
  const { draft } = project;
  project.configure({ at: ["secrets", "required"], add: [...add.keys()], remove });
  const local = localFile(project);
  const before = draft.read(local) ?? HEAD;
  draft.write(local, withVariables(before, add, remove, "comment"));
  const unused = entriesOf(before).flatMap(({ name }) => (name !== undefined && remove.includes(name) ? [name] : []));
  if (unused.length > 0) {
    draft.note(
      `${local}: ${unused.join(", ")} is not used any more and is a comment now. Delete it when you are sure.`,
    );
  }
  const empty = new Map([...add.keys()].map((name) => [name, ""]));
  const example = `${local}.example`;
  const template =
    draft.read(example) ?? `# Copy this file to ${local}. For the deployed Worker: npx wrangler secret put NAME\n`;
  draft.write(example, withVariables(template, empty, remove, "remove"));
  const ignored = draft.read(".gitignore") ?? "";
  const isIgnored = (line: string) => [local, `/${local}`, `${local}*`, `/${local}*`].includes(line.trim());
  if (!ignored.split(/\r?\n/).some(isIgnored)) {
    draft.write(".gitignore", `${ignored}${ignored === "" || ignored.endsWith("\n") ? "" : "\n"}${local}\n`);
  }
  setTypes(
    project,
    [...add.keys()].map((name) => `${name}: string;`),
    remove,
  );
  for (const path of project.sources.filter((path) => /(^|\/)vitest\.config\.\w+$/.test(path))) {
    if (project.isGenerated(path)) continue;
    project.edit(path, (code) => setTestValues(code, [...add.keys()], remove));
  }
}

/** Entries that are there stay. Git does not have the local ones, so one that is removed becomes a comment there. */
function withVariables(
  text: string,
  add: ReadonlyMap<string, string>,
  remove: readonly string[],
  removal: "comment" | "remove",
): string {
  const entries = entriesOf(text).flatMap((entry) => {
    if (entry.name === undefined || !remove.includes(entry.name)) return [entry];
    return removal === "remove" ? [] : [{ name: undefined, text: entry.text.replaceAll(/^/gm, "# ") }];
  });
  const missing = [...add].filter(([name]) => !entries.some((entry) => entry.name === name));
  const kept = entries.map((entry) => entry.text).join("\n");
  const gap = kept === "" || kept.endsWith("\n") ? "" : "\n";
  return kept + gap + missing.map(([name, value]) => `${name}="${value}"\n`).join("");
}

/** Members of every `interface Env` that the project has written. */
export function setTypes(project: Project, add: readonly string[], remove: readonly string[] = []): void {
  for (const path of project.sources) {
    if (project.tests.includes(path)) continue;
    project.edit(path, (code) => {
      const { ts } = code;
      for (const each of code.all(ts.isInterfaceDeclaration)) {
        if (!/^(?:__BaseEnv_)?Env$/.test(each.name.text) || each.heritageClauses) continue;
        const known = new Map(each.members.map((member) => [member.name?.getText(code.file), member] as const));
        for (const name of remove) {
          const member = known.get(name);
          if (member) code.remove(member);
        }
        const fresh = add.filter((member) => !known.has(member.split(":")[0]));
        if (fresh.length === 0) continue;
        const last = each.members.at(-1);
        const before = (node: TypeScript.Node) =>
          /[ \t]*$/.exec(code.text.slice(0, node.getStart(code.file)))?.[0] ?? "";
        const indentation = last ? before(last) : `${before(each)}  `;
        const at = last ? last.getEnd() : each.getEnd() - 1;
        const lines = fresh.map((member) => `\n${indentation}${member}`).join("");
        code.insert(at, last ? lines : `${lines}\n${indentation.slice(2)}`);
      }
    });
  }
}

/** The values of secrets that tests use, in `miniflare.bindings` of `cloudflareTest` or of the pool's options. */
function setTestValues(code: Code, add: readonly string[], remove: readonly string[]): void {
  const { ts } = code;
  const holder = code
    .all(ts.isObjectLiteralExpression)
    .find(
      (object) => member(code, object, "wrangler") !== undefined || member(code, object, "miniflare") !== undefined,
    );
  if (!holder) return;
  const values = add.map((name) => `${name}: ${JSON.stringify(VALUES[name] ?? "test")}`);
  const miniflare = member(code, holder, "miniflare");
  if (!miniflare) {
    const last = holder.properties.at(-1);
    if (last && values.length > 0) {
      const gap = /\n[ \t]*$/.exec(code.text.slice(0, last.getStart(code.file)))?.[0] ?? " ";
      code.insert(last.getEnd(), `,${gap}miniflare: { bindings: { ${values.join(", ")} } }`);
    }
    return;
  }
  if (!ts.isObjectLiteralExpression(miniflare)) return;
  const bindings = member(code, miniflare, "bindings");
  if (!bindings || !ts.isObjectLiteralExpression(bindings)) {
    code.insert(miniflare.getStart(code.file) + 1, ` bindings: { ${values.join(", ")} },`);
    return;
  }
  const kept = bindings.properties.filter((each) => !remove.includes(each.name?.getText(code.file) ?? ""));
  const names = kept.map((each) => each.name?.getText(code.file));
  const all = [
    ...kept.map((each) => code.textOf(each)),
    ...values.filter((value) => !names.includes(value.split(":")[0])),
  ];
  code.replace(bindings, `{ ${all.join(", ")} }`);
}

function member(
  code: Code,
  object: TypeScript.ObjectLiteralExpression,
  name: string,
): TypeScript.Expression | undefined {
  const { ts } = code;
  const found = object.properties.find((each) => each.name?.getText(code.file) === name);
  return found && ts.isPropertyAssignment(found) ? found.initializer : undefined;
}
