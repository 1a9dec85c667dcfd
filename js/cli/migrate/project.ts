/** The project that is migrated: its configuration, its code, its name. */
import { type Config, configOf } from "../doctor/config.js";
import { readConfig, sourcesIn } from "../doctor/folder.js";
import { parseJsonc } from "../doctor/jsonc.js";
import { type Choices, type Pattern, type ProviderName, TRANSPORTS } from "../../create/choices.js";
import { readme } from "../../create/readme.js";
import { testSource, vitestConfig } from "../../create/tests.js";
import { secretsOf } from "../../create/worker.js";
import { Code, type TS, compilerOf } from "./code.js";
import { type Change, changedConfig, memberOf, rootOf, withMember } from "./config.js";
import { Draft } from "./draft.js";

/** What `init` writes and a pattern changes, besides the Worker itself. */
const GENERATED: readonly (readonly [path: string, write: (choices: Choices, hasWho?: boolean) => string])[] = [
  ["README.md", (choices) => readme(choices, secretsOf(choices))],
  ["test/index.test.ts", testSource],
  ["vitest.config.ts", vitestConfig],
];

export class Project {
  readonly #generated = new Set<string>();
  readonly ts: TS;
  readonly draft: Draft;
  readonly config: Config;
  /** The paths of all source files, and of those that are tests. */
  readonly sources: readonly string[];
  readonly tests: readonly string[];

  /** Throws with what to do if the folder has no Worker, or no compiler. */
  constructor(folder: string) {
    this.config = readConfig(folder);
    this.ts = compilerOf(folder);
    this.draft = new Draft(folder);
    const all = sourcesIn(folder);
    this.sources = all.map(({ path }) => path);
    this.tests = all.filter(({ isTest }) => isTest).map(({ path }) => path);
  }

  /** The path of the main module. Throws if there is none. */
  get main(): string {
    const { main } = this.config.all;
    const path = typeof main === "string" ? main.replace(/^\.\//, "") : "";
    if (this.draft.read(path) === undefined) throw new Error(`${this.config.file} names no main module that exists.`);
    return path;
  }

  /** The name of the Worker. */
  get name(): string {
    const { name } = this.config.all;
    return typeof name === "string" && name !== "" ? name : "my-mcp";
  }

  /** The type of the bindings, as `code` can name it. */
  envType(code: Code): string {
    const isHere = /\b(?:interface|type)\s+Env\b|\bimport\b[^;]*[{,]\s*(?:type\s+)?Env\b/.test(code.text);
    const isGlobal = this.sources.some(
      (path) => path.endsWith(".d.ts") && /^interface Env\b/m.test(this.draft.read(path) ?? ""),
    );
    return isHere || isGlobal ? "Env" : "Cloudflare.Env";
  }

  /** The files of `init` that nobody has changed become those of another pattern. */
  rewriteGenerated(from: readonly Pattern[], to: Pattern, provider: ProviderName): void {
    const { name } = this;
    const choices = from.flatMap((pattern) =>
      TRANSPORTS.map((transport) => ({ folder: ".", name, pattern, provider, transport, dependency: "" })),
    );
    for (const [path, write] of GENERATED) {
      const text = this.draft.read(path);
      const known = choices.find((choice) => text === write(choice) || text === write(choice, false));
      if (!known) continue;
      // What tells who is calling has other props now, if the server has it at all.
      this.draft.write(path, write({ ...known, pattern: to }, false));
      this.#generated.add(path);
    }
  }

  /** Whether a file has been rewritten as a whole, so that nothing is left to change. */
  isGenerated(path: string): boolean {
    return this.#generated.has(path);
  }

  code(path: string): Code {
    return new Code(this.ts, path, this.draft.read(path) ?? "");
  }

  /** Changes a file of code, as it is by now. */
  edit(path: string, change: (code: Code) => void): void {
    const code = this.code(path);
    change(code);
    this.draft.write(path, code.changed());
    for (const note of code.notes()) this.draft.note(note);
  }

  /** The configuration as it will be. */
  get configured(): Record<string, unknown> {
    return configOf(this.config.file, this.draft.read(this.config.file) ?? "").all;
  }

  configure(...changes: Change[]): void {
    const { file } = this.config;
    this.draft.write(file, changedConfig(this.ts, file, this.draft.read(file) ?? "", changes));
  }

  /** A member of package.json that is an object of texts; empty if there is none. */
  manifest(member: "scripts" | "dependencies" | "devDependencies"): Record<string, string> {
    const json = parseJsonc(this.draft.read("package.json") ?? "{}") as Record<string, Record<string, string>>;
    return json[member] ?? {};
  }

  /** Sets a text in package.json, or removes it. */
  setManifest(member: "scripts" | "dependencies" | "devDependencies", name: string, value: string | undefined): void {
    const { ts, draft } = this;
    const text = draft.read("package.json");
    if (text === undefined) return;
    const outer = memberOf(ts, rootOf(ts, "package.json", text), member);
    if (!outer || !ts.isObjectLiteralExpression(outer)) {
      if (value === undefined) return;
      const made = withMember(
        text,
        rootOf(ts, "package.json", text),
        member,
        `{ ${JSON.stringify(name)}: ${JSON.stringify(value)} }`,
      );
      draft.write("package.json", made);
      return;
    }
    const known = outer.properties.find((each) => each.name?.getText() === JSON.stringify(name));
    if (!known) {
      if (value !== undefined) draft.write("package.json", withMember(text, outer, name, JSON.stringify(value)));
      return;
    }
    if (value !== undefined) {
      const { pos, end } = known;
      const lead = /^\s*/.exec(text.slice(pos))?.[0] ?? "";
      draft.write(
        "package.json",
        `${text.slice(0, pos)}${lead}${JSON.stringify(name)}: ${JSON.stringify(value)}${text.slice(end)}`,
      );
      return;
    }
    const index = outer.properties.indexOf(known);
    const [before, after] = [outer.properties[index - 1], outer.properties[index + 1]];
    const [start, end] = after ? [known.pos, after.pos] : before ? [before.end, known.end] : [known.pos, known.end];
    draft.write("package.json", text.slice(0, start) + text.slice(end));
  }
}
