/**
 * How much is held of what strangers make: each cache and each queue is bounded in bytes, and all bounds stand here. What a
 * request itself may be is said in Rust (`src/limit.rs`). `docs/limits.md` has both as tables, and `tests/core/bounds.rs`
 * holds them against the source.
 */
import { now } from "./clock.js";

/** A bound: so many bytes or entries, and of what it is one. */
interface Bound {
  readonly value: number;
  readonly unit: "bytes" | "entries";
  readonly per: "isolate" | "request" | "stream" | "session" | "verifier";
}

const KiB = 1024;
const MiB = 1024 * KiB;

const bytes = (per: Bound["per"], value: number) => ({ value, unit: "bytes", per }) as const;
const entries = (per: Bound["per"], value: number) => ({ value, unit: "entries", per }) as const;

export const BOUNDS = {
  /** Caches: what is used least is forgotten. */
  stencils: bytes("isolate", 4 * MiB),
  heads: bytes("isolate", MiB),
  sites: bytes("isolate", MiB),
  tokens: bytes("isolate", 12 * MiB),
  refused: bytes("isolate", 4 * MiB),
  told: bytes("isolate", MiB),
  documents: bytes("isolate", 8 * MiB),
  imported: bytes("isolate", MiB),
  lists: bytes("isolate", 8 * MiB),
  listsOfAKind: entries("isolate", 16),
  warned: bytes("isolate", 256 * KiB),
  /** Their entries have a fixed size, or are the app's own. */
  counts: entries("isolate", 20_000),
  running: entries("isolate", 1_000),
  shared: entries("isolate", 1_000),
  endpoints: entries("isolate", 64),
  verifiers: entries("isolate", 64),
  origins: entries("verifier", 16),
  refusals: entries("isolate", 300),
  names: entries("isolate", 100),
  atOnce: entries("verifier", 64),
  atOnceOfNetwork: entries("verifier", 16),
  /** What open streams hold all together that has not been read, or has arrived in part. */
  held: bytes("isolate", 24 * MiB),
  heldAlways: bytes("stream", 16 * KiB),
  /** What they listen for. */
  listened: bytes("isolate", 16 * MiB),
  listenedAlways: bytes("stream", 4 * KiB),
  /** What a client has not read yet; and how much it may be for somebody to say more. */
  unread: bytes("stream", 8 * MiB),
  unreadBefore: bytes("stream", 64 * KiB),
  /** What is at hand in case it has not arrived. */
  recent: bytes("stream", 256 * KiB),
  /** News that a stream has not taken. */
  given: entries("stream", 1_000),
  /** What a handler has said that has not gone out. */
  said: bytes("request", 8 * MiB),
  body: bytes("request", 4 * MiB),
  /** The bodies of all requests under way together. */
  bodies: bytes("isolate", 32 * MiB),
  bodiesAlways: bytes("request", 64 * KiB),
  /** What the effects of one request come to, as far as Rust reads it. */
  outcomes: bytes("request", 8 * MiB),
  /** Answers of others. */
  fetched: bytes("request", MiB),
  fetchedBriefly: bytes("request", 5 * KiB),
  /** What a mailbox keeps. */
  followed: bytes("session", 256 * KiB),
  missed: bytes("session", 16 * MiB),
  lasting: entries("session", 100),
} as const satisfies Record<string, Bound>;

/** What a text takes at most: two bytes for each of its characters. */
export const bytesOf = (text: string): number => 2 * text.length;

/** What the map itself takes for an entry, about. */
const ENTRY = 128;

interface Entry {
  readonly value: unknown;
  readonly bytes: number;
}

type Entries = Map<string, Entry>;

/**
 * A bound that several caches share. There are two halves; when the newer is full it becomes the older, and what was in that
 * is forgotten unless it has been asked for since. Only maps compare keys, by their hash first: how long that takes tells
 * nothing about a token.
 */
class Pool {
  readonly #half: number;
  #newer = new Map<object, Entries>();
  #older = new Map<object, Entries>();
  #bytes = 0;

  constructor({ value }: Bound) {
    this.#half = value / 2;
  }

  get(owner: object, key: string): unknown {
    const entry = this.#newer.get(owner)?.get(key);
    if (entry) return entry.value;
    const older = this.#older.get(owner)?.get(key);
    if (older) this.#put(owner, key, older);
    return older?.value;
  }

  has(owner: object, key: string): boolean {
    return this.#newer.get(owner)?.has(key) === true || this.#older.get(owner)?.has(key) === true;
  }

  /** What is larger than half of the bound is not kept. */
  set(owner: object, key: string, value: unknown, bytes: number): void {
    const all = ENTRY + bytesOf(key) + bytes;
    if (all <= this.#half) this.#put(owner, key, { value, bytes: all });
  }

  #put(owner: object, key: string, entry: Entry): void {
    if (this.#bytes + entry.bytes > this.#half) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#bytes = 0;
    }
    let entries = this.#newer.get(owner);
    if (!entries) this.#newer.set(owner, (entries = new Map<string, Entry>()));
    entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  forget(owner: object): void {
    this.#newer.delete(owner);
    this.#older.delete(owner);
  }
}

export const POOLS = {
  stencils: new Pool(BOUNDS.stencils),
  heads: new Pool(BOUNDS.heads),
  sites: new Pool(BOUNDS.sites),
  tokens: new Pool(BOUNDS.tokens),
  refused: new Pool(BOUNDS.refused),
  told: new Pool(BOUNDS.told),
  documents: new Pool(BOUNDS.documents),
  imported: new Pool(BOUNDS.imported),
  warned: new Pool(BOUNDS.warned),
} as const;

/** A cache within the bound of a pool. */
export class Bounded<Value> {
  readonly #pool: Pool;
  #isEmpty = true;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** True if nothing has been kept yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  get(key: string): Value | undefined {
    return this.#pool.get(this, key) as Value | undefined;
  }

  /** True if something is kept under `key`. */
  has(key: string): boolean {
    return this.#pool.has(this, key);
  }

  /** Keeps `value`, which takes so many `bytes`, if there is room for it at all. */
  set(key: string, value: Value, bytes: number): void {
    this.#isEmpty = false;
    this.#pool.set(this, key, value, bytes);
  }

  clear(): void {
    this.#isEmpty = true;
    this.#pool.forget(this);
  }
}

/** Who has not been seen for this long holds nothing any more, in milliseconds: its request was cut off. */
const LOST_MS = 60_000;

/** What somebody holds of what many share. */
export interface Holding {
  /** Holds so many bytes from now on; false, and nothing changes, where there is no room for them. */
  hold(bytes: number): boolean;
  /** True where there is room for so many. */
  fits(bytes: number): boolean;
  /** Called now and then: whoever holds it is still there. */
  seen(): void;
  end(): void;
}

/** Room that many share. Each may hold a little, also where there is no more. */
export class Room {
  readonly #bound: number;
  readonly #little: number;
  readonly #holders = new Set<{ bytes: number; seen: number }>();
  #held = 0;

  constructor({ value }: Bound, little: Bound) {
    this.#bound = value;
    this.#little = little.value;
  }

  /** Begins to hold something. */
  begin(): Holding {
    const mine = { bytes: 0, seen: now() };
    const fits = (bytes: number): boolean => {
      const has = () => bytes <= mine.bytes || this.#held - mine.bytes + bytes <= this.#bound;
      if (bytes <= this.#little || has()) return true;
      this.#forgetLost();
      // What is larger than all the room is held alone.
      return has() || this.#held === mine.bytes;
    };
    const hold = (bytes: number): boolean => {
      mine.seen = now();
      if (!fits(bytes)) return false;
      this.#held += bytes - mine.bytes;
      mine.bytes = bytes;
      if (bytes > 0) this.#holders.add(mine);
      else this.#holders.delete(mine);
      return true;
    };
    return { hold, fits, seen: () => void (mine.seen = now()), end: () => void hold(0) };
  }

  #forgetLost(): void {
    for (const one of this.#holders) {
      if (now() - one.seen < LOST_MS) continue;
      this.#holders.delete(one);
      this.#held -= one.bytes;
      one.bytes = 0;
    }
  }
}

export const ROOMS = {
  bodies: new Room(BOUNDS.bodies, BOUNDS.bodiesAlways),
  held: new Room(BOUNDS.held, BOUNDS.heldAlways),
  listened: new Room(BOUNDS.listened, BOUNDS.listenedAlways),
} as const;
