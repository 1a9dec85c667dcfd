/** Changes to Wrangler's configuration and to package.json, which leave comments and everything else as they are. */
import type TypeScript from "typescript";
import { configOf } from "../doctor/config.js";
import { type Table, parseToml } from "../doctor/toml.js";
import { parseJsonc } from "../doctor/jsonc.js";
import type { TS } from "./code.js";

type Json = Record<string, unknown>;

/** One change: values of a list, or one more element of a list of objects. */
export type Change =
  | { at: readonly [string] | readonly [string, string]; add?: readonly string[]; remove?: readonly string[] }
  | { at: readonly [string] | readonly [string, string]; append: Json };

/** The file with all changes. Throws with what to do by hand if one of them cannot be made safely. */
export function changedConfig(ts: TS, file: string, text: string, changes: readonly Change[]): string {
  return changes.reduce((text, change) => {
    const { all } = configOf(file, text);
    const expected = applied(all, change);
    if (expected === undefined) return text;
    const isToml = file.endsWith(".toml");
    const isSafe = isList(all, change) && (!isToml || isOpen(text, all, change));
    const made = isSafe ? (isToml ? inToml(text, change) : inJson(ts, file, text, change)) : text;
    if (!isParsedAs(file, made, expected)) {
      const [name, member] = change.at;
      const wanted = JSON.stringify(expected[name], null, 1).replaceAll(/\s+/g, " ");
      throw new Error(
        `${file}: ${member === undefined ? name : `${name}.${member}`} is written in a way that cannot be changed safely. ` +
          `Make \`${name}\` ${wanted}, and run the command again.`,
      );
    }
    return made;
  }, text);
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether there is a list, or nothing yet. */
function isList(all: Json, { at: [name, member] }: Change): boolean {
  const outer = all[name];
  if (member === undefined || outer === undefined) return outer === undefined || Array.isArray(outer);
  return isObject(outer) && (outer[member] === undefined || Array.isArray(outer[member]));
}

/** Whether TOML may have another `[[table]]` of that name: not if the list, or what it is in, is written inline. */
function isOpen(text: string, all: Json, change: Change): boolean {
  if (!("append" in change)) return true;
  const [name, member] = change.at;
  const has = (header: string) => text.split("\n").some((line) => line.replaceAll(/\s|#.*/g, "") === header);
  const outer = all[name];
  const list = member === undefined ? outer : isObject(outer) ? outer[member] : undefined;
  if (list !== undefined) return has(`[[${change.at.join(".")}]]`);
  return outer === undefined || has(`[${name}]`);
}

function isParsedAs(file: string, text: string, expected: Json): boolean {
  try {
    return isSame(file.endsWith(".toml") ? parseToml(text) : parseJsonc(text), expected);
  } catch {
    return false;
  }
}

const isSame = (one: unknown, other: unknown): boolean => sorted(one) === sorted(other);

/** JSON whose members are in the order of their names. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

/** The configuration after a change; `undefined` if it is so already. */
function applied(all: Json, change: Change): Json | undefined {
  const made = structuredClone(all);
  const [name, member] = change.at;
  const inner = isObject(made[name]) ? made[name] : {};
  if (member !== undefined) made[name] = inner;
  const holder = member === undefined ? made : inner;
  const listed = holder[member ?? name];
  const list: unknown[] = Array.isArray(listed) ? listed : [];
  if ("append" in change) {
    if (list.some((each) => isSame(each, change.append))) return undefined;
    holder[member ?? name] = [...list, change.append];
    return made;
  }
  const next = listAfter(list, change);
  if (isSame(next, list)) return undefined;
  holder[member ?? name] = next;
  return made;
}

function listAfter(list: readonly unknown[], { add = [], remove = [] }: Exclude<Change, { append: Json }>): unknown[] {
  const kept = list.filter((each) => !remove.includes(each as string));
  return [...kept, ...add.filter((each) => !kept.includes(each))];
}

/** JSON in one line, as people write it. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${inline(inner)}`);
  return `{ ${members.join(", ")} }`;
}

function inJson(ts: TS, file: string, text: string, change: Change): string {
  const root = rootOf(ts, file, text);
  const [name, member] = change.at;
  const outer = memberOf(ts, root, name);
  const value = (list: readonly unknown[]) =>
    inline("append" in change ? [...list, change.append] : listAfter(list, change));
  if (outer === undefined)
    return withMember(
      text,
      root,
      name,
      member === undefined ? value([]) : `{ ${JSON.stringify(member)}: ${value([])} }`,
    );
  let list: TypeScript.Expression | undefined = outer;
  if (member !== undefined) {
    if (!ts.isObjectLiteralExpression(outer)) return text;
    list = memberOf(ts, outer, member);
    if (list === undefined) return withMember(text, outer, member, value([]));
  }
  if (!ts.isArrayLiteralExpression(list)) return text;
  return withElements(text, list, change);
}

export function rootOf(ts: TS, file: string, text: string): TypeScript.ObjectLiteralExpression {
  const [statement] = ts.createSourceFile(file, text, ts.ScriptTarget.JSON, true, ts.ScriptKind.JSON).statements;
  if (!statement || !ts.isExpressionStatement(statement) || !ts.isObjectLiteralExpression(statement.expression)) {
    throw new Error(`${file} must be an object.`);
  }
  return statement.expression;
}

export function memberOf(
  ts: TS,
  object: TypeScript.ObjectLiteralExpression,
  name: string,
): TypeScript.Expression | undefined {
  const found = object.properties.find(
    (each): each is TypeScript.PropertyAssignment =>
      ts.isPropertyAssignment(each) && ts.isStringLiteral(each.name) && each.name.text === name,
  );
  return found?.initializer;
}

/** The white space before the first element, or what it would be. */
function indentation(text: string, list: TypeScript.NodeArray<TypeScript.Node>, end: number): string {
  const [first] = list;
  if (first) return /\n[ \t]*$/.exec(text.slice(0, first.getStart()))?.[0] ?? " ";
  return `${/\n[ \t]*$/.exec(text.slice(0, end - 1))?.[0] ?? "\n"}  `;
}

export function withMember(
  text: string,
  object: TypeScript.ObjectLiteralExpression,
  name: string,
  value: string,
): string {
  const { properties } = object;
  const gap = indentation(text, properties, object.getEnd());
  const last = properties.at(-1);
  const piece = `${gap}${JSON.stringify(name)}: ${value}`;
  if (!last)
    return (
      text.slice(0, object.getStart() + 1) +
      piece +
      (/\n[ \t]*$/.exec(gap.slice(0, -2))?.[0] ?? " ") +
      text.slice(object.getEnd() - 1)
    );
  const at = last.getEnd();
  return `${text.slice(0, at)},${piece}${text.slice(at)}`;
}

/** Elements are added after the last one, and removed with their comma. */
function withElements(text: string, list: TypeScript.ArrayLiteralExpression, change: Change): string {
  const { elements } = list;
  let made = text;
  const add = "append" in change ? [inline(change.append)] : (change.add ?? []).map((each) => JSON.stringify(each));
  const last = elements.at(-1);
  const known = new Set(elements.map((each) => each.getText()));
  const fresh = "append" in change ? add : add.filter((each) => !known.has(each));
  if (last) {
    const gap = indentation(text, elements, list.getEnd());
    made =
      text.slice(0, last.getEnd()) +
      fresh.map((each) => `,${gap === "" ? " " : gap}${each}`).join("") +
      text.slice(last.getEnd());
  } else if (fresh.length > 0) {
    made = `${text.slice(0, list.getStart() + 1)}${fresh.join(", ")}${text.slice(list.getEnd() - 1)}`;
  }
  const remove = "append" in change ? [] : (change.remove ?? []).map((each) => JSON.stringify(each));
  for (const each of [...elements].reverse()) {
    if (!remove.includes(each.getText())) continue;
    const rest = made.slice(each.getEnd());
    const comma = /^\s*,/.exec(rest)?.[0].length;
    const start = each.getFullStart();
    if (comma !== undefined)
      made = made.slice(0, start) + rest.slice(comma).replace(made[start - 1] === "[" ? /^ / : "", "");
    else made = made.slice(0, each.getFullStart()).replace(/,\s*$/, "") + rest;
  }
  return made;
}

const TABLE = /^[ \t]*\[/m;

function inToml(text: string, change: Change): string {
  const [name, member] = change.at;
  const end = text.endsWith("\n") || text === "" ? "" : "\n";
  if ("append" in change) {
    const members = Object.entries(change.append).map(([key, value]) => `${key} = ${tomlValue(value)}`);
    return `${text}${end}\n[[${change.at.join(".")}]]\n${members.join("\n")}\n`;
  }
  const all: Table = parseToml(text);
  const holder = (member === undefined ? all : (all[name] as Json | undefined)) ?? {};
  const key = member ?? name;
  const value = tomlValue(listAfter((holder[key] ?? []) as unknown[], change));
  const line = `${key} = ${value}`;
  // The part of the file in which the key is: before the first table, or in its own.
  const head = new RegExp(`^[ \\t]*\\[${name}\\][^\\n]*\\n`, "m").exec(text);
  if (member !== undefined && head === null) return `${text}${end}\n[${name}]\n${line}\n`;
  const start = member === undefined ? 0 : (head?.index ?? 0) + (head?.[0].length ?? 0);
  const next = TABLE.exec(text.slice(start));
  const stop = next ? start + next.index : text.length;
  const part = text.slice(start, stop);
  const known = new RegExp(`^[ \\t]*${key}[ \\t]*=[ \\t]*\\[[^\\]]*\\]`, "m");
  // Comments between its elements would be lost.
  if (known.exec(part)?.[0].includes("#") === true) return text;
  if (known.test(part)) return text.slice(0, start) + part.replace(known, () => line) + text.slice(stop);
  const filled = part.trimEnd();
  const gap = part.slice(filled.length).replace(/^\n/, "");
  return `${text.slice(0, start)}${filled === "" ? "" : `${filled}\n`}${line}\n${gap}${text.slice(stop)}`;
}

const tomlValue = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(tomlValue).join(", ")}]` : JSON.stringify(value);
