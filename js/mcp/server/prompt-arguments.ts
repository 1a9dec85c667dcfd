/** Arguments of prompts are strings (2025-11-25 server/prompts): a schema that accepts no string can never be satisfied. */
import { BoundedCache, POOLS } from "../../boundary/caches.js";
import { WicketError } from "../../common/errors.js";
import { entriesOf, writtenOf } from "./schema/schema.js";
import { type InputSchema, type StandardSchema, isStandardSchema } from "./schema/standard.js";

/** Strings of which at least one fits a schema that converts strings to numbers, dates or booleans. */
const TEXTS = ["1", "true", "2026-07-28", "2026-07-28T00:00:00Z", "{}", "[]", ""];

/** Prompts that have been checked: a server is created for each request, with the same prompts each time. */
const seen = new BoundedCache<true>(POOLS.warned);

/** Throws `ERR_SCHEMA` for an argument that no string satisfies. */
export function checkArguments(server: string, prompt: string, schema: InputSchema): void {
  const key = [server, prompt, ...entriesOf(schema).map(([name, member]) => `${name}: ${kindOf(member)}`)].join("\n");
  if (seen.get(key)) return;
  for (const [name, member] of entriesOf(schema)) {
    if (!isStandardSchema(member) || !isHopeless(member)) continue;
    throw new WicketError(
      "ERR_SCHEMA",
      `The argument "${name}" of the prompt "${prompt}" does not accept a string, but arguments of prompts are strings. ` +
        "Accept a string and parse it: z.coerce.number(), z.stringbool(), or z.string().transform(…).",
    );
  }
  seen.set(key, true, 0);
}

/** The kind of a zod schema; schemas of others only have a vendor. */
function kindOf(schema: unknown): string {
  const { def, _def, "~standard": standard } = schema as Record<string, Record<string, unknown> | undefined>;
  return String(def?.type ?? _def?.typeName ?? standard?.vendor);
}

/** The types of a schema's values, as far as it says. */
function typesOf({ type, const: only, enum: some, not }: Readonly<Record<string, unknown>>): unknown[] | undefined {
  if (type !== undefined) return [type].flat();
  if (only !== undefined) return [typeof only];
  if (Array.isArray(some)) return some.map((value) => typeof value);
  return typeof not === "object" && not !== null && Object.keys(not).length === 0 ? [] : undefined;
}

/** True if the schema says that it accepts no strings, and accepts none of the usual ones. */
function isHopeless(schema: StandardSchema): boolean {
  try {
    const written = writtenOf(schema);
    const types = typesOf(written);
    if (types === undefined || types.includes("string")) return false;
  } catch {
    return false; // whatever is wrong with it, lists say
  }
  return TEXTS.every((text) => {
    try {
      const checked = schema["~standard"].validate(text);
      return !(checked instanceof Promise) && checked.issues !== undefined;
    } catch {
      return false;
    }
  });
}
