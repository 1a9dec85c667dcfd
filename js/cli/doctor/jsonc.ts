/** Reads JSON with comments and trailing commas, as `wrangler.jsonc` is written. */

const COMMENTS = /("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*|\/\*[^]*?\*\//g;
const LAST_COMMAS = /("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])/g;

/** Throws with the number of the line that is not understood, where that is known. */
export function parseJsonc(text: string): unknown {
  // What goes leaves its line breaks, so that the position of an error stays right.
  const blank = (piece: string, string?: string) => string ?? piece.replaceAll(/[^\n]/g, " ");
  const plain = text
    .replace(/^\ufeff/, "")
    .replaceAll(COMMENTS, blank)
    .replaceAll(LAST_COMMAS, blank);
  try {
    return JSON.parse(plain);
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = position === undefined ? "" : `line ${String(plain.slice(0, Number(position)).split("\n").length)}: `;
    throw new Error(`${line}this is not JSON`, { cause: error });
  }
}
