/**
 * TypeScript and JavaScript as text, without a parser: comments and the contents of strings are told apart from code, so
 * that a pattern matches only what is code. What cannot be told for certain is left alone.
 */

export interface Source {
  /** Relative to the folder. */
  path: string;
  /** The text, with comments blanked out. */
  code: string;
  /** The same, with the contents of strings, templates and regular expressions blanked out. Offsets are those of `code`. */
  bare: string;
  isTest: boolean;
}

export function sourceOf(path: string, text: string): Source {
  return {
    path,
    ...scanned(text),
    isTest: /(^|\/)(tests?|__tests__|fixtures?|mocks?)\/|\.(test|spec)\.\w+$/.test(path),
  };
}

const BLANK = /[^\n]/g;
/** Before a slash: it begins a regular expression, and does not divide. */
const BEFORE_REGEX = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|throw|await|yield))\s*$/;
const REGEX = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

function scanned(text: string): { code: string; bare: string } {
  let [code, bare] = ["", ""];
  /** The braces that are open inside each `${`. */
  const templates: number[] = [];
  let at = 0;
  const add = (length: number, kind: "code" | "string" | "comment") => {
    const piece = text.slice(at, at + length);
    code += kind === "comment" ? piece.replaceAll(BLANK, " ") : piece;
    bare += kind === "code" ? piece : piece.replaceAll(BLANK, " ");
    at += length;
  };
  const matched = (sticky: RegExp) => {
    sticky.lastIndex = at;
    return sticky.exec(text)?.[0].length ?? 0;
  };
  const template = () => {
    add(matched(/(?:[^`\\$]|\\[^]|\$(?!\{))*/y), "string");
    if (text.startsWith("${", at)) {
      templates.push(0);
      add(2, "code");
    } else add(1, "code");
  };
  while (at < text.length) {
    const char = text[at] ?? "";
    if (text.startsWith("//", at)) add(matched(/[^\n]*/y), "comment");
    else if (text.startsWith("/*", at)) add(matched(/\/\*[^]*?(?:\*\/|$)/y), "comment");
    else if (char === '"' || char === "'") {
      add(1, "code");
      add(matched(char === '"' ? /(?:[^"\\\n]|\\[^])*/y : /(?:[^'\\\n]|\\[^])*/y), "string");
      add(1, "code");
    } else if (char === "`") {
      add(1, "code");
      template();
    } else if (char === "/" && BEFORE_REGEX.test(bare.slice(-200)) && matched(REGEX) > 0) add(matched(REGEX), "string");
    else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      add(1, "code");
      template();
    } else {
      const open = templates.length - 1;
      if (char === "{" && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
      if (char === "}" && open >= 0) templates[open] = (templates[open] ?? 0) - 1;
      add(1, "code");
    }
  }
  return { code, bare };
}

/** `path:line`. */
export function place({ path, code }: Source, at: number): string {
  return `${path}:${String(code.slice(0, at).split("\n").length)}`;
}

/** All matches in what is code. */
export function matches({ bare }: Source, pattern: RegExp): RegExpExecArray[] {
  return [...bare.matchAll(new RegExp(pattern.source, `${pattern.flags.replace("g", "")}g`))];
}

/** The text of the string literal that begins at `at`, which has no placeholder. */
export function literalAt({ code, bare }: Source, at: number): string | undefined {
  const quote = code[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  const end = bare.indexOf(quote, at + 1);
  if (end < 0 || bare.slice(at + 1, end).includes("${")) return undefined;
  return code.slice(at + 1, end);
}

export interface Property {
  name: string;
  /** Where its value begins and ends. */
  start: number;
  end: number;
}

/** The properties of the object literal that begins at `at`; undefined if it is none, or has others than those written there. */
export function propertiesAt(source: Source, at: number): Property[] | undefined {
  if (source.bare[at] !== "{") return undefined;
  const found: Property[] = [];
  for (const { start, end } of partsAt(source, at)) {
    const part = source.code.slice(start, end);
    if (part.trim() === "") continue;
    const [head, name] = /^\s*(?:async\s+|get\s+)?["']?([\w$]+)["']?\s*(?=[:(]|$)/.exec(part) ?? [];
    if (head === undefined || name === undefined) return undefined;
    const colon = part[head.length] === ":" ? 1 : 0;
    const gap = /^\s*/.exec(part.slice(head.length + colon))?.[0].length ?? 0;
    found.push({ name, start: start + head.length + colon + gap, end });
  }
  return found;
}

/** The parts between the commas of the bracket that opens at `at`. */
export function partsAt({ bare }: Source, at: number): { start: number; end: number }[] {
  const parts: { start: number; end: number }[] = [];
  let depth = 0;
  let start = at + 1;
  for (let index = at; index < bare.length; index++) {
    const char = bare[index] ?? "";
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    if (depth === 0 || (depth === 1 && char === ",")) {
      parts.push({ start, end: index });
      start = index + 1;
    }
    if (depth === 0) break;
  }
  return parts;
}
