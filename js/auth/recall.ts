/**
 * Who showed which token, for guards that people write themselves: `await verifier.verify(token)` leaves here what it
 * found, and the endpoint that is served next finds it by the request's own header.
 */
import { POOLS } from "../bounds.js";
import { now } from "../clock.js";
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { Remembered } from "./remembered.js";

interface Left {
  readonly caller: Caller;
  /** The same without scopes. */
  readonly bare: Caller;
  readonly until: number;
  /** How many endpoints may still find it: as many as have verified it. */
  times: number;
}

/** An endpoint finds what was left for so long, in milliseconds. */
const KEPT_MS = 30_000;

const recalled = new Remembered<Left>(POOLS.tokens);
const NONE: ReadonlySet<string> = new Set();

/** Keeps whose the token is for the next endpoint that is served, until then (in milliseconds since 1970) at most. */
export function leave(token: string, caller: Caller, until: number): void {
  const key = `Bearer ${token}`;
  const times = (recalled.get(key)?.times ?? 0) + 1;
  const bare = { ...caller, scopes: NONE };
  // The caller itself is remembered elsewhere, and counts there.
  recalled.set(key, { caller, bare, until: Math.min(until, now() + KEPT_MS), times }, 0);
}

/**
 * Whose token the request shows, if somebody has verified it for this one: each verification is found once, so that a request
 * which nobody has verified is nobody's, whatever else this isolate has seen. Props that the app has set itself go first. That guard may have
 * stood in front of another endpoint, so the token's scopes count only at the resource that it is for, and below.
 */
export function recall({ headers, path, site }: Incoming, ctx: ExecutionContext): Caller | undefined {
  if (recalled.isEmpty) return undefined;
  const { props } = ctx as { props?: object };
  if (props && Object.keys(props).length > 0) return undefined;
  const authorization = headers.get("authorization");
  const left = authorization === null ? undefined : recalled.get(authorization);
  if (!left || left.times < 1) return undefined;
  left.times--;
  return isAt(left.caller.resource, site + path) ? left.caller : left.bare;
}

function isAt(resource: string | undefined, url: string): boolean {
  if (resource === undefined) return false;
  return url === resource || url.startsWith(resource.endsWith("/") ? resource : `${resource}/`);
}
