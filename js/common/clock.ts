/**
 * The package's clock. It is the runtime's clock; only `mcp-wicket/testing` can move it, for tests of expiry. Alarms, timers
 * and the lifetimes of KV entries use the runtime's time.
 */
let moved = 0;

/** Milliseconds since 1970. */
export function now(): number {
  return Date.now() + moved;
}

/** Sets by how much the clock is ahead, in milliseconds. Only for tests: no other module may import this. */
export function move(milliseconds: number): void {
  moved = milliseconds;
}
