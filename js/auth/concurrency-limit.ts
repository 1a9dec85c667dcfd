/** Limits concurrent lookups, so that made-up tokens do not cause a flood of requests to another server. */
import { BOUNDS } from "../boundary/caches.js";
import { EffectFailure } from "../common/errors.js";

/**
 * Maximum number of lookups in progress of one verifier in one isolate: for tokens that were valid before, and the same
 * number for all others.
 */
const MAX_OPEN = BOUNDS.lookups.value;
/** Maximum number of the latter for one network, once there are this many. */
const MAX_OF_NETWORK = BOUNDS.lookupsOfNetwork.value;
/** A lookup that has not ended after this many milliseconds is no longer counted: its request has ended. */
const LOST_MS = 60_000;

/** Who causes a lookup. */
export interface LookupSource {
  /** True for a token that was valid before: others' lookups do not delay it. */
  readonly isKnown: boolean;
  /** The network from which the request comes, if the edge says so. */
  readonly network: string | undefined;
}

interface RunningLookup {
  readonly since: number;
  readonly network: string | undefined;
}

export class ConcurrencyLimit {
  readonly #known = new Set<RunningLookup>();
  readonly #unknown = new Set<RunningLookup>();

  /** Runs `work`; fails with "refused" if too many are in progress. */
  async run<T>(what: string, { isKnown, network }: LookupSource, work: () => Promise<T>): Promise<T> {
    const open = isKnown ? this.#known : this.#unknown;
    const since = Date.now();
    if (open.size >= MAX_OF_NETWORK) for (const one of open) if (since - one.since > LOST_MS) open.delete(one);
    const most = isKnown || network === undefined || open.size < MAX_OF_NETWORK ? MAX_OPEN : MAX_OF_NETWORK;
    const size = most === MAX_OPEN ? open.size : [...open].filter((one) => one.network === network).length;
    if (size >= most || open.size >= MAX_OPEN) {
      throw new EffectFailure("refused", `${String(most)} ${what} are in progress already, so no more are started`);
    }
    const mine = { since, network };
    open.add(mine);
    try {
      return await work();
    } finally {
      open.delete(mine);
    }
  }
}

/**
 * The network of a request: an IPv4 address, or the first three groups of an IPv6 address, which belong to one
 * customer.
 */
export function networkOf(headers: Headers): string | undefined {
  const peer = headers.get("cf-connecting-ip") ?? undefined;
  return peer?.includes(":") ? peer.split(":").slice(0, 3).join(":") : peer;
}
