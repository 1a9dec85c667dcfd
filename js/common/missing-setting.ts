/** Options that come from variables and secrets: reports which one is not set, and how to set it. */
import { WicketError } from "./errors.js";

/** A text, or a function that finds it: `(env) => env.GITHUB_CLIENT_ID`. */
export type Setting<Env> = string | ((env: Env) => string | undefined);

/** The text of a setting in this environment. */
export function resolved<Env>(setting: Setting<Env>, env: Env): string | undefined {
  return typeof setting === "function" ? setting(env) : setting;
}

/**
 * The same for a required setting. Throws `ERR_UNSET`. `what` is the operator's name for it: `clientSecret of
 * GitHubHandler`.
 */
export function required<Env>(setting: Setting<Env> | undefined, env: Env, what: string): string {
  const text = setting === undefined ? undefined : resolved(setting, env);
  if (text !== undefined && text !== "") return text;
  throw missingSetting(what, typeof setting === "function" ? namesReadBy(setting, env) : []);
}

/** The variables that a function reads. */
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
    // The variables that it has read until then are enough.
  }
  return [...names];
}

/**
 * The error about `what`, which comes from one of these variables, if they are known; `likely` is its probable name.
 */
export function missingSetting(what: string, names: readonly string[], likely = "NAME"): WicketError {
  const [name = likely] = names;
  const from = names.length > 0 ? `the variable ${names.join(" or ")} is not set` : "is its variable set?";
  return new WicketError("ERR_UNSET", `${what} has no value: ${from}${names.length > 0 ? "." : ""} ${howTo(name)}`);
}

/** How to set a variable. */
export function howTo(name: string): string {
  return (
    `On your machine, add this line to the file .dev.vars beside wrangler.toml:\n\n${name}="…"\n\n` +
    `For the deployed Worker, run\n\nnpx wrangler secret put ${name}`
  );
}

/**
 * The response while a setting is missing or unusable, if that is what `error` says. Only on loopback it names the
 * setting, as the log does.
 */
export function missingSettingResponse(
  error: unknown,
  origin: string,
  headers: [string, string][] = [],
): Response | undefined {
  if (!(error instanceof WicketError) || !(error.code in PUBLIC_MESSAGES)) return undefined;
  console.error(`[mcp-wicket] ${error.message}`);
  const isLoopback = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);
  const text = isLoopback ? error.message : PUBLIC_MESSAGES[error.code as keyof typeof PUBLIC_MESSAGES];
  const own: [string, string][] = [
    ["content-type", "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
  ];
  return new Response(`${text}\n`, { status: 503, headers: [...own, ...headers] });
}

/** The text for everybody else. */
const PUBLIC_MESSAGES = {
  ERR_UNSET: "This server is not fully configured. Its log says what is missing.",
  ERR_OPTIONS: "This server is not configured correctly. Its log says what is wrong.",
};
