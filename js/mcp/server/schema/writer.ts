/** Generates JSON Schema: schemas that occur again, inside themselves or elsewhere, are written once and referenced. */

export type Json = Record<string, unknown>;

/** Maximum number of schemas, and maximum depth; anything beyond is accepted. */
const MAX_SCHEMAS = 1000;
const MAX_DEPTH = 32;
/** Shared parts longer than this are written once, in characters. */
const MAX_REPEATED = 300;

/** Accepts anything. */
export const ANYTHING: Json = Object.freeze({});
/** Accepts nothing: no client can send it. */
export const NOTHING: Json = Object.freeze({ not: {} });

/** Accepts anything, but shows the preferred form. */
export const preferably = (json: Json): Json => (Object.keys(json).length > 0 ? { anyOf: [json, {}] } : {});

/** One JSON Schema, from the schemas of one library. */
export class JsonSchemaWriter<Schema extends object> {
  /** True for a result: the handler's value is sent as JSON. */
  readonly isResult: boolean;
  readonly #convert: (schema: Schema, writing: JsonSchemaWriter<Schema>) => Json;
  readonly #nameOf: (schema: Schema) => unknown;
  /** What has been written; undefined for those in progress. */
  readonly #written = new Map<Schema, Json | undefined>();
  /** The names of those that are written once and referenced. */
  readonly #names = new Map<Schema, string>();
  readonly #defs = Object.create(null) as Json;
  #root: Schema | undefined;
  #depth = 0;

  constructor(
    isResult: boolean,
    convert: (schema: Schema, writing: JsonSchemaWriter<Schema>) => Json,
    nameOf: (schema: Schema) => unknown = () => undefined,
  ) {
    this.isResult = isResult;
    this.#convert = convert;
    this.#nameOf = nameOf;
  }

  /** The whole JSON Schema of `schema`. */
  whole(schema: Schema): Json {
    this.#root = schema;
    const json = this.to(schema);
    return Object.keys(this.#defs).length > 0 ? { ...json, $defs: this.#defs } : json;
  }

  /** The JSON Schema of a part. */
  readonly to = (part: unknown): Json => {
    const schema = part as Schema;
    if (this.#written.has(schema)) return this.#again(schema, this.#written.get(schema));
    if (this.#written.size >= MAX_SCHEMAS || this.#depth >= MAX_DEPTH) return ANYTHING;
    this.#written.set(schema, undefined);
    this.#depth++;
    const json = this.#convert(schema, this);
    this.#depth--;
    this.#written.set(schema, json);
    const name = this.#names.get(schema);
    return name === undefined || schema === this.#root ? json : this.#define(name, json);
  };

  #again(schema: Schema, json: Json | undefined): Json {
    if (json === undefined) return { $ref: schema === this.#root ? "#" : `#/$defs/${this.#name(schema)}` };
    if (this.#names.has(schema)) return { $ref: `#/$defs/${this.#name(schema)}` };
    if (schema === this.#root || JSON.stringify(json).length <= MAX_REPEATED) return json;
    // Its first occurrence becomes a reference, too.
    const moved = { ...json };
    for (const keyword of Object.keys(json)) Reflect.deleteProperty(json, keyword);
    return Object.assign(json, this.#define(this.#name(schema), moved));
  }

  #define(name: string, json: Json): Json {
    this.#defs[name] = json;
    return { $ref: `#/$defs/${name}` };
  }

  #name(schema: Schema): string {
    const known = this.#names.get(schema);
    if (known !== undefined) return known;
    const own = this.#nameOf(schema);
    const base = typeof own === "string" && /^[\w-]+$/.test(own) ? own : "schema";
    const taken = new Set(this.#names.values());
    let name = base;
    for (let n = 2; taken.has(name); n++) name = base + String(n);
    this.#names.set(schema, name);
    return name;
  }
}

/** True for JSON that stays the same when it is written. */
export function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}

/** One of these values, as far as they are JSON. */
export function choiceJson(values: readonly unknown[]): Json {
  const sent = values.filter(isJson);
  if (sent.length === 0) return NOTHING;
  if (sent.length === 1) return { const: sent[0] };
  return sent.every((value) => typeof value === "string") ? { type: "string", enum: sent } : { enum: sent };
}

/** A tuple. Draft 7 has no `prefixItems`; there, each element is any of these. */
export function tupleJson(items: Json[], rest: Json | undefined, least: number): Json {
  const json: Json = { type: "array" };
  const texts = items.map((item) => JSON.stringify(item));
  if (rest) {
    if (items.length > 0) json.prefixItems = items;
    json[items.length > 0 ? "unevaluatedItems" : "items"] = rest;
  } else if (new Set(texts).size === 1) json.items = items[0];
  else if (items.length > 0) {
    json.prefixItems = items;
    if (texts.join().length <= MAX_REPEATED) json.items = { anyOf: items };
  }
  if (least > 0) json.minItems = least;
  if (!rest) json.maxItems = items.length;
  return json;
}

/** An object with these members. */
export function membersJson(members: readonly (readonly [string, Json])[], required: readonly string[]): Json {
  const properties = Object.create(null) as Json;
  for (const [name, json] of members) properties[name] = json;
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

/** An object whose names match `names`. */
export function recordJson(names: Json, values: Json): Json {
  const { type, ...rest } = names;
  // Numbers are written as names.
  const isNumber = type === "number" || type === "integer";
  const pattern = type === "integer" ? "^-?\\d+$" : "^-?\\d+(?:\\.\\d+)?$";
  const isAny = type === "string" && Object.keys(rest).length === 0;
  const propertyNames = isNumber ? { type: "string", pattern } : { type: "string", ...names };
  return { type: "object", ...(!isAny && { propertyNames }), additionalProperties: values };
}
