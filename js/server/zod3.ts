/**
 * JSON Schema of zod 3's schemas, which cannot write it themselves. Checking stays zod's. What JSON Schema cannot say
 * (refinements, transformations) is left out, so that a list never promises less than is taken.
 */

/** A schema of zod 3, as far as it is looked at. */
export interface Zod3 {
  readonly _def: Definition;
}

interface Definition {
  readonly typeName: string;
  readonly description?: string;
  readonly [part: string]: unknown;
}

type Json = Record<string, unknown>;
type Side = "input" | "output";

/** True for a schema of zod 3. */
export function isZod3(schema: unknown): schema is Zod3 {
  const { _def, _zod } = schema as { _def?: { typeName?: unknown }; _zod?: unknown };
  return _zod === undefined && typeof _def?.typeName === "string" && _def.typeName.startsWith("Zod");
}

/** The JSON Schema (2020-12) of what `schema` takes in or gives out. */
export function zod3Json(schema: Zod3, side: Side): Json {
  return convert(schema, side, 0);
}

/** Schemas that hold themselves end here: whatever is deeper fits. */
const MAX_DEPTH = 16;

function convert({ _def }: Zod3, side: Side, depth: number): Json {
  if (depth > MAX_DEPTH) return {};
  const to = (inner: unknown): Json => convert(inner as Zod3, side, depth + 1);
  const json = KINDS[_def.typeName]?.(_def, to, side) ?? {};
  return _def.description === undefined ? json : { ...json, description: _def.description };
}

type Convert = (definition: Definition, to: (inner: unknown) => Json, side: Side) => Json;

const inside: Convert = ({ innerType }, to) => to(innerType);
const anyOf: Convert = ({ options }, to) => {
  const all = options instanceof Map ? [...(options as Map<unknown, unknown>).values()] : (options as unknown[]);
  return { anyOf: all.map(to) };
};

const KINDS: Record<string, Convert> = {
  ZodString: ({ checks }) => withChecks({ type: "string" }, checks, STRING),
  ZodNumber: ({ checks }) => withChecks({ type: "number" }, checks, NUMBER),
  ZodBigInt: ({ checks }) => withChecks({ type: "integer" }, checks, NUMBER),
  ZodBoolean: () => ({ type: "boolean" }),
  ZodDate: () => ({ type: "string", format: "date-time" }),
  ZodNull: () => ({ type: "null" }),
  ZodNever: () => ({ not: {} }),
  ZodLiteral: ({ value }) => ({ const: value }),
  ZodEnum: ({ values }) => ({ type: "string", enum: values }),
  ZodNativeEnum: ({ values }) => ({ enum: membersOf(values as Json) }),
  ZodArray: ({ type, minLength, maxLength, exactLength }, to) => ({
    type: "array",
    items: to(type),
    ...bounds("minItems", minLength ?? exactLength),
    ...bounds("maxItems", maxLength ?? exactLength),
  }),
  ZodSet: ({ valueType }, to) => ({ type: "array", items: to(valueType), uniqueItems: true }),
  ZodTuple: ({ items, rest }, to) => {
    const prefixItems = (items as unknown[]).map(to);
    return { type: "array", prefixItems, minItems: prefixItems.length, items: rest ? to(rest) : false };
  },
  ZodObject: object,
  ZodRecord: ({ valueType }, to) => ({ type: "object", additionalProperties: to(valueType) }),
  ZodUnion: anyOf,
  ZodDiscriminatedUnion: anyOf,
  ZodIntersection: ({ left, right }, to) => ({ allOf: [to(left), to(right)] }),
  ZodNullable: ({ innerType }, to) => ({ anyOf: [to(innerType), { type: "null" }] }),
  ZodOptional: inside,
  ZodCatch: inside,
  ZodReadonly: inside,
  ZodDefault: ({ innerType, defaultValue }, to) => ({ ...to(innerType), default: (defaultValue as () => unknown)() }),
  ZodBranded: ({ type }, to) => to(type),
  ZodPromise: ({ type }, to) => to(type),
  ZodEffects: ({ schema, effect }, to, side) => {
    const { type } = effect as { type: string };
    const isKnown = type === "refinement" || (type === "transform") === (side === "input");
    return isKnown ? to(schema) : {};
  },
  ZodPipeline: (definition, to, side) => to(definition[side === "input" ? "in" : "out"]),
  ZodLazy: ({ getter }, to) => to((getter as () => unknown)()),
};

function object(definition: Definition, to: (inner: unknown) => Json, side: Side): Json {
  const members = Object.entries((definition.shape as () => Record<string, Zod3>)());
  const properties = Object.fromEntries(members.map(([name, member]) => [name, to(member)]));
  const required = members.filter(([, member]) => isRequired(member, side)).map(([name]) => name);
  const json: Json = { type: "object", properties };
  if (required.length > 0) json.required = required;
  const { typeName } = (definition.catchall as Zod3)._def;
  if (typeName !== "ZodNever") json.additionalProperties = to(definition.catchall);
  else if (definition.unknownKeys === "strict") json.additionalProperties = false;
  return json;
}

function isRequired({ _def }: Zod3, side: Side): boolean {
  if (MAYBE.has(_def.typeName)) return side === "output" && _def.typeName !== "ZodOptional" && HOLDS.has(_def.typeName);
  const inner = _def.innerType ?? _def.schema ?? (_def.typeName === "ZodBranded" ? _def.type : undefined);
  return inner === undefined || isRequired(inner as Zod3, side);
}

/** What takes an absent value; and, of those, what always gives one. */
const MAYBE = new Set(["ZodOptional", "ZodDefault", "ZodCatch", "ZodAny", "ZodUnknown", "ZodUndefined", "ZodVoid"]);
const HOLDS = new Set(["ZodDefault", "ZodCatch"]);

interface Check {
  kind: string;
  value?: unknown;
  inclusive?: boolean;
  regex?: RegExp;
}
type Say = (check: Check, json: Json) => Json;

function withChecks(json: Json, checks: unknown, known: Record<string, Say>): Json {
  for (const check of (checks ?? []) as Check[]) Object.assign(json, known[check.kind]?.(check, json));
  return json;
}

const format =
  (name: string): Say =>
  () => ({ format: name });

const STRING: Record<string, Say> = {
  min: ({ value }) => ({ minLength: value }),
  max: ({ value }) => ({ maxLength: value }),
  length: ({ value }) => ({ minLength: value, maxLength: value }),
  email: format("email"),
  url: format("uri"),
  uuid: format("uuid"),
  datetime: format("date-time"),
  date: format("date"),
  time: format("time"),
  regex: ({ regex }, json) => (json.pattern === undefined && regex?.flags === "" ? { pattern: regex.source } : {}),
};

const number = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

const NUMBER: Record<string, Say> = {
  int: () => ({ type: "integer" }),
  min: ({ value, inclusive }) => ({ [inclusive ? "minimum" : "exclusiveMinimum"]: number(value) }),
  max: ({ value, inclusive }) => ({ [inclusive ? "maximum" : "exclusiveMaximum"]: number(value) }),
  multipleOf: ({ value }) => ({ multipleOf: number(value) }),
};

function bounds(keyword: string, bound: unknown): Json {
  return bound ? { [keyword]: (bound as { value: unknown }).value } : {};
}

/** The values of a TypeScript enum: numeric ones have their names as values too. */
function membersOf(values: Json): unknown[] {
  return Object.keys(values)
    .filter((name) => typeof values[values[name] as string] !== "number")
    .map((name) => values[name]);
}
