/** The frame of every page, and the parts that several pages have. */
import type { Texts } from "./copy.js";
import { Html, type Part, html, named, target, visible } from "./html.js";
import type { PageClient, PageForm, PageRedirect, PageScope } from "./model.js";
import { format } from "./format.js";
import { ICON } from "./style.js";

/** A form with its hidden fields and its content. */
export function form({ action, hidden }: PageForm, ...inside: Part[]): Html {
  const fields = hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" /> `);
  return html`<form method="post" action="${target(action)}">${fields}${inside}</form>`;
}

/** A button that submits its form with one more field. */
export function button(name: string, value: string, label: Part): Html {
  return html`<button name="${name}" value="${value}">${label}</button>`;
}

/** The server's name, and its host below if that differs. */
export function serverLine({ server, serverName }: { server: string; serverName?: string }): Html | undefined {
  return serverName === undefined || serverName === server ? undefined : html`<p class="soft">${visible(server)}</p>`;
}

/** How far the client's name can be believed, in a word and a sentence. */
export function trustLine({ proof, domain = "" }: PageClient, server: string, { copy }: Texts): Html {
  switch (proof) {
    case "domain":
      return html`<p><span class="badge">${named(domain)}</span> ${copy.domainHint}</p>`;
    case "operator":
      return html`<p><span class="badge">${copy.known}</span> ${format(copy.knownHint, { server })}</p>`;
    default:
      return html`<p><span class="badge doubt">${copy.unverified}</span> ${copy.unverifiedHint}</p>`;
  }
}

/** Where the response goes, in plain words, with a warning if that proves nothing. */
export function redirectLine({ where, host }: PageRedirect, client: string, { copy }: Texts): Html {
  switch (where) {
    case "https":
      return html`<p>${format(copy.toHttps, { host })}</p>`;
    case "loopback":
      return html`<p class="note">${format(copy.toLoopback, { client })}</p>`;
    default:
      return html`<p class="note">${format(copy.toScheme, { client, host: `${host}:` })}</p>`;
  }
}

/** A scope as a sentence with its name, or as its name alone. */
export function scopeText({ name, text }: PageScope): Html {
  const code = html`<code>${visible(name)}</code>`;
  return text ? html`<span>${visible(text)} ${code}</span>` : code;
}

/** A destination as people recognise it. */
export function placeName({ where, host }: PageRedirect, { copy }: Texts): string {
  return where === "loopback" ? copy.thisComputer : where === "scheme" ? `${host}:` : host;
}

export interface Frame {
  title: string;
  lang: string;
  style: string;
  brand: { name: string; logo?: string };
  head?: Html | undefined;
  body: Html;
}

/** The whole document. `style` is the operator's and ours, never a visitor's. */
export function documentOf({ title, lang, style, brand, head, body }: Frame): Html {
  const logo = brand.logo !== undefined && html`<img src="${brand.logo}" alt="" />`;
  return html`<!doctype html>
    <html lang="${lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta name="robots" content="noindex" />
        <title>${visible(title)}</title>
        <link rel="icon" href="${ICON}" />
        ${head} ${Html.trusted(`<style>${style}</style>`)}
      </head>
      <body class="narrow">
        ${(logo || brand.name) && html`<header class="brand">${logo}${named(brand.name)}</header>`}
        <main>${body}</main>
      </body>
    </html> `;
}
