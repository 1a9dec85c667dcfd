/** A sign-in without a browser: the complete OAuth flow against the Worker under test, for one person. */
import { WicketError } from "../common/errors.js";
import { checkOptions, namesOf } from "../common/options.js";
import { base64url } from "../common/base64url.js";
import { challengeOf } from "../common/pkce.js";
import { HttpError } from "./http-error.js";
import { intercept } from "./intercept.js";
import { type TargetOptions, type Send, type Target, sendTo } from "./target.js";
import { type TestPerson, Upstream } from "./upstream.js";

export interface SignInOptions extends TargetOptions {
  /** The person who signs in at the provider, if the Worker uses one (GitHub, Google, Entra, any OpenID provider). */
  person?: TestPerson;
  /**
   * Headers of the person's browser, for `identify`: the cookie of your own session, or headers of a proxy in front.
   */
  headers?: Record<string, string>;
  /** The scopes that the client requests. By default the server's default scopes. */
  scopes?: readonly string[];
  /** Scheme and host of the Worker's URL. Default `https://mcp.example.com`. */
  origin?: string;
  /** The path of the MCP endpoint for which the token is. Default `/mcp`. */
  path?: string;
  /** The client's name on the consent page. Default `Test client`. */
  clientName?: string;
  /** A registered client to use instead of a new one. */
  client?: { clientId: string; redirectUri: string };
  /** `"deny"`: the person denies; `signIn` then throws `ERR_AUTHORIZE`. */
  decision?: "allow" | "deny";
  /**
   * For your own pages: the values for the form of a page, by field name. Other fields keep their values; of several
   * buttons, the one named `decision` with the value `allow` is pressed.
   */
  fill?: (page: { url: URL; html: string }) => Record<string, string> | undefined;
}

/** The result of a sign-in. */
export interface SignedIn {
  accessToken: string;
  refreshToken?: string;
  /** The granted scopes. */
  scopes: string[];
  /** Lifetime of the access token in seconds. */
  expiresIn: number;
  clientId: string;
  /**
   * Returns new tokens for the refresh token. The provider is asked again, as at sign-in. Throws `HttpError` if it is
   * refused.
   */
  refresh(): Promise<SignedIn>;
}

interface Metadata {
  authorization_endpoint: string;
  token_endpoint: string;
  registration_endpoint?: string;
}

/** Maximum number of pages of a sign-in. */
const MAX_PAGES = 20;

/**
 * Signs a person in: registers a client, goes through `/authorize`, the consent page and the provider, and redeems the
 * code. The Worker is the real one, with its `allow` and `context`; only the provider is a stand-in, in the same
 * process.
 *
 * ```ts
 * const { accessToken } = await signIn(worker, { person: { login: "ada" } });
 * const client = await connect(worker, { token: accessToken });
 * ```
 */
export async function signIn<Env = never>(target: Target<Env>, options: SignInOptions = {}): Promise<SignedIn> {
  checkOptions(SIGN_IN, options);
  const origin = options.origin ?? (isUrl(target) ? new URL(target).origin : "https://mcp.example.com");
  const { env, props } = options;
  const send = sendTo(target, { ...(env !== undefined && { env }), ...(props && { props }) });
  const way = new SignInFlow(send, origin, new Upstream(options.person ?? {}), options);
  return way.run(() => way.signIn());
}

const isUrl = (target: unknown): target is string | URL => typeof target === "string" || target instanceof URL;

const SIGN_IN = namesOf<SignInOptions>("signIn", {
  env: true,
  props: true,
  person: namesOf<TestPerson>("person", {
    id: true,
    login: true,
    name: true,
    email: true,
    orgs: true,
    groups: true,
    tenant: true,
    claims: true,
  }),
  headers: true,
  scopes: true,
  origin: true,
  path: true,
  clientName: true,
  client: namesOf<NonNullable<SignInOptions["client"]>>("client", { clientId: true, redirectUri: true }),
  decision: true,
  fill: true,
});

/** One sign-in of one person with one client. */
class SignInFlow {
  readonly #send: Send;
  readonly #origin: string;
  readonly #upstream: Upstream;
  readonly #options: SignInOptions;
  readonly #cookies = new Map<string, string>();

  constructor(send: Send, origin: string, upstream: Upstream, options: SignInOptions) {
    this.#send = send;
    this.#origin = origin;
    this.#upstream = upstream;
    this.#options = options;
  }

  /** Runs `work` while the provider answers. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const stop = intercept((request) => this.#upstream.answer(request));
    try {
      return await work();
    } finally {
      stop();
    }
  }

  async signIn(): Promise<SignedIn> {
    const { scopes, path = "/mcp" } = this.#options;
    const server = await this.#json<Metadata>(new Request(`${this.#origin}/.well-known/oauth-authorization-server`));
    const { clientId, redirectUri } = this.#options.client ?? (await this.#register(server));
    const [verifier, state] = [random(), random()];
    const url = new URL(server.authorization_endpoint);
    const asked = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      state,
      code_challenge: await challengeOf(verifier),
      code_challenge_method: "S256",
      resource: this.#origin + path,
      ...(scopes && { scope: scopes.join(" ") }),
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    const back = (await this.#browse(url, redirectUri)).searchParams;
    const code = back.get("code");
    if (code === null || back.get("state") !== state) {
      const reason = [back.get("error"), back.get("error_description")].filter(Boolean).join(": ");
      throw new WicketError("ERR_AUTHORIZE", `The sign-in failed: ${reason || back.toString()}.`);
    }
    const redeemed = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: verifier };
    return this.#token(server, { ...redeemed, client_id: clientId });
  }

  async #register({ registration_endpoint: endpoint }: Metadata): Promise<{ clientId: string; redirectUri: string }> {
    if (endpoint === undefined) {
      throw new WicketError(
        "ERR_AUTHORIZE",
        "This server does not register clients: set `client` to one that it knows.",
      );
    }
    const redirectUri = "https://client.example/callback";
    const metadata = {
      client_name: this.#options.clientName ?? "Test client",
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
    };
    const headers = { "content-type": "application/json" };
    const request = new Request(endpoint, { method: "POST", headers, body: JSON.stringify(metadata) });
    return { clientId: (await this.#json<{ client_id: string }>(request)).client_id, redirectUri };
  }

  /** Goes from page to page, until the browser is sent to the client. */
  async #browse(begin: URL, redirectUri: string): Promise<URL> {
    let request = new Request(begin);
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const url = new URL(request.url);
      const response = await this.#visit(request);
      const html = await response.text();
      const location = response.headers.get("location") ?? refreshIn(html);
      if (location !== undefined) {
        let next = new URL(location, url);
        if (next.href.startsWith(redirectUri)) return next;
        if (next.origin !== this.#origin) next = this.#upstream.authorize(next);
        request = new Request(next);
        continue;
      }
      // Responses to clients that nobody vouches for need a click.
      const link = linksIn(html).find((link) => link.startsWith(redirectUri));
      if (link !== undefined) return new URL(link);
      const form = response.ok ? this.#filled(url, html) : undefined;
      if (!form) throw new HttpError(response.status, response.headers, sentencesIn(html));
      request = form;
    }
    throw new WicketError("ERR_AUTHORIZE", `The sign-in has not finished after ${MAX_PAGES} pages.`);
  }

  async #visit(request: Request): Promise<Response> {
    const headers = new Headers(request.headers);
    for (const [name, value] of Object.entries(this.#options.headers ?? {})) headers.set(name, value);
    const own = [headers.get("cookie"), ...Array.from(this.#cookies, (pair) => pair.join("="))].filter(Boolean);
    if (own.length > 0) headers.set("cookie", own.join("; "));
    const response = await this.#send(new Request(request, { headers, redirect: "manual" }));
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = cookie.split(/;\s*/);
      const at = pair.indexOf("=");
      const isOver = attributes.some((attribute) => /^max-age=0$/i.test(attribute));
      if (isOver) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** The request of a page's form with its values. */
  #filled(url: URL, html: string): Request | undefined {
    const [, attributes, inner = ""] = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html) ?? [];
    if (attributes === undefined) return undefined;
    const fields = new URLSearchParams();
    for (const [tag] of inner.matchAll(/<input\b[^>]*>/gi)) {
      const name = attribute(tag, "name");
      const isBox = /^(checkbox|radio)$/i.test(attribute(tag, "type") ?? "");
      if (name !== undefined && (!isBox || /\schecked\b/i.test(tag)))
        fields.append(name, attribute(tag, "value") ?? "");
    }
    if (/\bname="decision"/.test(inner)) fields.set("decision", this.#options.decision ?? "allow");
    for (const [name, value] of Object.entries(this.#options.fill?.({ url, html }) ?? {})) fields.set(name, value);
    const action = new URL(attribute(attributes, "action") ?? "", url);
    if (attribute(attributes, "method")?.toLowerCase() !== "post") {
      action.search = fields.toString();
      return new Request(action);
    }
    const headers = { "content-type": "application/x-www-form-urlencoded", origin: this.#origin };
    return new Request(action, { method: "POST", headers, body: fields.toString() });
  }

  async #token(server: Metadata, fields: Record<string, string>): Promise<SignedIn> {
    const body = new URLSearchParams(fields);
    const issued = await this.#json<Record<string, unknown>>(
      new Request(server.token_endpoint, { method: "POST", body }),
    );
    const refreshToken = issued.refresh_token as string | undefined;
    const client_id = fields.client_id ?? "";
    return {
      accessToken: String(issued.access_token),
      ...(refreshToken !== undefined && { refreshToken }),
      scopes: ((issued.scope as string | undefined) ?? "").split(" ").filter(Boolean),
      expiresIn: Number(issued.expires_in),
      clientId: client_id,
      refresh: () => {
        if (refreshToken === undefined) throw new WicketError("ERR_AUTHORIZE", "There is no refresh token.");
        const refreshed = { grant_type: "refresh_token", refresh_token: refreshToken, client_id };
        return this.run(() => this.#token(server, refreshed));
      },
    };
  }

  async #json<T>(request: Request): Promise<T> {
    const response = await this.#send(request);
    if (!response.ok) throw await HttpError.of(response);
    return response.json();
  }
}

const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The target of a page's automatic refresh. */
function refreshIn(html: string): string | undefined {
  const [tag] = /<meta\b[^>]*http-equiv="refresh"[^>]*>/i.exec(html) ?? [];
  return tag && /^\s*\d+\s*;\s*url=(.*)$/i.exec(attribute(tag, "content") ?? "")?.[1];
}

/** The targets of a page's links. */
function linksIn(html: string): string[] {
  return Array.from(html.matchAll(/<a\b[^>]*>/gi), ([tag]) => attribute(tag, "href") ?? "");
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`, "i").exec(` ${tag}`)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

const unescaped = (text: string): string =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

/** The text of a page, without its markup. */
function sentencesIn(html: string): string {
  const body = /<body\b[^>]*>([\s\S]*)<\/body>/i.exec(html)?.[1] ?? html;
  return unescaped(
    body
      .replace(/<[^>]+>/g, " ")
      .replace(/\s+/g, " ")
      .trim(),
  );
}
