/**
 * Memory limits for data from untrusted sources: each cache and each queue is bounded in bytes, and all bounds are defined
 * here. The limits of a request itself are in Rust (`src/bounds.rs`). `docs/limits.md` has both as tables, and
 * `tests/core/bounds.rs` compares them with the source.
 */
import { now } from "../common/clock.js";

/** A limit, in bytes or entries, for each of something. */
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
  /** Caches: the least recently used entries are removed. */
  stencils: bytes("isolate", 4 * MiB),
  heads: bytes("isolate", MiB),
  originDecisions: bytes("isolate", MiB),
  tokens: bytes("isolate", 12 * MiB),
  refused: bytes("isolate", 4 * MiB),
  loggedCallers: bytes("isolate", MiB),
  documents: bytes("isolate", 8 * MiB),
  imported: bytes("isolate", MiB),
  lists: bytes("isolate", 8 * MiB),
  listsOfAKind: entries("isolate", 16),
  warned: bytes("isolate", 256 * KiB),
  /** Entries of a fixed size, or of the app's own. */
  counts: entries("isolate", 20_000),
  running: entries("isolate", 1_000),
  shared: entries("isolate", 1_000),
  endpoints: entries("isolate", 64),
  verifiers: entries("isolate", 64),
  origins: entries("verifier", 16),
  refusals: entries("isolate", 300),
  warnedNames: entries("isolate", 100),
  lookups: entries("verifier", 64),
  lookupsOfNetwork: entries("verifier", 16),
  /** What all open streams together hold that has not been read, or has arrived in part. */
  buffered: bytes("isolate", 24 * MiB),
  bufferedAlways: bytes("stream", 16 * KiB),
  /** What they listen to. */
  subscriptions: bytes("isolate", 16 * MiB),
  subscriptionsAlways: bytes("stream", 4 * KiB),
  /** What a client has not read yet; and the amount beyond which handlers wait. */
  unread: bytes("stream", 8 * MiB),
  unreadThreshold: bytes("stream", 64 * KiB),
  /** Recent messages, in case they have not arrived. */
  replayBuffer: bytes("stream", 256 * KiB),
  /** Notifications that a stream has not taken yet. */
  queuedMessages: entries("stream", 1_000),
  /** What a handler has sent that is still queued. */
  unsentMessages: bytes("request", 8 * MiB),
  body: bytes("request", 4 * MiB),
  /** The bodies of all requests in progress. */
  bodies: bytes("isolate", 32 * MiB),
  bodiesAlways: bytes("request", 64 * KiB),
  /** The outcomes of one request's effects, as far as Rust reads them. */
  outcomes: bytes("request", 8 * MiB),
  /** Responses of other servers. */
  fetched: bytes("request", MiB),
  fetchedBriefly: bytes("request", 5 * KiB),
  /** What a mailbox stores. */
  followed: bytes("session", 256 * KiB),
  storedEvents: bytes("session", 16 * MiB),
  pendingCancellations: entries("session", 100),
} as const satisfies Record<string, Bound>;

/** The maximum size of a string: two bytes for each of its characters. */
export const bytesOf = (text: string): number => 2 * text.length;

/** The approximate size of a map entry itself. */
const ENTRY = 128;

interface Entry {
  readonly value: unknown;
  readonly bytes: number;
}

type Entries = Map<string, Entry>;

/**
 * A limit that several caches share. There are two halves: when the newer one is full it becomes the older one, whose
 * entries are dropped unless they have been used since. Keys are only compared by maps, first by their hash, so timing
 * reveals nothing about a token.
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

  /** Entries larger than half of the limit are not stored. */
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
  originDecisions: new Pool(BOUNDS.originDecisions),
  tokens: new Pool(BOUNDS.tokens),
  refused: new Pool(BOUNDS.refused),
  loggedCallers: new Pool(BOUNDS.loggedCallers),
  documents: new Pool(BOUNDS.documents),
  imported: new Pool(BOUNDS.imported),
  warned: new Pool(BOUNDS.warned),
} as const;

/** A cache within a pool's limit. */
export class BoundedCache<Value> {
  readonly #pool: Pool;
  #isEmpty = true;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** True if nothing has been stored yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  get(key: string): Value | undefined {
    return this.#pool.get(this, key) as Value | undefined;
  }

  /** True if there is a value for `key`. */
  has(key: string): boolean {
    return this.#pool.has(this, key);
  }

  /** Stores `value`, whose size is `bytes`, if there is room for it at all. */
  set(key: string, value: Value, bytes: number): void {
    this.#isEmpty = false;
    this.#pool.set(this, key, value, bytes);
  }

  clear(): void {
    this.#isEmpty = true;
    this.#pool.forget(this);
  }
}

/** A cache of values that expire, such as verified tokens. */
export class ExpiringCache<T extends { readonly until: number }> extends BoundedCache<T> {
  /** The value for `key`, unless it has expired. */
  override get(key: string): T | undefined {
    const value = super.get(key);
    return value && now() < value.until ? value : undefined;
  }
}

/** A holder that has not been seen for this long holds nothing any more, in milliseconds: its request was cut off. */
const LOST_MS = 60_000;

/** A share of a room. */
export interface Reservation {
  /** Sets the size of the share, in bytes; returns false, and changes nothing, if there is no room for it. */
  resize(bytes: number): boolean;
  /** True if there is room for this many bytes. */
  fits(bytes: number): boolean;
  /** Called from time to time: the holder still exists. */
  seen(): void;
  end(): void;
}

/** Memory that many share. Each may always use a little, even if the room is full. */
export class MemoryBudget {
  readonly #bound: number;
  readonly #little: number;
  readonly #holders = new Set<{ bytes: number; seen: number }>();
  #held = 0;

  constructor({ value }: Bound, little: Bound) {
    this.#bound = value;
    this.#little = little.value;
  }

  /** Creates a share. */
  reserve(): Reservation {
    const mine = { bytes: 0, seen: now() };
    const fits = (bytes: number): boolean => {
      const has = () => bytes <= mine.bytes || this.#held - mine.bytes + bytes <= this.#bound;
      if (bytes <= this.#little || has()) return true;
      this.#forgetLost();
      // A share that is larger than the whole room is allowed alone.
      return has() || this.#held === mine.bytes;
    };
    const resize = (bytes: number): boolean => {
      mine.seen = now();
      if (!fits(bytes)) return false;
      this.#held += bytes - mine.bytes;
      mine.bytes = bytes;
      if (bytes > 0) this.#holders.add(mine);
      else this.#holders.delete(mine);
      return true;
    };
    return { resize, fits, seen: () => void (mine.seen = now()), end: () => void resize(0) };
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

export const BUDGETS = {
  bodies: new MemoryBudget(BOUNDS.bodies, BOUNDS.bodiesAlways),
  buffered: new MemoryBudget(BOUNDS.buffered, BOUNDS.bufferedAlways),
  subscriptions: new MemoryBudget(BOUNDS.subscriptions, BOUNDS.subscriptionsAlways),
} as const;
