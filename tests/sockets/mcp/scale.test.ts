/**
 * The list of revocations with 100,000 isolates, in virtual time: what isolates, relays and the list decide is the code that
 * runs in production; objects are queues that answer a thousand requests a second, as the platform's do. See docs/scale.md.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type FetchChanges, RevocationList, type GrantStatus } from "../../../js/oauth/revocation-list.ts";
import { MAX_RELAYS, type RevocationChanges, Relay, Relays, type ChangesRequest } from "../../../js/oauth/relays.ts";
import { at } from "../../harness/paths.ts";
import { BEGIN, VirtualTime } from "./lib/virtual-time.ts";

const ISOLATES = 100_000;
const SECOND = 1000;
/** They all start within these first seconds, as after a deployment. */
const START = 20 * SECOND;
/** Requests to an isolate come so far apart, on average: each asks for news as often as it may. */
const APART = 10 * SECOND;
const BURST = { at: 40 * SECOND, grants: 10_000 };
/** One entry here stands for so many revocations, in lists and in answers alike: 100,000 isolates keep a list each. */
const TOGETHER = 1000;
const PAGE = 10_000 / TOGETHER;
const AWAY = { from: 70 * SECOND, until: 160 * SECOND };
const END = 190 * SECOND;
/** One way to an object. */
const WAY = 25;
/** What an object answers within a second; one that is behind by more than a second says that it is overloaded. */
const PER_SECOND = 1000;

const STRETCHES = {
  start: { what: "isolates start, as after a deployment", from: 0, until: START },
  steady: { what: "all isolates are running; 10,000 revocations", from: START, until: AWAY.from },
  away: { what: "the list is unavailable", from: AWAY.from, until: AWAY.until },
  back: { what: "the list is available again", from: AWAY.until, until: END },
};
type Stretch = keyof typeof STRETCHES;

const time = new VirtualTime();
const isAway = () => time.now >= AWAY.from && time.now < AWAY.until;

/** An object: one request after another. */
class Queue {
  /** Calls in each second. */
  readonly seconds = new Array<number>(END / SECOND + 1).fill(0);
  #free = 0;

  async answer<T>(work: () => T | Promise<T>, isAway = false): Promise<T> {
    await time.after(WAY);
    const second = Math.floor(time.now / SECOND);
    this.seconds[second] = (this.seconds[second] ?? 0) + 1;
    if (isAway) throw new Error("away");
    if (this.#free - time.now > SECOND) throw new Error("overloaded");
    this.#free = Math.max(this.#free, time.now) + SECOND / PER_SECOND;
    const answer = await work();
    await time.after(Math.max(0, this.#free - time.now) + WAY);
    return answer;
  }

  /** The most calls in a second. */
  peak({ from, until }: { from: number; until: number }): number {
    return Math.max(...this.seconds.slice(from / SECOND, until / SECOND));
  }
}

/** The list, as its object has it. */
class List {
  readonly queue = new Queue();
  readonly relays = new Relays(0, BEGIN);
  readonly entries: RevocationChanges["grants"] = [];

  ask({ cursor, calls }: ChangesRequest): Promise<RevocationChanges> {
    return this.queue.answer(() => {
      this.relays.count(Date.now(), calls);
      const grants = this.entries.slice(cursor, cursor + PAGE);
      const last = grants.at(-1)?.[2] ?? cursor;
      const more = grants.length === PAGE;
      return { cursor: last, grants, more, rules: [], version: 0, relays: this.relays.number, age: 0 };
    }, isAway());
  }
}

class RelayObject {
  readonly queue = new Queue();
  readonly #relay = new Relay(PAGE);

  ask(since: ChangesRequest, list: List): Promise<RevocationChanges> {
    return this.queue.answer(() => this.#relay.since(since, (asked) => list.ask(asked)));
  }
}

test("100,000 isolates that start at once, 10,000 revocations, and a list that is away for 90 s", async () => {
  const list = new List();
  const relays = Array.from({ length: MAX_RELAYS }, () => new RelayObject());
  const counts = { start: none(), steady: none(), away: none(), back: none() };
  /** The longest that a grant was taken for valid after it had ended. */
  let latest = 0;
  let letInWithoutNews = 0;
  /** When somebody was last turned away because nothing is known. */
  let lastUnknown = 0;

  function request(isolate: RevocationList, heard: { at: number }): void {
    const ended = time.random() < 0.5 ? list.entries[Math.floor(time.random() * list.entries.length)]?.[0] : undefined;
    const grant = { grant: ended ?? "good", began: 0, rules: [] };
    const judged = (standing: GrantStatus) => {
      counts[stretch()][standing]++;
      if (standing === "unknown") lastUnknown = time.now;
      if (standing === "valid" && ended !== undefined) latest = Math.max(latest, time.now - BURST.at);
      if (standing === "valid" && time.now - heard.at > 60 * SECOND) letInWithoutNews++;
    };
    const fresh = isolate.cachedStatus(grant);
    if (fresh !== undefined) {
      time.leavesNothing();
      judged(fresh);
      return;
    }
    const ask: FetchChanges = async (since, relay) => {
      const begun = time.now;
      const news = await (relay === undefined ? list.ask(since) : (relays[relay] as RelayObject).ask(since, list));
      if (!news.more) heard.at = Math.max(heard.at, begun - (news.age ?? 0));
      return news;
    };
    const standing = isolate.status(grant, ask, { waitUntil() {} });
    if (standing instanceof Promise) void standing.then(judged);
    else judged(standing);
  }

  for (let n = 0; n < ISOLATES; n++) {
    const isolate = new RevocationList();
    const heard = { at: Number.NEGATIVE_INFINITY };
    const again = () => {
      request(isolate, heard);
      time.in(time.random() * 2 * APART, again);
    };
    time.in(time.random() * START, again);
  }
  const until = BEGIN + 2 * END;
  time.in(BURST.at, () => {
    for (let n = 1; n <= BURST.grants / TOGETHER; n++) list.entries.push([`grant-${String(n)}`, until, n]);
  });
  await time.simulate(END);

  const table = Object.entries(STRETCHES).map(([name, { what, ...when }]) => {
    const { valid, ended, unknown } = counts[name as Stretch];
    return {
      what,
      list: list.queue.peak(when),
      relay: Math.max(...relays.map(({ queue }) => queue.peak(when))),
      unknown: unknown / (valid + ended + unknown),
    };
  });
  const document = readFileSync(at("docs/scale.md"), "utf8");
  for (const { what, list, relay, unknown } of table) {
    expect
      .soft(document)
      .toContain(`| ${what} | ${String(list)} | ${String(relay)} | ${(100 * unknown).toFixed(1)} % |`);
  }

  // Once they have found the relays, no object has more to do than it can.
  expect(list.relays.number).toBe(128);
  for (const { list, relay } of table.slice(1)) expect(Math.max(list, relay)).toBeLessThan(PER_SECOND / 2);
  expect(table[0]?.relay).toBeLessThan(PER_SECOND / 2);
  expect(table[0]?.unknown).toBeLessThan(0.15);
  // The budget: nobody whose access has ended is let in after 30 seconds, and nobody at all without news for 60.
  expect(latest).toBeLessThanOrEqual(30 * SECOND);
  expect(letInWithoutNews).toBe(0);
  // Whoever may come in does, as soon as the list has been back for two seconds.
  expect(counts.steady.unknown).toBe(0);
  expect(lastUnknown).toBeLessThan(AWAY.until + 2 * SECOND);
}, 600_000);

const none = (): Record<GrantStatus, number> => ({ valid: 0, ended: 0, unknown: 0 });

function stretch(): Stretch {
  if (time.now < START) return "start";
  if (time.now < AWAY.from) return "steady";
  return isAway() ? "away" : "back";
}
