/** The people of the development sign-in, and the page on which one of them is chosen. */
import { base64url } from "../common/base64url.js";
import { namesOf } from "../common/options.js";
import { challengeOf } from "../common/pkce.js";
import { escapeHtml } from "../pages/html.js";

/** A person who can sign in during development. */
export interface DevelopmentPerson {
  /** The account's ID, a number. With Entra, the object ID ends with it. */
  id: number;
  login: string;
  name: string;
  /** A verified address. */
  email: string;
  /** GitHub organizations of which the person is an active member. */
  orgs?: readonly string[];
  groups?: readonly string[];
  /** Further claims, such as `hd`. */
  claims?: Record<string, unknown>;
}

/** The names of `DevelopmentPerson`. */
export const PERSON = namesOf<DevelopmentPerson>("people", {
  id: true,
  login: true,
  name: true,
  email: true,
  orgs: true,
  groups: true,
  claims: true,
});

export const PEOPLE: readonly DevelopmentPerson[] = [
  { id: 1, login: "ada", name: "Ada Lovelace", email: "ada@example.com" },
  { id: 2, login: "grace", name: "Grace Hopper", email: "grace@example.com" },
];

/** What a code stands for. */
export interface Granted {
  person: DevelopmentPerson;
  client: string;
  challenge: string;
  redirect: string;
  nonce: string | undefined;
}

/** How many codes are remembered; each page has one for each person. */
const MAX_CODES = 200;

/** The people, and what they have been given. Codes are valid once; tokens last until the Worker is edited. */
export class People {
  readonly #people: readonly DevelopmentPerson[];
  readonly #codes = new Map<string, Granted>();

  constructor(people: readonly DevelopmentPerson[]) {
    this.#people = people;
  }

  /** What the code of a token request stands for, if the request may have it (RFC 6749 §4.1.3, RFC 7636 §4.6). */
  async redeem(form: URLSearchParams): Promise<Granted | undefined> {
    const code = form.get("code") ?? "";
    const granted = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = await challengeOf(form.get("code_verifier") ?? "");
    return granted?.challenge === challenge && granted.redirect === form.get("redirect_uri") ? granted : undefined;
  }

  /** A token for a person. It is only ever read inside the Worker, where nobody else can present one. */
  token({ id }: DevelopmentPerson): string {
    return `development-${String(id)}`;
  }

  /** Whose token this is; a `Bearer` or `token` in front does not matter. */
  holder(token: string | null | undefined): DevelopmentPerson | undefined {
    const [, id] = /^(?:(?:bearer|token) )?development-(\d+)$/i.exec(token ?? "") ?? [];
    return this.#people.find((person) => String(person.id) === id);
  }

  /** The page on which somebody chooses who to be. Each link leads back to `redirect`, the Worker's own callback. */
  page(asked: URLSearchParams, redirect: URL, provider: string): Response {
    const back = (more: Record<string, string>): string => {
      const url = new URL(redirect);
      for (const [name, value] of Object.entries({ ...more, state: asked.get("state") ?? "" }))
        url.searchParams.set(name, value);
      return escapeHtml(url.href);
    };
    const links = this.#people.map((person) => {
      const href = back({ code: this.#code(person, asked, redirect) });
      return `<p><a href="${href}">${escapeHtml(person.name)}</a> ${escapeHtml(person.email)}</p>`;
    });
    return new Response(pageOf(provider, links, back({ error: "access_denied" })), { headers: HEADERS });
  }

  #code(person: DevelopmentPerson, asked: URLSearchParams, redirect: URL): string {
    const code = base64url(crypto.getRandomValues(new Uint8Array(24)));
    this.#codes.set(code, {
      person,
      client: asked.get("client_id") ?? "",
      challenge: asked.get("code_challenge") ?? "",
      redirect: redirect.href,
      nonce: asked.get("nonce") ?? undefined,
    });
    const [oldest = ""] = this.#codes.keys();
    if (this.#codes.size > MAX_CODES) this.#codes.delete(oldest);
    return code;
  }
}

/** A form that was posted. Its bytes are decoded here, because `text()` warns about their media type. */
export async function formOf(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()));
}

/** Nothing is loaded or sent, and no page can frame it to steal a click. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const pageOf = (provider: string, people: readonly string[], cancel: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>Development sign-in</title>
<style>
:root { color-scheme: light dark }
body { max-width: 34rem; margin: 3rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui; background: light-dark(#fff, #17171b); color: light-dark(#1b1b1f, #ececf0) }
a { display: inline-block; padding: 0.25rem 0; color: light-dark(#0a4bb5, #9cc3ff) }
nav a { margin-right: 0.75rem; padding: 0.5rem 1rem; border: 1px solid currentColor; border-radius: 0.5rem; text-decoration: none }
</style>
<main>
<h1>Development sign-in</h1>
<p>This page stands in for ${escapeHtml(provider)}. It is not ${escapeHtml(provider)}, it asks for no password, and it works on this computer only. Who do you want to be?</p>
<nav>
${people.join("\n")}
</nav>
<p><a href="${cancel}">Cancel</a></p>
</main>
</html>`;
