/** Runs the app's own verifiers with a time limit. Those of this package have their own limits. */
import { isObject } from "../boundary/answer.js";
import { CallbackTimeout, callback } from "../common/callback.js";
import { hideHeader } from "../http/credentials.js";
import { logged } from "../common/errors.js";
import type { Incoming } from "../http/incoming.js";
import type { Caller } from "./guard.js";
import type { TokenVerification, RejectedToken, TokenVerifier } from "./verifier.js";

/**
 * Marks the verifiers of this package: true, or a function that returns the verifier with another limit, in seconds.
 */
export const OWN_VERIFIER: unique symbol = Symbol("mcp-wicket verifier");

/** A verifier of this package. */
export type OwnVerifier<Env> = TokenVerifier<Env> & {
  [OWN_VERIFIER]: true | ((seconds: number) => TokenVerifier<Env>);
};

/** `verifier` with a time limit in seconds; after it, the token cannot be checked at the moment. */
export function withTimeout<Env>(verifier: TokenVerifier<Env>, seconds: number): TokenVerifier<Env> {
  if (OWN_VERIFIER in verifier) {
    const within = (verifier as OwnVerifier<Env>)[OWN_VERIFIER];
    return within === true ? verifier : within(seconds);
  }
  const { issuers, bearer, header } = verifier;
  if (header !== undefined) hideHeader(header);
  return {
    issuers,
    ...(bearer !== undefined && { bearer }),
    ...(verifier.known && { known: (incoming: Incoming) => verifier.known?.(incoming) }),
    identify: async (incoming, env, ctx) => {
      try {
        const identify = () => verifier.identify(incoming, env, ctx);
        return checkResult(await callback(`identify of ${nameOf(verifier)}`, seconds, identify), verifier);
      } catch (error) {
        return timeoutResult(error);
      }
    },
  };
}

/** The result of the app's own verifier, if it is complete: anything else is a refusal. */
function checkResult(found: TokenVerification | null | undefined, verifier: object): TokenVerification {
  const { refused, principal, scopes, props } = (found ?? {}) as Partial<Caller & RejectedToken>;
  if (refused !== undefined) return found as TokenVerification;
  const isCaller = typeof principal === "string" && principal !== "" && scopes instanceof Set && isObject(props);
  if (isCaller) return found as TokenVerification;
  const reason =
    "the verifier returned neither a caller (principal, scopes as a Set, props) nor a refusal (refused, reason)";
  return { refused: "unavailable", reason, verifier: nameOf(verifier) };
}

function nameOf(verifier: object): string {
  const { name } = verifier.constructor;
  return name === "Object" ? "the verifier" : name;
}

/** The result if one of the app's functions has timed out; any other error is thrown again. */
export function timeoutResult(error: unknown): RejectedToken {
  if (!(error instanceof CallbackTimeout)) throw error;
  logged("A token cannot be checked at the moment", error);
  return { refused: "unavailable", reason: `${error.callback} timed out after ${String(error.seconds)} s` };
}
