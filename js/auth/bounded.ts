/** Verifiers that the app has written itself, within a time limit. Those of this package have limits of their own. */
import { isObject } from "../answer.js";
import { CallbackTimeout, callback } from "../callback.js";
import { hideHeader } from "../credentials.js";
import { logged } from "../errors.js";
import type { Incoming } from "../incoming.js";
import type { Caller } from "../guard.js";
import type { Found, RefusedToken, TokenVerifier } from "./verifier.js";

/** Marks the verifiers of this package: true, or a function that gives the verifier with another limit, in seconds. */
export const OURS: unique symbol = Symbol("mcp-wicket verifier");

/** A verifier of this package. */
export type Ours<Env> = TokenVerifier<Env> & { [OURS]: true | ((seconds: number) => TokenVerifier<Env>) };

/** `verifier`; whether a token is good that it has not judged within so many seconds cannot be told at present. */
export function bounded<Env>(verifier: TokenVerifier<Env>, seconds: number): TokenVerifier<Env> {
  if (OURS in verifier) {
    const within = (verifier as Ours<Env>)[OURS];
    return within === true ? verifier : within(seconds);
  }
  const { issuers, bearer, header } = verifier;
  if (header !== undefined) hideHeader(header);
  return {
    issuers,
    ...(bearer !== undefined && { bearer }),
    ...(verifier.known && { known: (incoming: Incoming) => verifier.known?.(incoming) }),
    identify: (incoming, env, ctx) => {
      const found = callback(`identify of ${nameOf(verifier)}`, seconds, () => verifier.identify(incoming, env, ctx));
      const sound = (found: Found) => judged(found, verifier);
      return found instanceof Promise ? found.then(sound).catch(late) : sound(found);
    },
  };
}

/** What the app's own verifier has found, if it is whole: anything else lets nobody in. */
function judged(found: Found | null | undefined, verifier: object): Found {
  const { refused, principal, scopes, props } = (found ?? {}) as Partial<Caller & RefusedToken>;
  if (refused !== undefined) return found as Found;
  const isCaller = typeof principal === "string" && principal !== "" && scopes instanceof Set && isObject(props);
  if (isCaller) return found as Found;
  const reason =
    "its verifier gave neither a caller (principal, scopes as a Set, props) nor why there is none (refused, reason)";
  return { refused: "unavailable", reason, verifier: nameOf(verifier) };
}

function nameOf(verifier: object): string {
  const { name } = verifier.constructor;
  return name === "Object" ? "the verifier" : name;
}

/** What is found where a function of the app's has not ended in time; any other error is thrown again. */
export function late(error: unknown): RefusedToken {
  if (!(error instanceof CallbackTimeout)) throw error;
  logged("A request cannot be let in at present", error);
  return { refused: "unavailable", reason: `${error.callback} has not ended within ${String(error.seconds)} s` };
}
