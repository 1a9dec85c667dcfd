/**
 * JSON Schema of zod 3's schemas, which zod 3 cannot generate itself. zod still validates. What JSON Schema cannot
 * express (refinements, transformations) is omitted, so that a list never excludes what its tool accepts.
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

import { type StandardSchema, mayBeAbsent } from "./standard.js";

/** The part of a zod 3 schema that is read. */
export interface Zod3 {
  readonly _def: Definition;
}

interface Definition {
  readonly typeName: string;
  readonly description?: string;
  readonly [part: string]: unknown;
}

/** True for a schema of zod 3. */
export function isZod3(schema: unknown): schema is Zod3 {
  const { _def, _zod } = schema as { _def?: { typeName?: unknown }; _zod?: unknown };
  return _zod === undefined && typeof _def?.typeName === "string" && _def.typeName.startsWith("Zod");
}

/** The JSON Schema of the input of `schema`, or of a result that matches it. */
export function zod3Json(schema: Zod3, isResult: boolean): Json {
  return new JsonSchemaWriter<Zod3>(isResult, written).whole(schema);
}

function written({ _def }: Zod3, writing: JsonSchemaWriter<Zod3>): Json {
  const json = KINDS[_def.typeName]?.(_def, writing) ?? ANYTHING;
  return _def.description === undefined ? json : { ...json, description: _def.description };
}

type Convert = (definition: Definition, writing: JsonSchemaWriter<Zod3>) => Json;

const inside: Convert = ({ innerType }, { to }) => to(innerType);
const anyOf: Convert = ({ options }, { to }) => {
  const all = options instanceof Map ? [...(options as Map<unknown, unknown>).values()] : (options as unknown[]);
  return { anyOf: all.map(to) };
};
/** Coerced by the app: the preferred form, and what can be converted to it. */
const coerced = (best: Json, ...others: Json[]): Json => ({ anyOf: [best, ...others] });

const KINDS: Record<string, Convert> = {
  ZodString: ({ checks, coerce }) => {
    const json = stringJson(partsOf(checks));
    return coerce ? coerced(json, { not: { type: "string" } }) : json;
  },
  ZodNumber: ({ checks, coerce }) => {
    const json = numberJson(partsOf(checks));
    return coerce ? coerced(json, { type: "string", pattern: NUMERIC }, { enum: [true, false, null] }) : json;
  },
  ZodBigInt: ({ checks }, { isResult }) =>
    isResult ? ANYTHING : coerced(numberJson(partsOf(checks), true), { type: "string", pattern: "^-?\\d+$" }),
  ZodBoolean: ({ coerce }) =>
    coerce ? coerced({ type: "boolean" }, { not: { type: "boolean" } }) : { type: "boolean" },
  ZodDate: ({ coerce }) => {
    const date = { type: "string", format: "date-time" };
    return coerce ? coerced(date, { type: "string" }, MOMENT) : date;
  },
  ZodNull: () => ({ type: "null" }),
  ZodLiteral: ({ value }) => choiceJson([value]),
  ZodEnum: ({ values }) => ({ type: "string", enum: values }),
  ZodNativeEnum: ({ values }) => ({ enum: membersOf(values as Json) }),
  ZodArray: ({ type, minLength, maxLength, exactLength }, { to }) => ({
    type: "array",
    items: to(type),
    ...sizeJson(limits(minLength, maxLength, exactLength)),
  }),
  ZodSet: ({ valueType, minSize, maxSize }, { to, isResult }) =>
    isResult
      ? ANYTHING
      : { type: "array", items: to(valueType), uniqueItems: true, ...sizeJson(limits(minSize, maxSize)) },
  ZodMap: ({ keyType, valueType }, { to, isResult }) =>
    isResult ? ANYTHING : { type: "array", items: tupleJson([to(keyType), to(valueType)], undefined, 2) },
  ZodTuple: ({ items, rest }, { to }) => {
    const all = items as unknown[];
    return tupleJson(all.map(to), rest ? to(rest) : undefined, all.length);
  },
  ZodObject: object,
  ZodRecord: ({ keyType, valueType }, { to }) => recordJson(to(keyType), to(valueType)),
  ZodUnion: anyOf,
  ZodDiscriminatedUnion: anyOf,
  ZodIntersection: ({ left, right }, { to }) => ({ allOf: [to(left), to(right)] }),
  ZodNullable: ({ innerType }, { to }) => ({ anyOf: [to(innerType), { type: "null" }] }),
  ZodOptional: inside,
  ZodReadonly: inside,
  ZodCatch: (definition, writing) => preferably(inside(definition, writing)),
  ZodDefault: ({ innerType, defaultValue }, { to }) => {
    const json = to(innerType);
    const value = (defaultValue as () => unknown)();
    return isJson(value) ? { ...json, default: value } : json;
  },
  ZodBranded: ({ type }, { to }) => to(type),
  ZodPromise: ({ type }, { to }) => to(type),
  // The output of a transformation is never sent; a preprocessed input may be anything.
  ZodEffects: ({ schema, effect }, { to }) =>
    (effect as { type: string }).type === "preprocess" ? preferably(to(schema)) : to(schema),
  ZodPipeline: (definition, { to }) => to(definition.in),
  ZodLazy: ({ getter }, { to }) => to((getter as () => unknown)()),
  ZodNever: () => NOTHING,
  ZodUndefined: () => NOTHING,
  ZodVoid: () => NOTHING,
  ZodNaN: () => NOTHING,
  ZodSymbol: () => NOTHING,
  ZodFunction: () => NOTHING,
};

function object(definition: Definition, { to }: JsonSchemaWriter<Zod3>): Json {
  const members = Object.entries((definition.shape as () => Record<string, Zod3>)());
  const required = members.filter(([, member]) => isRequired(member)).map(([name]) => name);
  const json = membersJson(
    members.map(([name, member]) => [name, to(member)] as const),
    required,
  );
  const { typeName } = (definition.catchall as Zod3)._def;
  if (typeName !== "ZodNever") json.additionalProperties = to(definition.catchall);
  else if (definition.unknownKeys === "strict") json.additionalProperties = false;
  return json;
}

function isRequired(schema: Zod3): boolean {
  const { _def } = schema;
  if (MAYBE.has(_def.typeName)) return false;
  // Only the app knows what it makes of an absent value.
  if (_def.coerce || (_def.effect as { type?: unknown } | undefined)?.type === "preprocess") {
    return !mayBeAbsent(schema as unknown as StandardSchema);
  }
  const inner = _def.innerType ?? _def.schema ?? (_def.typeName === "ZodBranded" ? _def.type : undefined);
  return inner === undefined || isRequired(inner as Zod3);
}

/** Schemas that accept an absent value. */
const MAYBE = new Set(["ZodOptional", "ZodDefault", "ZodCatch", "ZodAny", "ZodUnknown", "ZodUndefined", "ZodVoid"]);

interface Check {
  kind: string;
  value?: unknown;
  regex?: RegExp;
}

const PADDED = /^(?:[\w-]{4})*(?:[\w-]{2}(?:==)?|[\w-]{3}=?)?$/;

/** zod 3's checks, converted to zod 4's. */
function partsOf(checks: unknown): Parts[] {
  return ((checks ?? []) as Check[]).map(({ kind, value, regex, ...more }): Parts => {
    const format = { check: "string_format", format: kind };
    switch (kind) {
      case "min":
        return { ...more, check: "greater_than", value, minimum: value };
      case "max":
        return { ...more, check: "less_than", value, maximum: value };
      case "length":
        return { length: value };
      case "int":
        return { check: "number_format", format: kind };
      case "multipleOf":
        return { check: "multiple_of", value };
      case "regex":
        return { ...format, pattern: regex };
      case "base64url":
        return { ...format, format: "padded", pattern: PADDED };
      case "startsWith":
        return { ...format, prefix: value };
      case "endsWith":
        return { ...format, suffix: value };
      case "includes":
        return { ...format, ...more, includes: value };
      case "trim":
        return { check: "overwrite", tx: (text: string) => text.trim() };
      case "toLowerCase":
      case "toUpperCase":
        return { check: "overwrite" };
      default:
        return { ...format, ...more };
    }
  });
}

/** zod 3's limits of lists as checks. */
function limits(least: unknown, most: unknown, exact?: unknown): Parts[] {
  const valueOf = (limit: unknown) => (limit as { value: unknown } | null | undefined)?.value;
  return [{ minimum: valueOf(least), maximum: valueOf(most), length: valueOf(exact) }];
}

/** The values of a TypeScript enum: numeric ones also have their names as values. */
function membersOf(values: Json): unknown[] {
  return Object.keys(values)
    .filter((name) => typeof values[values[name] as string] !== "number")
    .map((name) => values[name]);
}
