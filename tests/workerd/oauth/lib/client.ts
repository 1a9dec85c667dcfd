/** A client of the authorization server, and the browser of the person who uses it. */
import { exports } from "cloudflare:workers";

export const SITE = "https://mcp.example.com";
export const REDIRECT = "https://client.example/cb";

/** Sends a request to the Worker under test; redirects are answers. */
export const send = (url: string, init: RequestInit = {}): Promise<Response> =>
  exports.default.fetch(new Request(url, { redirect: "manual", ...init }));

export const form = (fields: Record<string, string> | [string, string][]): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams(fields).toString(),
});

export const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

export async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

export interface Registered {
  client_id: string;
  client_secret?: string;
  client_id_issued_at: number;
  token_endpoint_auth_method: string;
  redirect_uris: string[];
  [member: string]: unknown;
}

/** Registers a client. */
export async function register(metadata: Record<string, unknown> = {}, site = SITE): Promise<Registered> {
  const response = await send(
    `${site}/register`,
    json({ client_name: "Test", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none", ...metadata }),
  );
  if (response.status !== 201) throw new Error(`registration: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A browser: it keeps cookies, and says who its person is. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly user: string | undefined;

  constructor(user?: string) {
    this.user = user;
  }

  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.cookies.size) headers.set("cookie", [...this.cookies].map((pair) => pair.join("=")).join("; "));
    if (this.user !== undefined) headers.set("x-user", this.user);
    const response = await send(url, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = cookie.split("; ");
      const [name = "", value = ""] = pair.split("=");
      if (attributes.includes("Max-Age=0")) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}

export interface Asked {
  client_id: string;
  redirect_uri: string;
  state: string;
  code_challenge: string;
  code_challenge_method: string;
  response_type: string;
  [name: string]: string;
}

/** The parameters of an authorization request, and the verifier that goes with them. */
export async function asking(
  client: { client_id: string },
  more: Record<string, string> = {},
): Promise<{ params: Asked; verifier: string }> {
  const verifier = random();
  const params = {
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: REDIRECT,
    state: random(),
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    ...more,
  };
  return { params, verifier };
}

export const authorizeUrl = (params: Record<string, string>, site = SITE): string =>
  `${site}/authorize?${new URLSearchParams(params).toString()}`;

/** The sealed request in a consent page. */
export function consentIn(page: string): string {
  const sealed = /name="consent" value="([^"]+)"/.exec(page)?.[1];
  if (sealed === undefined) throw new Error(`no consent form: ${page}`);
  return sealed;
}

/** The link of the page on the way to another place. */
export function linkIn(page: string): string {
  const link = /http-equiv="refresh" content="\d+;\s*url=([^"]+)"/i.exec(page)?.[1];
  if (link === undefined) throw new Error(`no way on: ${page}`);
  return link.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))).replaceAll("&amp;", "&");
}

/** The link of a page that waits for a click, and goes nowhere by itself. */
export function clickIn(page: string): string {
  const link = /<a class="go" rel="noreferrer" href="([^"]+)"/.exec(page)?.[1];
  if (link === undefined || page.includes("http-equiv")) throw new Error(`no page that waits: ${page}`);
  return link.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

/** Sends a consent form. */
export const decide = (
  browser: Browser,
  sealed: string,
  decision = "allow",
  scopes: string[] = ["read", "write"],
  site = SITE,
): Promise<Response> =>
  browser.go(`${site}/authorize`, {
    ...form([
      ["consent", sealed],
      ["decision", decision],
      ...scopes.map((scope): [string, string] => ["scope", scope]),
    ]),
  });

/** The person allows the client; gives the callback's URL. */
export async function allow(browser: Browser, url: string, scopes?: string[], site = SITE): Promise<string> {
  const page = await browser.go(url);
  if (page.status !== 200) throw new Error(`authorize: ${page.status} ${page.headers.get("location") ?? ""}`);
  return linkIn(await (await decide(browser, consentIn(await page.text()), "allow", scopes, site)).text());
}

/** Where the browser is sent with the answer. */
export async function arrive(browser: Browser, callback: string): Promise<URL> {
  const response = await browser.go(callback);
  const location = response.headers.get("location");
  if (location === null) throw new Error(`callback: ${response.status} ${await response.text()}`);
  return new URL(location);
}

/** From registration to a code. */
export async function code(
  client: { client_id: string },
  { user = "ann", site = SITE, more = {} }: { user?: string; site?: string; more?: Record<string, string> } = {},
): Promise<{ code: string; verifier: string; params: Asked }> {
  const browser = new Browser(user);
  const { params, verifier } = await asking(client, more);
  const answer = await arrive(browser, await allow(browser, authorizeUrl(params, site), undefined, site));
  const found = answer.searchParams.get("code");
  if (found === null) throw new Error(`no code: ${answer.href}`);
  return { code: found, verifier, params };
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
}

/** Asks the token endpoint. */
export const token = (fields: Record<string, string>, site = SITE): Promise<Response> =>
  send(`${site}/token`, form(fields));

/** Redeems a code. */
export const redeem = (
  client: { client_id: string },
  { code, verifier }: { code: string; verifier: string },
  more: Record<string, string> = {},
  site = SITE,
): Promise<Response> =>
  token(
    {
      grant_type: "authorization_code",
      client_id: client.client_id,
      code,
      code_verifier: verifier,
      redirect_uri: REDIRECT,
      ...more,
    },
    site,
  );

/** Refreshes. */
export const refresh = (
  client: { client_id: string },
  refresh_token: string,
  more: Record<string, string> = {},
  site = SITE,
): Promise<Response> =>
  token({ grant_type: "refresh_token", client_id: client.client_id, refresh_token, ...more }, site);

/** From registration to tokens. */
export async function signIn(
  options: Parameters<typeof code>[1] = {},
): Promise<{ client: Registered; tokens: Tokens }> {
  const client = await register({}, options.site);
  const response = await redeem(client, await code(client, options), {}, options.site);
  if (response.status !== 200) throw new Error(`token: ${response.status} ${await response.text()}`);
  return { client, tokens: await response.json() };
}

/** Calls the tool that says who is calling, or another one. */
export async function whoami(access: string, site = SITE, tool = "whoami"): Promise<Response> {
  return send(`${site}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${access}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": tool,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: tool,
        arguments: {},
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  });
}

/** The error of an answer of the token endpoint. */
export async function errorOf(
  response: Response | Promise<Response>,
): Promise<[status: number, error: string | undefined]> {
  const answered = await response;
  const body = (await answered.json().catch(() => ({}))) as { error?: string };
  return [answered.status, body.error];
}
