/**
 * Values that JSON does not have, for zod schemas that require them: a date from a date-time string, a `bigint` from an
 * integer or digits, a set from a list, a map from a list of pairs. Lists of tools say so (`zod4.ts`). Only used if
 * arguments do not match as they are.
 */
import { type StandardSchema, isStandardSchema } from "./standard.js";
import { isZod3 } from "./zod3.js";
import { isZod4 } from "./zod4.js";

/** A schema, in terms of both versions of zod. */
interface Known {
  readonly type: string;
  readonly [part: string]: unknown;
}

/** Maximum number of schemas that are tried on one call's arguments. */
const MAX_TRIES = 2000;

/** `value`, converted to what `schema` requires; the same value if there is nothing to convert. */
export function decoded(schema: StandardSchema, value: unknown): unknown {
  return holdsMore(schema) ? new Decoding().decode(schema, value) : value;
}

const holding = new WeakMap<object, boolean>();

/** True for a schema that contains something that JSON does not have. */
function holdsMore(schema: StandardSchema): boolean {
  let holds = holding.get(schema);
  if (holds === undefined) holding.set(schema, (holds = find(schema, new Set())));
  return holds;
}

function find(schema: unknown, seen: Set<unknown>): boolean {
  const known = seen.has(schema) || seen.size > MAX_TRIES ? undefined : knownOf(schema);
  if (!known) return false;
  seen.add(schema);
  return WANTED.has(known.type) || innerOf(known).some((inner) => find(inner, seen));
}

const WANTED = new Set(["date", "bigint", "set", "map"]);

function innerOf(known: Known): unknown[] {
  const { shape, items, options, element, rest, innerType, keyType, valueType, left, right, catchall, getter } = known;
  const inner: unknown[] = [element, rest, innerType, keyType, valueType, left, right, catchall, known.in];
  if (typeof getter === "function") inner.push((getter as () => unknown)());
  return [...inner, ...Object.values((shape ?? {}) as Record<string, unknown>), ...listOf(items), ...listOf(options)];
}

const listOf = (list: unknown): unknown[] => (list instanceof Map ? [...list.values()] : ((list ?? []) as unknown[]));

/** The definition of a zod schema; undefined for any other. */
function knownOf(schema: unknown): Known | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  if (isZod4(schema)) return schema._zod.def;
  if (!isZod3(schema)) return undefined;
  const { typeName, shape, type, ...def } = schema._def;
  const name = typeName.slice("Zod".length);
  if (name === "Object") return { ...def, type: "object", shape: (shape as () => object)() };
  if (name === "Effects") {
    const isBefore = (def.effect as { type: string }).type === "preprocess";
    return { type: isBefore ? "custom" : "optional", innerType: isBefore ? undefined : def.schema };
  }
  const names: Record<string, string> = { Pipeline: "pipe", DiscriminatedUnion: "union", Branded: "optional" };
  // In zod 3, `type` is the inner schema.
  return { ...def, element: type, innerType: def.innerType ?? type, type: names[name] ?? name.toLowerCase() };
}

class Decoding {
  #tries = 0;

  decode(schema: unknown, value: unknown): unknown {
    const known = ++this.#tries > MAX_TRIES ? undefined : knownOf(schema);
    if (!known || value === undefined || value === null) return value;
    switch (known.type) {
      case "date":
        return known.coerce === true ? value : dateOf(value);
      case "bigint":
        return known.coerce === true ? value : bigintOf(value);
      case "set":
        return setOf(this.#each(value, () => known.valueType));
      case "map":
        return mapOf(this.#each(value, () => ({ pair: [known.keyType, known.valueType] })));
      case "array":
        return this.#each(value, () => known.element);
      case "tuple":
        return this.#each(value, (at) => listOf(known.items)[at] ?? known.rest);
      case "object":
        return this.#members(value, known.shape as Record<string, unknown>, known.catchall);
      case "record":
        return this.#members(value, {}, known.valueType);
      case "union":
        return this.#oneOf(listOf(known.options), value);
      case "intersection":
        return this.decode(known.right, this.decode(known.left, value));
      case "pipe":
        return this.decode(known.in, value);
      case "lazy":
        return this.decode((known.getter as () => unknown)(), value);
      default:
        return known.innerType === undefined ? value : this.decode(known.innerType, value);
    }
  }

  #each(list: unknown, schemaAt: (at: number) => unknown): unknown {
    if (!Array.isArray(list)) return list;
    const made = list.map((value: unknown, at) => {
      const schema = schemaAt(at);
      const { pair } = (schema ?? {}) as { pair?: unknown[] };
      return pair ? this.#each(value, (at) => pair[at]) : this.decode(schema, value);
    });
    return made.some((one, at) => one !== list[at]) ? made : list;
  }

  #members(value: unknown, shape: Record<string, unknown>, rest: unknown): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    let made: Record<string, unknown> | undefined;
    for (const [name, member] of Object.entries(value)) {
      const schema = Object.hasOwn(shape, name) ? shape[name] : rest;
      const one = this.decode(schema, member);
      if (one !== member && name !== "__proto__") (made ??= { ...value })[name] = one;
    }
    return made ?? value;
  }

  /** As the first option that accepts it unchanged; else as the first that accepts it converted. */
  #oneOf(options: unknown[], value: unknown): unknown {
    if (options.some((option) => this.#takes(option, value))) return value;
    for (const option of options) {
      const made = this.decode(option, value);
      if (made !== value && this.#takes(option, made)) return made;
    }
    return value;
  }

  #takes(schema: unknown, value: unknown): boolean {
    if (++this.#tries > MAX_TRIES || !isStandardSchema(schema)) return false;
    const checked = schema["~standard"].validate(value);
    if (!(checked instanceof Promise)) return !checked.issues;
    checked.catch(() => {});
    return false;
  }
}

/** RFC 3339 §5.6 */
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function dateOf(value: unknown): unknown {
  if (typeof value !== "string" || !DATE_TIME.test(value)) return value;
  const date = new Date(value.toUpperCase());
  return Number.isNaN(date.getTime()) ? value : date;
}

function bigintOf(value: unknown): unknown {
  const isInteger = typeof value === "number" ? Number.isSafeInteger(value) : /^-?\d{1,1000}$/.test(String(value));
  return isInteger && typeof value !== "bigint" ? BigInt(value as number | string) : value;
}

/** The set of a list without repeated items. */
function setOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const texts = new Set(value.map(canonical));
  return texts.size === value.length ? new Set(value) : value;
}

/** The same text for equal JSON, whatever the order of members. */
function canonical(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null || value instanceof Date) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join()}}`;
}

function mapOf(value: unknown): unknown {
  const isMap = Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
  return isMap ? new Map(value as [unknown, unknown][]) : value;
}
