/**
 * Well-formed Unicode. A JavaScript string may contain a lone surrogate, which `JSON.stringify` writes as an escape; parsers
 * that store strings as UTF-8 reject the whole message because of it.
 */

/** The same JSON text with U+FFFD for each lone surrogate. */
export function wellFormed(json: string): string {
  // Complete pairs are written without escapes, so hardly any text contains one.
  return json.includes("\\ud") ? json.replace(ESCAPE, (escape) => (escape.length === LONE ? "\\ufffd" : escape)) : json;
}

/** An escape: a complete pair, a lone surrogate, or any other, of which only the beginning matters. */
const ESCAPE = /\\ud[89ab][\da-f]{2}\\ud[c-f][\da-f]{2}|\\ud[89a-f][\da-f]{2}|\\[^]/gi;
const LONE = "\\ud800".length;
