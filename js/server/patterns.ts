/**
 * Regular expressions of JavaScript as JSON Schema has them: a `pattern` has no flags, and validators read it as one with the
 * flag `u` (2020-12 §6.4, RFC 9485 in spirit). What cannot be said like that is left out, so that a list never refuses what
 * its tool takes.
 */

/** The `pattern` of an expression; nothing where there is none. */
export function patternOf({ source: written, flags }: RegExp): string | undefined {
  const meaning = flags.replace(/[gds]/g, "");
  const source = flags.includes("s") ? withLineBreaks(written) : written;
  if (meaning === "u" || meaning === "") return compiled(source) ?? compiled(plain(source));
  if (meaning !== "i" && meaning !== "iu" && meaning !== "ui") return undefined;
  const folded = eitherCase(plain(source));
  return folded === undefined ? undefined : compiled(folded);
}

/** `text` as a pattern that matches just that. */
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

/** With dots that stand for line breaks, too. */
function withLineBreaks(source: string): string {
  let isClass = false;
  return source.replace(/\\[^]|[[\].]/g, (part) => {
    if (part === "[" || part === "]") isClass = part === "[";
    return part === "." && !isClass ? "[\\s\\S]" : part;
  });
}

/** Without the backslashes that mean nothing, which the flag `u` forbids. */
function plain(source: string): string {
  let isClass = false;
  return source.replace(/\\(?:[^])|[[\]]/g, (part) => {
    if (part === "[" || part === "]") isClass = part === "[";
    if (part.length === 1) return part;
    const escaped = part.charAt(1);
    return /[\w^$\\.*+?()[\]{}|/]/.test(escaped) || (isClass && escaped === "-") ? part : escaped;
  });
}

/** The same with both cases of each letter; nothing where that cannot be told by looking at letters alone. */
function eitherCase(source: string): string | undefined {
  // Back references, names, properties and code points; letters that have more than two cases, or are no ASCII.
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
