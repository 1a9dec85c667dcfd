/** Machines beside people: what takes tokens that are not the authorization server's own, and what it was shown. */
import { type APIKeyRecord, APIKeyVerifier, JWTVerifier, type TokenVerifier, anyOf } from "mcp-wicket/oauth";

export const MACHINES = "https://machines.example.com";
export const ISSUER = "https://issuer.example";
export const JWT_SECRET = "a-secret-of-the-other-issuer-that-is-long-enough";

/** The records of API keys, by their ids. */
export const records = new Map<string, APIKeyRecord>();
/** What a verifier of somebody else's was shown. */
export const shown: (string | null)[] = [];

/** Names its callers as if they were people who have signed in here; whom it does not know it writes down. */
const careless: TokenVerifier = {
  issuers: [],
  bearer: true,
  identify({ headers }) {
    const authorization = headers.get("authorization");
    shown.push(authorization);
    if (authorization === "Bearer careless") {
      return { principal: "user:app:ann", scopes: new Set(["read"]), props: { login: "careless" } };
    }
    return { refused: authorization === null ? "absent" : "token", reason: "it is not careless" };
  },
};

export const tokens = anyOf(
  new APIKeyVerifier({ keys: (id) => records.get(id) }),
  new APIKeyVerifier({ keys: (id) => records.get(id), header: "x-api-key" }),
  new JWTVerifier({ secret: JWT_SECRET, issuer: ISSUER, audience: `${MACHINES}/mcp` }),
  careless,
);

/** The `Authorization` headers that the operator's own verifier has seen. */
export const seenByOperators: (string | null)[] = [];

/** The operator's keys, and a person's cookie, which has every scope. */
export const operators: TokenVerifier = anyOf(new APIKeyVerifier({ keys: (id) => records.get(id) }), {
  issuers: [],
  identify({ headers }) {
    seenByOperators.push(headers.get("authorization"));
    const isOperator = headers.get("cookie") === "operator=ann" || headers.get("x-any") !== null;
    if (!isOperator) return { refused: "absent", reason: "there is no cookie" };
    return { principal: "user:cookie:ann", scopes: new Set(["operator"]), props: {} };
  },
});

export const COOKIES = "https://cookies.example.com";

/** Knows its callers by a cookie, which browsers add to the requests of any page. */
export const byCookie: TokenVerifier = {
  issuers: [],
  identify({ headers }) {
    if (headers.get("cookie") !== "who=ann") return { refused: "absent", reason: "there is no cookie" };
    return { principal: "user:cookie:ann", scopes: new Set(["read"]), props: { login: "ann" } };
  },
};

/** What `resolveExternalToken` says of a token, and what it was asked. */
export const resolved: { token: string; path: string }[] = [];
/** What it says instead, where a test wants so. */
export const says: { answer?: unknown } = {};
export function resolveExternalToken({ token, request }: { token: string; request: Request }) {
  resolved.push({ token, path: new URL(request.url).pathname });
  if ("answer" in says) return says.answer as null;
  if (token === "broken") throw new Error("the other server is away");
  if (!token.startsWith("opaque-")) return null;
  const audience = request.headers.get("x-audience");
  const scopes = request.headers.get("x-scopes")?.split(" ");
  return Promise.resolve({ props: { login: token }, ...(audience && { audience }), ...(scopes && { scopes }) });
}
