/** Several verifiers in front of one endpoint: JWTs for people and API keys for machines, say. */
import type { Incoming } from "../incoming.js";
import type { Found, TokenVerifier } from "./verifier.js";

/**
 * Takes what one of `verifiers` takes; they are asked in this order. A token that none takes is refused for the reason
 * that tells most: that one could not be asked at the moment, else what the last said that saw a token.
 */
export function anyOf<Env = unknown>(...verifiers: readonly TokenVerifier<Env>[]): TokenVerifier<Env> {
  const known = (incoming: Incoming) => {
    for (const verifier of verifiers) {
      const caller = verifier.known?.(incoming);
      if (caller) return caller;
    }
    return undefined;
  };
  return {
    issuers: [...new Set(verifiers.flatMap(({ issuers }) => issuers))],
    bearer: verifiers.every(({ bearer }) => bearer === true),
    known,
    identify: (incoming, env, ctx) => known(incoming) ?? ask(verifiers, 0, undefined, incoming, env, ctx),
  };
}

type Refused = Extract<Found, { refused: unknown }>;

function ask<Env>(
  verifiers: readonly TokenVerifier<Env>[],
  at: number,
  before: Refused | undefined,
  incoming: Incoming,
  env: Env,
  ctx: ExecutionContext,
): Found | Promise<Found> {
  const verifier = verifiers[at];
  if (!verifier) return before ?? { refused: "absent", reason: "it has no token" };
  const goOn = (found: Found): Found | Promise<Found> =>
    "refused" in found ? ask(verifiers, at + 1, telling(before, found), incoming, env, ctx) : found;
  const found = verifier.identify(incoming, env, ctx);
  return found instanceof Promise ? found.then(goOn) : goOn(found);
}

/** The refusal that tells more. */
export function telling(before: Refused | undefined, found: Refused): Refused {
  const kept = before?.refused === "unavailable" || (found.refused === "absent" && before !== undefined);
  return kept ? before : found;
}
