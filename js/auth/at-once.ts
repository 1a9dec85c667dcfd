/** How much may be under way at a time: made-up tokens must not become a flood of questions to somebody else. */
import { BOUNDS } from "../bounds.js";
import { EffectFailure } from "../errors.js";

/** So many questions of one verifier at a time, in one isolate: about what was good before, and again about all else. */
const MAX_OPEN = BOUNDS.atOnce.value;
/** So many of those from one network. */
const MAX_OF_NETWORK = BOUNDS.atOnceOfNetwork.value;
/** A question that has not ended after this many milliseconds is given up: its request is over. */
const LOST_MS = 60_000;

/** Who makes us ask. */
export interface Asker {
  /** True for a token that was good before: whatever strangers make us ask is not in its way. */
  readonly isKnown: boolean;
  /** Where it comes from, if the edge says so. */
  readonly network: string | undefined;
}

interface Open {
  readonly since: number;
  readonly network: string | undefined;
}

export class AtOnce {
  readonly #known = new Set<Open>();
  readonly #strangers = new Set<Open>();

  /** Does `work`; fails with "refused" where too much is under way. */
  async run<T>(what: string, { isKnown, network }: Asker, work: () => Promise<T>): Promise<T> {
    const open = isKnown ? this.#known : this.#strangers;
    const since = Date.now();
    if (open.size >= MAX_OF_NETWORK) for (const one of open) if (since - one.since > LOST_MS) open.delete(one);
    const most = isKnown || network === undefined || open.size < MAX_OF_NETWORK ? MAX_OPEN : MAX_OF_NETWORK;
    const size = most === MAX_OPEN ? open.size : [...open].filter((one) => one.network === network).length;
    if (size >= most || open.size >= MAX_OPEN) {
      throw new EffectFailure("refused", `${String(most)} ${what} are under way already, and no more are begun`);
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

/** Where a request comes from: an address, or of an IPv6 one the three groups that are one customer's. */
export function networkOf(headers: Headers): string | undefined {
  const peer = headers.get("cf-connecting-ip") ?? undefined;
  return peer?.includes(":") ? peer.split(":").slice(0, 3).join(":") : peer;
}
