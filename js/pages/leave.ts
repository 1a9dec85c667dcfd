/**
 * The page between a form and another place. Browsers apply `form-action` to the whole chain of redirects that a post
 * starts, so this server answers it with 200 and leaves by a refresh, with a link for whoever has that switched off.
 */
import type { Texts } from "./copy.js";
import { type Html, html, target } from "./html.js";
import { placeName } from "./layout.js";
import type { LeavePage } from "./model.js";
import { say } from "./say.js";

const TITLES = { allowed: "leaveAllowed", denied: "leaveDenied", failed: "leaveBack" } as const;
const LINKS = { https: "leaveLink", loopback: "leaveProgram", scheme: "leaveApp" } as const;

export function leaveBody({ url, host, where = "https", what, name, outcome }: LeavePage, texts: Texts): Html {
  const { copy } = texts;
  const place = placeName({ host, where }, texts);
  const title = what === "upstream" ? copy.leaveSignIn : outcome ? copy[TITLES[outcome]] : copy.leaveBack;
  const link = LINKS[where];
  return html`<h1>${say(title, { name: name ?? place })}</h1>
    <p>${copy.leaveHint}</p>
    <p>
      <a class="go" rel="noreferrer" href="${target(url)}"
        >${say(copy[link], { host: html`${place}`, name: name ?? place })}</a
      >
    </p>
    ${where !== "https" && html`<p class="soft">${copy.leaveClose}</p>`}`;
}

/** What goes on by itself. */
export function refresh({ url }: LeavePage): Html {
  return html`<meta http-equiv="refresh" content="0; url=${target(url)}" />`;
}
