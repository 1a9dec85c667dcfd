/**
 * A way to sign in for development: no account anywhere, no password, no secret. It answers on this computer only, under
 * `/development`, and only where `wrangler dev` was told to use it (`npm run serve` does that). Delete it when you deploy.
 */

export interface Person {
  id: number;
  login: string;
  name: string;
  email: string;
}

export const PEOPLE: Person[] = [
  { id: 1, login: "ada", name: "Ada Lovelace", email: "ada@example.com" },
  { id: 2, login: "grace", name: "Grace Hopper", email: "grace@example.com" },
];

/** True for a request to this computer. At the edge of Cloudflare no host name is one of these. */
export function isHere(request: Request): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(request.url).hostname);
}

/** What was decided at sign-in, as code and token carry it along: whoever is here may read and write them. */
export const pack = (value: unknown): string =>
  btoa(encodeURIComponent(JSON.stringify(value)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export function unpack<T>(text: string | null | undefined): T | undefined {
  try {
    return JSON.parse(decodeURIComponent(atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/")))) as T;
  } catch {
    return undefined;
  }
}

/** What is kept between the page and the token endpoint. */
export interface Granted {
  person: Person;
  challenge: string;
  redirect: string;
  nonce?: string | undefined;
}

/** The page on which somebody chooses who to be. Each link leads back to the redirect URI. */
export function signInPage(asked: URLSearchParams): Response {
  const redirect = asked.get("redirect_uri") ?? "";
  if (!URL.canParse(redirect)) return new Response("redirect_uri is missing.", { status: 400 });
  const back = (more: Record<string, string>): string => {
    const url = new URL(redirect);
    for (const [name, value] of Object.entries({ ...more, state: asked.get("state") ?? "" }))
      url.searchParams.set(name, value);
    return escapeHtml(url.href);
  };
  const links = PEOPLE.map((person) => {
    const challenge = asked.get("code_challenge") ?? "";
    const code = pack({ person, challenge, redirect, nonce: asked.get("nonce") ?? undefined } satisfies Granted);
    return `<p><a href="${back({ code })}">${escapeHtml(person.name)}</a></p>`;
  });
  const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>Sign in for development</title>
<style>
:root { color-scheme: light dark }
body { max-width: 34rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui; background: light-dark(#fff, #17171b); color: light-dark(#1b1b1f, #ececf0) }
a { display: inline-block; padding: 0.25rem 0; color: light-dark(#0a4bb5, #9cc3ff) }
</style>
<main>
<h1>Sign in for development</h1>
<p>This page stands in for the real provider, on this computer only. Who do you want to be?</p>
${links.join("\n")}
<p><a href="${back({ error: "access_denied" })}">Cancel</a></p>
</main>
</html>`;
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** What the code of a token request stands for, if the request may have it. */
export async function redeemed(asked: URLSearchParams): Promise<Granted | undefined> {
  const granted = unpack<Granted>(asked.get("code"));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(asked.get("code_verifier") ?? ""));
  const challenge = btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
  return granted?.challenge === challenge && granted.redirect === asked.get("redirect_uri") ? granted : undefined;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
