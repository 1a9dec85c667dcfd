/**
 * `mcp-wicket/json-schema`: tools and prompts whose schemas are written as plain JSON Schema. An entry point of its own,
 * so that only Workers that use it upload the validator. It interprets schemas: a Worker cannot compile code.
 */
import { Validator } from "@cfworker/json-schema";
import { WicketError } from "./errors.js";
import { mirrorsIn } from "./server/mirrors.js";
import { type Checked, type Issue, type StandardSchema, WRITTEN } from "./server/schema.js";

/** A JSON Schema: an object of keywords. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The dialects that are checked; without `$schema` a schema is of 2020-12 (2025-11-25 basic/index §JSON Schema Usage). */
const DIALECTS = {
  "https://json-schema.org/draft/2020-12/schema": "2020-12",
  "https://json-schema.org/draft/2019-09/schema": "2019-09",
  "http://json-schema.org/draft-07/schema": "7",
  "http://json-schema.org/draft-04/schema": "4",
} as const;

const made = new WeakMap<JsonSchema, StandardSchema>();

/**
 * A schema for `inputSchema`, `outputSchema` or `argsSchema`. Lists show it as it is written, `$schema` and `$defs`
 * included. The same object gives the same schema, so it may be called for each request. Throws `ERR_SCHEMA` for a
 * dialect that is not known, for a `$ref` that leads out of the schema (nothing is fetched), and for `$dynamicRef`.
 */
export function fromJsonSchema<T = Record<string, unknown>>(schema: JsonSchema): StandardSchema<T> {
  let standard = made.get(schema);
  if (!standard) made.set(schema, (standard = make(schema)));
  return standard as StandardSchema<T>;
}

function make(schema: JsonSchema): StandardSchema {
  const validator = validatorOf(schema);
  const json = () => ({ ...schema });
  return {
    "~standard": {
      version: 1,
      vendor: WRITTEN,
      validate: (value) => check(validator, value),
      jsonSchema: { input: json, output: json },
    },
  };
}

function validatorOf(schema: JsonSchema): Validator {
  if (typeof schema !== "object" || (schema as unknown) === null || Array.isArray(schema)) {
    throw new WicketError("ERR_SCHEMA", "A JSON Schema must be an object.");
  }
  const { $schema = "https://json-schema.org/draft/2020-12/schema" } = schema;
  const dialect = String($schema).replace(/#$/, "");
  if (!Object.hasOwn(DIALECTS, dialect)) {
    const known = Object.keys(DIALECTS).join(", ");
    throw new WicketError("ERR_SCHEMA", `The dialect ${dialect} is not known; these are: ${known}.`);
  }
  const text = JSON.stringify(schema);
  mirrorsIn(text);
  // The validator keeps notes in the schema; they are no part of what is listed.
  const own = JSON.parse(text) as Record<string, unknown>;
  const validator = new Validator(own, DIALECTS[dialect as keyof typeof DIALECTS], false);
  for (const inner of Object.values((validator as unknown as { lookup: Record<string, unknown> }).lookup)) {
    checkReferences(inner, validator);
  }
  return validator;
}

interface Referring {
  $ref?: unknown;
  $dynamicRef?: unknown;
  __absolute_ref__?: string;
}

function checkReferences(schema: unknown, validator: Validator): void {
  if (typeof schema !== "object" || schema === null) return;
  const { $ref, $dynamicRef, __absolute_ref__: target } = schema as Referring;
  if ($dynamicRef !== undefined) throw new WicketError("ERR_SCHEMA", "`$dynamicRef` is not known: use `$ref`.");
  const { lookup } = validator as unknown as { lookup: Record<string, unknown> };
  if ($ref === undefined || (target !== undefined && lookup[target] !== undefined)) return;
  throw new WicketError(
    "ERR_SCHEMA",
    `The reference ${JSON.stringify($ref)} leads out of the schema. Nothing is fetched: put what it names under $defs.`,
  );
}

/** Keywords that only say that something inside does not fit: that is said on its own. */
const OUTER = new Set(["properties", "items", "prefixItems", "patternProperties", "$ref", "allOf", "if", "false"]);

function check(validator: Validator, value: unknown): Checked {
  const { valid, errors } = validator.validate(value);
  if (valid) return { value };
  const inner = errors.filter(({ keyword }) => !OUTER.has(keyword));
  const issues = (inner.length > 0 ? inner : errors).map(({ error, instanceLocation }): Issue => ({
    message: error,
    path: pathOf(instanceLocation),
  }));
  return { issues };
}

/** The steps of a JSON pointer (RFC 6901 §6). */
function pathOf(pointer: string): string[] {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => decode(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
