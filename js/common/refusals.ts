/**
 * Log lines for the operator, as JSON. Untrusted text in them is cut and cleaned here and nowhere else, so that nobody can
 * inject lines into the log, change its text direction, or flood it. `docs/guides/refusals.md` has the codes.
 */
import { BOUNDS } from "../boundary/caches.js";
import { now } from "./clock.js";
import type { Incoming } from "../http/incoming.js";
import type { LoggedRefusal } from "../boundary/wire.js";

/** The details of a refusal, besides its code. */
export interface Refusal extends LoggedRefusal {
  /** The verifier that has refused the token. */
  verifier?: string;
  /** The results of several verifiers. */
  verifiers?: readonly { verifier?: string; code: string; reason: string }[];
}

/** Maximum length of a text in a line. */
const MAX_TEXT = 200;
/** Maximum number of items of a list in a line. */
const MAX_ITEMS = 50;
/** Maximum number of refusals that an isolate logs per minute, and of identical ones. */
const MAX_LINES = BOUNDS.refusals.value;
const MAX_EQUAL = 5;
const WINDOW_MS = 60_000;

/**
 * Control characters, line and paragraph separators, lone surrogates, and characters that are invisible or change the
 * direction of text (Unicode Cc, Zl, Zp, Cs, Cf).
 */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Cf}]/gu;

/** Untrusted text in the form that the log and `audit` may contain. */
export function plain(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return short.replace(UNFIT, " ");
}

/** The same with all texts in it cleaned, and lists truncated. */
export function cleaned<T>(value: T): T {
  const clean = (_: string, value: unknown) =>
    typeof value === "string" ? plain(value) : Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value;
  return JSON.parse(JSON.stringify(value, clean)) as T;
}

/** A line of the log: all texts in `members` are cleaned. */
export function lineOf(members: object): string {
  return JSON.stringify(cleaned(members));
}

let window = 0;
let written = 0;
let dropped = 0;
const equal = new Map<string, number>();

/**
 * Logs a refusal. Identical ones are logged five times a minute and then counted, and at most 300 are logged per minute
 * in all; the next line says how many were not (`dropped`).
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
