/** Settings that come from variables and secrets: which one is not set, and how to set it. */
import { WicketError } from "./errors.js";

/** A text, or where to find it: `(env) => env.GITHUB_CLIENT_ID`. */
export type Setting<Env> = string | ((env: Env) => string | undefined);

/** The text that a setting is in this environment. */
export function resolved<Env>(setting: Setting<Env>, env: Env): string | undefined {
  return typeof setting === "function" ? setting(env) : setting;
}

/** The same where there must be one. Throws `ERR_UNSET`. `what` is what the operator calls it: `clientSecret of GitHubHandler`. */
export function required<Env>(setting: Setting<Env> | undefined, env: Env, what: string): string {
  const text = setting === undefined ? undefined : resolved(setting, env);
  if (text !== undefined && text !== "") return text;
  throw unset(what, typeof setting === "function" ? namesReadBy(setting, env) : []);
}

/** The variables that a function looks at. */
function namesReadBy<Env>(setting: (env: Env) => unknown, env: Env): string[] {
  const names = new Set<string>();
  const watched = new Proxy(env ?? {}, {
    get(target, name) {
      if (typeof name === "string") names.add(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  try {
    setting(watched as Env);
  } catch {
    // What it has looked at until then is all that is wanted.
  }
  return [...names];
}

/** The error about `what`, which comes from one of these variables, if that is known; `likely` is what it may be called. */
export function unset(what: string, names: readonly string[], likely = "NAME"): WicketError {
  const [name = likely] = names;
  const from =
    names.length > 0 ? `the variable ${names.join(" or ")} is not set` : "is the variable set that it comes from?";
  return new WicketError("ERR_UNSET", `${what} has no value: ${from}${names.length > 0 ? "." : ""} ${howTo(name)}`);
}

/** How a variable is set. */
export function howTo(name: string): string {
  return (
    `On your machine, add this line to the file .dev.vars beside wrangler.toml:\n\n${name}="…"\n\n` +
    `For the deployed Worker run\n\nnpx wrangler secret put ${name}`
  );
}

/**
 * The response while a setting is missing, or is one that cannot be, if that is what `error` says. Only on loopback it says which
 * one, as the log does.
 */
export function unsetResponse(error: unknown, site: string, headers: [string, string][] = []): Response | undefined {
  if (!(error instanceof WicketError) || !(error.code in STRANGERS)) return undefined;
  console.error(`[mcp-wicket] ${error.message}`);
  const isLoopback = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(site);
  const text = isLoopback ? error.message : STRANGERS[error.code as keyof typeof STRANGERS];
  const own: [string, string][] = [
    ["content-type", "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
  ];
  return new Response(`${text}\n`, { status: 503, headers: [...own, ...headers] });
}

/** What strangers read. */
const STRANGERS = {
  ERR_UNSET: "This server is not set up completely. Its log says what is missing.",
  ERR_OPTIONS: "This server is not set up correctly. Its log says what is wrong.",
};
