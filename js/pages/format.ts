/** Sentences with values in them. */
import type { Html, Part } from "./html.js";
import { html, named } from "./html.js";
import type { Texts } from "./copy.js";

/** The values in a text: a name that somebody chose, or markup. */
export type Values = Record<string, string | Html | undefined>;

/** The text with each `{name}` replaced. Strings are escaped and isolated; a name without a value stays as it is. */
export function format(text: string, values: Values = {}): Html {
  const parts: Part[] = text.split(/(\{\w+\})/).map((part) => {
    const value = /^\{\w+\}$/.test(part) ? values[part.slice(1, -1)] : undefined;
    if (value === undefined) return part;
    return typeof value === "string" ? html`<strong>${named(value)}</strong>` : value;
  });
  return html`${parts}`;
}

/** The same without markup, for a title. */
export function formatPlain(text: string, values: Record<string, string> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** "90 days" in the reader's language. */
export function days(count: number, { lang }: Texts): string {
  return new Intl.NumberFormat(lang, { style: "unit", unit: "day", unitDisplay: "long" }).format(count);
}

/** A date in the reader's language. */
export function day(milliseconds: number, { lang }: Texts): Html {
  const date = new Date(milliseconds);
  const shown = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeZone: "UTC" }).format(date);
  return html`<time datetime="${date.toISOString()}">${shown}</time>`;
}
