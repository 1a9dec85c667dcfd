/**
 * JSON Schema (2020-12, and the same in draft 7 if both can express it) of the schemas of zod 4, in all its versions,
 * and of `zod/mini`: what a client may send so that the tool accepts it. zod still validates. What JSON Schema cannot
 * express (functions of the app) is omitted: a list never excludes what its tool accepts. What no client can send (a
 * function, `undefined`) is `{"not":{}}`, what only the app knows is `{}`.
 */
import { type Parts, MOMENT, NUMERIC, numberJson, sizeJson, stringJson } from "./checks.js";
import {
  ANYTHING,
  type Json,
  NOTHING,
  JsonSchemaWriter,
  choiceJson,
  isJson,
  membersJson,
  preferably,
  recordJson,
  tupleJson,
} from "./writer.js";

/** The part of a zod 4 schema that is read. */
export interface Zod4 {
  readonly _zod: {
    readonly def: Definition;
    readonly optin?: string | undefined;
    readonly values?: ReadonlySet<unknown> | undefined;
    readonly pattern?: RegExp | undefined;
    readonly parse: (payload: Payload, context: object) => Payload | Promise<Payload>;
  };
  readonly meta?: () => object | undefined;
}

/** The definition of a schema or of a check. */
export interface Definition {
  readonly type: string;
  readonly checks?: readonly Check[] | undefined;
  readonly [part: string]: unknown;
}

export interface Check {
  readonly _zod: { readonly def: Readonly<Record<string, unknown>> };
}

interface Payload {
  value: unknown;
  issues: { code?: string; keys?: string[]; path?: PropertyKey[] }[];
}

/** True for a schema of zod 4. */
export function isZod4(schema: unknown): schema is Zod4 {
  return typeof (schema as Partial<Zod4> | null | undefined)?._zod?.def.type === "string";
}

/** The annotations of a schema, which zod keeps in a registry. */
function metaOf(schema: Zod4): Readonly<Record<string, unknown>> | undefined {
  const { __zod_globalRegistry: registry } = globalThis as { __zod_globalRegistry?: { get(of: object): object } };
  return (typeof schema.meta === "function" ? schema.meta() : registry?.get(schema)) as Json | undefined;
}

/** The JSON Schema of the input of `schema`, or of a result that matches it. */
export function zod4Json(schema: Zod4, isResult: boolean): Json {
  return new JsonSchemaWriter<Zod4>(isResult, written, (schema) => metaOf(schema)?.id).whole(schema);
}

function written(schema: Zod4, writing: JsonSchemaWriter<Zod4>): Json {
  if (!isZod4(schema)) return ANYTHING;
  const { def } = schema._zod;
  return annotated(KINDS[def.type]?.(schema, writing, def) ?? ANYTHING, schema);
}

function annotated(json: Json, schema: Zod4): Json {
  const { id: _id, ...meta } = metaOf(schema) ?? {};
  const said = Object.entries(meta).filter(([, value]) => isJson(value));
  return said.length > 0 ? { ...json, ...Object.fromEntries(said) } : json;
}

/** The checks of a schema; that of a format is its own first check. */
function checksOf({ _zod: { def } }: Zod4): Parts[] {
  const all = (def.checks ?? []).map((check) => check._zod.def);
  return "check" in def ? [def, ...all] : all;
}

type Convert = (schema: Zod4, writing: JsonSchemaWriter<Zod4>, definition: Definition) => Json;

const inside: Convert = (_schema, { to }, { innerType }) => to(innerType);
/** Coerced by the app: the preferred form, and what can be converted to it. */
const coerced = (best: Json, ...others: Json[]): Json => ({ anyOf: [best, ...others] });

const KINDS: Record<string, Convert> = {
  string: (schema, _writing, { coerce }) => {
    const json = stringJson(checksOf(schema));
    return coerce ? coerced(json, { not: { type: "string" } }) : json;
  },
  number: (schema, _writing, { coerce }) => {
    const json = numberJson(checksOf(schema));
    return coerce ? coerced(json, { type: "string", pattern: NUMERIC }, ...taken(schema)) : json;
  },
  boolean: (_schema, _writing, { coerce }) =>
    coerce ? coerced({ type: "boolean" }, { not: { type: "boolean" } }) : { type: "boolean" },
  bigint: (schema, writing, { coerce }) => {
    if (writing.isResult) return ANYTHING;
    const json = numberJson(checksOf(schema), true);
    return coerced(json, { type: "string", pattern: "^-?\\d+$" }, ...(coerce ? taken(schema) : []));
  },
  date: (schema, _writing, { coerce }) => {
    const date = { type: "string", format: "date-time" };
    return coerce ? coerced(date, { type: "string" }, MOMENT, ...taken(schema)) : date;
  },
  null: () => ({ type: "null" }),
  any: () => ANYTHING,
  unknown: () => ANYTHING,
  literal: (_schema, _writing, { values }) => choiceJson(values as unknown[]),
  enum: (schema) => choiceJson([...(schema._zod.values ?? [])]),
  template_literal: (schema) => stringJson(checksOf(schema), schema._zod.pattern),
  array: (schema, { to }, { element }) => ({ type: "array", items: to(element), ...sizeJson(checksOf(schema)) }),
  set: (schema, writing, { valueType }) => {
    if (writing.isResult) return ANYTHING;
    return { type: "array", items: writing.to(valueType), uniqueItems: true, ...sizeJson(checksOf(schema)) };
  },
  map: (schema, writing, { keyType, valueType }) => {
    if (writing.isResult) return ANYTHING;
    const entry = tupleJson([writing.to(keyType), writing.to(valueType)], undefined, 2);
    return { type: "array", items: entry, ...sizeJson(checksOf(schema)) };
  },
  tuple: (_schema, { to }, { items, rest }) => {
    const all = items as Zod4[];
    const last = all.findLastIndex(({ _zod }) => _zod.optin === undefined);
    return tupleJson(all.map(to), rest ? to(rest) : undefined, last + 1);
  },
  object: objectJson,
  record: namedJson,
  union: (_schema, { to }, { options, inclusive }) => ({
    [inclusive === false ? "oneOf" : "anyOf"]: (options as unknown[]).map(to),
  }),
  intersection: intersectionJson,
  nullable: (_schema, { to }, { innerType }) => ({ anyOf: [to(innerType), { type: "null" }] }),
  optional: inside,
  nonoptional: inside,
  readonly: inside,
  promise: inside,
  default: withDefault,
  prefault: withDefault,
  catch: (schema, writing, definition) => preferably(inside(schema, writing, definition)),
  success: (schema, writing, definition) => preferably(inside(schema, writing, definition)),
  // The output follows from what the app makes of the input, which may be anything.
  pipe: (_schema, { to }, { in: from, out }) =>
    isZod4(from) && from._zod.def.type === "transform" ? preferably(to(out)) : to(from),
  transform: () => ANYTHING,
  custom: () => ANYTHING,
  lazy: (_schema, { to }, { getter }) => to((getter as () => unknown)()),
  undefined: () => NOTHING,
  void: () => NOTHING,
  never: () => NOTHING,
  nan: () => NOTHING,
  symbol: () => NOTHING,
  function: () => NOTHING,
  file: () => NOTHING,
};

function withDefault(schema: Zod4, writing: JsonSchemaWriter<Zod4>, definition: Definition): Json {
  const json = inside(schema, writing, definition);
  const { defaultValue: value } = definition;
  return isJson(value) ? { ...json, default: value } : json;
}

/** Which of these a coercing schema accepts. */
function taken(schema: Zod4): Json[] {
  const takes = [true, false, null].filter((value) => {
    const parsed = parse(schema, value);
    return parsed && parsed.issues.length === 0;
  });
  return takes.length > 0 ? [{ enum: takes }] : [];
}

/** zod's result for a value, without the checks that the app has added. */
function parse({ _zod }: Zod4, value: unknown): Payload | undefined {
  try {
    const parsed = _zod.parse({ value, issues: [] }, { async: false });
    if (!(parsed instanceof Promise)) return parsed;
    parsed.catch(() => {});
  } catch {
    // Only a function of the app can decide.
  }
  return undefined;
}

function objectJson(schema: Zod4, { to }: JsonSchemaWriter<Zod4>, { shape, catchall }: Definition): Json {
  const members = Object.entries(shape as Record<string, Zod4>);
  const written = members.map(([name, member]) => [name, to(member)] as const);
  const json = membersJson(written, requiredOf(schema, members));
  if (isZod4(catchall)) {
    const { type } = catchall._zod.def;
    if (type === "never") json.additionalProperties = false;
    else if (type !== "unknown" && type !== "any") json.additionalProperties = to(catchall);
  }
  return json;
}

/** The members that zod reports as missing in an empty object: its versions differ in which. */
function requiredOf(schema: Zod4, members: [string, Zod4][]): string[] {
  const parsed = parse(schema, {});
  if (!parsed) return members.filter(([, { _zod }]) => _zod.optin === undefined).map(([name]) => name);
  const missed = new Set(parsed.issues.map(({ path }) => path?.[0]));
  return members.map(([name]) => name).filter((name) => missed.has(name));
}

function namedJson(
  schema: Zod4,
  { to }: JsonSchemaWriter<Zod4>,
  { keyType, valueType, mode, partial }: Definition,
): Json {
  const key = keyType as Zod4;
  const values = to(valueType);
  const names = key._zod.values;
  if (mode === "loose") return { type: "object" };
  if (!names || partial === true) return recordJson(to(key), values);
  const all = [...names].filter((name) => typeof name === "string" || typeof name === "number").map(String);
  const missed = new Set(parse(schema, {})?.issues.map(({ path }) => String(path?.[0])));
  const members = all.map((name) => [name, values] as const);
  return {
    ...membersJson(
      members,
      all.filter((name) => missed.has(name)),
    ),
    additionalProperties: false,
  };
}

/** Both at once. A strict object accepts the members of the other one, if zod allows it. */
function intersectionJson(schema: Zod4, { to }: JsonSchemaWriter<Zod4>, { left, right }: Definition): Json {
  const sides = [to(left), to(right)] as const;
  const strict = sides.filter(isStrict);
  if (strict.length === 0) return { allOf: sides };
  const PROBE = "\u0000";
  const isOpen = strict.length === 1;
  const own = namesOf(sides[0]);
  const probe = isOpen ? PROBE : namesOf(sides[1]).find((name) => !own.includes(name));
  if (probe === undefined) return { allOf: sides };
  const refused = parse(schema, { [probe]: null })?.issues.some(({ keys }) => keys?.includes(probe)) ?? true;
  if (refused) return { allOf: sides };
  return { allOf: sides.map((side, at) => widened(side, isOpen ? undefined : namesOf(sides[1 - at] as Json))) };
}

const isStrict = ({ additionalProperties }: Json) => additionalProperties === false;
const namesOf = ({ properties }: Json) => Object.keys(properties ?? {});

/** A strict object that also accepts members with these names, or with any. */
function widened(side: Json, names: string[] | undefined): Json {
  if (!isStrict(side)) return side;
  const { additionalProperties: _none, ...json } = side;
  if (!names) return json;
  const properties = Object.assign(Object.create(null), json.properties) as Json;
  for (const name of names) properties[name] ??= {};
  return { ...json, properties, additionalProperties: false };
}
