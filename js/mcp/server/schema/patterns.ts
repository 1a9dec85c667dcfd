/**
 * JavaScript's regular expressions in JSON Schema: a `pattern` has no flags, and validators read it as one with the
 * flag `u` (2020-12 §6.4, similar to RFC 9485). Expressions that cannot be converted are omitted, so that a list never
 * excludes what its tool accepts.
 */

/** The `pattern` of an expression; undefined if it cannot be converted. */
export function patternOf({ source: written, flags }: RegExp): string | undefined {
  const meaning = flags.replace(/[gds]/g, "");
  const source = flags.includes("s") ? withLineBreaks(written) : written;
  if (meaning === "u" || meaning === "") return compiled(source) ?? compiled(plain(source));
  if (meaning !== "i" && meaning !== "iu" && meaning !== "ui") return undefined;
  const folded = eitherCase(plain(source));
  return folded === undefined ? undefined : compiled(folded);
}

/** `text` as a pattern that matches exactly that. */
export function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function compiled(source: string): string | undefined {
  try {
    new RegExp(source, "u");
    return source;
  } catch {
    return undefined;
  }
}

/** With dots that also match line breaks. */
function withLineBreaks(source: string): string {
  let isClass = false;
  return source.replace(/\\[^]|[[\].]/g, (part) => {
    if (part === "[" || part === "]") isClass = part === "[";
    return part === "." && !isClass ? "[\\s\\S]" : part;
  });
}

/** Without meaningless backslashes, which the flag `u` forbids. */
function plain(source: string): string {
  let isClass = false;
  return source.replace(/\\(?:[^])|[[\]]/g, (part) => {
    if (part === "[" || part === "]") isClass = part === "[";
    if (part.length === 1) return part;
    const escaped = part.charAt(1);
    return /[\w^$\\.*+?()[\]{}|/]/.test(escaped) || (isClass && escaped === "-") ? part : escaped;
  });
}

/** The same with both cases of each letter; undefined if that is not possible letter by letter. */
function eitherCase(source: string): string | undefined {
  // Back references, names, properties and code points; letters with more than two cases, or outside of ASCII.
  if (/\\[1-9kpPuxc]|\(\?<[^=!]|[^\x20-\x7e]/.test(source)) return undefined;
  let isClass = false;
  return source.replace(
    /\\[^]|\[\^?|\]|\(\?[:=!<]+|([a-zA-Z])(?:-([a-zA-Z]))?/g,
    (part, from?: string, to?: string) => {
      if (part.startsWith("[")) isClass = true;
      else if (part === "]") isClass = false;
      if (from === undefined) return part;
      if (to !== undefined && !isClass) return `${both(from, false)}-${both(to, false)}`;
      if (to === undefined) return both(from, isClass);
      const isRange = /^(?:[a-z]-[a-z]|[A-Z]-[A-Z])$/.test(part);
      return isRange ? part + swapped(from) + "-" + swapped(to) : part;
    },
  );
}

const swapped = (letter: string) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase());
const both = (letter: string, isClass: boolean) =>
  isClass ? letter + swapped(letter) : `[${letter}${swapped(letter)}]`;
