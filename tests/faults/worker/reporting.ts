/**
 * Everything that the Worker touches, with a report to the test's own server before and after: the server lets it go on, lets
 * it fail, or kills the process and never answers.
 */
import type { WicketObject } from "mcp-wicket/oauth";

export interface Env {
  /** The server of `tests/faults/lib/control.ts`. */
  CONTROL: Fetcher;
  /** Everybody else's servers: the stand-ins. */
  OUTSIDE: Fetcher;
  OAUTH_KV: KVNamespace;
  DB: D1Database;
  OBJECTS: DurableObjectNamespace<WicketObject>;
}

type When = "before" | "after";

/** Says what is about to happen, or has; throws `error` where the test wants it to fail at this point. */
export async function report(env: Env, when: When, what: string, error: () => Error, object = ""): Promise<void> {
  const answer = await env.CONTROL.fetch(`http://control/?${new URLSearchParams({ when, what, object }).toString()}`);
  if ((await answer.text()) === "fail") throw error();
}

async function reported<T>(env: Env, what: string, error: () => Error, work: () => Promise<T>): Promise<T> {
  await report(env, "before", what, error);
  const value = await work();
  await report(env, "after", what, error);
  return value;
}

/** As the runtime says it where an object has been reset, or has too much to do. */
export const objectIsAway = (): Error =>
  Object.assign(new Error("Durable Object is overloaded. Requests queued for too long."), { overloaded: true });
const kvIsAway = (method: string) => () => new Error(`KV ${method.toUpperCase()} failed: 429 Too Many Requests`);
const d1IsAway = () => new Error("D1_ERROR: Network connection lost.");
const upstreamIsAway = () => new TypeError("Network connection lost.");

/** `target` with other methods; what it has beside them is its own. */
function withMethods<T extends object>(target: T, methods: Record<string, (...given: never[]) => unknown>): T {
  return new Proxy(target, {
    get(_, name) {
      const method = typeof name === "string" ? methods[name] : undefined;
      if (method) return method;
      const own: unknown = Reflect.get(target, name);
      return typeof own === "function" ? (own.bind(target) as unknown) : own;
    },
  });
}

/** The part of an object's name that says what it does. */
export const roleOf = (name: string): string => name.split(":", 1)[0] ?? name;

export function instrumented(env: Env): Env {
  const { OAUTH_KV, DB, OBJECTS } = env;
  return {
    ...env,
    OAUTH_KV: withMethods(OAUTH_KV, {
      get: (key: string) => reported(env, "KV: get", kvIsAway("get"), () => OAUTH_KV.get(key)),
      put: (...given: Parameters<KVNamespace["put"]>) =>
        reported(env, "KV: put", kvIsAway("put"), () => OAUTH_KV.put(...given)),
    }),
    DB: withMethods(DB, {
      batch: (statements: D1PreparedStatement[]) => reported(env, "D1: insert", d1IsAway, () => DB.batch(statements)),
    }),
    OBJECTS: withMethods(OBJECTS, {
      getByName: (name: string) => {
        const stub = OBJECTS.getByName(name);
        return {
          // What comes after it, the object itself reports.
          wicketAsk: async (asked: string, call: string, input: string) => {
            await report(env, "before", `${roleOf(asked)}: ${call}`, objectIsAway, asked);
            return stub.wicketAsk(asked, call, input);
          },
          wicketClass: () => stub.wicketClass(),
          fetch: (request: Request) => stub.fetch(request),
        };
      },
    }),
  };
}

/** The same for what the Worker fetches. */
export function instrumentFetch(env: Env): void {
  globalThis.fetch = (input: RequestInfo | URL, init?: RequestInit) => {
    const { host, pathname } = new URL(input instanceof Request ? input.url : input);
    const what = `${host}: ${init?.method ?? "GET"} ${pathname}`;
    return reported(env, what, upstreamIsAway, () => env.OUTSIDE.fetch(input, init));
  };
}
