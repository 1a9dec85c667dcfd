/** Several verifiers in front of one endpoint: for example, JWTs for people and API keys for machines. */
import { run } from "../boundary/interpreter.js";
import { lazyBearerCore } from "../boundary/wasm.js";
import { NO_WORLD } from "../boundary/world.js";
import { CALLBACK_TIMEOUT } from "../common/callback.js";
import type { Incoming } from "../http/incoming.js";
import { OWN_VERIFIER, type OwnVerifier, withTimeout } from "./verifier-timeout.js";
import type { RejectedToken, TokenVerifier } from "./verifier.js";

/**
 * Accepts the tokens that one of `verifiers` accepts; they are tried in this order. If none accepts a token, it is refused
 * with the most useful reason: that one of them is unavailable, or else the reason of the last verifier for this kind of
 * token and issuer, or else that of the last one. The log has all reasons.
 */
export function anyOf<Env = unknown>(...all: readonly TokenVerifier<Env>[]): TokenVerifier<Env> {
  return within(all, CALLBACK_TIMEOUT);
}

function within<Env>(all: readonly TokenVerifier<Env>[], seconds: number): TokenVerifier<Env> {
  const verifiers = all.map((verifier) => withTimeout(verifier, seconds));
  const known = (incoming: Incoming) => {
    for (const verifier of verifiers) {
      const caller = verifier.known?.(incoming);
      if (caller) return caller;
    }
    return undefined;
  };
  const own: OwnVerifier<Env> = {
    [OWN_VERIFIER]: (limit) => within(all, limit),
    issuers: [...new Set(verifiers.flatMap(({ issuers }) => issuers))],
    header: verifiers.every(({ header }) => header === verifiers[0]?.header) ? verifiers[0]?.header : undefined,
    bearer: verifiers.every(({ bearer }) => bearer === true),
    known,
    identify: async (incoming, env, ctx) => {
      const caller = known(incoming);
      if (caller) return caller;
      const rejections: RejectedToken[] = [];
      for (const verifier of verifiers) {
        const found = await verifier.identify(incoming, env, ctx);
        if (!("refused" in found)) return found;
        rejections.push(found);
      }
      return mostInformative(rejections);
    },
  };
  return own;
}

const core = lazyBearerCore();

/* The most informative refusal (`src/guard/any_of.rs`), together with all of them. */
export async function mostInformative(rejections: readonly RejectedToken[]): Promise<RejectedToken> {
  const input = JSON.stringify(rejections.map(({ refused, foreign }) => ({ refused, foreign })));
  const at = rejections.length > 1 ? await run<number>(core.most_informative, input, "", NO_WORLD) : 0;
  const most = rejections[at] ?? { refused: "absent", reason: "the request has no token" };
  const all = rejections.flatMap((one) => one.said ?? [one]).filter(({ refused }) => refused !== "absent");
  return all.length > 1 ? { ...most, said: all } : most;
}
