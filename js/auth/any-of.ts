/** Several verifiers in front of one endpoint: JWTs for people and API keys for machines, say. */
import { CALLBACK_TIMEOUT } from "../callback.js";
import type { Incoming } from "../incoming.js";
import { OURS, type Ours, bounded } from "./bounded.js";
import type { Found, RefusedToken, TokenVerifier } from "./verifier.js";

/**
 * Takes what one of `verifiers` takes; they are asked in this order. A token that none takes is refused for the reason
 * that tells most: that one could not be asked at the moment, else what the last said that takes tokens of this kind and
 * issuer, else what the last said. The log has what each says.
 */
export function anyOf<Env = unknown>(...all: readonly TokenVerifier<Env>[]): TokenVerifier<Env> {
  return within(all, CALLBACK_TIMEOUT);
}

function within<Env>(all: readonly TokenVerifier<Env>[], seconds: number): TokenVerifier<Env> {
  const verifiers = all.map((verifier) => bounded(verifier, seconds));
  const known = (incoming: Incoming) => {
    for (const verifier of verifiers) {
      const caller = verifier.known?.(incoming);
      if (caller) return caller;
    }
    return undefined;
  };
  const ours: Ours<Env> = {
    [OURS]: (limit) => within(all, limit),
    issuers: [...new Set(verifiers.flatMap(({ issuers }) => issuers))],
    header: verifiers.every(({ header }) => header === verifiers[0]?.header) ? verifiers[0]?.header : undefined,
    bearer: verifiers.every(({ bearer }) => bearer === true),
    known,
    identify: (incoming, env, ctx) => known(incoming) ?? ask(verifiers, 0, [], incoming, env, ctx),
  };
  return ours;
}

function ask<Env>(
  verifiers: readonly TokenVerifier<Env>[],
  at: number,
  before: readonly RefusedToken[],
  incoming: Incoming,
  env: Env,
  ctx: ExecutionContext,
): Found | Promise<Found> {
  const verifier = verifiers[at];
  if (!verifier) return telling(before);
  const goOn = (found: Found): Found | Promise<Found> =>
    "refused" in found ? ask(verifiers, at + 1, [...before, found], incoming, env, ctx) : found;
  const found = verifier.identify(incoming, env, ctx);
  return found instanceof Promise ? found.then(goOn) : goOn(found);
}

/** How much it tells. Of two that cannot be asked at the moment the first one counts, as no other is asked for. */
const rank = ({ refused, foreign }: RefusedToken) =>
  refused === "absent" ? 0 : refused === "unavailable" ? 3 : foreign ? 1 : 2;

/** What tells most of it, and what each says. */
export function telling(said: readonly RefusedToken[]): RefusedToken {
  let most: RefusedToken = { refused: "absent", reason: "it has no token" };
  for (const one of said) if (most.refused !== "unavailable" && rank(one) >= rank(most)) most = one;
  const saw = said.flatMap((one) => one.said ?? [one]).filter(({ refused }) => refused !== "absent");
  return saw.length > 1 ? { ...most, said: saw } : most;
}
