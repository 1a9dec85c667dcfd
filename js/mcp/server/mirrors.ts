/**
 * Mirrored headers, which intermediaries can read: `x-mcp-header` in the schema of a tool's argument (MCP 2026-07-28
 * server/tools §x-mcp-header). `src/mcp/mirror.rs` decides whether a request's headers are right.
 */
import { WicketError } from "../../common/errors.js";
import { inputOf } from "./schema/schema.js";
import { type InputSchema, type StandardSchema, isShape } from "./schema/standard.js";

/** The name of the header after `Mcp-Param-`, the argument's path, and its type. */
export type Mirror = readonly [header: string, path: readonly string[], type: string];

/** The keyword. */
const KEYWORD = "x-mcp-header";
const NONE: readonly Mirror[] = [];
const known = new WeakMap<InputSchema, readonly Mirror[]>();

/** The mirrored arguments of a tool. Throws `ERR_SCHEMA` if the keyword is in an invalid place. */
export function mirrorsOf(schema: InputSchema): readonly Mirror[] {
  let mirrors = known.get(schema);
  if (!mirrors) {
    mirrors = mayMirror(schema) ? mirrorsIn(inputOf(schema).text) : NONE;
    known.set(schema, mirrors);
  }
  return mirrors;
}

/** The mirrored arguments in the text of a JSON Schema. */
export function mirrorsIn(text: string): readonly Mirror[] {
  if (!text.includes(`"${KEYWORD}"`)) return NONE;
  const mirrors: Mirror[] = [];
  find(JSON.parse(text), [], true, mirrors);
  const names = mirrors.map(([header]) => header.toLowerCase());
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw wrong(`the header "${twice}" is duplicated`);
  return mirrors;
}

function find(node: unknown, path: readonly string[], isArgument: boolean, mirrors: Mirror[]): void {
  if (typeof node !== "object" || node === null) return;
  const { [KEYWORD]: header, type, properties } = node as Record<string, unknown>;
  if (header !== undefined) {
    const where = path.join(".") || "the schema itself";
    if (!isArgument || path.length === 0)
      throw wrong(`${where} is not an argument that is reached through "properties" only`);
    if (typeof header !== "string" || !TOKEN.test(header)) throw wrong(`the name at ${where} is not a header name`);
    if (typeof type !== "string" || !TYPES.has(type)) throw wrong(`${where} is not a string, integer or boolean`);
    mirrors.push([header, path, type]);
  }
  for (const [keyword, inner] of Object.entries(node)) {
    if (DATA.has(keyword)) continue;
    if (keyword !== "properties") find(inner, [...path, keyword], false, mirrors);
  }
  if (typeof properties !== "object" || properties === null) return;
  for (const [name, inner] of Object.entries(properties)) find(inner, [...path, name], isArgument, mirrors);
}

/** RFC 9110 §5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;
const TYPES = new Set(["string", "integer", "boolean"]);
/** Keywords whose values are data, not schemas. */
const DATA = new Set(["const", "default", "enum", "examples", "example"]);

function wrong(what: string): WicketError {
  return new WicketError("ERR_SCHEMA", `An "${KEYWORD}" is in the wrong place: ${what}.`);
}

/**
 * False if the schema obviously does not have the keyword, so that it need not be converted to JSON Schema, which is
 * slow: zod stores annotations of schemas in one registry.
 */
function mayMirror(schema: InputSchema): boolean {
  if (isShape(schema)) return Object.values(schema).some(mayMirror);
  return hasKeyword(schema, 0) ?? true;
}

interface ZodLike {
  _zod?: { def: Record<string, unknown> };
}

const registry = globalThis as { __zod_globalRegistry?: { get(schema: object): object | undefined } };

/** Whether a zod schema has the keyword; undefined if unknown. */
function hasKeyword(schema: StandardSchema, depth: number): boolean | undefined {
  const { _zod } = schema as ZodLike;
  // What cannot be converted cannot be listed either. zod 3 only has descriptions as annotations.
  if (!_zod) return schema["~standard"].jsonSchema && schema["~standard"].vendor !== "zod" ? undefined : false;
  const { __zod_globalRegistry: annotations } = registry;
  if (!annotations || depth > 8) return undefined;
  const meta = annotations.get(schema);
  if (meta && KEYWORD in meta) return true;
  const { type, shape, innerType, in: from, element } = _zod.def;
  const inner = type === "object" ? Object.values(shape as object) : [innerType, from, element];
  let all: boolean | undefined =
    LEAVES.has(String(type)) || type === "object" || inner.some(Boolean) ? false : undefined;
  for (const one of inner) {
    if (!one) continue;
    const has = hasKeyword(one as StandardSchema, depth + 1);
    if (has) return true;
    if (has === undefined) all = undefined;
  }
  return all;
}

/** Kinds of zod schemas that contain no others. */
const LEAVES = new Set([
  "string",
  "number",
  "int",
  "boolean",
  "bigint",
  "date",
  "null",
  "undefined",
  "any",
  "unknown",
  "enum",
  "literal",
  "template_literal",
  "file",
  "never",
  "void",
  "nan",
  "symbol",
]);
