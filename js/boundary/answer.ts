/* The results of the app's functions, as the JSON that Rust validates (`src/callback_result.rs`). */

/** Without these members somebody may do more, so a member without a value must not count as absent. */
const LIMITING: ReadonlySet<string> = new Set(["scopes", "audience", "expires"]);

/**
 * The text of `answer`. Values that JSON cannot represent (`NaN`, a function) become an invalid value instead of being
 * omitted. `whole` are the members of which only the type is checked, because they go no further.
 */
export function answerText(answer: unknown, whole: readonly string[] = []): string {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return textOf(answer) ?? "null";
  const members = Object.entries(answer).flatMap(([name, value]) => {
    if (value === undefined && !LIMITING.has(name)) return [];
    const text = whole.includes(name) && isObject(value) ? "{}" : textOf(value);
    return [`${JSON.stringify(name)}:${text ?? "null"}`];
  });
  return `{${members.join(",")}}`;
}

/** Undefined for a value that cannot be serialized: a function, a circular object. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** True for a value that JSON writes as an object. */
export const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
