/** The page of connected apps: each app with its scopes and since when, and the button to disconnect it. */
import type { Texts } from "./copy.js";
import { type Html, html, named } from "./html.js";
import { button, form, placeName, scopeText, serverLine, trustLine } from "./layout.js";
import type { AppsPage, ConnectedApp } from "./model.js";
import { day, format } from "./format.js";

export function appsBody(model: AppsPage, texts: Texts): Html {
  const { copy } = texts;
  const server = model.serverName ?? model.server;
  const entries = model.apps.map((app) => entry(app, model, server, texts));
  return html`<h1>${copy.appsTitle}</h1>
    ${serverLine(model)} ${model.done && html`<p class="note" role="status">${copy.appsDone}</p>`}
    ${model.account && html`<p>${format(copy.signedInAs, { account: model.account.label })}</p>`}
    <p>${format(entries.length > 0 ? copy.appsIntro : copy.appsNone, { server })}</p>
    ${
      entries.length > 0 &&
      html`<ul class="plain">
        ${entries}
      </ul>`
    }
    ${entries.length > 1 && form(model, button("revoke", "*", copy.disconnectAll))}
    ${model.signOut && form(model, button("signout", "1", copy.signOut))}`;
}

function entry(
  { id, client, redirect, scopes, created, lastUsed }: ConnectedApp,
  page: AppsPage,
  server: string,
  texts: Texts,
): Html {
  const { copy } = texts;
  const can = scopes.map((scope) => html`<div>${scopeText(scope)}</div>`);
  return html`<li class="box">
    <h2>${named(client.name)}</h2>
    ${trustLine(client, server, texts)}
    <dl>
      <dt>${copy.since}</dt>
      <dd>${day(created, texts)}</dd>
      ${
        lastUsed !== undefined &&
        html`<dt>${copy.lastUsed}</dt>
          <dd>${day(lastUsed, texts)}</dd>`
      }
      ${
        redirect &&
        html`<dt>${copy.answersTo}</dt>
          <dd>${named(placeName(redirect, texts))}</dd>`
      }
      ${
        can.length > 0 &&
        html`<dt>${copy.mayDo}</dt>
          <dd>${can}</dd>`
      }
    </dl>
    ${form(page, button("revoke", id, format(copy.disconnect, { client: named(client.name) })))}
  </li> `;
}
