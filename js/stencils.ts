/**
 * What Rust has decided about one request holds for others like it: `src/flow/stencil.rs` says when. A client that calls a
 * tool again sends the same text around another id and other arguments; here that text is compared, and nothing is decided.
 */
import type { CallEffect, Splice, Step } from "./wire.js";

/** The step of a request like one before: the effect, with this request's id and arguments, and the head of its shortcut. */
export interface Cut {
  readonly effect: { kind: "call" } & CallEffect;
  readonly splice: Splice;
  readonly head: string;
}

/** For how many heads of requests a step is kept. */
const MAX_KEPT = 256;

/** As many digits as a number holds exactly; `src/flow/stencil.rs` has the same. */
const MAX_DIGITS = 15;

/** Arguments with no more brackets than this are not nested deeper than Rust's reader goes (`MAX_DEPTH` in `src/json`). */
const MAX_BRACKETS = 100;

/** The stencils of one endpoint, by the whole head of the request: caller, session, headers and server are part of it. */
export class Stencils {
  readonly #kept = new Map<string, Stencil>();

  /** The step of this request, if it is like one before. */
  find(head: string, body: string, now: number): Cut | undefined {
    return this.#kept.get(head)?.cut(body, now);
  }

  /** Keeps the first step of a request, if it holds for others; `shortcut` is the head of its shortcut. */
  keep(head: string, body: string, { wait, stencil }: Step<unknown>, shortcut: string): void {
    const effect = wait?.[0]?.effect;
    if (!stencil || effect?.kind !== "call" || !effect.splice) return;
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(head, new Stencil(body, stencil, { effect, splice: effect.splice, head: shortcut }));
  }

  clear(): void {
    this.#kept.clear();
  }
}

/** The text of a request with two holes, one for the id and one for the arguments. */
class Stencil {
  readonly #until: number;
  readonly #first: string;
  readonly #between: string;
  readonly #last: string;
  readonly #isIdFirst: boolean;
  readonly #effect: Cut["effect"];
  readonly #splice: Splice;
  readonly #beforeId: string;
  readonly #behindId: string;

  constructor(
    body: string,
    [until, id, idEnd, given, givenEnd, answered]: Required<Step<unknown>>["stencil"],
    cut: Cut,
  ) {
    this.#until = until;
    this.#isIdFirst = id < given;
    this.#first = body.slice(0, Math.min(id, given));
    this.#between = this.#isIdFirst ? body.slice(idEnd, given) : body.slice(givenEnd, id);
    this.#last = body.slice(Math.max(idEnd, givenEnd));
    // Nothing of the first request stays here.
    this.#effect = { ...cut.effect, request: 0, arguments: {} };
    this.#splice = cut.splice;
    this.#beforeId = cut.head.slice(0, answered);
    this.#behindId = cut.head.slice(answered + idEnd - id);
  }

  /** The step for `body`, if it has the same text around the holes, a short number in one and an object in the other. */
  cut(body: string, now: number): Cut | undefined {
    if (now > this.#until || !body.startsWith(this.#first) || !body.endsWith(this.#last)) return undefined;
    let start = this.#first.length;
    let end = body.length - this.#last.length;
    let digits = 0;
    let id: string;
    if (this.#isIdFirst) {
      while (digits <= MAX_DIGITS && isDigit(body.charCodeAt(start + digits))) digits++;
      id = body.slice(start, start + digits);
      start += digits;
      if (!body.startsWith(this.#between, start)) return undefined;
      start += this.#between.length;
    } else {
      while (digits <= MAX_DIGITS && isDigit(body.charCodeAt(end - digits - 1))) digits++;
      id = body.slice(end - digits, end);
      end -= digits + this.#between.length;
      if (!body.startsWith(this.#between, end)) return undefined;
    }
    // Neither two holes that overlap nor a number that JSON does not know.
    if (start >= end || digits === 0 || digits > MAX_DIGITS || (digits > 1 && id.startsWith("0"))) return undefined;
    const given = objectOf(body.slice(start, end));
    if (!given) return undefined;
    const effect = { ...this.#effect, request: Number(id), arguments: given };
    return { effect, splice: this.#splice, head: this.#beforeId + id + this.#behindId };
  }
}

const isDigit = (code: number) => code >= 48 && code <= 57;

/** The object of this JSON text; nothing where it is none, which Rust then says. */
function objectOf(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{") || brackets(text, "{") + brackets(text, "[") > MAX_BRACKETS) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function brackets(text: string, bracket: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at >= 0 && count <= MAX_BRACKETS; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}
