/** The stand-in for each provider: the options that lead a handler to it, and what it answers. */
import { gitHub } from "./github.js";
import { type OpenIDProvider, claimsOf, openID } from "./openid.js";
import type { DevelopmentPerson, People } from "./people.js";
import type { StandInOptions } from "../oauth/identity/stand-in.js";

export interface Provider {
  /** Its name on the page. */
  name: string;
  /** The option of the handler that has its base URL, and further ones. */
  options: (base: string) => Omit<StandInOptions, "clientId" | "clientSecret">;
  /** Path of the page on which people sign in. */
  authorize: string;
  /** Answers a request of the Worker; `path` is that below `base`. */
  answer: (path: string, request: Request, base: string, people: People) => Promise<Response>;
}

const openIDProvider = (name: string, options: Provider["options"], provider: OpenIDProvider): Provider => ({
  name,
  options,
  authorize: provider.authorize,
  answer: (path, request, base, people) => openID(path, request, { base, people, provider }),
});

/** The directory of the stand-in for Entra. */
const TENANT = "00000000-0000-0000-0000-000000000001";

const objectId = ({ id }: DevelopmentPerson) => `00000000-0000-0000-0000-${String(id + 10).padStart(12, "0")}`;

const GOOGLE: OpenIDProvider = {
  authorize: "/o/oauth2/v2/auth",
  token: "/token",
  userinfo: "/v1/userinfo",
  keys: "/oauth2/v3/certs",
  revoke: "/revoke",
  issuer: () => "https://accounts.google.com",
};

/** By the kind of their handler. */
export const PROVIDERS: Readonly<Record<string, Provider>> = {
  github: {
    name: "GitHub",
    options: (base) => ({ baseUrl: base, apiUrl: undefined }),
    authorize: "/login/oauth/authorize",
    answer: (path, request, _base, people) => gitHub(path, request, people),
  },
  google: openIDProvider("Google", (base) => ({ baseUrl: base }), GOOGLE),
  azure: openIDProvider("Microsoft", (base) => ({ authority: base, tenant: TENANT }), {
    authorize: `/${TENANT}/oauth2/v2.0/authorize`,
    token: `/${TENANT}/oauth2/v2.0/token`,
    keys: `/${TENANT}/discovery/v2.0/keys`,
    issuer: (base) => `${base}/${TENANT}/v2.0`,
    claims: (person) => ({ tid: TENANT, oid: objectId(person) }),
  }),
  generic: openIDProvider("your provider", (base) => ({ issuer: base, endpoints: undefined }), {
    authorize: "/authorize",
    token: "/token",
    userinfo: "/userinfo",
    keys: "/keys",
    issuer: (base) => base,
  }),
};

/**
 * Answers a request of the app, such as that of its `context`, to a provider's API with a token of a stand-in. None of these
 * reaches the real provider, to which the token means nothing. Undefined for all other requests.
 */
export function api(request: Request, people: People): Promise<Response> | Response | undefined {
  const person = people.holder(request.headers.get("authorization"));
  if (!person) return undefined;
  const { host, pathname } = new URL(request.url);
  if (host === "api.github.com") return gitHub(`/api/v3${pathname}`, request, people);
  if (host.endsWith(".googleapis.com") && pathname.endsWith("/userinfo")) {
    return Response.json(claimsOf(person, GOOGLE));
  }
  if (host === "graph.microsoft.com" && pathname === "/v1.0/me") {
    const { name, email } = person;
    return Response.json({ id: objectId(person), displayName: name, mail: email, userPrincipalName: email });
  }
  const message = `The development sign-in has no answer for ${request.method} ${host}${pathname}: use the real provider for it.`;
  return Response.json({ message }, { status: 501 });
}
