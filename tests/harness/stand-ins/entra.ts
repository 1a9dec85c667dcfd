/**
 * Microsoft Entra ID, as far as signing in goes. What each answer looks like is written in Microsoft's own documentation:
 * [code] learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
 * [claims] learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 * [access] learn.microsoft.com/entra/identity-platform/access-tokens
 * [errors] learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { type StandIn, choices, sha256 } from "./server.ts";

export interface EntraAccount {
  oid: string;
  tid: string;
  name: string;
  email: string;
}

interface Granted {
  account: EntraAccount;
  challenge: string;
  nonce: string | null;
}

export class EntraStandIn implements StandIn {
  readonly hosts = ["login.microsoftonline.com"];
  readonly refreshTokens = new Map<string, EntraAccount>();
  readonly #codes = new Map<string, Granted>();
  readonly #spent = new Set<string>();
  readonly #keys = generateKeyPair("RS256");
  readonly #client: { id: string; secret: string };
  readonly #accounts: EntraAccount[];
  #count = 0;

  constructor(client: { id: string; secret: string }, accounts: EntraAccount[]) {
    this.#client = client;
    this.#accounts = accounts;
  }

  async answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith("/oauth2/v2.0/authorize")) return this.#authorize(searchParams);
    if (pathname.endsWith("/oauth2/v2.0/token")) return this.#token(new URLSearchParams(await request.text()));
    if (pathname.endsWith("/discovery/v2.0/keys")) {
      // [access] "Validate the signing key issuer": a key says for which issuer it is.
      const issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
      const key = await exportJWK((await this.#keys).publicKey);
      return Response.json({ keys: [{ ...key, kid: "1", use: "sig", issuer }] });
    }
    return new Response("not found", { status: 404 });
  }

  #authorize(asked: URLSearchParams): Response {
    // [errors] AADSTS901002: the new endpoints do not take `resource`.
    if (asked.has("resource"))
      return new Response("AADSTS901002: The 'resource' request parameter is not supported.", { status: 400 });
    const links = this.#accounts.map((account) => {
      const code = `0.${++this.#count}`;
      const url = new URL(asked.get("redirect_uri") ?? "");
      // [code] "Successful response": code, state and session_state.
      url.search = new URLSearchParams({ code, state: asked.get("state") ?? "", session_state: "4b0c82be" }).toString();
      this.#codes.set(code, { account, challenge: asked.get("code_challenge") ?? "", nonce: asked.get("nonce") });
      return [account.email, url] as const;
    });
    return choices(Object.fromEntries(links));
  }

  async #token(asked: URLSearchParams): Promise<Response> {
    if (asked.has("resource"))
      return this.#wrong(400, "invalid_request", 901002, "The 'resource' request parameter is not supported.");
    if (asked.get("client_secret") !== this.#client.secret) {
      return this.#wrong(401, "invalid_client", 7000215, "Invalid client secret provided.");
    }
    if (asked.get("grant_type") === "refresh_token") {
      const account = this.refreshTokens.get(asked.get("refresh_token") ?? "");
      if (!account)
        return this.#wrong(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.");
      return Response.json(await this.#tokens(account, null));
    }
    const code = asked.get("code") ?? "";
    if (this.#spent.has(code)) {
      return this.#wrong(
        400,
        "invalid_grant",
        54005,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
      );
    }
    const granted = this.#codes.get(code);
    this.#spent.add(code);
    if (!granted)
      return this.#wrong(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.");
    if (granted.challenge !== (await sha256(asked.get("code_verifier") ?? ""))) {
      return this.#wrong(
        400,
        "invalid_grant",
        501481,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
      );
    }
    return Response.json(await this.#tokens(granted.account, granted.nonce));
  }

  /** [code] "Error response" of the token endpoint. */
  #wrong(status: number, error: string, number: number, text: string): Response {
    const description = `AADSTS${number}: ${text} Trace ID: 0000aaaa Correlation ID: aaaa0000 Timestamp: 2026-01-09 02:02:12Z`;
    const body = {
      error,
      error_description: description,
      error_codes: [number],
      trace_id: "0000aaaa",
      correlation_id: "aaaa0000",
    };
    return Response.json(body, { status });
  }

  /** [code] "Successful response" of the token endpoint; the scopes come back with their prefix. A new refresh token each time. */
  async #tokens({ oid, tid, name, email }: EntraAccount, nonce: string | null): Promise<Record<string, unknown>> {
    const { privateKey } = await this.#keys;
    // [claims]
    const claims = { ver: "2.0", oid, tid, name, email, preferred_username: email, ...(nonce !== null && { nonce }) };
    const id_token = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: "1", typ: "JWT" })
      .setIssuer(`https://login.microsoftonline.com/${tid}/v2.0`)
      .setSubject(`AAAA-${oid}`)
      .setAudience(this.#client.id)
      .setIssuedAt()
      .setNotBefore("0s")
      .setExpirationTime("1h")
      .sign(privateKey);
    const refresh_token = `AwAB.${++this.#count}`;
    this.refreshTokens.set(refresh_token, { oid, tid, name, email });
    const scope = "https://graph.microsoft.com/User.Read openid profile email";
    return {
      token_type: "Bearer",
      scope,
      expires_in: 3736,
      ext_expires_in: 3736,
      access_token: `eyJ0.${this.#count}`,
      refresh_token,
      id_token,
    };
  }
}
