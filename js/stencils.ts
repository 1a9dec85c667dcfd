/**
 * What Rust has decided about one request holds for others like it: `src/flow/stencil.rs` says when. A client that calls a
 * tool again sends the same text around another id and other arguments; here that text is compared, and nothing is decided.
 */
import { Bounded, POOLS, bytesOf } from "./bounds.js";
import type { CallEffect, Splice, Step } from "./wire.js";

/** The step of a request like one before: the effect, with this request's id and arguments, and the head of its shortcut. */
export interface Cut {
  readonly effect: { kind: "call" } & CallEffect;
  readonly splice: Splice;
  readonly head: string;
}

/** As many digits as a number holds exactly; `src/flow/stencil.rs` has the same. */
const MAX_DIGITS = 15;

/** Arguments with no more brackets than this are not nested deeper than Rust's reader goes (`MAX_DEPTH` in `src/json`). */
const MAX_BRACKETS = 100;

/**
 * The stencils of one endpoint, by the head of the request: session, headers and server are part of it. `who` is the part of
 * it that says who is calling.
 */
export class Stencils {
  readonly #kept = new Bounded<OfHead>(POOLS.stencils);
  /** Heads that came once: a stencil costs as much as a step, and many a session has one call. */
  readonly #once = new Bounded<true>(POOLS.heads);

  /** The step of this request, if it is like one before. */
  find(head: string, who: string, body: string, now: number): Cut | undefined {
    const kept = this.#kept.get(head);
    if (!kept) return undefined;
    for (const stencil of kept.stencils) {
      const cut = stencil.cut(who, body, now);
      if (!cut) continue;
      kept.misses = 0;
      return cut;
    }
    kept.misses++;
    return undefined;
  }

  /** Keeps the first step of a request, if it holds for others; `shortcut` is the head of its shortcut. */
  keep(head: string, who: string, body: string, { wait, stencil }: Step<unknown>, shortcut: string): void {
    const effect = wait?.[0]?.effect;
    if (!stencil || effect?.kind !== "call" || !effect.splice) return;
    if (!this.#once.get(head)) {
      this.#once.set(head, true, 0);
      return;
    }
    const { stencils: former = [], misses = 0 } = this.#kept.get(head) ?? {};
    if (misses > OF_ONE_HEAD && misses % RETRY !== 0) return;
    const fresh = new Stencil(who, body, stencil, { effect, splice: effect.splice, head: shortcut });
    const stencils = [fresh, ...former.slice(0, OF_ONE_HEAD - 1)];
    const bytes = stencils.reduce((all, { bytes }) => all + bytes, 0);
    this.#kept.set(head, { stencils, misses }, bytes);
  }

  clear(): void {
    this.#kept.clear();
    this.#once.clear();
  }
}

/** The stencils of one head, and how many requests in a row none of them was for. */
interface OfHead {
  readonly stencils: readonly Stencil[];
  misses: number;
}

/** So many tools may take turns under one head. */
const OF_ONE_HEAD = 8;

/** Where forms do not come again, a stencil is made for one request in so many: it costs as much as a step. */
const RETRY = 16;

/** What a stencil takes beside its texts, about. */
const STENCIL = 2048;

/** Text of a request, and the hole behind it if it stands before the arguments, before it if behind them. */
interface Part {
  readonly text: string;
  readonly hole: "id" | "token" | undefined;
}

/** The text of a request with holes for the id, the arguments and maybe the progress token. */
class Stencil {
  readonly bytes: number;
  readonly #until: number;
  /** The only caller whom it is for; else it is for everybody. */
  readonly #who: string | undefined;
  /** From the beginning to the arguments. */
  readonly #before: Part[] = [];
  /** From the end to the arguments. */
  readonly #behind: Part[] = [];
  readonly #effect: Cut["effect"];
  readonly #splice: Splice;
  readonly #beforeId: string;
  readonly #behindId: string;

  constructor(who: string, body: string, stencil: Required<Step<unknown>>["stencil"], cut: Cut) {
    const [until, personal, answered, id, idEnd, given, givenEnd, token, tokenEnd] = stencil;
    this.bytes = bytesOf(body) + bytesOf(who) + bytesOf(cut.head) + STENCIL;
    this.#until = until;
    this.#who = personal ? who : undefined;
    const numbers = [{ hole: "id", start: id, end: idEnd }] as { hole: Part["hole"]; start: number; end: number }[];
    if (token !== undefined && tokenEnd !== undefined) numbers.push({ hole: "token", start: token, end: tokenEnd });
    numbers.sort((one, other) => one.start - other.start);
    let start = 0;
    for (const { hole, start: from, end } of numbers) {
      if (from > given) continue;
      this.#before.push({ text: body.slice(start, from), hole });
      start = end;
    }
    this.#before.push({ text: body.slice(start, given), hole: undefined });
    let end = body.length;
    for (const { hole, start: from, end: to } of numbers.reverse()) {
      if (from < given) continue;
      this.#behind.push({ text: body.slice(to, end), hole });
      end = from;
    }
    this.#behind.push({ text: body.slice(givenEnd, end), hole: undefined });
    // The first request's own are no part of it.
    this.#effect = { ...cut.effect, request: 0, arguments: {} };
    this.#splice = cut.splice;
    this.#beforeId = cut.head.slice(0, answered);
    this.#behindId = cut.head.slice(answered + idEnd - id);
  }

  /** The step for `body`, if it has the same text around the holes, short numbers in them and an object as arguments. */
  cut(who: string, body: string, now: number): Cut | undefined {
    if (now > this.#until || (this.#who !== undefined && this.#who !== who)) return undefined;
    let id = "";
    let start = 0;
    for (const { text, hole } of this.#before) {
      if (!body.startsWith(text, start)) return undefined;
      start += text.length;
      if (hole === undefined) continue;
      let end = start;
      while (isDigit(body.charCodeAt(end))) end++;
      if (!isShortNumber(body, start, end)) return undefined;
      if (hole === "id") id = body.slice(start, end);
      start = end;
    }
    let end = body.length;
    for (const { text, hole } of this.#behind) {
      end -= text.length;
      if (end < start || !body.startsWith(text, end)) return undefined;
      if (hole === undefined) continue;
      const behind = end;
      while (isDigit(body.charCodeAt(end - 1))) end--;
      if (!isShortNumber(body, end, behind)) return undefined;
      if (hole === "id") id = body.slice(end, behind);
    }
    const given = objectOf(body.slice(start, end));
    if (!given) return undefined;
    const effect = { ...this.#effect, request: Number(id), arguments: given };
    return { effect, splice: this.#splice, head: this.#beforeId + id + this.#behindId };
  }
}

const ZERO = 48;

const isDigit = (code: number) => code >= ZERO && code <= ZERO + 9;

/** True if these digits are a number of JSON that a number of JavaScript holds. */
function isShortNumber(text: string, start: number, end: number): boolean {
  const digits = end - start;
  return digits === 1 || (digits > 1 && digits <= MAX_DIGITS && text.charCodeAt(start) !== ZERO);
}

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
