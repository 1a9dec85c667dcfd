/**
 * Who showed which token, for guards that people write themselves: `await verifier.verify(token)` leaves here what it
 * found, and the endpoint that is served next finds it by the request's own header.
 */
import type { Caller } from "../guard.js";
import type { Incoming } from "../incoming.js";
import { Remembered } from "./remembered.js";

const recalled = new Remembered<{ readonly caller: Caller; readonly until: number }>();

/** Keeps whose the token is, until then (in milliseconds since 1970). */
export function leave(token: string, caller: Caller, until: number): void {
  recalled.set(`Bearer ${token}`, { caller, until });
}

/** Whose token the request shows, if somebody has verified it; props that the app has set itself go first. */
export function recall({ headers }: Incoming, ctx: ExecutionContext): Caller | undefined {
  if (recalled.isEmpty) return undefined;
  const { props } = ctx as { props?: object };
  if (props && Object.keys(props).length > 0) return undefined;
  const authorization = headers.get("authorization");
  return authorization === null ? undefined : recalled.get(authorization)?.caller;
}
