/**
 * What the operator reads: lines of JSON. Strangers' words in them are cut and cleaned here and nowhere else, so that nobody
 * writes a line of its own into the log, turns its text around, or fills it. `docs/guides/refusals.md` has the codes.
 */
import { BOUNDS } from "./bounds.js";
import { now } from "./clock.js";
import type { Incoming } from "./incoming.js";
import type { Refused } from "./wire.js";

/** What is known of a refusal beside its code. */
export interface Refusal extends Refused {
  /** The verifier that has refused the token. */
  verifier?: string;
  /** What each of several verifiers says. */
  verifiers?: readonly { verifier?: string; code: string; reason: string }[];
}

/** Characters of a text in a line. */
const MAX_TEXT = 200;
/** Items of a list in a line. */
const MAX_ITEMS = 50;
/** Lines of refusals that an isolate writes within a minute, and how many of them may be equal. */
const MAX_LINES = BOUNDS.refusals.value;
const MAX_EQUAL = 5;
const WINDOW_MS = 60_000;

/**
 * Control characters, line and paragraph separators, halves of surrogate pairs, and those that nobody sees or that turn the
 * direction of text (Unicode Cc, Zl, Zp, Cs, Cf).
 */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Cf}]/gu;

/** A stranger's text as a line of the log, and what `audit` gets, may have it. */
export function plain(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return short.replace(UNFIT, " ");
}

/** The same with all texts in it made plain, and lists cut. */
export function cleaned<T>(value: T): T {
  const clean = (_: string, value: unknown) =>
    typeof value === "string" ? plain(value) : Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value;
  return JSON.parse(JSON.stringify(value, clean)) as T;
}

/** A line of the log: all texts in `members` are made plain. */
export function lineOf(members: object): string {
  return JSON.stringify(cleaned(members));
}

let window = 0;
let written = 0;
let dropped = 0;
const equal = new Map<string, number>();

/**
 * Writes the line of a refusal. Equal ones are written five times within a minute and then counted, and no more than 300 are
 * written within a minute at all; the next line says how many were not (`dropped`).
 */
export function refused(incoming: Incoming, { code, reason, client, verifier, verifiers }: Refusal): void {
  const minute = Math.floor(now() / WINDOW_MS);
  if (minute !== window) {
    window = minute;
    written = 0;
    equal.clear();
  }
  const { path, headers } = incoming;
  const key = [code, path, verifier, client, reason].join("\n").slice(0, 1000);
  const count = (equal.get(key) ?? 0) + 1;
  if (equal.size < MAX_LINES || count > 1) equal.set(key, count);
  if (count > MAX_EQUAL || written >= MAX_LINES) {
    dropped++;
    return;
  }
  written++;
  const origin = headers.get("origin");
  const members = {
    wicket: "refused",
    time: new Date(now()).toISOString(),
    path,
    code,
    reason,
    ...(verifier !== undefined && { verifier }),
    ...(verifiers && { verifiers }),
    ...(client !== undefined && { client }),
    ...(code === "origin" && origin !== null && { origin }),
    request: headers.get("cf-ray") ?? crypto.randomUUID(),
    ...(dropped > 0 && { dropped }),
  };
  dropped = 0;
  console.warn(lineOf(members));
}
