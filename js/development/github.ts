/** What GitHub would answer (docs.github.com, "Authorizing OAuth apps", REST API). */
import { type DevelopmentPerson, type People, formOf } from "./people.js";

/** Answers a request of the Worker to GitHub; `path` is that below the base URL. */
export async function gitHub(path: string, request: Request, people: People): Promise<Response> {
  if (path === "/login/oauth/access_token") return redeem(await formOf(request), people);
  if (/^\/api\/v3\/applications\/\w+\/(token|grant)$/.test(path)) return checkToken(request, people);
  const person = people.holder(request.headers.get("authorization"));
  if (!person) return Response.json({ message: "Bad credentials" }, { status: 401 });
  return describe(path, person);
}

async function redeem(form: URLSearchParams, people: People): Promise<Response> {
  const granted = await people.redeem(form);
  if (!granted) return Response.json({ error: "bad_verification_code" });
  const access_token = people.token(granted.person);
  return Response.json({ access_token, scope: "read:user,user:email,read:org", token_type: "bearer" });
}

/** Whose token it is, or that it is revoked (REST API, "OAuth applications"). */
async function checkToken(request: Request, people: People): Promise<Response> {
  const { access_token } = await request.json<{ access_token: string }>();
  const person = people.holder(access_token);
  if (!person) return Response.json({ message: "Not Found" }, { status: 404 });
  if (request.method === "DELETE") return new Response(null, { status: 204 });
  return Response.json({ app: { client_id: "development" }, user: { id: person.id, login: person.login } });
}

function describe(path: string, { id, login, name, email, orgs = [] }: DevelopmentPerson): Response {
  if (path === "/api/v3/user") return Response.json({ id, login, name, email, avatar_url: null });
  if (path === "/api/v3/user/emails") return Response.json([{ email, verified: true, primary: true }]);
  const [, org] = /^\/api\/v3\/user\/memberships\/orgs\/([^/]+)$/.exec(path) ?? [];
  if (org !== undefined && orgs.includes(decodeURIComponent(org))) {
    return Response.json({ state: "active", role: "member", organization: { login: org } });
  }
  return Response.json({ message: "Not Found" }, { status: 404 });
}
