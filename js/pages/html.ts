/**
 * HTML that cannot forget to escape: text goes into a page through the tag `html` only, which escapes every value that is
 * not `Html` itself. What comes from outside is safe in text and in quoted attributes alike.
 */

/** A piece of markup. Only this file makes one. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  /** Markup of our own that needs no escaping, such as a style sheet. Never with anything from outside. */
  static trusted(text: string): Html {
    return new Html(text);
  }
}

/** What may stand in a template: lists are put one after another, and `undefined` or `false` is nothing. */
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

/** `text` as it may stand in text and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/**
 * A name that somebody else has chosen. It cannot turn the text around it (bidirectional controls are made visible, and
 * `bdi` keeps the rest apart), nor hide itself.
 */
export function named(name: string): Html {
  return html`<bdi>${visible(name)}</bdi>`;
}

/** `text` with a replacement character for each control, invisible or direction-changing one. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "\uFFFD");
}

/** A URL as it may stand in `href`. Throws for schemes that run or show something of this page's origin. */
export function target(url: string): string {
  if (
    !/^(\/(?!\/|\\)|[a-z][a-z0-9+.-]*:)/i.test(url) ||
    /^(javascript|data|vbscript|blob|file|about|filesystem|view-source):/i.test(url)
  ) {
    throw new TypeError("A page may not link there.");
  }
  if (/[\u0000-\u0020\u007f]/.test(url)) throw new TypeError("A URL on a page may not have blanks or controls in it.");
  return url;
}
