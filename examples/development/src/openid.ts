/** What an OpenID provider would answer, for development: see `people.ts`. */
import { PEOPLE, type Person, isHere, pack, redeemed, signInPage, unpack } from "./people.ts";

const ROOT = "/development";

/** What the provider in question does its own way. */
export interface Manner {
  authorize: string;
  token: string;
  userinfo?: string;
  /** Where its keys are. */
  keys: string;
  issuer: (origin: string) => string;
  claims?: (person: Person) => Record<string, unknown>;
}

/** Answers requests under `/development`; nothing for other paths, or if the request is not to this computer. */
export async function developmentOpenID(request: Request, manner: Manner): Promise<Response | undefined> {
  const { origin, pathname, searchParams } = new URL(request.url);
  if (!pathname.startsWith(`${ROOT}/`) || !isHere(request)) return undefined;
  const issuer = manner.issuer(origin);
  switch (pathname.slice(ROOT.length)) {
    case "/.well-known/openid-configuration":
      return Response.json({
        issuer,
        authorization_endpoint: origin + ROOT + manner.authorize,
        token_endpoint: origin + ROOT + manner.token,
        jwks_uri: origin + ROOT + manner.keys,
        ...(manner.userinfo && { userinfo_endpoint: origin + ROOT + manner.userinfo }),
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      });
    case manner.keys:
      return Response.json({ keys: [{ ...(await keys()).jwk, kid: "development", use: "sig", alg: "RS256" }] });
    case manner.authorize:
      return signInPage(searchParams);
    case manner.token: {
      const asked = new URLSearchParams(await request.text());
      const refreshed = unpack<Person>(asked.get("refresh_token"));
      const granted = refreshed ? { person: refreshed, nonce: undefined } : await redeemed(asked);
      if (!granted) return Response.json({ error: "invalid_grant" }, { status: 400 });
      return Response.json({
        access_token: pack(granted.person),
        refresh_token: pack(granted.person),
        token_type: "Bearer",
        expires_in: 3600,
        id_token: await idToken({
          iss: issuer,
          aud: "development",
          ...claimsOf(granted.person, manner),
          ...(granted.nonce !== undefined && { nonce: granted.nonce }),
        }),
      });
    }
    case manner.userinfo: {
      const id = unpack<Person>(request.headers.get("authorization")?.replace(/^Bearer /, ""))?.id;
      const person = PEOPLE.find((other) => other.id === id);
      return person ? Response.json(claimsOf(person, manner)) : new Response(null, { status: 401 });
    }
    default:
      return new Response("Not found", { status: 404 });
  }
}

function claimsOf(person: Person, { claims }: Manner): Record<string, unknown> {
  const { id, login, name, email } = person;
  return { sub: String(id), preferred_username: login, name, email, email_verified: true, ...claims?.(person) };
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
    const { privateKey, publicKey } = (await crypto.subtle.generateKey(algorithm, true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    return { privateKey, jwk: (await crypto.subtle.exportKey("jwk", publicKey)) as JsonWebKey };
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

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
