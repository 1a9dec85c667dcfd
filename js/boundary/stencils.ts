/**
 * The shortcuts of the hot path, as `src/flow/stencil.rs` allows them: an outcome that needs no decision goes into the answer
 * as it is, and Rust's decision about one request is reused for other requests of the same form. A client that calls a tool
 * again sends the same text around another ID and other arguments; this file compares that text, and decides nothing.
 */
import { WicketError } from "../common/errors.js";
import { isObject } from "./answer.js";
import { BoundedCache, POOLS, bytesOf } from "./caches.js";
import { type RunningFlow, advance, tryPerform, endOf, isSameRun, stepOf, stepText } from "./step.js";
import { wellFormed } from "./well-formed.js";
import type { CallEffect, Effect, Failure, Places, PlainResult, Shortcut, Step } from "./wire.js";
import type { Outcome, World } from "./world.js";

/** What may save steps of a flow. */
export interface Shortcuts<T> {
  /** Returns the answer with this text, for a flow whose only effect has an outcome that can be inserted unchanged. */
  readonly spliced: (text: string) => T;
  /** Find the first step of a request of a known form. */
  readonly stencils?: Stencils;
  /** The end of the input, which names the caller. */
  readonly who?: string;
}

/** An effect, and the answer around its outcome: `head` before it, `shortcut.tail` behind it. */
export interface Splice {
  readonly effect: Effect;
  readonly shortcut: Shortcut;
  readonly head: string;
}

/** The first step of a request. */
interface FirstStep<T = unknown> {
  readonly next: Step<T>;
  readonly splice?: Splice;
}

/** The shortcut of a request of a known form: its effect has this request's ID and arguments. */
interface StencilMatch extends Splice {
  readonly effect: { kind: "call" } & CallEffect;
}

/** Continues a flow from its first step; the only effect of that may have an outcome already. */
type ContinueFlow = <T>(flow: RunningFlow, world: World, next: Step<T>, first?: Outcome | Failure) => Promise<T>;

/** Runs a flow by the shortest way that there is; `continueFlow` is the long one. */
export async function runShort<T>(
  flow: RunningFlow,
  world: World,
  shortcuts: Shortcuts<T>,
  continueFlow: ContinueFlow,
): Promise<T> {
  const { stencils, who = "", spliced } = shortcuts;
  const { input, body, now } = flow;
  const head = who === "" ? input : input.slice(0, -who.length);
  let next: Step<T> | undefined;
  let splice: Splice | undefined = stencils?.find(head, who, body, now);
  if (!splice) {
    const first = await firstStep<T>(flow);
    stencils?.add(head, who, body, first);
    ({ next, splice } = first);
    if (!splice) return continueFlow(flow, world, next);
  }
  const outcome = await tryPerform(world, splice.effect);
  if (typeof outcome !== "string" && outcome.splice !== undefined && needsNoDecision(outcome, splice.shortcut)) {
    const text = wellFormed(outcome.splice);
    return spliced(splice.head + (splice.shortcut.open ? text.slice(1) : text) + splice.shortcut.tail);
  }
  return continueFlow(flow, world, next ?? (await replayFirst<T>(flow, splice.effect)), outcome);
}

/** The first step, and its shortcut, if it has one. */
async function firstStep<T>(flow: RunningFlow): Promise<FirstStep<T>> {
  const text = await stepText(flow, "");
  const next = stepOf<T>(text);
  const { wait: [asked] = [], shortcut } = next;
  return asked && shortcut
    ? { next, splice: { effect: asked.effect, shortcut, head: text.slice(endOf(text) + 1) } }
    : { next };
}

/** Runs the first step after all, which must request the effect that was performed. */
async function replayFirst<T>(flow: RunningFlow, effect: Effect): Promise<Step<T>> {
  const next = await advance<T>(flow, "");
  const [asked] = next.wait ?? [];
  if (asked && next.wait?.length === 1 && isSameRun(asked.effect, effect)) return next;
  throw new WicketError("ERR_FLOW", "A flow broke: it goes another way than one like it.");
}

/** True for an outcome that needs no decision. Where its members throw, Rust decides by their text. */
function needsNoDecision({ result, list }: Outcome, { plain = {} }: Shortcut): boolean {
  try {
    return list === undefined || isPlain(result, list, plain);
  } catch {
    return false;
  }
}

/** The members of results about which Rust has nothing to decide, by the one that is a list. */
const PLAIN = {
  content: new Set(["content", "structuredContent", "isError"]),
  messages: new Set(["description", "messages"]),
  contents: new Set(["contents"]),
} as const;

/**
 * True for a result whose members, content types and structured content exist in the revision, and that contains no
 * null.
 */
function isPlain(result: unknown, list: keyof typeof PLAIN, { kinds, structured }: PlainResult): boolean {
  if (typeof result !== "object" || result === null || "toJSON" in result || hasNull(result)) return false;
  const members = result as Record<string, unknown>;
  for (const member of Object.keys(members)) if (!PLAIN[list].has(member)) return false;
  const { [list]: blocks, structuredContent } = members;
  if (!Array.isArray(blocks)) return false;
  if (structuredContent !== undefined) {
    // If there is no text, Rust creates it from the structured content.
    if (blocks.length === 0 || structured === "none") return false;
    if (structured === "object" && (!isObject(structuredContent) || "toJSON" in (structuredContent as object)))
      return false;
  }
  return blocks.every((one: unknown) => {
    const block = list === "messages" ? (one as { content?: unknown } | null)?.content : one;
    const { type = "" } = (block ?? {}) as { type?: string };
    return (!kinds || kinds.includes(type)) && (type === "text" || !hasNull(block));
  });
}

/** True for an object with a member that is null, which clients take for one of the wrong type. */
function hasNull(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).includes(null);
}

/** As many digits as a number holds exactly; the same as in `src/flow/stencil.rs`. */
const MAX_DIGITS = 15;

/** Arguments with no more brackets than this are not nested too deeply for Rust (`MAX_DEPTH` in `src/json`). */
const MAX_BRACKETS = 100;

/**
 * The stencils of one endpoint, by the head of the request: session, headers and server are part of it. `who` is the
 * part of the head that names the caller.
 */
export class Stencils {
  readonly #byHead = new BoundedCache<StencilsOfHead>(POOLS.stencils);
  /** Heads that were seen once: storing a stencil costs as much as a step, and many sessions have one call only. */
  readonly #once = new BoundedCache<true>(POOLS.heads);

  /** The shortcut of a request that is like one before. */
  find(head: string, who: string, body: string, now: number): StencilMatch | undefined {
    const known = this.#byHead.get(head);
    if (!known) return undefined;
    // If forms do not repeat, only the latest is tried, which is one that has just been seen.
    const tried = known.misses > OF_ONE_HEAD ? 1 : OF_ONE_HEAD;
    for (let at = 0; at < tried; at++) {
      const match = known.stencils[at]?.match(who, body, now);
      if (!match) continue;
      known.misses = 0;
      return match;
    }
    known.misses++;
    return undefined;
  }

  /** Keeps the first step of a request, if it may hold for others. */
  add(head: string, who: string, body: string, { next, splice }: FirstStep): void {
    const stencil = next.shortcut?.stencil;
    if (!stencil || splice?.effect.kind !== "call") return;
    if (!this.#once.get(head)) {
      this.#once.set(head, true, 0);
      return;
    }
    const { stencils: former = [], misses = 0 } = this.#byHead.get(head) ?? {};
    if (misses > OF_ONE_HEAD && misses % RETRY !== 0) return;
    const fresh = new Stencil(who, body, stencil, { ...splice, effect: splice.effect });
    const stencils = [fresh, ...former.slice(0, OF_ONE_HEAD - 1)];
    const bytes = stencils.reduce((all, { bytes }) => all + bytes, 0);
    this.#byHead.set(head, { stencils, misses }, bytes);
  }
}

/** The stencils of one head, and how many requests in a row matched none of them. */
interface StencilsOfHead {
  /** The latest first. */
  readonly stencils: readonly Stencil[];
  misses: number;
}

/** This many tools may take turns under one head. */
const OF_ONE_HEAD = 8;

/** If forms do not repeat, a stencil is created only for every so many requests, because it costs as much as a step. */
const RETRY = 16;

/** The approximate size of a stencil besides its texts. */
const STENCIL = 2048;

/**
 * A part of a request's text, and the hole after it if it stands before the arguments, or before it if it stands after
 * them.
 */
interface StencilPart {
  readonly text: string;
  readonly hole: "id" | "token" | undefined;
}

/** The text of a request with holes for the ID, the arguments and perhaps the progress token. */
class Stencil {
  readonly bytes: number;
  readonly #until: number;
  /** The only caller for whom it holds; undefined for everybody. */
  readonly #who: string | undefined;
  /** From the beginning to the arguments. */
  readonly #before: StencilPart[] = [];
  /** From the end to the arguments. */
  readonly #behind: StencilPart[] = [];
  readonly #effect: StencilMatch["effect"];
  readonly #shortcut: Shortcut;
  readonly #beforeId: string;
  readonly #behindId: string;

  constructor(who: string, body: string, stencil: Places, match: StencilMatch) {
    const [until, personal, answered, id, idEnd, given, givenEnd, token, tokenEnd] = stencil;
    this.bytes = bytesOf(body) + bytesOf(who) + bytesOf(match.head) + STENCIL;
    this.#until = until;
    this.#who = personal ? who : undefined;
    const numbers = [{ hole: "id", start: id, end: idEnd }] as {
      hole: StencilPart["hole"];
      start: number;
      end: number;
    }[];
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
    // The first request's own values are not part of it.
    this.#effect = { ...match.effect, request: 0, arguments: {} };
    this.#shortcut = match.shortcut;
    this.#beforeId = match.head.slice(0, answered);
    this.#behindId = match.head.slice(answered + idEnd - id);
  }

  /**
   * The step for `body`, if it has the same text around the holes, short numbers in them, and an object as arguments.
   */
  match(who: string, body: string, now: number): StencilMatch | undefined {
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
    return { effect, shortcut: this.#shortcut, head: this.#beforeId + id + this.#behindId };
  }
}

const ZERO = 48;

const isDigit = (code: number) => code >= ZERO && code <= ZERO + 9;

/** True if these digits are a JSON number that a JavaScript number holds exactly. */
function isShortNumber(text: string, start: number, end: number): boolean {
  const digits = end - start;
  return digits === 1 || (digits > 1 && digits <= MAX_DIGITS && text.charCodeAt(start) !== ZERO);
}

/** The object in this JSON text; undefined if it is not one, which Rust then reports. */
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
