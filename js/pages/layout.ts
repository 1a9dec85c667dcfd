/** The frame around every page, and the parts that several have. */
import type { Texts } from "./copy.js";
import { Html, type Part, html, named, target, visible } from "./html.js";
import type { PageClient, PageForm, PageRedirect, PageScope } from "./model.js";
import { say } from "./say.js";

/** A form: its hidden fields, and what is in it. */
export function form({ action, hidden }: PageForm, ...inside: Part[]): Html {
  const fields = hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" /> `);
  return html`<form method="post" action="${target(action)}">${fields}${inside}</form>`;
}

/** A button that submits its form with one more field. */
export function button(name: string, value: string, label: Part): Html {
  return html`<button name="${name}" value="${value}">${label}</button>`;
}

/** The server's name, and its host below where that says more. */
export function serverLine({ server, serverName }: { server: string; serverName?: string }): Html | undefined {
  return serverName === undefined || serverName === server ? undefined : html`<p class="soft">${visible(server)}</p>`;
}

/** How far the client's name may be believed, in a word and a sentence. */
export function trustLine({ proof, domain = "" }: PageClient, server: string, { copy }: Texts): Html {
  switch (proof) {
    case "domain":
      return html`<p><span class="badge">${named(domain)}</span> ${copy.domainHint}</p>`;
    case "operator":
      return html`<p><span class="badge">${copy.known}</span> ${say(copy.knownHint, { server })}</p>`;
    default:
      return html`<p><span class="badge doubt">${copy.unverified}</span> ${copy.unverifiedHint}</p>`;
  }
}

/** Where the answer goes, in plain words; a warning where that proves nothing. */
export function redirectLine({ where, host }: PageRedirect, client: string, { copy }: Texts): Html {
  switch (where) {
    case "https":
      return html`<p>${say(copy.toHttps, { host })}</p>`;
    case "loopback":
      return html`<p class="note">${say(copy.toLoopback, { client })}</p>`;
    default:
      return html`<p class="note">${say(copy.toScheme, { client, host: `${host}:` })}</p>`;
  }
}

/** A scope as a sentence with its name, or as its name alone. */
export function scopeText({ name, text }: PageScope): Html {
  const code = html`<code>${visible(name)}</code>`;
  return text ? html`<span>${visible(text)} ${code}</span>` : code;
}

/** A place as people recognise it. */
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

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' stroke='%23888' stroke-width='2' d='M3 15V2m5 13V2m5 13V2M1 2h14'/%3E%3C/svg%3E";

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
