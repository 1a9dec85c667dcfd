/**
 * Schemas of tools: any library that speaks Standard Schema (standardschema.dev), either one schema for all arguments or
 * one for each. Checking is the library's own; JSON Schema comes from it too, and is made when a list first needs it.
 */
import { WicketError } from "../errors.js";
import { isZod3, zod3Json } from "./zod3.js";

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

/** The issues as one line of text for the model. */
export function describe(issues: readonly Issue[]): string {
  const line = (issue: Issue) => {
    const path = (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    return path ? `${path}: ${issue.message}` : issue.message;
  };
  return issues.map(line).join("; ");
}

/** Which side of a schema: what it takes in, or what it gives out. */
type Side = "input" | "output";

const texts = { input: new WeakMap<InputSchema, string>(), output: new WeakMap<InputSchema, string>() };

const NO_ARGUMENTS = '{"type":"object","properties":{},"additionalProperties":false}';

/** The JSON Schema text of a tool's arguments: an object. Throws `ERR_SCHEMA` where its library cannot say. */
export function inputText(schema: InputSchema | undefined): string {
  return schema ? textOf(schema, "input") : NO_ARGUMENTS;
}

/** The JSON Schema text of a tool's structured result. */
export function outputText(schema: InputSchema): string {
  return textOf(schema, "output");
}

function textOf(schema: InputSchema, side: Side): string {
  let text = texts[side].get(schema);
  if (text === undefined) {
    text = isStandardSchema(schema) ? rootText(schema, side) : shapeText(schema, side);
    texts[side].set(schema, text);
  }
  return text;
}

/** The root of what a tool takes in is an object, and says so. */
function rootText(schema: StandardSchema, side: Side): string {
  const json = jsonOf(schema, side);
  if (side === "output") return JSON.stringify(json);
  if (json.type === undefined) return JSON.stringify({ type: "object", ...json });
  if (json.type === "object") return JSON.stringify(json);
  throw new WicketError("ERR_SCHEMA", `Arguments are an object, but the schema wants ${JSON.stringify(json.type)}.`);
}

function shapeText(shape: Shape, side: Side): string {
  const members = Object.entries(shape);
  const properties = members.map(([key, schema]) => `${JSON.stringify(key)}:${memberText(schema, side)}`).join(",");
  const required = members.filter(([, schema]) => !mayBeAbsent(schema)).map(([key]) => JSON.stringify(key));
  return `{"type":"object","properties":{${properties}}${required.length ? `,"required":[${required.join(",")}]` : ""}}`;
}

function memberText(schema: StandardSchema, side: Side): string {
  let text = texts[side].get(schema);
  if (text === undefined) {
    text = JSON.stringify(jsonOf(schema, side));
    texts[side].set(schema, text);
  }
  return text;
}

function jsonOf(schema: StandardSchema, side: Side): Record<string, unknown> {
  const { jsonSchema, vendor } = schema["~standard"];
  if (jsonSchema) {
    const json = { ...jsonSchema[side]({ target: "draft-2020-12" }) };
    // Every list is of this dialect; another one is said.
    if (json.$schema === DIALECT && vendor !== WRITTEN) delete json.$schema;
    return json;
  }
  if (isZod3(schema)) return zod3Json(schema, side);
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
  zod: "Update zod to 4.2 or newer.",
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
  return jsonOf(schema, "input");
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
function mayBeAbsent(schema: StandardSchema): boolean {
  try {
    const result = schema["~standard"].validate(undefined);
    if (!(result instanceof Promise)) return !result.issues;
    result.catch(() => {});
  } catch {
    // As said above.
  }
  return false;
}
