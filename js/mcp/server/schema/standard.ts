/** Schemas of any library that supports Standard Schema (standardschema.dev), one for all arguments or one for each. */

/** A schema of any Standard Schema library. */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => ValidationResult<Output> | Promise<ValidationResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
    readonly jsonSchema?:
      | {
          readonly input: (options: { target: string }) => Record<string, unknown>;
          readonly output: (options: { target: string }) => Record<string, unknown>;
        }
      | undefined;
  };
}

export type ValidationResult<Output = unknown> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** One schema for each argument: `{ a: z.number() }`. */
export type Shape = Readonly<Record<string, StandardSchema>>;

/** The type of `inputSchema`. */
export type InputSchema = StandardSchema | Shape;

type OutputOf<S> = S extends StandardSchema<infer Output> ? Output : never;
type OptionalKeys<S extends Shape> = { [K in keyof S]: undefined extends OutputOf<S[K]> ? K : never }[keyof S];
type Flat<T> = { [K in keyof T]: T[K] };

/** The arguments of a tool's handler. */
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

/** True for a valid `inputSchema`. The results are cached, because servers are created for each request. */
export function isSchema(value: unknown): value is InputSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  if (schemas.has(value)) return true;
  const is = isStandardSchema(value) || isShape(value);
  if (is) schemas.add(value);
  return is;
}

/** True if a member with this schema may be absent: the schema accepts `undefined`. One that throws does not. */
export function mayBeAbsent(schema: StandardSchema): boolean {
  try {
    const result = schema["~standard"].validate(undefined);
    if (!(result instanceof Promise)) return !result.issues;
    result.catch(() => {});
  } catch {
    // As described above.
  }
  return false;
}
