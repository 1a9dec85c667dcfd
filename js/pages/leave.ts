/**
 * The page between a form and another site. Browsers apply `form-action` to the whole chain of redirects that a post
 * starts, so this server answers it with 200 and leaves by a refresh, with a link in case that is disabled.
 */
import type { Texts } from "./copy.js";
import { type Html, type Part, html, target } from "./html.js";
import { placeName } from "./layout.js";
import type { LeavePage } from "./model.js";
import { format } from "./format.js";

const TITLES = { allowed: "leaveAllowed", denied: "leaveDenied", failed: "leaveBack" } as const;
const WAITING = { allowed: "leaveAllowed", denied: "leaveDeniedWaits", failed: "leaveFailedWaits" } as const;
const LINKS = { https: "leaveLink", loopback: "leaveProgram", scheme: "leaveApp" } as const;

export function leaveBody(page: LeavePage, texts: Texts): Html {
  const { url, host, where = "https", what, name, outcome, waits } = page;
  const { copy } = texts;
  const place = placeName({ host, where }, texts);
  const titles = waits === true ? WAITING : TITLES;
  const title = what === "upstream" ? copy.leaveSignIn : outcome ? copy[titles[outcome]] : copy.leaveBack;
  const link = LINKS[where];
  return html`<h1>${format(title, { name: name ?? place })}</h1>
    ${waits === true ? waiting(page, place, texts) : html`<p>${copy.leaveHint}</p>`}
    <p>
      <a class="go" rel="noreferrer" href="${target(url)}"
        >${format(copy[link], { host: html`${place}`, name: name ?? place })}</a
      >
    </p>
    ${where !== "https" && html`<p class="soft">${copy.leaveClose}</p>`}`;
}

function waiting({ name, outcome, detail }: LeavePage, place: Part, { copy }: Texts): Html {
  const failed = html`<p>${copy.leaveFailedHint}</p>
    ${detail !== undefined && html`<p><code>${detail}</code></p>`}`;
  return html`${outcome === "failed" && failed}
    <p>${format(copy.leaveWaits, { host: html`<bdi>${place}</bdi>`, name: name ?? html`${place}` })}</p>`;
}

/** The automatic refresh; undefined on a page that waits. */
export function refresh({ url, waits }: LeavePage): Html | undefined {
  return waits === true ? undefined : html`<meta http-equiv="refresh" content="0; url=${target(url)}" />`;
}
