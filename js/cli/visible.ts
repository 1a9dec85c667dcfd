/** Text of a server or a file for a terminal. */

/** Control and format characters (bidirectional overrides among them), and separators of lines and paragraphs. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** What a server or a file says, without what a terminal would carry out or not show. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The same as JSON, in which these characters are escaped. */
export function visibleJson(value: unknown): string {
  const escaped = (char: string) =>
    [...Array(char.length).keys()].map((unit) => `\\u${char.charCodeAt(unit).toString(16).padStart(4, "0")}`).join("");
  return `${JSON.stringify(value, null, 2).replaceAll(INVISIBLE, (char) => (char === "\n" ? char : escaped(char)))}\n`;
}
