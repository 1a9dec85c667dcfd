/** What functions of the app's answer, as the JSON that Rust judges (`src/auth/answer.rs`). */

/** Without these somebody may do more, so that one without a value is not as if it was left out. */
const LIMITING: ReadonlySet<string> = new Set(["scopes", "audience", "expires"]);

/**
 * The text of `answer`. What JSON has no word for (a number that is none, a function) is there as what no member may be, instead
 * of missing. `whole` has the members of which only the kind is looked at, since they go no further.
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

/** Nothing for what cannot be written: a function, what refers to itself. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** True for what JSON writes as an object. */
export const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
