/**
 * Verified tokens, for guards that users write themselves: `await verifier.verify(token)` stores its result here, and the
 * endpoint that is served next finds it by the request's own header.
 */
import { POOLS, ExpiringCache } from "../boundary/caches.js";
import { now } from "../common/clock.js";
import type { Caller } from "./guard.js";
import type { Incoming } from "../http/incoming.js";

interface VerifiedRequest {
  readonly caller: Caller;
  /** The same without scopes. */
  readonly bare: Caller;
  readonly until: number;
  /** The number of endpoints that may still find it: as many as have verified it. */
  times: number;
}

/** How long a result can be found, in milliseconds. */
const KEPT_MS = 30_000;

const verifications = new ExpiringCache<VerifiedRequest>(POOLS.tokens);
const NONE: ReadonlySet<string> = new Set();

/**
 * Stores the token's caller for the next endpoint that is served, at most until `until` (in milliseconds since 1970).
 */
export function storeVerification(token: string, caller: Caller, until: number): void {
  const key = `Bearer ${token}`;
  const times = (verifications.get(key)?.times ?? 0) + 1;
  const bare = { ...caller, scopes: NONE };
  // The caller itself is cached elsewhere, and counted there.
  verifications.set(key, { caller, bare, until: Math.min(until, now() + KEPT_MS), times }, 0);
}

/**
 * The caller of the request's token, if it was verified for this request: each verification is found once, so a request
 * that nobody has verified has no caller, whatever else this isolate has seen. Props that the app has set itself take
 * precedence. The verification may have been for another endpoint, so the token's scopes count only at and below its
 * resource.
 */
export function takeVerification({ headers, path, origin }: Incoming, ctx: ExecutionContext): Caller | undefined {
  if (verifications.isEmpty) return undefined;
  const { props } = ctx as { props?: object };
  if (props && Object.keys(props).length > 0) return undefined;
  const authorization = headers.get("authorization");
  const verified = authorization === null ? undefined : verifications.get(authorization);
  if (!verified || verified.times < 1) return undefined;
  verified.times--;
  return isAt(verified.caller.resource, origin + path) ? verified.caller : verified.bare;
}

function isAt(resource: string | undefined, url: string): boolean {
  if (resource === undefined) return false;
  return url === resource || url.startsWith(resource.endsWith("/") ? resource : `${resource}/`);
}
