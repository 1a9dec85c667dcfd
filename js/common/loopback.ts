/** Host names of this computer, as `URL.hostname` has them. */

/** True for `localhost`, `127.0.0.0/8` and `[::1]`. */
export const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);

/** The same, or a name below `localhost`, which browsers take for this computer (RFC 6761 §6.3). */
export const isLocal = (hostname: string): boolean => isLoopback(hostname) || hostname.endsWith(".localhost");
