/** Somebody with a browser, scripted: follows links, answers forms, keeps cookies. */
import { linkOf } from "./stand-ins/server.ts";

export class UserAgent {
  readonly #fetch: typeof fetch;
  readonly #cookies = new Map<string, Map<string, string>>();

  /** `find` sends a request to wherever its host is. */
  constructor(find: typeof fetch) {
    this.#fetch = find;
  }

  /** One request; a redirect is an answer. */
  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, jar);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set("cookie", [...jar].map((pair) => pair.join("=")).join("; "));
    const response = await this.#fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(/; */);
      const at = pair.indexOf("=");
      if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** Opens a consent page and answers it; gives where the browser goes next. */
  async decide(url: string, decision: "allow" | "deny", scopes?: string[]): Promise<string> {
    const page = await this.go(url);
    const text = await page.text();
    if (page.status !== 200) throw new Error(`no consent page: ${page.status} ${text}`);
    const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1] ?? "";
    const fields = [...text.matchAll(/<input type="(hidden|checkbox)" name="([^"]+)" value="([^"]*)"/g)]
      .map(([, , name = "", value = ""]): [string, string] => [name, unescape(value)])
      .filter(([name, value]) => name !== "scope" || !scopes || scopes.includes(value));
    const { origin } = new URL(url);
    const answered = await this.go(new URL(action, url).href, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin, "sec-fetch-site": "same-origin" },
      body: new URLSearchParams([...fields, ["decision", decision]]).toString(),
    });
    return wayOn(await answered.text());
  }

  /** Follows the link with this text, and gives where that leads. */
  async choose(url: string, link: string): Promise<string> {
    return linkOf(await (await this.go(url)).text(), link);
  }

  /** The `Location` of an answer. */
  async location(url: string): Promise<string> {
    const response = await this.go(url);
    const location = response.headers.get("location");
    if (location === null) throw new Error(`no way on from ${url}: ${response.status} ${await response.text()}`);
    return new URL(location, url).href;
  }

  /** The whole way from an authorization URL to the client's redirect URI. */
  async authorize(url: string, link: string): Promise<URL> {
    const upstream = await this.decide(url, "allow");
    return new URL(await this.location(await this.choose(upstream, link)));
  }

  /** The same for an account that may not use the server: gives what the page says, and where its way back leads. */
  async turnedAway(url: string, link: string): Promise<{ text: string; back: URL }> {
    const upstream = await this.decide(url, "allow");
    const page = await this.go(await this.choose(upstream, link));
    const text = await page.text();
    const back = /href="([^"]+)" rel="noreferrer">Return to/.exec(text)?.[1];
    if (page.status !== 403 || back === undefined) throw new Error(`not turned away: ${page.status} ${text}`);
    return { text, back: new URL(unescape(back)) };
  }
}

/** Where a page leads, by itself or by the click that it waits for. */
export function wayOn(page: string): string {
  const found =
    /http-equiv="refresh" content="0; url=([^"]+)"/.exec(page)?.[1] ??
    /<a class="go" rel="noreferrer" href="([^"]+)"/.exec(page)?.[1];
  if (found === undefined) throw new Error(`this page leads nowhere: ${page}`);
  return unescape(found);
}

function unescape(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
