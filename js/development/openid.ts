/** What an OpenID provider would answer (OpenID Connect Core and Discovery): Google, Entra, and those that are discovered. */
import { base64url } from "../common/base64url.js";
import { type DevelopmentPerson, type People, formOf } from "./people.js";

/** How a provider differs from others. */
export interface OpenIDProvider {
  /** Paths of its endpoints below its base URL. */
  authorize: string;
  token: string;
  userinfo?: string;
  keys: string;
  revoke?: string;
  /** The issuer of ID tokens, for a base URL. */
  issuer: (base: string) => string;
  claims?: (person: DevelopmentPerson) => Record<string, unknown>;
}

/** Answers a request of the Worker to the provider; `path` is that below `base`. */
export async function openID(
  path: string,
  request: Request,
  { base, people, provider }: { base: string; people: People; provider: OpenIDProvider },
): Promise<Response> {
  switch (path) {
    case "/.well-known/openid-configuration":
      return Response.json(metadata(base, provider));
    case provider.keys:
      return Response.json({ keys: [{ ...(await keys()).jwk, kid: "development", use: "sig", alg: "RS256" }] });
    case provider.token:
      return issue(await formOf(request), base, people, provider);
    case provider.revoke:
      return new Response(null, { status: 200 });
    case provider.userinfo: {
      const person = people.holder(request.headers.get("authorization"));
      return person ? Response.json(claimsOf(person, provider)) : new Response(null, { status: 401 });
    }
    default:
      return new Response("Not found", { status: 404 });
  }
}

function metadata(base: string, { issuer, authorize, token, keys, userinfo }: OpenIDProvider) {
  return {
    issuer: issuer(base),
    authorization_endpoint: base + authorize,
    token_endpoint: base + token,
    jwks_uri: base + keys,
    ...(userinfo !== undefined && { userinfo_endpoint: base + userinfo }),
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  };
}

async function issue(form: URLSearchParams, base: string, people: People, provider: OpenIDProvider) {
  const holder = people.holder(form.get("refresh_token"));
  const granted = holder ? { person: holder, nonce: undefined } : await people.redeem(form);
  if (!granted) return Response.json({ error: "invalid_grant" }, { status: 400 });
  const token = people.token(granted.person);
  return Response.json({
    access_token: token,
    refresh_token: token,
    token_type: "Bearer",
    expires_in: 3600,
    id_token: await idToken({
      iss: provider.issuer(base),
      aud: "development",
      ...claimsOf(granted.person, provider),
      ...(granted.nonce !== undefined && { nonce: granted.nonce }),
    }),
  });
}

/** What the provider says of a person. */
export function claimsOf(person: DevelopmentPerson, provider: OpenIDProvider): Record<string, unknown> {
  const { id, login, name, email, groups, claims } = person;
  return {
    sub: String(id),
    preferred_username: login,
    name,
    email,
    email_verified: true,
    ...(groups && { groups }),
    ...provider.claims?.(person),
    ...claims,
  };
}

let made: Promise<{ privateKey: CryptoKey; jwk: JsonWebKey }> | undefined;

/** A key pair of this run. */
function keys(): Promise<{ privateKey: CryptoKey; jwk: JsonWebKey }> {
  return (made ??= (async () => {
    const algorithm = {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    };
    const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
    const jwk = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey;
    return { privateKey: pair.privateKey, jwk };
  })());
}

async function idToken(claims: Record<string, unknown>): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const signed = `${part({ alg: "RS256", kid: "development" })}.${part({ ...claims, iat: now, exp: now + 3600 })}`;
  const { privateKey } = await keys();
  const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, new TextEncoder().encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}
