/** Arguments of prompts are texts (2025-11-25 server/prompts): a schema that takes none can never be satisfied. */
import { Bounded, POOLS } from "../bounds.js";
import { WicketError } from "../errors.js";
import { type InputSchema, type StandardSchema, entriesOf, isStandardSchema, writtenOf } from "./schema.js";

/** Texts of which a schema that reads numbers, dates or truth out of a text takes one. */
const TEXTS = ["1", "true", "2026-07-28", "2026-07-28T00:00:00Z", "{}", "[]", ""];

/** Prompts that have been looked at: a server is made for each request, and says the same each time. */
const seen = new Bounded<true>(POOLS.warned);

/** Throws `ERR_SCHEMA` for an argument that no text satisfies. */
export function checkArguments(server: string, prompt: string, schema: InputSchema): void {
  const key = [server, prompt, ...entriesOf(schema).map(([name, member]) => `${name}: ${kindOf(member)}`)].join("\n");
  if (seen.get(key)) return;
  for (const [name, member] of entriesOf(schema)) {
    if (!isStandardSchema(member) || !isHopeless(member)) continue;
    throw new WicketError(
      "ERR_SCHEMA",
      `The argument "${name}" of the prompt "${prompt}" takes no text, but arguments of prompts are texts. ` +
        "Take a text and read it: z.coerce.number(), z.stringbool(), or z.string().transform(…).",
    );
  }
  seen.set(key, true, 0);
}

/** The kind of a zod schema; others are told apart by their makers. */
function kindOf(schema: unknown): string {
  const { def, _def, "~standard": standard } = schema as Record<string, Record<string, unknown> | undefined>;
  return String(def?.type ?? _def?.typeName ?? standard?.vendor);
}

/** Of which types the values of a schema are, as far as it says. */
function typesOf({ type, const: only, enum: some, not }: Readonly<Record<string, unknown>>): unknown[] | undefined {
  if (type !== undefined) return [type].flat();
  if (only !== undefined) return [typeof only];
  if (Array.isArray(some)) return some.map((value) => typeof value);
  return typeof not === "object" && not !== null && Object.keys(not).length === 0 ? [] : undefined;
}

/** True where the schema says that it takes no text, and takes none of those that are usual. */
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
