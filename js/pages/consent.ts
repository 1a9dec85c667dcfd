/**
 * The consent page. **Threat:** a client under somebody else's name, or a program that opens the browser by itself, gets a
 * person to say yes. **Guarantee:** what the core knows of client, destination and scopes is on the page, nothing on it
 * submits by itself, and no key presses Allow unless it has been moved to. **Not guaranteed:** that people read it.
 */
import type { Texts } from "./copy.js";
import { type Html, html, target } from "./html.js";
import { button, form, redirectLine, scopeText, serverLine, trustLine } from "./layout.js";
import type { ConsentPage, PageScope } from "./model.js";
import { days, say } from "./say.js";

/** What a page consists of: everything that security rests on, and what stands around it. */
export interface Parts {
  heading: Html;
  /** A renderer of the operator's must show this, unchanged and once. */
  security: Html;
  /** Further lines, which it may leave out. */
  notes: Html;
}

export function consentParts(model: ConsentPage, texts: Texts): Parts {
  const { copy } = texts;
  const values = { client: model.client.name, server: model.serverName ?? model.server };
  const heading = html`<h1>${say(model.remembered ? copy.consentAgain : copy.consentTitle, values)}</h1>
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
  if (formerAccount === undefined) return html`<p>${say(copy.signedInAs, { account: label })} ${change}</p> `;
  return html`<p class="note">${say(copy.otherAccount, { account: label, former: formerAccount })} ${change}</p> `;
}

function scopes({ client, scopes }: ConsentPage, { copy }: Texts): Html {
  const values = { client: client.name };
  if (scopes.length === 0) return html`<p>${say(copy.scopesNone, values)}</p> `;
  const choose = (scope: PageScope) =>
    scope.fixed
      ? html`<input type="hidden" name="scope" value="${scope.name}" />
          <p>${scopeText(scope)}</p> `
      : html`<label><input type="checkbox" name="scope" value="${scope.name}" checked />${scopeText(scope)}</label> `;
  return html`<fieldset>
    <legend>${say(copy.scopesLegend, values)}</legend>
    ${scopes.map(choose)}
  </fieldset> `;
}

function upstream({ client, server, serverName, upstream }: ConsentPage, { copy }: Texts): Html | undefined {
  if (!upstream) return undefined;
  const { label, host, scopes = [] } = upstream;
  const values = { client: client.name, server: serverName ?? server, upstream: label, host };
  const asked = html`<p>${say(copy.upstreamScopes, values)}</p>
    <ul>
      ${scopes.map((scope) => html`<li>${scopeText(scope)}</li> `)}
    </ul> `;
  return html`<div class="box">
    <p>${say(copy.signInWith, values)}</p>
    ${scopes.length > 0 && asked}
    <p class="soft">${say(copy.upstreamKept, values)}</p>
  </div> `;
}

/** Deny stands first, because Enter in a checkbox presses the first button of a form; both look the same. */
function choice({ remembered, redirect, client }: ConsentPage, { copy }: Texts): Html {
  const again = redirect.where === "https" ? copy.continueToApp : copy.continueTo;
  const yes = remembered ? say(again, { client: client.name }) : copy.allow;
  return html`<div class="choice">
    ${button("decision", "deny", remembered ? copy.cancel : copy.deny)} ${button("decision", "allow", yes)}
  </div>`;
}

function lasting({ days: absolute, idleDays: idle, manage }: ConsentPage, texts: Texts): Html[] {
  const { copy } = texts;
  const values = { idle: html`${days(idle ?? 0, texts)}`, days: html`${days(absolute ?? 0, texts)}` };
  const text = idle ? (absolute ? copy.lastsBoth : copy.lastsIdle) : copy.lastsAbsolute;
  const lines: Html[] = [];
  if (idle || absolute) lines.push(html`<p class="soft">${say(text, values)}</p> `);
  if (manage !== undefined) {
    lines.push(html`<p class="soft">${copy.takeBack} <a href="${target(manage)}">${copy.connectedLink}</a></p>`);
  }
  return lines;
}
