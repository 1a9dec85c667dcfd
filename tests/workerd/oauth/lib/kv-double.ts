/**
 * Workers KV as it is on a bad day. What it does is in Cloudflare's documentation, "How KV works" and "Limits": a write shows
 * at once only where it was made, elsewhere after 60 seconds or more; each location keeps what it has read for 60 seconds, a
 * miss too; one key takes one write a second, more are answered 429; of two writes the later one stays; a list lags behind; a
 * value lives for 60 seconds at least.
 */
const LAG_MS = 60_000;
const CACHED_MS = 60_000;
const WRITE_EVERY_MS = 1_000;
const MIN_TTL = 60;

interface Version {
  value: string | null;
  at: number;
  by: number;
  ends: number;
}

export class KvDouble {
  readonly #versions = new Map<string, Version[]>();
  readonly #caches: Map<string, { value: string | null; until: number }>[] = [];
  readonly #now: () => number;
  /** What was asked of it, in order: `get`, `miss`, `put`, `429`, `delete`. */
  readonly log: string[] = [];

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The namespace as a Worker at this location has it. */
  at(location: number): Pick<KVNamespace, "get" | "put" | "delete" | "list"> {
    const cache = (this.#caches[location] ??= new Map());
    const get = (key: string): Promise<string | null> => {
      const now = this.#now();
      const kept = cache.get(key);
      const value = kept && kept.until > now ? kept.value : this.#read(key, location);
      if (!kept || kept.until <= now) cache.set(key, { value, until: now + CACHED_MS });
      this.log.push(value === null ? "miss" : "get");
      return Promise.resolve(value);
    };
    const write = (key: string, value: string | null, seconds = Infinity): Promise<void> => {
      const now = this.#now();
      const versions = this.#versions.get(key) ?? [];
      if (seconds < MIN_TTL)
        return Promise.reject(new Error(`KV PUT failed: 400 Invalid expiration_ttl of ${seconds}`));
      if (versions.some(({ at }) => at > now - WRITE_EVERY_MS)) {
        this.log.push("429");
        return Promise.reject(new Error("KV PUT failed: 429 Too Many Requests"));
      }
      this.log.push(value === null ? "delete" : "put");
      this.#versions.set(key, [...versions, { value, at: now, by: location, ends: now + seconds * 1000 }]);
      cache.set(key, { value, until: now + CACHED_MS });
      return Promise.resolve();
    };
    const list = (options?: { prefix?: string | null } | null) => {
      const there = [...this.#versions.keys()].filter((key) => key.startsWith(options?.prefix ?? ""));
      const keys = there.filter((key) => this.#read(key, -1) !== null).map((name) => ({ name }));
      return Promise.resolve({ keys, list_complete: true, cacheStatus: null });
    };
    return {
      get,
      put: (key: string, value: string, options?: { expirationTtl?: number }) =>
        write(key, value, options?.expirationTtl),
      delete: (key: string) => write(key, null),
      list,
    } as Pick<KVNamespace, "get" | "put" | "delete" | "list">;
  }

  /** The latest version that has reached `location` and is not over. */
  #read(key: string, location: number): string | null {
    const now = this.#now();
    const there = (this.#versions.get(key) ?? []).filter(({ at, by }) => by === location || at <= now - LAG_MS);
    const latest = there.at(-1);
    return latest && latest.ends > now ? latest.value : null;
  }
}
