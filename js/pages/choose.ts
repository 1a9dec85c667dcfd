/** The page on which people choose how to sign in. */
import type { Texts } from "./copy.js";
import { type Html, html } from "./html.js";
import { button, form, serverLine, trustLine } from "./layout.js";
import type { ChoosePage } from "./model.js";
import { format } from "./format.js";

export function chooseBody(model: ChoosePage, texts: Texts): Html {
  const { copy } = texts;
  const { client } = model;
  const server = model.serverName ?? model.server;
  const from = !client
    ? html`<p>${copy.chooseConnected}</p>`
    : html`<p>${format(copy.chooseClient, { client: client.name })}</p>
        ${trustLine(client, server, texts)}`;
  const buttons = model.choices.map(
    ({ value, label }) =>
      html`${button("handler", value, label ? format(copy.chooseWith, { name: html`${label}` }) : copy.chooseOnly)} `,
  );
  return html`<h1>${format(copy.chooseTitle, { server })}</h1>
    ${serverLine(model)} ${from} ${form(model, html`<div class="choice">${buttons}</div>`)}`;
}
