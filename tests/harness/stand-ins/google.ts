/**
 * Google, as far as signing in goes. What each answer looks like is written in Google's own documentation:
 * [web] developers.google.com/identity/protocols/oauth2/web-server
 * [openid] developers.google.com/identity/openid-connect/openid-connect
 */
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { type StandIn, choices, sha256 } from "./server.ts";

export interface GoogleAccount {
  sub: string;
  name: string;
  email: string;
  hd?: string;
}

interface Granted {
  account: GoogleAccount;
  challenge: string;
  redirect: string;
  nonce: string | null;
  refresh: boolean;
}

export class GoogleStandIn implements StandIn {
  readonly hosts = [
    "accounts.google.com",
    "oauth2.googleapis.com",
    "openidconnect.googleapis.com",
    "www.googleapis.com",
  ];
  readonly refreshTokens = new Map<string, GoogleAccount>();
  readonly #access = new Map<string, GoogleAccount>();
  readonly #codes = new Map<string, Granted>();
  readonly #known = new Set<string>();
  readonly #keys = generateKeyPair("RS256");
  readonly #client: { id: string; secret: string };
  readonly #accounts: GoogleAccount[];
  #count = 0;

  constructor(client: { id: string; secret: string }, accounts: GoogleAccount[]) {
    this.#client = client;
    this.#accounts = accounts;
  }

  async answer(request: Request): Promise<Response> {
    const { host, pathname, searchParams } = new URL(request.url);
    switch (host + pathname) {
      case "accounts.google.com/o/oauth2/v2/auth":
        return this.#authorize(searchParams);
      case "oauth2.googleapis.com/token":
        return this.#token(new URLSearchParams(await request.text()));
      // [web] "Revoking a token": an access token or a refresh token; 200, or 400 with an error code.
      case "oauth2.googleapis.com/revoke": {
        const token = new URLSearchParams(await request.text()).get("token") ?? "";
        const account = this.refreshTokens.get(token) ?? this.#access.get(token);
        if (!account) return Response.json({ error: "invalid_token" }, { status: 400 });
        // [web]: all that the person gave this app goes with it.
        for (const tokens of [this.refreshTokens, this.#access]) {
          for (const [other, { sub }] of tokens) if (sub === account.sub) tokens.delete(other);
        }
        this.#known.delete(account.sub);
        return Response.json({});
      }
      case "openidconnect.googleapis.com/v1/userinfo": {
        const account = this.#access.get(request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "");
        // [openid] "Obtaining user profile information"
        return account
          ? Response.json({ ...account, email_verified: true })
          : Response.json({ error: "invalid_request", error_description: "Invalid Credentials" }, { status: 401 });
      }
      // [openid] "Validating an ID token": the keys, as the discovery document names them.
      case "www.googleapis.com/oauth2/v3/certs": {
        const key = await exportJWK((await this.#keys).publicKey);
        return Response.json({ keys: [{ ...key, kid: "1", use: "sig", alg: "RS256" }] });
      }
      default:
        return new Response("not found", { status: 404 });
    }
  }

  #authorize(asked: URLSearchParams): Response {
    const links = this.#accounts.map((account) => {
      const code = `4/${++this.#count}`;
      const url = new URL(asked.get("redirect_uri") ?? "");
      url.search = new URLSearchParams({
        code,
        state: asked.get("state") ?? "",
        iss: "https://accounts.google.com",
      }).toString();
      // [web] "refresh_token": only with access_type=offline, and only at the first consent or with prompt=consent.
      const asks = asked.get("prompt")?.includes("consent") === true || !this.#known.has(account.sub);
      const refresh = asked.get("access_type") === "offline" && asks;
      this.#codes.set(code, {
        account,
        challenge: asked.get("code_challenge") ?? "",
        redirect: asked.get("redirect_uri") ?? "",
        nonce: asked.get("nonce"),
        refresh,
      });
      return [account.email, url] as const;
    });
    return choices(Object.fromEntries(links));
  }

  async #token(asked: URLSearchParams): Promise<Response> {
    const wrong = (status: number, error: string, error_description: string) =>
      Response.json({ error, error_description }, { status });
    // [web] "Errors": invalid_client is a 401.
    if (asked.get("client_id") !== this.#client.id || asked.get("client_secret") !== this.#client.secret) {
      return wrong(401, "invalid_client", "The provided client secret is invalid.");
    }
    if (asked.get("grant_type") === "refresh_token") {
      const account = this.refreshTokens.get(asked.get("refresh_token") ?? "");
      if (!account) return wrong(400, "invalid_grant", "Token has been expired or revoked.");
      // [web] "Refreshing an access token": "The response … does not contain a new refresh token."
      return Response.json(await this.#tokens(account, null));
    }
    const code = asked.get("code") ?? "";
    const granted = this.#codes.get(code);
    this.#codes.delete(code);
    if (!granted || granted.challenge !== (await sha256(asked.get("code_verifier") ?? ""))) {
      return wrong(400, "invalid_grant", "Malformed auth code.");
    }
    if (granted.redirect !== asked.get("redirect_uri")) return wrong(400, "redirect_uri_mismatch", "Bad Request");
    this.#known.add(granted.account.sub);
    const tokens = await this.#tokens(granted.account, granted.nonce);
    if (!granted.refresh) return Response.json(tokens);
    const refresh_token = `1//${++this.#count}`;
    this.refreshTokens.set(refresh_token, granted.account);
    return Response.json({ ...tokens, refresh_token });
  }

  /** [web] "Exchange authorization code" and [openid] "An ID token's payload". */
  async #tokens(account: GoogleAccount, nonce: string | null): Promise<Record<string, unknown>> {
    const access_token = `ya29.${++this.#count}`;
    this.#access.set(access_token, account);
    const { id } = this.#client;
    const { privateKey } = await this.#keys;
    const claims = { ...account, email_verified: true, azp: id, ...(nonce !== null && { nonce }) };
    const id_token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "1", typ: "JWT" })
      .setIssuer("https://accounts.google.com")
      .setAudience(id)
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(privateKey);
    const scope =
      "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile";
    return { access_token, expires_in: 3920, scope, token_type: "Bearer", id_token };
  }
}
