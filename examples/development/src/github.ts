/** What GitHub would answer, for development: see `people.ts`. */
import { PEOPLE, type Person, isHere, pack, redeemed, signInPage, unpack } from "./people.ts";

const ROOT = "/development";

/** Answers requests under `/development` as GitHub would; nothing for other paths, or if the request is not to this computer. */
export async function developmentGitHub(request: Request): Promise<Response | undefined> {
  const { pathname, searchParams } = new URL(request.url);
  if (!pathname.startsWith(`${ROOT}/`) || !isHere(request)) return undefined;
  switch (pathname.slice(ROOT.length)) {
    case "/login/oauth/authorize":
      return signInPage(searchParams);
    case "/login/oauth/access_token": {
      const granted = await redeemed(new URLSearchParams(await request.text()));
      if (!granted) return Response.json({ error: "bad_verification_code" });
      return Response.json({ access_token: pack(granted.person), scope: "read:user,user:email", token_type: "bearer" });
    }
    case "/api/v3/applications/development/token": {
      const { access_token }: { access_token: string } = await request.json();
      const person = personOf(access_token);
      if (!person) return Response.json({ message: "Not Found" }, { status: 404 });
      return Response.json({ app: { client_id: "development" }, user: { id: person.id, login: person.login } });
    }
    case "/api/v3/user":
      return answer(request, ({ id, login, name }) => ({ id, login, name }));
    case "/api/v3/user/emails":
      return answer(request, ({ email }) => [{ email, verified: true, primary: true }]);
    default:
      return Response.json({ message: "Not Found" }, { status: 404 });
  }
}

function answer(request: Request, say: (person: Person) => unknown): Response {
  const person = personOf(request.headers.get("authorization")?.replace(/^Bearer /, ""));
  return person ? Response.json(say(person)) : Response.json({ message: "Bad credentials" }, { status: 401 });
}

function personOf(token: string | undefined): Person | undefined {
  const id = unpack<Person>(token)?.id;
  return PEOPLE.find((person) => person.id === id);
}
