/** The endpoints to which browsers come: authorize, its consent form, and the callback. */
import { ENGLISH } from "../../../../dist/pages/copy.js";
import * as lib from "../lib/client.ts";
import { type Endpoint, type Fields, KINDS, type Pairs, type Row, pick } from "./matrix.ts";

/** What a browser gets, in words. `state`: what the client has to get back with an answer. */
async function shown(response: Response, state: string | undefined): Promise<string> {
  const page = await response.text();
  const byItself = response.headers.get("location") ?? (page.includes("http-equiv") ? lib.linkIn(page) : null);
  const location = byItself ?? (page.includes('<a class="go"') ? lib.clickIn(page) : null);
  if (location?.startsWith(`${lib.SITE}/callback?`)) return "signs in";
  if (location !== null) {
    const { origin, pathname, searchParams: answer } = new URL(location);
    if (origin + pathname !== lib.REDIRECT || answer.get("iss") !== lib.SITE) return `leaves for ${location}`;
    // To somebody who registered himself an error goes by a click only.
    if (byItself !== null && answer.has("error")) return `leaves by itself for ${location}`;
    const what = answer.get("error") ?? (answer.has("code") ? "code" : "nothing");
    return `client: ${what}${answer.get("state") === (state ?? null) ? "" : ", with another state"}`;
  }
  if (page.includes('name="consent"')) return "asks";
  const { status } = response;
  if (page.includes(ENGLISH.recoveryTitle)) return `${status} recovery`;
  const reason = Object.entries(ENGLISH).find(([key, text]) => key.startsWith("error_") && page.includes(text));
  return `${status} ${reason?.[0].slice("error_".length) ?? page}`;
}

/** The cookie of a request, renamed as if it were that of another one. */
const renamed = (from: Fields, to: Fields) => `${to.cookie?.split("=")[0] ?? ""}=${from.cookie?.split("=")[1] ?? ""}`;

const single = (pairs: Pairs, name: string): string | undefined => {
  const values = pairs.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 1 ? values[0] || undefined : undefined;
};

/** A parameter that may be missing, and is told to the client where it is wrong. */
const told = (foreign: string, swapped = foreign): Row => ({
  absent: "asks",
  empty: "asks",
  doubled: "client: invalid_request",
  foreign,
  swapped,
  replayed: "asks",
});
const needed = (foreign: string, swapped = foreign): Row => ({
  ...told(foreign, swapped),
  absent: "client: invalid_request",
  empty: "client: invalid_request",
});
/** A parameter that must be right before anything is told to anybody: wrong, it stays here. */
const local = (absent: string, foreign: string, swapped = foreign): Row => ({
  absent,
  empty: absent,
  doubled: "400 request",
  foreign,
  swapped,
  replayed: "asks",
});
/** A parameter that this server does not take, whatever it says. */
const never = (error: string): Row => ({ ...told(error), replayed: error });

/** RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.1 and §6. */
export async function authorizing(method: "GET" | "POST"): Promise<Endpoint> {
  // Loopback: its redirect URI cannot be left out, because the port is the program's.
  const ours = await lib.register({ redirect_uris: [lib.REDIRECT, "http://127.0.0.1/cb"] });
  const other = await lib.register({ client_name: "Another", redirect_uris: ["https://another.example/cb"] });
  const fieldsOf = async () => {
    const { params } = await lib.asking(ours, { scope: "read", resource: `${lib.SITE}/mcp` });
    return params;
  };
  const finished = async () => (await lib.code(ours, { more: { scope: "read", resource: `${lib.SITE}/mcp` } })).params;
  return {
    good: "asks",
    rows: {
      client_id: local("400 request", "400 redirect", "400 recovery"),
      redirect_uri: local("400 redirect", "400 redirect"),
      response_type: needed("client: unsupported_response_type", "client: unsupported_response_type"),
      code_challenge: needed("client: invalid_request", "client: invalid_request"),
      code_challenge_method: needed("client: invalid_request", "client: invalid_request"),
      // Scopes that this server does not know mean its usual ones.
      scope: told("asks", "asks"),
      resource: told("client: invalid_target", "client: invalid_target"),
      // What the client means by it is its own business; too long, it is none.
      state: told("client: invalid_request", "asks"),
      response_mode: told("client: invalid_request", "client: invalid_request"),
      prompt: told("client: interaction_required", "asks"),
      request: never("client: request_not_supported"),
      request_uri: never("client: request_uri_not_supported"),
      // Unknown parameters are not looked at (RFC 6749 §3.1), but none is there twice.
      nonsense: told("asks"),
    },
    fields: fieldsOf,
    async other(name, kind, fields) {
      const done = kind === "replayed" ? await finished() : undefined;
      const foreign: Fields = {
        client_id: other.client_id,
        redirect_uri: "https://another.example/cb",
        response_type: "token",
        code_challenge: "too-short",
        code_challenge_method: "plain",
        scope: "admin",
        resource: "https://evil.example/mcp",
        state: "x".repeat(2049),
        response_mode: "fragment",
        prompt: "none",
        request: "eyJhbGciOiJub25lIn0.e30.",
        request_uri: "https://evil.example/request",
        nonsense: "x",
      };
      const swapped: Fields = {
        client_id: fields.code_challenge ?? "",
        redirect_uri: `${lib.SITE}/callback`,
        response_type: "authorization_code",
        code_challenge: `${fields.code_challenge ?? ""}=`,
        code_challenge_method: "code",
        scope: "S256",
        resource: lib.REDIRECT,
        state: fields.code_challenge ?? "",
        response_mode: "code",
        prompt: "S256",
        request: fields.state ?? "",
        request_uri: lib.REDIRECT,
        nonsense: fields.state ?? "",
      };
      const usual: Fields = { response_mode: "query", prompt: "consent", request: "x", request_uri: "urn:x" };
      return pick(kind, foreign, swapped, { ...usual, ...done })[name] ?? "x";
    },
    async send(pairs) {
      const query = new URLSearchParams(pairs).toString();
      const response =
        method === "GET"
          ? lib.send(`${lib.SITE}/authorize?${query}`)
          : lib.send(`${lib.SITE}/authorize`, lib.form(pairs));
      const state = single(pairs, "state");
      return shown(await response, state && state.length <= 2048 ? state : undefined);
    },
  };
}

/** A pseudo-parameter: the cookie that binds a step to the browser. Its value is the whole header. */
const COOKIE = "cookie";

const cookiesOf = (browser: lib.Browser) => [...browser.cookies].map((pair) => pair.join("=")).join("; ");

/** The request with its cookie; `none` where it is to have none. Doubled, each cookie is there twice. */
function withCookie(pairs: Pairs, method: "GET" | "POST"): Promise<Response> {
  const cookies = pairs.filter(([name]) => name === COOKIE).map(([, value]) => value);
  const rest = pairs.filter(([name]) => name !== COOKIE);
  const init: RequestInit = method === "POST" ? lib.form(rest) : {};
  const headers = new Headers(init.headers);
  headers.set("x-user", "ann");
  if (cookies.length > 0) headers.set("cookie", cookies.join("; "));
  const path = method === "POST" ? "/authorize" : `/callback?${new URLSearchParams(rest).toString()}`;
  return lib.send(lib.SITE + path, { ...init, headers });
}

const bound: Row = {
  absent: "403 browser",
  empty: "403 browser",
  doubled: "403 browser",
  foreign: "403 browser",
  swapped: "403 browser",
  replayed: "403 browser",
};

/** The consent form. */
export async function consenting(): Promise<Endpoint> {
  const client = await lib.register();
  const states = new Map<string, string>();
  const begun = async (scope = "read") => {
    const browser = new lib.Browser("ann");
    const { params } = await lib.asking(client, { scope });
    const consent = lib.consentIn(await (await browser.go(lib.authorizeUrl(params))).text());
    states.set(consent, params.state);
    return { consent, decision: "allow", scope, cookie: cookiesOf(browser) };
  };
  const finished = async () => {
    const done = await begun();
    await withCookie(Object.entries(done), "POST");
    return done;
  };
  return {
    good: "signs in",
    rows: {
      consent: {
        // Without it this is an authorization request, and one without a client.
        absent: "400 request",
        empty: "400 request",
        doubled: "400 request",
        foreign: "403 browser",
        swapped: "400 expired",
        replayed: "400 expired",
      },
      decision: {
        absent: "400 request",
        empty: "400 request",
        doubled: "400 request",
        foreign: "400 request",
        swapped: "client: access_denied",
        replayed: "signs in",
      },
      scope: {
        absent: "client: access_denied",
        empty: "client: access_denied",
        doubled: "signs in",
        foreign: "client: access_denied",
        swapped: "client: access_denied",
        replayed: "signs in",
      },
      cookie: bound,
    },
    fields: () => begun(),
    async other(name, kind, fields) {
      switch (name) {
        case "consent":
          // Another person's form; a code; a form that was answered, with its cookie.
          if (kind === "foreign") return (await begun()).consent;
          if (kind === "swapped") return (await lib.code(client)).code;
          return finished();
        case "decision":
          return pick(kind, "maybe", "deny", "allow");
        case "scope":
          // `write` is this server's, and was not asked for.
          return pick(kind, "admin", "write", "read");
        default:
          return renamed(kind === "replayed" ? await finished() : await begun("read write"), fields);
      }
    },
    async send(pairs) {
      return shown(await withCookie(pairs, "POST"), states.get(single(pairs, "consent") ?? ""));
    },
  };
}

/** The callback, where the app itself knows who is there: `state`, and the cookie. */
export async function returning(): Promise<Endpoint> {
  const client = await lib.register();
  const states = new Map<string, string>();
  const begun = async () => {
    const browser = new lib.Browser("ann");
    const { params } = await lib.asking(client);
    const state = new URL(await lib.allow(browser, lib.authorizeUrl(params))).searchParams.get("state") ?? "";
    states.set(state, params.state);
    return { state, cookie: cookiesOf(browser) };
  };
  const finished = async () => {
    const done = await begun();
    await withCookie(Object.entries(done), "GET");
    return done;
  };
  return {
    good: "client: code",
    rows: {
      state: {
        absent: "400 sign_in",
        empty: "400 sign_in",
        doubled: "400 request",
        foreign: "403 sign_in",
        swapped: "400 sign_in",
        replayed: "400 sign_in",
      },
      cookie: Object.fromEntries(KINDS.map((kind) => [kind, "403 sign_in"])) as Row,
    },
    fields: begun,
    async other(name, kind, fields) {
      if (name === COOKIE) return renamed(await (kind === "replayed" ? finished() : begun()), fields);
      // Another browser's; the client's own state; one that came back, with its cookie.
      if (kind === "foreign") return (await begun()).state;
      return kind === "swapped" ? (states.get(fields.state ?? "") ?? "") : finished();
    },
    async send(pairs) {
      return shown(await withCookie(pairs, "GET"), states.get(single(pairs, "state") ?? ""));
    },
  };
}
