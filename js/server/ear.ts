/**
 * The ear of this isolate at a hub: one WebSocket through which all of its streams hear. A socket belongs to the request
 * that has opened it, so it is one of the streams that keeps the ear. When that one ends, another opens a socket before the
 * old one is closed; where a keeper was cut off, the others notice, and hear of everything that they may have missed.
 */
import { BOUNDS } from "../bounds.js";
import { logged } from "../errors.js";
import { connect } from "../objects/sockets.js";
import type { Heard, Source } from "./listening.js";
import type { ObjectsWorld } from "./objects-world.js";

/** How long one request waits for what another one does, in milliseconds. */
const PATIENCE = 5000;

/** How long a keeper that ends looks for another, in milliseconds: its request may live for 30 s. */
const LEAVING = 20_000;

/** An ear whose keeper has not been seen for this long has none, in milliseconds: streams look after it every 12 s. */
const DEAF_AFTER = 40_000;

/** A request may use so much of the processor, and no more: after so many messages another stream keeps the ear. */
const TURN = 1000;

/** A stream that has been given so much, and takes none of it, has been cut off. */
const MAX_GIVEN = BOUNDS.given.value;

const ears = new Map<string, Ear>();

/** As much of a stream's world as is needed here. */
type EarWorld = Pick<ObjectsWorld, "objects" | "askObject"> & { passage: Pick<ObjectsWorld["passage"], "place"> };

/**
 * Lets a stream hear what a hub says under these tags. Rejects where the hub cannot be reached. Where promises do not resolve
 * in the request that waits for them (compatibility dates before 2024-10-14, tests by vitest), each stream has its own ear.
 */
export async function join(
  world: EarWorld,
  hub: string,
  tags: readonly string[],
  isShared = Cloudflare.compatibilityFlags["handle_cross_request_promise_resolution"] === true,
): Promise<Source> {
  const { objects = "", agent = "" } = world.passage.place;
  const key = [objects, agent, hub].join(" ");
  const ear = ears.get(key) ?? new Ear(key, hub);
  if (isShared) ears.set(key, ear);
  const stream = new Stream(world, ear, tags);
  try {
    await ear.join(stream);
  } catch (error) {
    ear.remove(stream);
    throw error;
  }
  return stream;
}

/** A socket through which an ear hears, its tag at the hub, and the stream whose it is. */
interface Open {
  readonly name: string;
  readonly socket: WebSocket;
  readonly keeper: Stream;
}

/** What an ear asks of a stream: to open a socket instead of this one, or to see whether its own is still needed. */
type Wish = { readonly instead: Open } | "look" | "over";

/** A stream at its ear: the way from one request to another, as a promise resolves in the request that waits for it. */
class Stream implements Source {
  readonly world: EarWorld;
  readonly tags: readonly string[];
  /** Those that it has opened. */
  readonly sockets: WebSocket[] = [];
  readonly #ear: Ear;
  #given: (Heard | Wish)[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(world: EarWorld, ear: Ear, tags: readonly string[]) {
    this.world = world;
    this.tags = tags;
    this.#ear = ear;
  }

  /** Called in any request: something was heard, the ear needs a socket, or it has come to its end. */
  give(given: Heard | Wish): void {
    this.#given.push(given);
    if (this.#given.length > MAX_GIVEN) {
      this.#ear.remove(this);
      this.#given = ["over"];
    }
    this.#wake?.();
  }

  async run(hear: (heard: Heard) => void): Promise<void> {
    for (;;) {
      if (this.#given.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      for (const given of this.#given.splice(0)) {
        if (given === "over") return;
        if (given === "look") this.check();
        else if ("instead" in given) void this.#open(given.instead, false);
        else hear(given);
      }
    }
  }

  check(): void {
    const { present } = this.#ear;
    if (present?.keeper === this) {
      this.#ear.seen();
      return;
    }
    // Another has taken over while nothing ran here.
    for (const socket of this.sockets.splice(0)) socket.close(1000, "another has taken over");
    if (this.#ear.isDeaf()) void this.#open(present, true);
  }

  async #open(instead: Open | undefined, missed: boolean): Promise<void> {
    await this.#ear.open(this, instead, missed).catch((error: unknown) => logged("A hub cannot be heard", error));
    // It may have become the keeper on its way out.
    if (this.#ended) await this.end();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#ear.leave(this);
    for (const socket of this.sockets.splice(0)) socket.close(1000, "the stream is over");
  }
}

class Ear {
  readonly #key: string;
  readonly #hub: string;
  /** By what they want to hear. */
  readonly #streams = new Map<string, Set<Stream>>();
  /** Through which it hears. */
  #open: Open | undefined;
  #seen = 0;
  /** Messages through the present socket. */
  #heard = 0;
  /** When the stream began that opens a socket at the moment. */
  #opening: { since: number } | undefined;
  /** Who waits for the end of that, and is told whether it failed. */
  #waiting: ((failed: boolean) => void)[] = [];

  constructor(key: string, hub: string) {
    this.#key = key;
    this.#hub = hub;
  }

  /** Sees to it that the hub knows what `stream` wants to hear. */
  async join(stream: Stream): Promise<void> {
    for (const tag of stream.tags) this.#streams.set(tag, (this.#streams.get(tag) ?? new Set()).add(stream));
    for (;;) {
      if (this.#opening && (await this.#opened())) throw new Error("The hub cannot be reached.");
      const open = this.#open;
      if (open && (await this.#want(stream, open.name, stream.tags))) return;
      if (await this.open(stream, open, open !== undefined)) return;
    }
  }

  async #want({ world }: Stream, ear: string, tags: readonly string[]): Promise<boolean> {
    return (await world.askObject(this.#hub, "want", { ear, tags })) === "true";
  }

  /**
   * Opens a socket in the request of `stream`. `missed` if something may have been said that nobody heard. False if another
   * stream has done so already or is about to.
   */
  async open(stream: Stream, instead: Open | undefined, missed: boolean): Promise<boolean> {
    if (this.#open !== instead || this.#isOpening()) return false;
    let failed = true;
    const opening = (this.#opening = { since: Date.now() });
    try {
      const name = crypto.randomUUID();
      const socket = await connect(await stream.world.objects(), this.#hub, [name]);
      socket.addEventListener("message", ({ data }) => this.#hear(String(data)));
      socket.addEventListener("close", () => this.#lost(socket));
      socket.accept();
      stream.sockets.push(socket);
      // Those are included that come in the meantime.
      for (const known = new Set<string>(); ;) {
        const fresh = [...this.#streams.keys()].filter((tag) => !known.has(tag));
        if (fresh.length === 0) break;
        if (!(await this.#want(stream, name, fresh))) throw new Error("The hub has closed a socket.");
        for (const tag of fresh) known.add(tag);
      }
      failed = false;
      // It took so long that another has begun.
      if (this.#opening !== opening) return false;
      this.#open = { name, socket, keeper: stream };
    } finally {
      if (this.#opening === opening) this.#opening = undefined;
      this.#wake(failed);
    }
    this.seen();
    this.#heard = 0;
    instead?.keeper.give("look");
    if (missed) for (const one of this.#all()) one.give({ missed });
    return true;
  }

  #wake(failed = false): void {
    for (const resolve of this.#waiting.splice(0)) resolve(failed);
  }

  /**
   * Waits until another stream has opened a socket, has failed to (then it is true) or has gone away, but not for ever: its
   * request may be cut off. The promise is made here, as who waits for that of another request goes on in that one.
   */
  async #opened(): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const failed = await new Promise<boolean>((resolve) => {
      this.#waiting.push(resolve);
      timer = setTimeout(() => resolve(false), PATIENCE);
    });
    clearTimeout(timer);
    return failed;
  }

  #isOpening(): boolean {
    return this.#opening !== undefined && Date.now() - this.#opening.since < PATIENCE;
  }

  /** Passes on what the hub says. */
  #hear(data: string): void {
    const { tag, message } = JSON.parse(data) as { tag: string; message: Heard };
    for (const stream of this.#streams.get(tag) ?? []) stream.give(message);
    const open = this.#open;
    if (open && ++this.#heard % TURN === 0) {
      [...this.#all()].findLast((one) => one !== open.keeper)?.give({ instead: open });
    }
  }

  /** A socket is closed. Where that was the present one, all streams end, and their clients come back. */
  #lost(socket: WebSocket): void {
    if (this.#open?.socket !== socket) return;
    this.#forget();
    for (const stream of this.#all()) stream.give("over");
  }

  #forget(): void {
    this.#open = undefined;
    if (ears.get(this.#key) === this) ears.delete(this.#key);
  }

  /** Every stream once. */
  #all(): Set<Stream> {
    return new Set([...this.#streams.values()].flatMap((streams) => [...streams]));
  }

  get present(): Open | undefined {
    return this.#open;
  }

  /** The keeper is still there. */
  seen(): void {
    this.#seen = Date.now();
  }

  isDeaf(): boolean {
    return Date.now() - this.#seen > DEAF_AFTER;
  }

  remove(stream: Stream): void {
    for (const tag of stream.tags) {
      const others = this.#streams.get(tag);
      others?.delete(stream);
      if (others?.size === 0) this.#streams.delete(tag);
    }
    if (this.#streams.size === 0 && !this.#open) this.#forget();
    // It may have been asked to open a socket.
    this.#wake();
  }

  /** The stream ends. If it is the keeper, one of the others becomes it before the socket is closed. */
  async leave(stream: Stream): Promise<void> {
    this.remove(stream);
    const open = this.#open;
    if (open?.keeper !== stream) return;
    const until = Date.now() + LEAVING;
    const asked = new Set<Stream>([stream]);
    while (this.#open === open && Date.now() < until) {
      if (!this.#isOpening()) {
        // The youngest: where clients have gone away unnoticed, the older ones are about to end, too.
        const next = [...this.#all()].findLast((one) => !asked.has(one));
        if (!next) break;
        asked.add(next);
        next.give({ instead: open });
      }
      await this.#opened();
    }
    if (this.#open === open) this.#lost(open.socket);
  }
}
