/** What the runtime gives beside a request, as far as a router or a test leaves something out. */
import { waitUntil } from "#workers";

/**
 * What stands beside request and environment, as a handler takes it: the runtime's `ExecutionContext`, that of a router, or
 * an object with as much of it as there is, such as `{ waitUntil, props }` or `{}`.
 */
export interface RequestContext {
  waitUntil?(promise: Promise<unknown>): void;
  passThroughOnException?(): void;
  /** Who is calling, where the app itself has found out. */
  readonly props?: unknown;
}

/** A context that lacks nothing which is used here. */
export function contextOf(given: RequestContext | undefined): ExecutionContext {
  return typeof given?.waitUntil === "function" ? (given as ExecutionContext) : made(given);
}

function made(given: RequestContext | undefined): ExecutionContext {
  const context: RequestContext = {
    waitUntil,
    passThroughOnException() {},
    ...(given?.props !== undefined && { props: given.props }),
  };
  return context as ExecutionContext;
}
