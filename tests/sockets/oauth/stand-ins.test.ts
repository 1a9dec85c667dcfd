/**
 * The quirks of GitHub, Google and Entra, each as its own documentation tells: `tests/harness/stand-ins` cites it. The Worker asks
 * the providers' real addresses; what it asks arrives here.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { at } from "../../harness/paths.ts";
import { EntraStandIn } from "../../harness/stand-ins/entra.ts";
import { GitHubStandIn } from "../../harness/stand-ins/github.ts";
import { GoogleStandIn } from "../../harness/stand-ins/google.ts";
import { type StandIn, type Standing, sha256, stand } from "../../harness/stand-ins/server.ts";
import { type Running, start } from "../../harness/workerd.ts";

const CLIENT = { id: "client-1", secret: "s3cret" };
const REDIRECT = "https://client.example/callback";
const VERIFIER = "a-code-verifier-of-more-than-forty-three-characters";

interface Tokens {
  access_token: string;
  refresh_token: string;
  error?: string;
}

/** The Worker with `upstream`, and what a client does with it. */
async function served(upstream: string, standIn: StandIn) {
  const standing: Standing = await stand(standIn);
  const worker: Running = await start(at("tests/sockets/oauth/wrangler.toml"), {
    outbound: standing.port,
    vars: { UPSTREAM: upstream },
  });
  const find: typeof fetch = (input, init) =>
    new Request(input).url.startsWith(worker.url) ? fetch(input, init) : standing.fetch(input, init);
  const post = async (path: string, body: object, type = "application/x-www-form-urlencoded") => {
    const text = type.endsWith("json")
      ? JSON.stringify(body)
      : new URLSearchParams(body as Record<string, string>).toString();
    return fetch(worker.url + path, { method: "POST", headers: { "content-type": type }, body: text });
  };
  const registered = await post(
    "/register",
    { client_name: "e2e", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" },
    "application/json",
  );
  const { client_id } = (await registered.json()) as { client_id: string };
  const token = async (fields: object): Promise<Tokens> =>
    (await (await post("/token", { client_id, ...fields })).json()) as Tokens;
  return {
    standing,
    /** Where the client ends up when the person follows `link` at the provider. */
    async arrive(link: string): Promise<URLSearchParams> {
      return (await new UserAgent(find).authorize(await this.asked(), link)).searchParams;
    },
    /** The same for an account that may not use the server, with what the person reads. */
    async turnedAway(link: string): Promise<{ text: string; answer: URLSearchParams }> {
      const { text, back } = await new UserAgent(find).turnedAway(await this.asked(), link);
      return { text, answer: back.searchParams };
    },
    async asked(): Promise<string> {
      const asked = new URLSearchParams({
        response_type: "code",
        client_id,
        redirect_uri: REDIRECT,
        code_challenge: await sha256(VERIFIER),
        code_challenge_method: "S256",
        state: "s",
      });
      return `${worker.url}/authorize?${asked.toString()}`;
    },
    redeem: (code: string) =>
      token({ grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: VERIFIER }),
    /** The client has no use for its tokens any more; gives the status. */
    revoke: async (tokens: Tokens) => (await post("/revoke", { client_id, token: tokens.refresh_token })).status,
    /** What the operator's log says of the upstream's credential. */
    told: () => [...worker.log().matchAll(/"event":"(upstream credential [^"]+)"/g)].map(([, event]) => event),
    refresh: (tokens: Tokens) => token({ grant_type: "refresh_token", refresh_token: tokens.refresh_token }),
    /** What the tool finds as its props. */
    async props({ access_token }: Tokens): Promise<Record<string, unknown>> {
      const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
      const params = { name: "whoami", arguments: {} };
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
      const answer = (await (await fetch(`${worker.url}/mcp`, { method: "POST", headers, body })).json()) as {
        result: { content: { text: string }[] };
      };
      return JSON.parse(answer.result.content[0]?.text ?? "") as Record<string, unknown>;
    },
    async stop() {
      await worker.stop();
      await standing.stop();
    },
  };
}

type Site = Awaited<ReturnType<typeof served>>;

async function signIn(site: Site, link: string): Promise<Tokens> {
  const answer = await site.arrive(link);
  const tokens = await site.redeem(answer.get("code") ?? "");
  expect(tokens.error, answer.toString()).toBeUndefined();
  return tokens;
}

describe("GitHub", () => {
  const octocat = {
    id: 583_231,
    login: "octocat",
    name: "The Octocat",
    email: "octocat@github.com",
    orgs: { acme: "active" as const },
  };
  const stranger = { id: 2, login: "stranger", orgs: { acme: "pending" as const } };
  const github = new GitHubStandIn(CLIENT, [octocat, stranger]);
  let site: Site;
  beforeAll(async () => {
    site = await served("github", github);
    return () => site.stop();
  });

  test("the person is the number, and the address is a verified one", async () => {
    const tokens = await signIn(site, "Authorize as octocat");
    expect(await site.props(tokens)).toMatchObject({ sub: "583231", login: "octocat", email: "octocat@github.com" });
  });

  test("an invitation to the organisation lets nobody in, and neither does Cancel", async () => {
    const { text, answer } = await site.turnedAway("Authorize as stranger");
    expect(text).toContain("You have signed in as <strong><bdi>stranger</bdi></strong>");
    for (const told of [answer, await site.arrive("Cancel")]) {
      expect([told.get("error"), told.get("code")]).toEqual(["access_denied", null]);
    }
  });

  test("GitHub revokes the eldest of eleven tokens; the first connection lives on with the newest", async () => {
    const first = await signIn(site, "Authorize as octocat");
    const [eldest = ""] = [...github.tokens.keys()].slice(-1);
    for (let count = 0; count < 11; count++) await signIn(site, "Authorize as octocat");
    expect(github.tokens.has(eldest)).toBe(false);
    const next = await site.refresh(first);
    expect(next.error).toBeUndefined();
    expect(await site.props(next)).toMatchObject({ login: "octocat" });
  });

  test("who leaves the organisation is out at the next refresh", async () => {
    const tokens = await signIn(site, "Authorize as octocat");
    const { orgs } = octocat;
    Object.assign(octocat, { orgs: {} });
    try {
      expect((await site.refresh(tokens)).error).toBe("invalid_grant");
    } finally {
      Object.assign(octocat, { orgs });
    }
  });
});

describe("the last client of a person goes", () => {
  test("GitHub deletes the token with it, and not before", async () => {
    const octocat = { id: 1, login: "octocat", orgs: { acme: "active" as const } };
    const github = new GitHubStandIn(CLIENT, [octocat]);
    const site = await served("github", github);
    try {
      const [first, second] = [await signIn(site, "Authorize as octocat"), await signIn(site, "Authorize as octocat")];
      const [newest = ""] = [...github.tokens.keys()].slice(-1);
      expect(await site.revoke(first)).toBe(200);
      expect(github.tokens.has(newest)).toBe(true);
      expect(await site.revoke(second)).toBe(200);
      expect(github.tokens.has(newest)).toBe(false);
      expect(site.told()).toEqual(["upstream credential revoked"]);
    } finally {
      await site.stop();
    }
  });

  test("Google is told, and signs the person in again as if for the first time", async () => {
    const google = new GoogleStandIn(CLIENT, [{ sub: "1101", name: "Ada", email: "ada@example.com" }]);
    const site = await served("google", google);
    try {
      expect(await site.revoke(await signIn(site, "ada@example.com"))).toBe(200);
      expect([google.refreshTokens.size, site.told()]).toEqual([0, ["upstream credential revoked"]]);
      const tokens = await signIn(site, "ada@example.com");
      expect(google.refreshTokens.size).toBe(1);
      // Whatever Google makes of it, the client's revocation counts.
      google.hosts.length = 0;
      expect(await site.revoke(tokens)).toBe(200);
      expect(site.told().at(-1)).toBe("upstream credential not revoked");
      expect((await site.refresh(tokens)).error).toBe("invalid_grant");
    } finally {
      await site.stop();
    }
  });

  test("Entra cannot be told: the credential is forgotten here", async () => {
    const person = { oid: "1", tid: "8eaef023-2b34-4da1-9baa-8bc8c9d6a490", name: "Abe", email: "abe@example.com" };
    const site = await served("azure", new EntraStandIn(CLIENT, [person]));
    try {
      expect(await site.revoke(await signIn(site, "abe@example.com"))).toBe(200);
      expect(site.told()).toEqual(["upstream credential forgotten"]);
    } finally {
      await site.stop();
    }
  });
});

describe("Google", () => {
  const ada = { sub: "1101", name: "Ada", email: "ada@example.com" };
  const google = new GoogleStandIn(CLIENT, [ada]);
  let site: Site;
  beforeAll(async () => {
    site = await served("google", google);
    return () => site.stop();
  });

  test("a second sign-in brings no refresh token, and takes none away", async () => {
    const first = await signIn(site, "ada@example.com");
    expect(google.refreshTokens.size).toBe(1);
    const second = await signIn(site, "ada@example.com");
    expect(google.refreshTokens.size).toBe(1);
    expect(await site.props(second)).toMatchObject({ sub: "1101", email: "ada@example.com" });
    for (const tokens of [first, second]) expect((await site.refresh(tokens)).error).toBeUndefined();
  });

  test("props are what Google says at the refresh", async () => {
    const tokens = await signIn(site, "ada@example.com");
    ada.name = "Ada King";
    const next = await site.refresh(tokens);
    expect(await site.props(next)).toMatchObject({ name: "Ada King" });
  });
});

describe("Entra", () => {
  const home = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
  const abe = { oid: "00000000-0000-0000-66f3-3332eca7ea81", tid: home, name: "Abe", email: "abe@example.com" };
  const other = { ...abe, tid: "aaaabbbb-0000-cccc-1111-dddd2222eeee", email: "other@example.com" };
  const entra = new EntraStandIn(CLIENT, [abe, other]);
  let site: Site;
  beforeAll(async () => {
    site = await served("azure", entra);
    return () => site.stop();
  });

  test("the person is the object in the tenant, and nothing is asked with resource", async () => {
    const tokens = await signIn(site, "abe@example.com");
    expect(await site.props(tokens)).toMatchObject({ sub: `${home}.${abe.oid}`, email: "abe@example.com" });
    expect(site.standing.asked.filter((line) => line.includes("resource="))).toEqual([]);
    expect((await site.refresh(tokens)).error).toBeUndefined();
  });

  test("an account of another tenant does not come in, whatever its name is", async () => {
    const { text, answer } = await site.turnedAway("other@example.com");
    expect(text).toContain("other@example.com");
    expect([answer.get("error"), answer.get("code")]).toEqual(["access_denied", null]);
  });

  test("a code that nobody gave is refused without asking Entra", async () => {
    const tokens = await signIn(site, "abe@example.com");
    const asked = site.standing.asked.filter((line) => line.includes("/token")).length;
    expect((await site.redeem("nonsense")).error).toBe("invalid_grant");
    expect(site.standing.asked.filter((line) => line.includes("/token")).length).toBe(asked);
    expect(await site.props(tokens)).toMatchObject({ name: "Abe" });
  });
});
