/** Completion of prompt arguments. */

/** Returns the values that begin with `value`; `context.arguments` has the arguments that are already known. */
export type CompleteCallback<Value = unknown> = (
  value: Value,
  context?: { arguments?: Record<string, string> },
) => Value[] | Promise<Value[]>;

const completers = new WeakMap<object, unknown>();

type ValueOf<S> = S extends { "~standard": { types?: { input: infer Input } | undefined } } ? Input : string;

/** Returns the same schema, with `complete` for its completions. */
export function completable<S extends object>(schema: S, complete: CompleteCallback<ValueOf<S>>): S {
  completers.set(schema, complete);
  return schema;
}

/** The completion function of `schema`: its own, or that of the schema that it makes optional. */
export function completerOf(schema: unknown): CompleteCallback<string> | undefined {
  for (let at = schema, depth = 0; depth < 8 && isSchema(at); depth++) {
    const found = completers.get(at);
    if (found) return found as CompleteCallback<string>;
    const { _def, def } = at as { _def?: Inner; def?: Inner };
    at = def?.innerType ?? _def?.innerType;
  }
  return undefined;
}

interface Inner {
  innerType?: unknown;
}

function isSchema(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
