/**
 * Who may use the development sign-in: requests from this computer to a Worker that `wrangler dev` runs. Each check is
 * enough to refuse what Cloudflare's network, a tunnel or a proxy passes on.
 */

/** The variable that turns it on, and its only value. `npm run dev` sets it; nothing that is deployed does. */
export const VARIABLE = "MCP_WICKET_DEVELOPMENT";
export const ON = "sign-in";

/** Whether this environment asks for the development sign-in. */
export function isOn(env: unknown): boolean {
  return textIn(env, VARIABLE) === ON;
}

/** Why this environment may not have it, or undefined. */
export function whyNotIn(env: unknown): string | undefined {
  if (!isOn(env)) return `the variable ${VARIABLE} is not "${ON}"`;
  const secret = (env as Record<string, unknown>).WICKET_SECRET;
  if (secret !== undefined) return "WICKET_SECRET is set, as in production: remove it from .dev.vars";
  return undefined;
}

/** Headers that Cloudflare's network, tunnels and proxies add to what they pass on. `wrangler dev` adds none of them. */
const FORWARDED = [
  "cdn-loop",
  "cf-ray",
  "cf-visitor",
  "cf-worker",
  "forwarded",
  "mf-original-hostname",
  "true-client-ip",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
];

/** Why this request does not come from this computer, or undefined if it does. */
export function whyNotFrom({ url, headers }: Request): string | undefined {
  const { protocol, hostname } = new URL(url);
  if (protocol !== "http:") return "it was sent over https";
  if (!isLoopback(hostname)) return `it was sent to ${hostname.slice(0, 100)}`;
  const host = headers.get("host");
  if (host !== null && !isLoopback(host.replace(/:\d+$/, ""))) return `its Host header is ${host.slice(0, 100)}`;
  // Cloudflare's network sets this header to the visitor's address, and `wrangler dev` to that of the connection.
  const address = headers.get("cf-connecting-ip");
  if (address === null) return "it does not say from which address it was sent (CF-Connecting-IP)";
  if (!/^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/.test(address))
    return `it was sent from ${address.slice(0, 100)}`;
  const forwarded = FORWARDED.find((name) => headers.has(name));
  if (forwarded !== undefined) return `it was forwarded (it has the header ${forwarded})`;
  return undefined;
}

/** A name of this computer that no other computer can have. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

function textIn(env: unknown, name: string): unknown {
  return (env as Record<string, unknown> | null | undefined)?.[name];
}
