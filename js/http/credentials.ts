/** Headers with credentials: no handler sees them. */
const CREDENTIALS = new Set(["authorization", "cookie", "dpop", "proxy-authorization", "cf-access-jwt-assertion"]);

/** Adds a header, in any letter case: a verifier reads its tokens from there. */
export function hideHeader(name: string): void {
  CREDENTIALS.add(name.toLowerCase());
}

/** Headers as handlers see them. */
export function withoutCredentials(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !CREDENTIALS.has(name)));
}
