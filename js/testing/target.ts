/** Whatever a test sends its requests to, as a function. */
import { importedEnv, importedExports } from "#workers";
import { WicketError } from "../common/errors.js";

/** A Worker's default export, or another object with such a `fetch`. */
export interface FetchTarget<Env> {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** A function that answers requests: the result of `createMcpHandler`, or a `fetch`. */
export type HandlerTarget<Env> = FetchTarget<Env>["fetch"];

/** `SELF` of `cloudflare:test`, `exports.default` of `cloudflare:workers`, or a service binding. */
export interface StubTarget {
  fetch(request: Request): Promise<Response>;
}

/** What can be tested: a Worker, a handler, a stub of one, or the URL of a running server. */
export type Target<Env = never> = FetchTarget<Env> | HandlerTarget<Env> | StubTarget | URL | string;

/** How to call the target. */
export interface TargetOptions {
  /** The bindings. Default: those of the test environment. */
  env?: unknown;
  /** `ctx.props` for the Worker: the caller, for a Worker that leaves authentication to others. */
  props?: Record<string, unknown>;
}

/** Sends one request; redirects are not followed. */
export type Send = (request: Request) => Promise<Response>;

/** How to send requests to `target`. Throws `ERR_ARGUMENT` for an invalid one. */
export function sendTo<Env>(target: Target<Env>, calling: TargetOptions = {}): Send {
  if (typeof target === "string" || target instanceof URL) {
    if (calling.props || calling.env) throw wrong("a remote server has its own `env` and `props`");
    return (request) => fetch(request);
  }
  if (isStub(target)) return sendToStub(target as StubTarget, calling);
  if (typeof target === "function" && /^class\b/.test(Function.prototype.toString.call(target))) {
    throw wrong(
      "a class does not accept requests: use `exports.default` of cloudflare:workers, or `SELF` of cloudflare:test",
    );
  }
  const answer = typeof target === "function" ? target : fetchOf(target as FetchTarget<Env>);
  return async (request) => {
    const ctx = contextOf(importedExports(), calling.props);
    return answer(request, (calling.env ?? importedEnv()) as Env, ctx);
  };
}

function fetchOf<Env>(target: FetchTarget<Env>): HandlerTarget<Env> {
  if (typeof (target as Partial<FetchTarget<Env>> | null | undefined)?.fetch !== "function") {
    throw wrong("it must be a Worker's default export, a handler, `SELF`, or a URL");
  }
  return (request, env, ctx) => target.fetch(request, env, ctx);
}

/** Stubs of the runtime: `LoopbackServiceStub` is the Worker under test, `Fetcher` a service binding. */
const isStub = (target: unknown): boolean =>
  /^\[object (\w*Stub|Fetcher)\]$/.test(Object.prototype.toString.call(target));

function sendToStub(target: StubTarget, { env, props }: TargetOptions): Send {
  if (env) throw wrong("a stub has its own `env`: pass the Worker's default export to `connect` instead");
  if (!props) return (request) => target.fetch(request);
  if (typeof target !== "function") {
    throw wrong(
      "a stub does not accept `props`: use `exports.default` of cloudflare:workers, or the Worker's default export",
    );
  }
  const withProps = (target as (options: { props: object }) => StubTarget)({ props });
  return (request) => withProps.fetch(request);
}

function contextOf(exports: unknown, props: Record<string, unknown> | undefined): ExecutionContext {
  return {
    props,
    exports,
    passThroughOnException() {},
    // Background work continues by itself; its result does not concern the request.
    waitUntil(promise: Promise<unknown>) {
      promise.catch((error: unknown) => console.error("[mcp-wicket] A promise passed to `waitUntil` failed", error));
    },
  } as unknown as ExecutionContext;
}

function wrong(what: string): WicketError {
  return new WicketError("ERR_ARGUMENT", `This cannot be tested: ${what}.`);
}
