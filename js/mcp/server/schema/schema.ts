/**
 * Schemas of tools: of any library that supports Standard Schema (standardschema.dev), either one for all arguments or
 * one for each. The library validates; its JSON Schema is generated when a list first needs it.
 */
import { WicketError } from "../../../common/errors.js";
import { decoded } from "./decode.js";
import { movedTo, stepOf } from "./references.js";
import {
  type ValidationResult,
  type InputSchema,
  type Issue,
  type Shape,
  type StandardSchema,
  isStandardSchema,
  mayBeAbsent,
} from "./standard.js";
import { isZod3, zod3Json } from "./zod3.js";
import { isZod4, zod4Json } from "./zod4.js";

/**
 * Validates `value` with a schema or, member by member, with a shape; members that are not in the shape are dropped.
 */
export function check(schema: InputSchema, value: unknown): ValidationResult | Promise<ValidationResult> {
  return isStandardSchema(schema)
    ? schema["~standard"].validate(value)
    : checkShape(schema, value as Record<string, unknown>);
}

function checkShape(shape: Shape, value: Record<string, unknown>): ValidationResult | Promise<ValidationResult> {
  const keys = Object.keys(shape);
  const results: (ValidationResult | Promise<ValidationResult>)[] = [];
  let waits = false;
  for (const key of keys) {
    const member = Object.hasOwn(value, key) ? value[key] : undefined;
    const result = (shape[key] as StandardSchema)["~standard"].validate(member);
    waits ||= result instanceof Promise;
    results.push(result);
  }
  if (!waits) return gather(keys, value, results as ValidationResult[]);
  return Promise.all(results.map((result) => Promise.resolve(result))).then((results) => gather(keys, value, results));
}

function gather(keys: string[], value: Record<string, unknown>, results: ValidationResult[]): ValidationResult {
  const checked: Record<string, unknown> = {};
  const issues: Issue[] = [];
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    const result = results[at] as ValidationResult;
    if (result.issues) {
      for (const issue of result.issues) issues.push({ message: issue.message, path: [key, ...(issue.path ?? [])] });
    } else if (result.value !== undefined || Object.hasOwn(value, key)) {
      define(checked, key, result.value);
    }
  }
  return issues.length ? { issues } : { value: checked };
}

/** Sets a member of any name, including `__proto__`. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * Validates arguments: if they do not match as they are, they are converted to what zod schemas may require that JSON
 * does not have.
 */
export async function checkArguments(schema: InputSchema, value: Record<string, unknown>): Promise<ValidationResult> {
  const checked = await check(schema, value);
  if (!checked.issues) return checked;
  let made: unknown = value;
  if (isStandardSchema(schema)) made = decoded(schema, value);
  else {
    for (const [name, member] of Object.entries(schema)) {
      if (!Object.hasOwn(value, name) || name === "__proto__") continue;
      const one = decoded(member, value[name]);
      if (one !== value[name]) made = { ...(made as object), [name]: one };
    }
  }
  return made === value ? checked : check(schema, made);
}

/** Maximum number of issues, and of characters of each, so that no error grows with its input. */
const MAX_SAID = 20;
const MAX_LINE = 500;

/** The issues as one line of text for the model. */
export function describe(issues: readonly Issue[]): string {
  const line = (issue: Issue) => {
    const path = (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    const text = path ? `${path}: ${issue.message}` : issue.message;
    return text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text;
  };
  const more = issues.length > MAX_SAID ? [`and ${issues.length - MAX_SAID} more`] : [];
  return [...issues.slice(0, MAX_SAID).map(line), ...more].join("; ");
}

/** A schema as JSON Schema, and what could not be converted. */
export interface JsonSchemaText {
  readonly text: string;
  readonly wrong?: unknown;
}

const inputs = new WeakMap<InputSchema, JsonSchemaText>();
const results = new WeakMap<InputSchema, JsonSchemaText>();

const NO_ARGUMENTS: JsonSchemaText = { text: '{"type":"object","properties":{},"additionalProperties":false}' };

/** The JSON Schema of a tool's arguments: an object. What its library cannot convert accepts anything. */
export function inputOf(schema: InputSchema | undefined): JsonSchemaText {
  return schema ? keptOf(schema, inputs, rootText) : NO_ARGUMENTS;
}

/**
 * The JSON Schema of a tool's structured result. A result is validated and sent as the handler returns it, so this is
 * the schema's input, not its output.
 */
export function resultOf(schema: InputSchema): JsonSchemaText {
  return keptOf(schema, results, (schema) => JSON.stringify(jsonOf(schema, true)));
}

function keptOf(
  schema: InputSchema,
  known: WeakMap<InputSchema, JsonSchemaText>,
  root: (schema: StandardSchema) => string,
): JsonSchemaText {
  let written = known.get(schema);
  if (!written) {
    written = isStandardSchema(schema) ? attempt(() => root(schema), known === inputs) : shapeOfAll(schema, known);
    known.set(schema, written);
  }
  return written;
}

function attempt(write: () => string, isRooted: boolean): JsonSchemaText {
  try {
    return { text: write() };
  } catch (wrong) {
    return { text: isRooted ? '{"type":"object"}' : "{}", wrong };
  }
}

/** The root of a tool's input schema is an object, and says so. */
function rootText(schema: StandardSchema): string {
  const json = jsonOf(schema, false);
  if (json.type === undefined) return JSON.stringify({ type: "object", ...json });
  if (json.type === "object") return JSON.stringify(json);
  throw new WicketError(
    "ERR_SCHEMA",
    `Arguments are an object, but the schema has the type ${JSON.stringify(json.type)}.`,
  );
}

function shapeOfAll(shape: Shape, known: WeakMap<InputSchema, JsonSchemaText>): JsonSchemaText {
  const properties: string[] = [];
  const required: string[] = [];
  let wrong: unknown;
  for (const [name, schema] of Object.entries(shape)) {
    const key = JSON.stringify(name);
    const member = attempt(() => memberText(schema, name, known === results), false);
    if (member.wrong !== undefined) wrong = new WicketError("ERR_SCHEMA", `${key}: ${reasonOf(member.wrong)}`);
    properties.push(`${key}:${member.text}`);
    if (!mayBeAbsent(schema)) required.push(key);
  }
  const rest = required.length > 0 ? `,"required":[${required.join(",")}]` : "";
  return { text: `{"type":"object","properties":{${properties.join(",")}}${rest}}`, wrong };
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function memberText(schema: StandardSchema, name: string, isResult: boolean): string {
  const { $schema: _dialect, ...json } = jsonOf(schema, isResult);
  const text = JSON.stringify(json);
  return text.includes('"$ref"') ? JSON.stringify(movedTo(`#/properties/${stepOf(name)}`, JSON.parse(text))) : text;
}

function jsonOf(schema: StandardSchema, isResult: boolean): Record<string, unknown> {
  if (isZod4(schema)) return zod4Json(schema, isResult);
  const { jsonSchema, vendor } = schema["~standard"];
  if (jsonSchema) {
    const json = { ...jsonSchema.input({ target: "draft-2020-12" }) };
    // Every list uses this dialect; another one is named.
    if (json.$schema === DIALECT && vendor !== WRITTEN) delete json.$schema;
    return json;
  }
  if (isZod3(schema)) return zod3Json(schema, isResult);
  throw new WicketError(
    "ERR_SCHEMA",
    `This version of ${vendor} cannot convert its schemas to JSON Schema through the Standard Schema interface. ` +
      (ADVICE[vendor] ?? `Wrap the schema with ${vendor}'s JSON Schema adapter.`),
  );
}

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
/** The vendor of schemas that were written as JSON Schema: these are listed unchanged. */
export const WRITTEN = "mcp-wicket";
const ADVICE: Record<string, string> = {
  valibot: 'Wrap the schema with toStandardJsonSchema(…) of "@valibot/to-json-schema".',
  arktype: "Update arktype to 2.1.28 or newer.",
};

/** The schema of the member `name` of an object, if its library shows it. */
export function memberOf(schema: InputSchema, name: string): unknown {
  const members = isStandardSchema(schema) ? shapeOf(schema) : schema;
  return Object.hasOwn(members, name) ? (members as Record<string, unknown>)[name] : undefined;
}

/** The members of an object and their schemas, if its library shows them. */
export function entriesOf(schema: InputSchema): [string, unknown][] {
  return Object.entries(isStandardSchema(schema) ? shapeOf(schema) : schema);
}

/** The input of `schema` as JSON Schema. Throws `ERR_SCHEMA` if its library cannot convert it. */
export function writtenOf(schema: StandardSchema): Record<string, unknown> {
  return jsonOf(schema, false);
}

/** The schemas of all members of an object. */
export function membersOf(schema: InputSchema | undefined): unknown[] {
  if (!schema) return [];
  return Object.values(isStandardSchema(schema) ? shapeOf(schema) : schema);
}

function shapeOf(schema: StandardSchema): object {
  const { shape, entries } = schema as { shape?: object; entries?: object };
  return shape ?? entries ?? {};
}
