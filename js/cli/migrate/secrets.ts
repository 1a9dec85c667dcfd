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

const LOCAL = ".dev.vars";
const EXAMPLE = ".dev.vars.example";
const HEAD = "# Secrets for this computer. Git ignores this file, and it is not deployed.\n";

export function setSecrets(project: Project, { add, remove = [] }: Secrets): void {
  const { draft } = project;
  project.configure({ at: ["secrets", "required"], add: [...add.keys()], remove });
  draft.write(LOCAL, withVariables(draft.read(LOCAL) ?? HEAD, add, remove));
  const empty = new Map([...add.keys()].map((name) => [name, ""]));
  const example =
    draft.read(EXAMPLE) ?? `# Copy this file to ${LOCAL}. For the deployed Worker: npx wrangler secret put NAME\n`;
  draft.write(EXAMPLE, withVariables(example, empty, remove));
  const ignored = draft.read(".gitignore") ?? "";
  if (!ignored.split(/\r?\n/).some((line) => /^\/?\.dev\.vars\*?$/.test(line.trim()))) {
    draft.write(".gitignore", `${ignored}${ignored === "" || ignored.endsWith("\n") ? "" : "\n"}${LOCAL}\n`);
  }
  setTypes(
    project,
    [...add.keys()].map((name) => `${name}: string;`),
    remove,
  );
  for (const path of project.sources.filter((path) => /(^|\/)vitest\.config\.\w+$/.test(path))) {
    project.edit(path, (code) => setTestValues(code, [...add.keys()], remove));
  }
}

/** `NAME="value"` lines: those that are there stay. */
function withVariables(text: string, add: ReadonlyMap<string, string>, remove: readonly string[]): string {
  const isOf = (line: string, name: string) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line);
  const lines = text.split("\n").filter((line) => !remove.some((name) => isOf(line, name)));
  const missing = [...add].filter(([name]) => !lines.some((line) => isOf(line, name)));
  const kept = lines.join("\n");
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
