/**
 * The style of all pages: system fonts, light and dark, and what an operator may change. The style sheet is part of the
 * page, and its hash of the page's content security policy.
 */
import { WicketError } from "../common/errors.js";
import { namesOf } from "../common/options.js";

/** The branding of the pages. */
export interface Brand {
  /** The name at the top of each page. By default the server's. */
  name?: string;
  /** An image next to the name: an https URL, a path on this server, or a `data:image/…` URL. It is shown 32 pixels high. */
  logo?: string;
  /**
   * The color of links and buttons, `#rrggbb`: one for both themes, or one for each. It is adjusted if its contrast is too
   * low.
   */
  accent?: string | { light: string; dark: string };
  /** The corner radius in pixels: 0 to 24. By default 8. */
  radius?: number;
}

/** The names of `Brand`. */
export const BRAND = namesOf<Brand>("brand", {
  name: true,
  logo: true,
  accent: namesOf<{ light: string; dark: string }>("accent", { light: true, dark: true }),
  radius: true,
});

/**
 * The background on which an accent is hardest to read: the darkest of the light theme, the brightest of the dark one.
 */
const WORST = { light: "#f3f3f6", dark: "#3a3012" };
const ACCENT = { light: "#0b57d0", dark: "#9dc3ff" };

/** The required contrast of text against its background: WCAG 2.2, 1.4.3. */
const CONTRAST = 4.5;

const LIGHT = "--page: #fff; --text: #1b1b1f; --soft: #55555e; --box: #f3f3f6; --line: #767680; --warn: #fff4d6";
const DARK = "--page: #17171b; --text: #ececf1; --soft: #b4b4bf; --box: #24242a; --line: #8c8c97; --warn: #3a3012";

/** The icon of every page. */
export const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='none' stroke='%23888' stroke-width='2' d='M3 15V2m5 13V2m5 13V2M1 2h14'/%3E%3C/svg%3E";

/** Colours and type of every page. */
const BASE = `
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 44rem; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 2.2rem 0 .4rem; font-size: 1.15rem }
h1, h2, p, li, dd, pre, label { overflow-wrap: anywhere }
p { margin: .5rem 0 }
.soft { color: var(--soft) }
.note { padding: .7rem 1rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--warn) }
pre { margin: 0; padding: .25rem; white-space: pre-wrap; font: .9rem/1.5 ui-monospace, monospace }
button { min-width: 5rem; min-height: 2rem; border: 1px solid var(--accent); border-radius: var(--radius); background: var(--page); color: var(--accent); font: inherit; cursor: pointer }
a { display: inline-block; padding: .2rem 0; color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
`;

/**
 * Allow accepts no click for this long after the page has appeared, and after the pointer has reached it, so that the
 * second click of a double click that began in another window over this page presses nothing. Systems count clicks
 * within half a second as a double click. The keyboard needs no delay, because Allow never has the focus by default.
 */
const SETTLES = ".6s";

/** Pages with a form. */
const FORMS = `
.narrow { max-width: 36rem }
.brand { display: flex; align-items: center; gap: .6rem; margin: 0 0 1.5rem; font-weight: 600 }
.brand img { height: 2rem; max-width: 12rem }
.badge { display: inline-block; padding: 0 .5rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--box); font-size: .9rem; font-weight: 600 }
.badge.doubt { background: var(--warn) }
.box { margin: 1.2rem 0; padding: .4rem 1rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--box) }
.box h2 { margin-top: .4rem }
fieldset { margin: 1.2rem 0; padding: .4rem 1rem .6rem; border: 1px solid var(--line); border-radius: var(--radius) }
legend { padding: 0 .4rem; font-weight: 600 }
label { display: flex; gap: .7rem; padding: .35rem 0; cursor: pointer }
input[type=checkbox] { flex: none; width: 1.5rem; height: 1.5rem; margin: 0; accent-color: var(--accent) }
code { font: .85em ui-monospace, monospace; color: var(--soft) }
.choice { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .8rem; margin: 1.5rem 0 }
.choice button { min-height: 2.75rem; font-weight: 600 }
ul { margin: .4rem 0; padding-left: 1.3rem }
.plain { padding: 0; list-style: none }
dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem 1rem; margin: .6rem 0 }
dt { color: var(--soft) }
dd { margin: 0 }
a.go { padding: .5rem 1.2rem; border: 1px solid; border-radius: var(--radius); font-weight: 600 }
@keyframes shown { from { pointer-events: none } }
@keyframes reached { from { pointer-events: none } }
.choice button[value=allow] { animation: shown ${SETTLES} step-end }
@media (hover: hover) { main:hover .choice button[value=allow] { animation: reached ${SETTLES} step-end } }
@media (max-width: 26rem) { dl { display: block } }
`;

/** The style sheet of the start page, which has no brand. */
export const startStyle = (own: string): string => root(ACCENT, 8) + BASE + own;

/** The style sheet of every other page. */
export function styleOf(brand: Brand = {}): string {
  const accent =
    typeof brand.accent === "string" ? { light: brand.accent, dark: brand.accent } : (brand.accent ?? ACCENT);
  return (
    root({ light: readable(accent.light, WORST.light), dark: readable(accent.dark, WORST.dark) }, brand.radius ?? 8) +
    BASE +
    FORMS
  );
}

function root(accent: { light: string; dark: string }, radius: number): string {
  return `
:root { color-scheme: light dark; --radius: ${radius}px; ${LIGHT}; --accent: ${accent.light} }
@media (prefers-color-scheme: dark) {
  :root { ${DARK}; --accent: ${accent.dark} }
}`;
}

/** Checks a brand once, when the server is created; the error names the member and the fix. */
export function checkBrand({ logo, accent, radius }: Brand): void {
  const colours = typeof accent === "object" ? [accent.light, accent.dark] : [accent];
  for (const colour of colours) {
    if (colour !== undefined && !/^#[0-9a-f]{6}$/i.test(colour)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `brand.accent is "${colour}", but it must have the form "#rrggbb", for example "#0b57d0".`,
      );
    }
  }
  if (radius !== undefined && !(Number.isFinite(radius) && radius >= 0 && radius <= 24)) {
    throw new WicketError("ERR_ARGUMENT", `brand.radius is ${radius}, but it must be a number of pixels from 0 to 24.`);
  }
  if (
    logo !== undefined &&
    !/^(https:\/\/[^\s;,'"]+|\/(?!\/)[^\s;,'"\\]*|data:image\/[a-z+.-]+[;,][^\s'"]*)$/.test(logo)
  ) {
    throw new WicketError(
      "ERR_ARGUMENT",
      "brand.logo must be an https URL, a path on this server such as /logo.svg, or a data:image/… URL.",
    );
  }
}

/** `colour`, darkened or lightened until text in it can be read on `paper`. */
function readable(colour: string, paper: string): string {
  const toward = luminance(paper) > 0.5 ? 0 : 255;
  let channels = channelsOf(colour);
  for (let step = 0; step < 20 && contrast(channels, channelsOf(paper)) < CONTRAST; step++) {
    channels = channels.map((channel) => Math.round(channel + (toward - channel) * 0.12));
  }
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

function channelsOf(colour: string): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string | number[]): number {
  const channels = typeof colour === "string" ? channelsOf(colour) : colour;
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: number[], other: number[]): number {
  const [brighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (brighter + 0.05) / (darker + 0.05);
}
