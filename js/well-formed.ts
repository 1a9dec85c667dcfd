/**
 * Unicode that everybody can read. A string of JavaScript may hold half of a surrogate pair, which `JSON.stringify` writes as
 * an escape; readers that keep their strings as UTF-8 refuse the whole message for it.
 */

/** The same JSON text with U+FFFD for each half of a surrogate pair that stands alone. */
export function wellFormed(json: string): string {
  // Whole pairs stand in the text as they are: hardly any text has such an escape.
  return json.includes("\\ud") ? json.replace(ESCAPE, (escape) => (escape.length === LONE ? "\\ufffd" : escape)) : json;
}

/** An escape: a whole pair, a half, or any other, of which only the beginning counts. */
const ESCAPE = /\\ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|\\ud[89a-f][\da-f]{2}|\\[^]/gi;
const LONE = "\\ud800".length;
