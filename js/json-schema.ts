/**
 * `mcp-wicket/json-schema`: tools and prompts whose schemas are written as plain JSON Schema. An entry point of its own,
 * so that only Workers that use it upload the validator. It interprets schemas: a Worker cannot compile code.
 */
import { Validator } from "@cfworker/json-schema";
import { WicketError } from "./errors.js";
import { mirrorsIn } from "./server/mirrors.js";
import { type Twice, marked, sizeOf } from "./server/repeats.js";
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
  const checking = new Checking(validatorOf(schema));
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
    throw new WicketError("ERR_SCHEMA", `The dialect ${dialect} is not known; these are: ${known}.`);
  }
  const text = JSON.stringify(schema);
  mirrorsIn(text);
  // The validator keeps notes in the schema; they are no part of what is listed.
  const own = JSON.parse(text) as Record<string, unknown>;
  const validator = new Validator(own, DIALECTS[dialect as keyof typeof DIALECTS], false);
  for (const inner of schemasOf(validator)) checkReferences(inner, validator);
  return validator;
}

/** A schema and those inside of it. */
function schemasOf(validator: Validator): Set<object> {
  const { lookup } = validator as unknown as { lookup: Record<string, unknown> };
  return new Set(Object.values(lookup).filter((schema) => typeof schema === "object" && schema !== null));
}

interface Referring {
  $ref?: unknown;
  $dynamicRef?: unknown;
  __absolute_ref__?: string;
}

function checkReferences(schema: object, validator: Validator): void {
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

/** What the validator reads of each schema before it looks at a value; only where there is `$recursiveRef` does it matter. */
const READ_FIRST = "__absolute_recursive_ref__";
/** So much is done for every value. For more than that, it has to be in proportion to the value's size. */
const MUCH = 100_000;
const TIMES = 10;

/** A value that takes too long. */
class TooMuch extends Error {}
const TOO_MUCH: Issue = { message: "It takes too long to check: send less, or what is nested less deep." };

/**
 * A validator with a bound on what it does. It looks at a value again for each way to a schema, so that recursive ones in
 * several branches (`anyOf`) would take twice as long for each level of the value; and it compares all items of a list that
 * is to have none twice with each other.
 */
class Checking {
  readonly #validator: Validator;
  readonly #schemas: number;
  #isUnique = false;
  #work = 0;
  /** Of the list that was asked for its length last, if it has an item twice. */
  #twice: Twice | undefined;

  constructor(validator: Validator) {
    this.#validator = validator;
    const schemas = schemasOf(validator);
    this.#schemas = schemas.size;
    for (const schema of schemas) this.#bind(schema as Record<string, unknown>);
  }

  check(value: unknown): Checked {
    this.#work = 0;
    let most = MUCH;
    this.#exceeds = () => {
      if (this.#work <= most) return false;
      most = Math.max(MUCH, TIMES * sizeOf(value) * this.#schemas);
      return this.#work > most;
    };
    try {
      const { valid, errors } = this.#validator.validate(this.#isUnique ? marked(value, this.#read) : value);
      if (valid) return { value };
      const inner = errors.filter(({ keyword }) => !OUTER.has(keyword));
      const issues = (inner.length > 0 ? inner : errors).map(({ error, instanceLocation }): Issue => ({
        message: UNIQUE.exec(error)?.[1] ?? error,
        path: pathOf(instanceLocation),
      }));
      return { issues };
    } catch (error) {
      // What does not fit in more places than the stack holds is as much too much.
      if (error instanceof TooMuch || error instanceof RangeError) return { issues: [TOO_MUCH] };
      throw error;
    }
  }

  #exceeds = () => false;

  readonly #read = (twice: Twice) => {
    this.#twice = twice;
  };

  #bind(schema: Record<string, unknown>): void {
    const first = schema[READ_FIRST];
    const get = () => {
      this.#work++;
      if (this.#work > MUCH && this.#exceeds()) throw new TooMuch();
      return first;
    };
    Object.defineProperty(schema, READ_FIRST, { get });
    // No format of the standard, and the validator's own expression for it takes for ever.
    if (schema.format === "url") schema.format = "uri";
    if (schema.uniqueItems !== true) return;
    this.#isUnique = true;
    delete schema.uniqueItems;
    const unique = {
      some: (isEqual: (list: unknown) => boolean) => {
        this.#twice = undefined;
        // Whatever it is compared with, a list is asked for its length.
        isEqual([]);
        return (this.#twice as Twice | undefined) === undefined;
      },
      toJSON: () => `Duplicate items at indexes ${this.#twice?.join(" and ") ?? ""}.`,
    };
    schema.allOf = [...((schema.allOf as unknown[] | undefined) ?? []), { enum: unique }];
  }
}

/** What the validator makes of it. */
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
