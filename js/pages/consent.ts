/**
 * The consent page. **Threat:** a client under somebody else's name, or a program that opens the browser by itself,
 * gets a person to allow it. **Guarantee:** the page shows what Rust knows about client, destination and scopes,
 * nothing on it submits automatically, and no key presses Allow unless it has the focus. **Not guaranteed:** that
 * people read it.
 */
import type { Texts } from "./copy.js";
import { type Html, html, target } from "./html.js";
import { button, form, redirectLine, scopeText, serverLine, trustLine } from "./layout.js";
import type { ConsentPage, PageScope } from "./model.js";
import { days, format } from "./format.js";

/** The parts of a page: everything on which security depends, and the rest. */
export interface Parts {
  heading: Html;
  /** The operator's renderer must show this, unchanged and once. */
  security: Html;
  /** Further lines, which it may omit. */
  notes: Html;
}

export function consentParts(model: ConsentPage, texts: Texts): Parts {
  const { copy } = texts;
  const values = { client: model.client.name, server: model.serverName ?? model.server };
  const heading = html`<h1>${format(model.remembered ? copy.consentAgain : copy.consentTitle, values)}</h1>
    ${serverLine(model)}`;
  const security = html`${trustLine(model.client, values.server, texts)}
  ${redirectLine(model.redirect, values.client, texts)} ${model.remembered && html`<p>${copy.rememberedHint}</p>`}
  ${account(model, texts)}${form(model, scopes(model, texts), upstream(model, texts), choice(model, texts))}`;
  return { heading, security, notes: html`${lasting(model, texts)}` };
}

function account({ account, switchAccount, formerAccount }: ConsentPage, { copy }: Texts): Html | undefined {
  if (!account) return undefined;
  const { label } = account;
  const change = switchAccount !== undefined && html`<a href="${target(switchAccount)}">${copy.changeAccount}</a>`;
  if (formerAccount === undefined) return html`<p>${format(copy.signedInAs, { account: label })} ${change}</p> `;
  return html`<p class="note">${format(copy.otherAccount, { account: label, former: formerAccount })} ${change}</p> `;
}

function scopes({ client, scopes }: ConsentPage, { copy }: Texts): Html {
  const values = { client: client.name };
  if (scopes.length === 0) return html`<p>${format(copy.scopesNone, values)}</p> `;
  const choose = (scope: PageScope) =>
    scope.fixed
      ? html`<input type="hidden" name="scope" value="${scope.name}" />
          <p>${scopeText(scope)}</p> `
      : html`<label><input type="checkbox" name="scope" value="${scope.name}" checked />${scopeText(scope)}</label> `;
  return html`<fieldset>
    <legend>${format(copy.scopesLegend, values)}</legend>
    ${scopes.map(choose)}
  </fieldset> `;
}

function upstream({ client, server, serverName, upstream }: ConsentPage, { copy }: Texts): Html | undefined {
  if (!upstream) return undefined;
  const { label, host, scopes = [] } = upstream;
  const values = { client: client.name, server: serverName ?? server, upstream: label, host };
  const asked = html`<p>${format(copy.upstreamScopes, values)}</p>
    <ul>
      ${scopes.map((scope) => html`<li>${scopeText(scope)}</li> `)}
    </ul> `;
  return html`<div class="box">
    <p>${format(copy.signInWith, values)}</p>
    ${scopes.length > 0 && asked}
    <p class="soft">${format(copy.upstreamKept, values)}</p>
  </div> `;
}

/** Deny comes first, because Enter in a checkbox presses the first button of a form; both look the same. */
function choice({ remembered, redirect, client }: ConsentPage, { copy }: Texts): Html {
  const again = redirect.where === "https" ? copy.continueToApp : copy.continueTo;
  const yes = remembered ? format(again, { client: client.name }) : copy.allow;
  return html`<div class="choice">
    ${button("decision", "deny", remembered ? copy.cancel : copy.deny)} ${button("decision", "allow", yes)}
  </div>`;
}

function lasting({ days: absolute, idleDays: idle, manage }: ConsentPage, texts: Texts): Html[] {
  const { copy } = texts;
  const values = { idle: html`${days(idle ?? 0, texts)}`, days: html`${days(absolute ?? 0, texts)}` };
  const text = idle ? (absolute ? copy.lastsBoth : copy.lastsIdle) : copy.lastsAbsolute;
  const lines: Html[] = [];
  if (idle || absolute) lines.push(html`<p class="soft">${format(text, values)}</p> `);
  if (manage !== undefined) {
    lines.push(html`<p class="soft">${copy.takeBack} <a href="${target(manage)}">${copy.connectedLink}</a></p>`);
  }
  return lines;
}
