/**
 * `mcp-wicket/json-schema`: tools and prompts whose schemas are written as plain JSON Schema. An entry point of its own,
 * so that only Workers that use it upload the validator. It interprets schemas: a Worker cannot compile code.
 *
 * @module mcp-wicket/json-schema
 */
import { Validator } from "@cfworker/json-schema";
import { WicketError } from "../common/errors.js";
import { mirrorsIn } from "../mcp/server/mirrors.js";
import { type Duplicates, markDuplicates, sizeOf } from "../mcp/server/schema/duplicates.js";
import { WRITTEN } from "../mcp/server/schema/schema.js";
import type { ValidationResult, Issue, StandardSchema } from "../mcp/server/schema/standard.js";

/** A JSON Schema: an object of keywords. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The supported dialects; without `$schema` a schema is 2020-12 (2025-11-25 basic/index §JSON Schema Usage). */
const DIALECTS = {
  "https://json-schema.org/draft/2020-12/schema": "2020-12",
  "https://json-schema.org/draft/2019-09/schema": "2019-09",
  "http://json-schema.org/draft-07/schema": "7",
  "http://json-schema.org/draft-04/schema": "4",
} as const;

const made = new WeakMap<JsonSchema, StandardSchema>();

/**
 * A schema for `inputSchema`, `outputSchema` or `argsSchema`. Lists show it unchanged, including `$schema` and `$defs`.
 * The same object returns the same schema, so it may be called for each request. Throws `ERR_SCHEMA` for an unknown
 * dialect, for a `$ref` to another document (nothing is fetched), and for `$dynamicRef`.
 */
export function fromJsonSchema<T = Record<string, unknown>>(schema: JsonSchema): StandardSchema<T> {
  let standard = made.get(schema);
  if (!standard) made.set(schema, (standard = make(schema)));
  return standard as StandardSchema<T>;
}

function make(schema: JsonSchema): StandardSchema {
  const checking = new LimitedValidator(validatorOf(schema));
  const json = () => ({ ...schema });
  return {
    "~standard": {
      version: 1,
      vendor: WRITTEN,
      validate: (value) => checking.check(value),
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
    throw new WicketError("ERR_SCHEMA", `Unknown dialect ${dialect}. Supported: ${known}.`);
  }
  const text = JSON.stringify(schema);
  mirrorsIn(text);
  // The validator writes notes into the schema, which must not be listed.
  const own = JSON.parse(text) as Record<string, unknown>;
  const validator = new Validator(own, DIALECTS[dialect as keyof typeof DIALECTS], false);
  for (const inner of schemasOf(validator)) checkReferences(inner, validator);
  return validator;
}

/** A schema and those inside it. */
function schemasOf(validator: Validator): Set<object> {
  const { lookup } = validator as unknown as { lookup: Record<string, unknown> };
  return new Set(Object.values(lookup).filter((schema) => typeof schema === "object" && schema !== null));
}

interface SchemaReference {
  $ref?: unknown;
  $dynamicRef?: unknown;
  __absolute_ref__?: string;
}

function checkReferences(schema: object, validator: Validator): void {
  const { $ref, $dynamicRef, __absolute_ref__: target } = schema as SchemaReference;
  if ($dynamicRef !== undefined) throw new WicketError("ERR_SCHEMA", "`$dynamicRef` is not supported: use `$ref`.");
  const { lookup } = validator as unknown as { lookup: Record<string, unknown> };
  if ($ref === undefined || (target !== undefined && lookup[target] !== undefined)) return;
  throw new WicketError(
    "ERR_SCHEMA",
    `The reference ${JSON.stringify($ref)} leads outside the schema, and nothing is fetched: move its target to $defs.`,
  );
}

/** Keywords whose error only says that something inside does not match, which has its own error. */
const OUTER = new Set(["properties", "items", "prefixItems", "patternProperties", "$ref", "allOf", "if", "false"]);

/** What the validator reads of each schema before it validates a value; it only matters with `$recursiveRef`. */
const READ_FIRST = "__absolute_recursive_ref__";
/** This amount of work is allowed for every value. Beyond that, it must be in proportion to the value's size. */
const MUCH = 100_000;
const TIMES = 10;

/** Validating the value takes too long. */
class BudgetExceeded extends Error {}
const BUDGET_EXCEEDED: Issue = { message: "Validation takes too long: send less data, or data with less nesting." };

/**
 * A validator with a limit on its work. It validates a value again for each way to a schema, so recursive schemas in
 * several branches (`anyOf`) would double the time with each level of the value; and it compares all items of a list
 * with `uniqueItems` with each other.
 */
class LimitedValidator {
  readonly #validator: Validator;
  readonly #schemas: number;
  #isUnique = false;
  #work = 0;
  /** The repeated item of the list whose length was read last, if there is one. */
  #duplicates: Duplicates | undefined;

  constructor(validator: Validator) {
    this.#validator = validator;
    const schemas = schemasOf(validator);
    this.#schemas = schemas.size;
    for (const schema of schemas) this.#bind(schema as Record<string, unknown>);
  }

  check(value: unknown): ValidationResult {
    this.#work = 0;
    let most = MUCH;
    this.#exceeds = () => {
      if (this.#work <= most) return false;
      most = Math.max(MUCH, TIMES * sizeOf(value) * this.#schemas);
      return this.#work > most;
    };
    try {
      const { valid, errors } = this.#validator.validate(this.#isUnique ? markDuplicates(value, this.#read) : value);
      if (valid) return { value };
      const inner = errors.filter(({ keyword }) => !OUTER.has(keyword));
      const issues = (inner.length > 0 ? inner : errors).map(({ error, instanceLocation }): Issue => ({
        message: UNIQUE.exec(error)?.[1] ?? error,
        path: pathOf(instanceLocation),
      }));
      return { issues };
    } catch (error) {
      // A value that does not fit on the stack counts as too much, too.
      if (error instanceof BudgetExceeded || error instanceof RangeError) return { issues: [BUDGET_EXCEEDED] };
      throw error;
    }
  }

  #exceeds = () => false;

  readonly #read = (duplicates: Duplicates) => {
    this.#duplicates = duplicates;
  };

  #bind(schema: Record<string, unknown>): void {
    const first = schema[READ_FIRST];
    const get = () => {
      this.#work++;
      if (this.#work > MUCH && this.#exceeds()) throw new BudgetExceeded();
      return first;
    };
    Object.defineProperty(schema, READ_FIRST, { get });
    // This is not a standard format, and the validator's own expression for it can take exponential time.
    if (schema.format === "url") schema.format = "uri";
    if (schema.uniqueItems !== true) return;
    this.#isUnique = true;
    delete schema.uniqueItems;
    const unique = {
      some: (isEqual: (list: unknown) => boolean) => {
        this.#duplicates = undefined;
        // Whatever it is compared with, the list's length is read.
        isEqual([]);
        return (this.#duplicates as Duplicates | undefined) === undefined;
      },
      toJSON: () => `Duplicate items at indexes ${this.#duplicates?.join(" and ") ?? ""}.`,
    };
    schema.allOf = [...((schema.allOf as unknown[] | undefined) ?? []), { enum: unique }];
  }
}

/** The validator's message. */
const UNIQUE = /^Instance does not match any of "(Duplicate items at indexes \d+ and \d+\.)"\.$/;

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
