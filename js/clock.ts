/**
 * The package's clock. It is the runtime's, moved by nothing; only `mcp-wicket/testing` can move it, for tests of what
 * expires. Alarms, timers and the lifetimes of KV entries stay the runtime's own.
 */
let moved = 0;

/** Milliseconds since 1970. */
export function now(): number {
  return Date.now() + moved;
}

/** By how much the clock is ahead from now on, in milliseconds. For tests alone: no other module may import this. */
export function move(milliseconds: number): void {
  moved = milliseconds;
}
