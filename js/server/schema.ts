/**
 * Schemas of tools: any library that speaks Standard Schema (standardschema.dev), either one schema for all arguments or
 * one for each. Checking is the library's own; JSON Schema comes from it too, and is made when a list first needs it.
 */
import { WicketError } from "../errors.js";
import { decoded } from "./decode.js";
import { movedTo, stepOf } from "./references.js";
import { isZod3, zod3Json } from "./zod3.js";
import { isZod4, zod4Json } from "./zod4.js";

/** A schema of any Standard Schema library. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Checked<Output> | Promise<Checked<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
    readonly jsonSchema?:
      | {
          readonly input: (options: { target: string }) => Record<string, unknown>;
          readonly output: (options: { target: string }) => Record<string, unknown>;
        }
      | undefined;
  };
}

export type Checked<Output = unknown> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** One schema for each argument: `{ a: z.number() }`. */
export type Shape = Readonly<Record<string, StandardSchema>>;

/** What `inputSchema` may be. */
export type InputSchema = StandardSchema | Shape;

type OutputOf<S> = S extends StandardSchema<infer Output> ? Output : never;
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends OutputOf<S[K]> ? K : never }[keyof S];
type Flat<T> = { [K in keyof T]: T[K] };

/** The arguments that a tool's handler gets. */
export type ArgumentsOf<S extends InputSchema> = S extends StandardSchema
  ? OutputOf<S>
  : S extends Shape
    ? Flat<
        { -readonly [K in Exclude<keyof S, OptionalKeys<S>>]: OutputOf<S[K]> } & {
          -readonly [K in OptionalKeys<S>]?: OutputOf<S[K]>;
        }
      >
    : never;

/** True for a schema of a Standard Schema library. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  return (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;
}

/** True for an object whose members are all schemas; `{}` is one. */
export function isShape(value: unknown): value is Shape {
  return (
    typeof value === "object" &&
    value !== null &&
    !isStandardSchema(value) &&
    Object.values(value).every(isStandardSchema)
  );
}

const schemas = new WeakSet<object>();

/** True for what `inputSchema` may be. Those that have been seen are remembered: servers are made for each request. */
export function isSchema(value: unknown): value is InputSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  if (schemas.has(value)) return true;
  const is = isStandardSchema(value) || isShape(value);
  if (is) schemas.add(value);
  return is;
}

/** Checks `value` against a schema or, member by member, against a shape; members that a shape lacks are dropped. */
export function check(schema: InputSchema, value: unknown): Checked | Promise<Checked> {
  return isStandardSchema(schema)
    ? schema["~standard"].validate(value)
    : checkShape(schema, value as Record<string, unknown>);
}

function checkShape(shape: Shape, value: Record<string, unknown>): Checked | Promise<Checked> {
  const keys = Object.keys(shape);
  const results: (Checked | Promise<Checked>)[] = [];
  let waits = false;
  for (const key of keys) {
    const member = Object.hasOwn(value, key) ? value[key] : undefined;
    const result = (shape[key] as StandardSchema)["~standard"].validate(member);
    waits ||= result instanceof Promise;
    results.push(result);
  }
  if (!waits) return gather(keys, value, results as Checked[]);
  return Promise.all(results.map((result) => Promise.resolve(result))).then((results) => gather(keys, value, results));
}

function gather(keys: string[], value: Record<string, unknown>, results: Checked[]): Checked {
  const checked: Record<string, unknown> = {};
  const issues: Issue[] = [];
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    const result = results[at] as Checked;
    if (result.issues) {
      for (const issue of result.issues) issues.push({ message: issue.message, path: [key, ...(issue.path ?? [])] });
    } else if (result.value !== undefined || Object.hasOwn(value, key)) {
      define(checked, key, result.value);
    }
  }
  return issues.length ? { issues } : { value: checked };
}

/** Sets a member of any name, `__proto__` included. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * The same of arguments as they came: where they do not fit, they are tried with what schemas of zod may want of them that
 * JSON does not have.
 */
export function checkArguments(schema: InputSchema, value: Record<string, unknown>): Checked | Promise<Checked> {
  const checked = check(schema, value);
  if (checked instanceof Promise)
    return checked.then((checked) => (checked.issues ? again(schema, value, checked) : checked));
  return checked.issues ? again(schema, value, checked) : checked;
}

function again(schema: InputSchema, value: Record<string, unknown>, checked: Checked): Checked | Promise<Checked> {
  if (isStandardSchema(schema)) {
    const made = decoded(schema, value);
    return made === value ? checked : check(schema, made);
  }
  const made = { ...value };
  let isSame = true;
  for (const [name, member] of Object.entries(schema)) {
    if (!Object.hasOwn(value, name) || name === "__proto__") continue;
    made[name] = decoded(member, value[name]);
    isSame &&= made[name] === value[name];
  }
  return isSame ? checked : check(schema, made);
}

/** So many issues are said, and so many characters of each: no answer grows with what was sent. */
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

/** What a schema is in JSON Schema, and what of it could not be written. */
export interface Written {
  readonly text: string;
  readonly wrong?: unknown;
}

const inputs = new WeakMap<InputSchema, Written>();
const results = new WeakMap<InputSchema, Written>();

const NO_ARGUMENTS: Written = { text: '{"type":"object","properties":{},"additionalProperties":false}' };

/** The JSON Schema of a tool's arguments: an object. What its library cannot write is whatever it takes. */
export function inputOf(schema: InputSchema | undefined): Written {
  return schema ? keptOf(schema, inputs, rootText) : NO_ARGUMENTS;
}

/**
 * The JSON Schema of a tool's structured result. A result is checked as the handler returns it and sent as it is, so that
 * this is what the schema takes, not what it makes of it.
 */
export function resultOf(schema: InputSchema): Written {
  return keptOf(schema, results, (schema) => JSON.stringify(jsonOf(schema, true)));
}

function keptOf(
  schema: InputSchema,
  known: WeakMap<InputSchema, Written>,
  root: (schema: StandardSchema) => string,
): Written {
  let written = known.get(schema);
  if (!written) {
    written = isStandardSchema(schema) ? attempt(() => root(schema), known === inputs) : shapeOfAll(schema, known);
    known.set(schema, written);
  }
  return written;
}

function attempt(write: () => string, isRooted: boolean): Written {
  try {
    return { text: write() };
  } catch (wrong) {
    return { text: isRooted ? '{"type":"object"}' : "{}", wrong };
  }
}

/** The root of what a tool takes in is an object, and says so. */
function rootText(schema: StandardSchema): string {
  const json = jsonOf(schema, false);
  if (json.type === undefined) return JSON.stringify({ type: "object", ...json });
  if (json.type === "object") return JSON.stringify(json);
  throw new WicketError("ERR_SCHEMA", `Arguments are an object, but the schema wants ${JSON.stringify(json.type)}.`);
}

function shapeOfAll(shape: Shape, known: WeakMap<InputSchema, Written>): Written {
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
    // Every list is of this dialect; another one is said.
    if (json.$schema === DIALECT && vendor !== WRITTEN) delete json.$schema;
    return json;
  }
  if (isZod3(schema)) return zod3Json(schema, isResult);
  throw new WicketError(
    "ERR_SCHEMA",
    `This version of ${vendor} cannot write its schemas as JSON Schema by the Standard Schema interface. ` +
      (ADVICE[vendor] ?? `Wrap the schema with ${vendor}'s JSON Schema adapter.`),
  );
}

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
/** The vendor of schemas that are written as JSON Schema: those stay as they are written. */
export const WRITTEN = "mcp-wicket";
const ADVICE: Record<string, string> = {
  valibot: 'Wrap the schema with toStandardJsonSchema(…) of "@valibot/to-json-schema".',
  arktype: "Update arktype to 2.1.28 or newer.",
};

/** The schema of the member `name` of an object, as far as its library shows it. */
export function memberOf(schema: InputSchema, name: string): unknown {
  const members = isStandardSchema(schema) ? shapeOf(schema) : schema;
  return Object.hasOwn(members, name) ? (members as Record<string, unknown>)[name] : undefined;
}

/** The members of an object and their schemas, as far as its library shows them. */
export function entriesOf(schema: InputSchema): [string, unknown][] {
  return Object.entries(isStandardSchema(schema) ? shapeOf(schema) : schema);
}

/** What `schema` takes in, as JSON Schema. Throws `ERR_SCHEMA` where its library cannot say. */
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

/** True if a member of this schema may be left out: the schema takes `undefined`. One that throws at it does not. */
export function mayBeAbsent(schema: StandardSchema): boolean {
  try {
    const result = schema["~standard"].validate(undefined);
    if (!(result instanceof Promise)) return !result.issues;
    result.catch(() => {});
  } catch {
    // As said above.
  }
  return false;
}
