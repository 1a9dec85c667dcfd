/** Error pages for people, for errors that must not or cannot be returned to a client. */
import type { Texts } from "./copy.js";
import { type Html, type Part, html, target, visible } from "./html.js";
import type { ErrorPage, RecoveryPage } from "./model.js";
import { format } from "./format.js";

export function errorBody(page: ErrorPage, { copy }: Texts): Html {
  const { detail, why = "", server = "", serverName = server, title, text, fix, reference, retry } = page;
  const { switchAccount, back } = page;
  const reason = page.reason === "turned_away" && detail === undefined ? "turned_away_nobody" : page.reason;
  const texts: Record<string, string> = copy;
  const ours = reason !== undefined && Object.hasOwn(texts, `error_${reason}`) ? texts[`error_${reason}`] : undefined;
  const theirs = text !== undefined && [
    html`<p>${visible(text)}</p>`,
    fix !== undefined && html` <p>${visible(fix)}</p>`,
  ];
  return html`<h1>${ours === undefined && title ? visible(title) : copy.errorTitle}</h1>
    ${ours === undefined && theirs ? theirs : html`<p>${format(ours ?? copy.error, { detail: detail ?? "", why, server: serverName })}</p>`}
    ${retry !== undefined && html`<p><a class="go" href="${target(retry)}">${copy.errorRetry}</a></p>`}
    ${
      switchAccount !== undefined &&
      html`<p><a class="go" href="${target(switchAccount)}">${copy.changeAccount}</a></p>`
    }
    ${back && html`<p><a href="${target(back.url)}" rel="noreferrer">${format(copy.leaveProgram, { name: back.name })}</a></p>`}
    ${where(reference, copy.errorWhere)}`;
}

/** The page for an unknown client: what happened, and how to connect again from each app. */
export function recoveryBody({ server, serverName, endpoint, reference }: RecoveryPage, { copy }: Texts): Html {
  const command = (text: string) => ({ command: html`<code>${text}</code>` });
  const apps: [Part, Part][] = [
    ["Claude", copy.recoveryClaude],
    ["Claude Code", format(copy.recoveryClaudeCode, command("/mcp"))],
    ["Cursor", copy.recoveryCursor],
    ["VS Code", format(copy.recoveryVsCode, command("MCP: List Servers"))],
    ["ChatGPT", copy.recoveryChatGpt],
    ["MCP Inspector", copy.recoveryInspector],
    ["mcp-remote", format(copy.recoveryRemote, command("~/.mcp-auth"))],
    [copy.recoveryOther, copy.recoveryOtherHow],
  ];
  return html`<h1>${copy.recoveryTitle}</h1>
    <p>${format(copy.recoveryWhat, { server: serverName ?? server })}</p>
    <p>${endpoint === undefined ? copy.recoveryAgain : copy.recoveryHow}</p>
    ${endpoint !== undefined && html`<div class="box"><pre>${visible(endpoint)}</pre></div>`}
    ${apps.map(
      ([name, how]) =>
        html`<h2>${name}</h2>
          <p>${how}</p> `,
    )}
    ${where(reference, copy.errorWhere)}`;
}

function where(reference: string | undefined, text: string): Html | undefined {
  return reference === undefined
    ? undefined
    : html`<p class="soft">${format(text, { id: html`<code>${reference}</code>` })}</p>`;
}
