/**
 * The provider at which a person signs in during a test: it answers as GitHub, Google, Entra or another provider would,
 * according to their documentation, for the one person of the test. It recognizes requests by the codes and tokens that
 * it has issued itself, so no provider's addresses are needed.
 */
import { base64url } from "../common/base64url.js";
import { type TestIssuer, tokens } from "./tokens.js";

/** A person who signs in. Omitted members get default values. */
export interface TestPerson {
  /** The stable ID at the provider; with GitHub a number. Default `1`. */
  id?: string | number;
  /** The account's name. Default `ada`. */
  login?: string;
  /** Default `Ada`. */
  name?: string;
  /** A verified address. Default `ada@example.com`. */
  email?: string;
  /** GitHub organisations of which the person is an active member. */
  orgs?: readonly string[];
  groups?: readonly string[];
  /** Entra tenant, or Google hosted domain. */
  tenant?: string;
  /** Further claims of the ID token and the profile. */
  claims?: Record<string, unknown>;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad";
const SOME_TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";

let issuing: Promise<TestIssuer> | undefined;
/** The issuers whose metadata was asked for. The Worker caches it, so a later sign-in does not ask again. */
const issuers = new Set<string>();

/** What the person was asked to allow. */
interface Granted {
  readonly client: string;
  readonly scope: string;
  readonly idToken: Record<string, unknown>;
}

export class Upstream {
  readonly #person: Required<Omit<TestPerson, "tenant">> & { tenant: string | undefined };
  readonly #codes = new Map<string, Granted>();
  readonly #tokens = new Map<string, Granted>();

  constructor(person: TestPerson) {
    const { id = "1", login = "ada", name = "Ada", email = "ada@example.com", tenant } = person;
    const { orgs = [], groups = [], claims = {} } = person;
    this.#person = { id, login, name, email, tenant, orgs, groups, claims };
  }

  /** The person allows this authorization URL; returns the URL to which the browser is sent back. */
  authorize(url: URL): URL {
    const asked = url.searchParams;
    const code = `test-${random()}`;
    const client = asked.get("client_id") ?? "";
    this.#codes.set(code, { client, scope: asked.get("scope") ?? "", idToken: this.#idToken(url) });
    const back = new URL(asked.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", asked.get("state") ?? "");
    return back;
  }

  /** Answers the Worker's request to the provider; undefined for other requests. */
  async answer(request: Request): Promise<Response | undefined> {
    const url = new URL(request.url);
    const issuer = /^(.*)\/\.well-known\/openid-configuration$/.exec(url.origin + url.pathname)?.[1];
    if (issuer !== undefined) return this.#metadata(issuer);
    if (/\/(certs|jwks|keys|jwks\.json)$/.test(url.pathname)) return Response.json((await issuerOfTests()).jwks);
    const [, shown = ""] = /^(?:bearer|token) (.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    const granted = this.#tokens.get(shown);
    if (granted) return this.#profile(url.pathname, granted);
    if (request.method === "GET" || request.bodyUsed) return undefined;
    // Not `text()`, which warns about a form's media type.
    return this.#posted(request, new TextDecoder().decode(await request.clone().arrayBuffer()));
  }

  async #posted(request: Request, body: string): Promise<Response | undefined> {
    const form = new URLSearchParams(body);
    const granted = this.#codes.get(form.get("code") ?? "") ?? this.#tokens.get(form.get("refresh_token") ?? "");
    if (granted) {
      this.#codes.delete(form.get("code") ?? "");
      return this.#issue(granted);
    }
    const revoked = this.#tokens.get(form.get("token") ?? "");
    if (revoked) return new Response(null, { status: 200 });
    // GitHub's "Check a token": whose it is, and for which app.
    const [, checked] = /"access_token"\s*:\s*"(test-[^"]+)"/.exec(body) ?? [];
    const whose = this.#tokens.get(checked ?? "");
    if (!whose) return undefined;
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    const { id, login } = this.#person;
    return Response.json({ app: { client_id: whose.client }, user: { id: Number(id), login } });
  }

  async #issue(granted: Granted): Promise<Response> {
    const [access_token, refresh_token] = [`test-${random()}`, `test-${random()}`];
    for (const token of [access_token, refresh_token]) this.#tokens.set(token, granted);
    const issued = { access_token, refresh_token, token_type: "bearer", expires_in: 3600, scope: granted.scope };
    const wantsIdToken = granted.scope.split(" ").includes("openid");
    const id_token = wantsIdToken ? await (await issuerOfTests()).sign(granted.idToken, { lifetime: 3600 }) : undefined;
    return Response.json({ ...issued, id_token });
  }

  #metadata(issuer: string): Response {
    issuers.add(issuer);
    return Response.json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ["S256"],
    });
  }

  #profile(path: string, { scope, idToken }: Granted): Response {
    const { id, login, name, email, orgs, claims } = this.#person;
    const [, org] = /^.*\/user\/memberships\/orgs\/([^/]+)$/.exec(path) ?? [];
    if (org !== undefined) {
      return orgs.includes(decodeURIComponent(org))
        ? Response.json({ state: "active", role: "member", organization: { login: org } })
        : Response.json({ message: "Not Found" }, { status: 404 });
    }
    if (path.endsWith("/user/emails"))
      return Response.json([{ email, primary: true, verified: true, visibility: null }]);
    const { iss: _iss, aud: _aud, nonce: _nonce, ...said } = idToken;
    const number = /^\d+$/.test(String(id)) ? Number(id) : id;
    const user = { login, id: number, name, email, avatar_url: null };
    return Response.json(
      { ...user, ...said, ...claims },
      { headers: { "x-oauth-scopes": scope.split(" ").join(", ") } },
    );
  }

  #idToken(url: URL): Record<string, unknown> {
    const { id, login, name, email, groups, tenant, claims } = this.#person;
    const nonce = url.searchParams.get("nonce");
    const [, named] = /\/([^/]+)\/oauth2\/v2\.0\/authorize$/.exec(url.pathname) ?? [];
    const tid = named === undefined ? undefined : tenantOf(named, tenant);
    const issuer = `${url.origin}${url.pathname}`.replace(/\/authorize$/, "");
    return {
      iss: tid ? `${url.origin}/${tid}/v2.0` : issuers.has(issuer) ? issuer : "https://accounts.google.com",
      aud: url.searchParams.get("client_id"),
      sub: String(id),
      ...(nonce !== null && { nonce }),
      ...(tid && { tid, oid: GUID.test(String(id)) ? id : `00000000-0000-4000-8000-${String(id).padStart(12, "0")}` }),
      ...(tid === undefined && tenant !== undefined && { hd: tenant }),
      name,
      email,
      email_verified: true,
      preferred_username: tid ? email : login,
      ...(groups.length > 0 && { groups }),
      ...claims,
    };
  }
}

/** The tenant of the account, if the app accepts several. */
function tenantOf(named: string, tenant: string | undefined): string {
  if (GUID.test(named)) return named.toLowerCase();
  return tenant ?? (named === "consumers" ? CONSUMERS : SOME_TENANT);
}

const issuerOfTests = () => (issuing ??= tokens.issuer({ issuer: "https://upstream.test" }));
const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(24)));
