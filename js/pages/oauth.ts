/**
 * The pages of the authorization server: from a model to a document, with the policy for the browser. No script runs on
 * any of them.
 */
import { WicketError, logged } from "../common/errors.js";
import { each, namesOf } from "../common/options.js";
import { appsBody } from "./connected-apps.js";
import { chooseBody } from "./choose.js";
import { type Parts, consentParts } from "./consent.js";
import { COPY, type CopyOptions, type Texts, textsFor } from "./copy.js";
import { errorBody, recoveryBody } from "./error.js";
import { Html, html, visible } from "./html.js";
import { documentOf } from "./layout.js";
import { leaveBody, refresh } from "./leave.js";
import type { Page } from "./model.js";
import { formatPlain } from "./format.js";
import { BRAND, type Brand, checkBrand, styleOf } from "./style.js";

export type { Page } from "./model.js";
export type { Brand } from "./style.js";
export type { Copy, CopyOptions } from "./copy.js";

/** The parts of a page as HTML, for your own renderer. */
export interface RenderedParts {
  heading: string;
  /** Client, destination, scopes and form: must be in the result exactly once, unchanged. */
  security: string;
  notes: string;
}

/** Options of the pages. */
export interface PageOptions extends CopyOptions {
  brand?: Brand;
  /**
   * Your own layout of a page: gets its parts and returns the content of `<main>`. `parts.security` must be in it exactly
   * once and unchanged, and nothing before it may hide it; otherwise the default layout is used, and the log says why.
   * Scripts and inline styles do not run.
   */
  render?: (parts: RenderedParts, page: Page) => string;
  /** Additional CSS, after the default style sheet. */
  css?: string;
}

/** The names of `PageOptions`. */
export const PAGES = namesOf<PageOptions>("pages", {
  brand: BRAND,
  render: true,
  css: true,
  copy: COPY,
  languages: each(COPY),
});

/** Checks the options once, when the server is created. */
export function checkPages({ brand, css }: PageOptions): void {
  if (brand) checkBrand(brand);
  if (css !== undefined && /<\/style/i.test(css)) {
    throw new WicketError("ERR_ARGUMENT", "pages.css must not contain </style.");
  }
}

/** The document of `page` and its `Content-Security-Policy`, for a reader who sent `acceptLanguage`. */
export async function renderPage(
  page: Page,
  options: PageOptions = {},
  acceptLanguage: string | null = null,
): Promise<{ html: string; csp: string }> {
  const style = styleOf(options.brand) + (options.css ?? "");
  return { html: pageHtml(page, style, options, acceptLanguage), csp: await policy(style, options.brand?.logo) };
}

function pageHtml(page: Page, style: string, options: PageOptions, acceptLanguage: string | null): string {
  const texts = textsFor(acceptLanguage, options);
  const { name = serverOf(page), logo } = options.brand ?? {};
  return documentOf({
    title: titleOf(page, texts, name),
    lang: texts.lang,
    style,
    brand: { name, ...(logo !== undefined && { logo }) },
    head: page.kind === "leave" ? refresh(page) : undefined,
    body: arrange(page, partsOf(page, texts), options),
  }).toString();
}

/** The policy: this style sheet and this logo, forms only to this server, no framing. */
async function policy(style: string, logo?: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  const image =
    logo === undefined || logo.startsWith("data:") ? "" : logo.startsWith("/") ? " 'self'" : ` ${new URL(logo).origin}`;
  return [
    "default-src 'none'",
    `style-src 'sha256-${btoa(String.fromCharCode(...digest))}'`,
    `img-src data:${image}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function partsOf(page: Page, texts: Texts): Parts {
  const only = (security: Html) => ({ heading: html``, security, notes: html`` });
  switch (page.kind) {
    case "consent":
      return consentParts(page, texts);
    case "leave":
      return only(leaveBody(page, texts));
    case "choose":
      return only(chooseBody(page, texts));
    case "apps":
      return only(appsBody(page, texts));
    case "recovery":
      return only(recoveryBody(page, texts));
    default:
      return only(errorBody(page, texts));
  }
}

/** Markup that can hide what follows it: a comment, an element whose content is not shown, another form. */
const HIDES =
  /<!--|<(template|script|style|textarea|title|iframe|object|noscript|noembed|noframes|plaintext|xmp|select|dialog|details|form|svg|math)\b|\b(hidden|inert|aria-hidden)\b/i;

function arrange(page: Page, { heading, security, notes }: Parts, { render }: PageOptions): Html {
  const ours = html`${heading} ${security} ${notes}`;
  if (!render) return ours;
  const needed = security.toString();
  try {
    const theirs = render({ heading: heading.toString(), security: needed, notes: notes.toString() }, page);
    const [before = "", after, more] = theirs.split(needed);
    if (after === undefined || more !== undefined) {
      throw new WicketError("ERR_ARGUMENT", "pages.render left out, changed or repeated parts.security.");
    }
    if (HIDES.test(before.replace(heading.toString(), "")) || before.lastIndexOf("<") > before.lastIndexOf(">")) {
      throw new WicketError("ERR_ARGUMENT", "pages.render puts content before parts.security that can hide it.");
    }
    return Html.trusted(theirs);
  } catch (error) {
    logged("A page is shown in the default layout", error);
    return ours;
  }
}

function titleOf(page: Page, { copy }: Texts, brand: string): string {
  const server = visible(serverOf(page));
  switch (page.kind) {
    case "consent":
      return formatPlain(page.remembered ? copy.consentAgain : copy.consentTitle, {
        client: visible(page.client.name),
        server,
      });
    case "choose":
      return formatPlain(copy.chooseTitle, { server });
    case "apps":
      return `${copy.appsTitle} · ${server}`;
    case "recovery":
      return `${copy.recoveryTitle} · ${server}`;
    case "leave":
      return copy.leaveTitle;
    default:
      return brand ? `${copy.errorTitle} · ${brand}` : copy.errorTitle;
  }
}

function serverOf(page: Page): string {
  return "server" in page ? (page.serverName ?? page.server) : "";
}
