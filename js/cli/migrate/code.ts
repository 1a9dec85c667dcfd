/** TypeScript as its own compiler reads it, and changes to it that leave everything else as it is written. */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type TypeScript from "typescript";

export type TS = typeof TypeScript;
export type Node = TypeScript.Node;

/** The compiler of the project. Throws with what to install. */
export function compilerOf(folder: string): TS {
  const found = createRequire(join(resolve(folder), "package.json"));
  try {
    const ts = found("typescript") as Partial<TS>;
    if (typeof ts.createSourceFile === "function") return ts as TS;
  } catch {
    // As if it had no API.
  }
  throw new Error(
    "The code is read with the TypeScript compiler, which this project has not installed: npm install -D typescript@6",
  );
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** One file, and the changes to it. */
export class Code {
  readonly ts: TS;
  readonly path: string;
  readonly text: string;
  readonly file: TypeScript.SourceFile;
  readonly #edits: Edit[] = [];
  readonly #notes: { at: number; text: string }[] = [];

  constructor(ts: TS, path: string, text: string) {
    this.ts = ts;
    this.path = path;
    this.text = text;
    const isMarkup = /\.[jt]sx$/.test(path);
    const kind = isMarkup ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
    this.file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
  }

  /** Whether types may be written in it. */
  get isTyped(): boolean {
    return /\.[cm]?tsx?$/.test(this.path);
  }

  /** Something about `node` is left for a person. */
  note(node: Node, text: string): void {
    this.#notes.push({ at: node.getStart(this.file), text });
  }

  /** The notes, each with `path:line` in the text as it is after the changes. */
  notes(): string[] {
    const text = this.changed();
    return this.#notes.map(({ at, text: note }) => {
      const before = this.#edits.filter(({ start, end }) => end <= at && start < at);
      const moved = before.reduce((sum, { start, end, text: piece }) => sum + piece.length - (end - start), at);
      return `${this.path}:${String(text.slice(0, moved).split("\n").length)}: ${note}`;
    });
  }

  textOf(node: Node): string {
    return node.getText(this.file);
  }

  replace(node: Node, text: string): void {
    this.#edits.push({ start: node.getStart(this.file), end: node.getEnd(), text });
  }

  insert(at: number, text: string): void {
    this.#edits.push({ start: at, end: at, text });
  }

  /** Removes an element of a list, with its comma. */
  removeFrom(list: TypeScript.NodeArray<Node>, node: Node): void {
    const index = list.indexOf(node);
    const next = list[index + 1];
    const previous = list[index - 1];
    if (next) this.#edits.push({ start: node.getFullStart(), end: next.getFullStart(), text: "" });
    else if (previous) this.#edits.push({ start: previous.getEnd(), end: node.getEnd(), text: "" });
    else this.#edits.push({ start: node.getFullStart(), end: list.end, text: "" });
  }

  /** Removes a statement or a member with its comments; those before the first statement are about the file. */
  remove(node: Node): void {
    const isFirst = node === this.file.statements[0];
    const start = isFirst ? node.getStart(this.file) : node.getFullStart();
    const rest = isFirst ? (/^[ \t]*\n/.exec(this.text.slice(node.getEnd()))?.[0].length ?? 0) : 0;
    this.#edits.push({ start, end: node.getEnd() + rest, text: "" });
  }

  /** The text with all changes. Throws if it is not TypeScript any more, which is a mistake of this program. */
  changed(): string {
    const edits = this.#edits.toSorted((one, other) => one.start - other.start || one.end - other.end);
    let [text, at] = ["", 0];
    for (const { start, end, text: piece } of edits) {
      if (start < at) throw new Error(`${this.path} cannot be changed: two changes meet at ${String(start)}.`);
      text += this.text.slice(at, start) + piece;
      at = end;
    }
    text += this.text.slice(at);
    const { parseDiagnostics: wrong } = new Code(this.ts, this.path, text).file as unknown as {
      parseDiagnostics: readonly { messageText: unknown }[];
    };
    const { parseDiagnostics: before } = this.file as unknown as { parseDiagnostics: readonly unknown[] };
    if (wrong.length > before.length) {
      throw new Error(`${this.path} cannot be changed: ${String(wrong[0]?.messageText)}`);
    }
    return text;
  }

  /** All nodes that `isIt` accepts, in the order of the text, below `from`. */
  all<T extends Node>(isIt: (node: Node) => node is T, from: Node = this.file): T[] {
    const found: T[] = [];
    const visit = (node: Node) => {
      if (isIt(node)) found.push(node);
      this.ts.forEachChild(node, visit);
    };
    visit(from);
    return found;
  }

  get imports(): TypeScript.ImportDeclaration[] {
    return this.file.statements.filter(this.ts.isImportDeclaration);
  }

  moduleOf({ moduleSpecifier }: { moduleSpecifier: TypeScript.Expression }): string {
    return this.ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : "";
  }

  /** `node` without parentheses, `as` and `satisfies`. */
  bare(node: TypeScript.Expression): TypeScript.Expression {
    const { ts } = this;
    let inner = node;
    while (ts.isParenthesizedExpression(inner) || ts.isAsExpression(inner) || ts.isSatisfiesExpression(inner)) {
      inner = inner.expression;
    }
    return inner;
  }

  get defaultExport(): TypeScript.ExportAssignment | undefined {
    return this.file.statements.find(
      (statement): statement is TypeScript.ExportAssignment =>
        this.ts.isExportAssignment(statement) && statement.isExportEquals !== true,
    );
  }

  /** The value of a constant of this module, by its name. */
  constant(name: string): TypeScript.Expression | undefined {
    const { ts } = this;
    for (const statement of this.file.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const declaration of statement.declarationList.declarations) {
        if (ts.isIdentifier(declaration.name) && declaration.name.text === name) return declaration.initializer;
      }
    }
    return undefined;
  }

  /** How often a name occurs outside of import declarations. */
  uses(name: string): number {
    const inImports = new Set<Node>(this.imports.flatMap((each) => this.all(this.ts.isIdentifier, each)));
    return this.all(this.ts.isIdentifier).filter((each) => each.text === name && !inImports.has(each)).length;
  }
}

/** Adds `names` to the import from `module`, without those in `without`; the list is sorted as before. */
export function withImport(
  code: Code,
  from: RegExp,
  module: string,
  names: readonly string[],
  without: readonly string[] = [],
): void {
  const { ts } = code;
  for (const declaration of code.imports) {
    if (!from.test(code.moduleOf(declaration))) continue;
    const bindings = declaration.importClause?.namedBindings;
    code.replace(declaration.moduleSpecifier, JSON.stringify(module));
    if (!bindings || !ts.isNamedImports(bindings) || /^import\s+type\b/.test(code.textOf(declaration))) continue;
    const kept = bindings.elements.map((each) => code.textOf(each)).filter((text) => !without.includes(text));
    const all = [...new Set([...kept, ...names])].sort((one, other) =>
      one.toLowerCase() < other.toLowerCase() ? -1 : 1,
    );
    const line = `{ ${all.join(", ")} }`;
    code.replace(bindings, line.length < 100 ? line : `{\n${all.map((each) => `  ${each},\n`).join("")}}`);
    return;
  }
  code.insert(0, `import { ${names.join(", ")} } from ${JSON.stringify(module)};\n`);
}
