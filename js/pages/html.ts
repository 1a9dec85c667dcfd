/**
 * HTML that is always escaped: text becomes part of a page only through the tag `html`, which escapes every value that
 * is not `Html` itself. Untrusted values are safe both in text and in quoted attributes.
 */

/** A piece of markup. Only this file creates it. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  /** Markup of our own that needs no escaping, such as a style sheet. Never with untrusted text. */
  static trusted(text: string): Html {
    return new Html(text);
  }
}

/** The values of a template: lists are concatenated, and `undefined` or `false` is nothing. */
export type Part = Html | string | number | false | undefined | readonly Part[];

/** The tag. Attributes are always written with double quotes. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  let text = strings[0] ?? "";
  parts.forEach((part, index) => (text += written(part) + (strings[index + 1] ?? "")));
  return Html.trusted(text);
}

function written(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.toString();
  if (typeof part === "object") return part.map(written).join("");
  return escapeHtml(String(part));
}

/** `text`, escaped for text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/**
 * A name that somebody else has chosen. It cannot change the direction of the text around it (bidirectional controls
 * are made visible, and `bdi` isolates the rest), nor hide itself.
 */
export function named(name: string): Html {
  return html`<bdi>${visible(name)}</bdi>`;
}

/** `text` with a replacement character for each control, invisible or direction-changing one. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\uFFFD");
}

/** A URL for `href`. Throws for schemes that run or show something with this page's origin. */
export function target(url: string): string {
  if (
    !/^(\/(?!\/|\\)|[a-z][a-z0-9+.-]*:)/i.test(url) ||
    /^(javascript|data|vbscript|blob|file|about|filesystem|view-source):/i.test(url)
  ) {
    throw new TypeError("A page must not link to this URL.");
  }
  if (/[\u0000-\u0020\u007f]/.test(url))
    throw new TypeError("A URL on a page must not contain spaces or control characters.");
  return url;
}
