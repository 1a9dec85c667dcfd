/**
 * GitHub, as far as signing in goes. What each answer looks like is written in GitHub's own documentation:
 * [oauth] docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * [errors] docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
 * [refusals] docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-authorization-request-errors
 * [check] docs.github.com/en/rest/apps/oauth-applications#check-a-token
 * [user] docs.github.com/en/rest/users/users#get-the-authenticated-user
 * [emails] docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user
 * [orgs] docs.github.com/en/rest/orgs/members#get-an-organization-membership-for-the-authenticated-user
 */
import { type StandIn, choices, sha256 } from "./server.ts";

export interface GitHubAccount {
  id: number;
  login: string;
  name?: string;
  email?: string;
  /** Organisations, and what the membership's state is. */
  orgs?: Record<string, "active" | "pending">;
}

interface Token {
  account: GitHubAccount;
  scopes: string[];
}

export class GitHubStandIn implements StandIn {
  readonly hosts = ["github.com", "api.github.com"];
  readonly tokens = new Map<string, Token>();
  readonly #codes = new Map<string, Token & { challenge: string; redirect: string }>();
  readonly #client: { id: string; secret: string };
  readonly #accounts: GitHubAccount[];
  #count = 0;

  constructor(client: { id: string; secret: string }, accounts: GitHubAccount[]) {
    this.#client = client;
    this.#accounts = accounts;
  }

  async answer(request: Request): Promise<Response> {
    const { host, pathname, searchParams } = new URL(request.url);
    if (host === "github.com" && pathname === "/login/oauth/authorize") return this.#authorize(searchParams);
    if (host === "github.com" && pathname === "/login/oauth/access_token") return this.#token(request);
    if (host === "api.github.com") return this.#api(request, pathname);
    return json(404, { message: "Not Found" });
  }

  /** [oauth] 1: the person is asked, then sent back with `code` and `state`, or [refusals] with `error`. */
  #authorize(asked: URLSearchParams): Response {
    const back = (more: Record<string, string>) => {
      const url = new URL(asked.get("redirect_uri") ?? "");
      for (const [name, value] of Object.entries({ ...more, state: asked.get("state") ?? "" }))
        url.searchParams.set(name, value);
      return url;
    };
    if (asked.get("client_id") !== this.#client.id) return json(404, { message: "Not Found" });
    const links = this.#accounts.map((account) => {
      const code = `code-${++this.#count}`;
      const scopes = (asked.get("scope") ?? "").split(" ").filter(Boolean);
      this.#codes.set(code, {
        account,
        scopes,
        challenge: asked.get("code_challenge") ?? "",
        redirect: asked.get("redirect_uri") ?? "",
      });
      return [`Authorize as ${account.login}`, back({ code })] as const;
    });
    // [refusals] "Access denied"
    const denied = back({ error: "access_denied", error_description: "The user has denied your application access." });
    return choices({ ...Object.fromEntries(links), Cancel: denied });
  }

  /** [oauth] 2. Errors have status 200: [errors] shows `{"error": …}` bodies, and GitHub sends them with 200. */
  async #token(request: Request): Promise<Response> {
    const asked = new URLSearchParams(await request.text());
    const answer = (body: Record<string, string>) =>
      // [oauth]: "By default, the response takes the following form", a query string; JSON where `Accept` asks for it.
      request.headers.get("accept") === "application/json"
        ? json(200, body)
        : new Response(new URLSearchParams(body).toString(), {
            headers: { "content-type": "application/x-www-form-urlencoded" },
          });
    if (asked.get("client_id") !== this.#client.id || asked.get("client_secret") !== this.#client.secret) {
      return answer({
        error: "incorrect_client_credentials",
        error_description: "The client_id and/or client_secret passed are incorrect.",
        error_uri:
          "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#incorrect-client-credentials",
      });
    }
    const code = asked.get("code") ?? "";
    const granted = this.#codes.get(code);
    this.#codes.delete(code);
    const proven = granted && granted.challenge === (await sha256(asked.get("code_verifier") ?? ""));
    if (!granted || !proven) {
      return answer({
        error: "bad_verification_code",
        error_description: "The code passed is incorrect or expired.",
        error_uri:
          "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/#bad-verification-code",
      });
    }
    if (asked.get("redirect_uri") !== granted.redirect) {
      return answer({
        error: "redirect_uri_mismatch",
        error_description: "The redirect_uri MUST match the registered callback URL for this application.",
        error_uri: "/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/#redirect-uri-mismatch2",
      });
    }
    const token = `gho_${++this.#count}`;
    this.#evict(granted);
    this.tokens.set(token, { account: granted.account, scopes: granted.scopes });
    return answer({ access_token: token, scope: granted.scopes.join(","), token_type: "bearer" });
  }

  /** [oauth] "Creating multiple tokens for OAuth apps": ten for each user, app and scope; the oldest is revoked. */
  #evict({ account, scopes }: Token): void {
    const same = [...this.tokens].filter(
      ([, other]) => other.account.id === account.id && other.scopes.join() === scopes.join(),
    );
    for (const [token] of same.slice(0, Math.max(0, same.length - 9))) this.tokens.delete(token);
  }

  async #api(request: Request, path: string): Promise<Response> {
    // docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
    if (!request.headers.get("user-agent")) {
      return new Response("Request forbidden by administrative rules.", { status: 403 });
    }
    if (path === `/applications/${this.#client.id}/token`) return this.#check(request);
    const token = /^(?:bearer|token) (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    const found = this.tokens.get(token ?? "");
    if (!found) return json(401, { message: "Bad credentials", status: "401" });
    const { account, scopes } = found;
    const may = (scope: string) => scopes.includes(scope);
    // [oauth] "Using the access token": responses name the token's scopes.
    const named = { "x-oauth-scopes": scopes.join(", ") };
    const org = /^\/user\/memberships\/orgs\/([^/]+)$/.exec(path)?.[1];
    if (org !== undefined) {
      const state = account.orgs?.[org];
      // [orgs]: 200 with `state`, 404 where there is none; 403 where the scope is missing.
      if (!may("read:org")) return json(403, { message: "You need at least read:org scope", status: "403" });
      return state
        ? json(200, { state, role: "member", organization: { login: org } }, named)
        : json(404, { message: "Not Found" });
    }
    if (path === "/user") {
      // [user]: `email` is the public one, null where there is none.
      const { id, login, name = null } = account;
      const email = account.email && may("user:email") ? account.email : null;
      return json(
        200,
        { login, id, name, email, avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4` },
        named,
      );
    }
    if (path === "/user/emails") {
      if (!may("user:email") && !may("user")) return json(404, { message: "Not Found", status: "404" });
      const { email } = account;
      // [emails]
      return json(200, email ? [{ email, primary: true, verified: true, visibility: "public" }] : [], named);
    }
    return json(404, { message: "Not Found", status: "404" });
  }

  /** [check]: basic authentication with the app's id and secret; 404 where the token is not the app's. */
  async #check(request: Request): Promise<Response> {
    const basic = `Basic ${btoa(`${this.#client.id}:${this.#client.secret}`)}`;
    if (request.headers.get("authorization") !== basic) return json(401, { message: "Requires authentication" });
    const { access_token: token } = (await request.json()) as { access_token: string };
    const found = this.tokens.get(token);
    if (!found) return json(404, { message: "Not Found", status: "404" });
    if (request.method === "DELETE") {
      // docs.github.com/en/rest/apps/oauth-applications, "Delete an app token": 204.
      this.tokens.delete(token);
      return new Response(null, { status: 204 });
    }
    const { id, login } = found.account;
    return json(200, {
      id: 1,
      token,
      scopes: found.scopes,
      app: { name: "my mcp", url: "http://my-mcp.workers.dev", client_id: this.#client.id },
      user: { login, id },
    });
  }
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}
