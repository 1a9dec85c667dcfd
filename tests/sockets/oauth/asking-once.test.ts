/**
 * One refresh token, used many times in one moment and in two isolates: the upstream and `context` are asked once, whatever
 * comes of it. And a `context` that never ends costs nobody else anything.
 */
import { afterEach, expect, test } from "vitest";
import { UserAgent } from "../../harness/agent.ts";
import { at } from "../../harness/paths.ts";
import { GitHubStandIn } from "../../harness/stand-ins/github.ts";
import { type Standing, sha256, stand } from "../../harness/stand-ins/server.ts";
import { type Running, start } from "../../harness/workerd.ts";

const ISSUER = "https://mcp.example.com";
const REDIRECT = "https://client.example/callback";
const VERIFIER = "a-code-verifier-of-more-than-forty-three-characters";

let standing: Standing;
let worker: Running;
let here: string;
let there: string;

/** Starts the server behind GitHub; `limit` is that of `context`, in seconds. */
async function begin(limit: number): Promise<void> {
  standing = await stand(new GitHubStandIn({ id: "client-1", secret: "s3cret" }, [{ id: 1, login: "ann" }]));
  const vars = { LIMIT: String(limit) };
  worker = await start(at("tests/sockets/oauth/isolates/wrangler.toml"), { twin: true, outbound: standing.port, vars });
  here = worker.url;
  there = worker.twin.url;
}

afterEach(async () => {
  await worker.stop();
  await standing.stop();
});

const post = (path: string, fields: Record<string, string>, isolate = here) =>
  fetch(isolate + path, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });

interface Session {
  client_id: string;
  refresh_token: string;
}

/** A person on the way to the client's redirect URI, and the client. */
async function comeBack(): Promise<{ client_id: string; back: URL }> {
  const registered = await fetch(`${here}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "two", redirect_uris: [REDIRECT], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = (await registered.json()) as { client_id: string };
  const asked = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: REDIRECT,
    code_challenge: await sha256(VERIFIER),
    code_challenge_method: "S256",
  });
  const agent = new UserAgent((input, init) => {
    const { url } = new Request(input);
    if (!url.startsWith(ISSUER)) return standing.fetch(input, init);
    const headers = new Headers(init?.headers);
    if (headers.has("origin")) headers.set("origin", here);
    return fetch(url.replace(ISSUER, here), { ...init, headers });
  });
  return { client_id, back: await agent.authorize(`${ISSUER}/authorize?${asked.toString()}`, "Authorize as ann") };
}

async function signIn(): Promise<Session> {
  const { client_id, back } = await comeBack();
  const code = back.searchParams.get("code") ?? "";
  const redeemed = { grant_type: "authorization_code", client_id, code, code_verifier: VERIFIER };
  return { client_id, ...((await (await post("/token", redeemed)).json()) as Omit<Session, "client_id">) };
}

const refresh = ({ client_id, refresh_token }: Session, isolate = here) =>
  post("/token", { grant_type: "refresh_token", client_id, refresh_token }, isolate);

/** Refreshes the same token in both isolates at once; each answer. */
async function everywhere(session: Session): Promise<{ status: number; body: string }[]> {
  const isolates = Array.from({ length: 50 }, (_, n) => (n % 2 ? here : there));
  const responses = await Promise.all(isolates.map((isolate) => refresh(session, isolate)));
  return Promise.all(responses.map(async (response) => ({ status: response.status, body: await response.text() })));
}

/** What becomes of `context` everywhere from now on. */
async function context(what: "answers" | "hangs" | "waits" | "throws"): Promise<void> {
  for (const isolate of [here, there]) await fetch(`${isolate}/test?context=${what}`);
}

interface Counts {
  contexts: number;
  taken: number;
}

/** How often `context` has run, and requests for a credential have arrived at its object. */
async function counts(): Promise<Counts> {
  const [one, other] = await Promise.all(
    [here, there].map(async (isolate) => (await fetch(`${isolate}/test`)).json() as Promise<Counts>),
  );
  if (!one || !other) throw new Error("there are two");
  return { contexts: one.contexts + other.contexts, taken: one.taken + other.taken };
}

/** Refreshes the same token in both isolates at once; `then` happens once all of them wait. */
async function together(session: Session, then: "answers" | "throws") {
  const before = await counts();
  await context("waits");
  const answers = everywhere(session);
  await expect.poll(async () => (await counts()).taken, { timeout: 20_000 }).toBeGreaterThanOrEqual(before.taken + 50);
  await context(then);
  const all = await answers;
  return { all, runs: (await counts()).contexts - before.contexts };
}

test("fifty at once in two isolates: GitHub and context are asked once, and all get the same answer", async () => {
  await begin(30);
  const session = await signIn();
  standing.asked.length = 0;
  const { all, runs } = await together(session, "answers");
  expect(all.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(new Set(all.map(({ body }) => body)).size).toBe(1);
  expect(runs).toBe(1);
  expect(standing.asked.sort()).toEqual([
    "GET https://api.github.com/user",
    "POST https://api.github.com/applications/client-1/token",
  ]);
  // And the one that came of it works.
  const [{ body } = { body: "" }] = all;
  expect((await refresh({ ...session, ...(JSON.parse(body) as Session) })).status).toBe(200);
});

test("a context that throws is asked once, too; all are told to try again, and then it works", async () => {
  await begin(30);
  const session = await signIn();
  const { all, runs } = await together(session, "throws");
  expect(all.map(({ status }) => status)).toEqual(Array(50).fill(503));
  expect(runs).toBe(1);
  await context("answers");
  expect((await refresh(session, there)).status).toBe(200);
});

test("a context that never ends is given up after its limit; others go on, and the log names it with the usual cause", async () => {
  await begin(2);
  const [session, other] = [await signIn(), await signIn()];
  const { contexts } = await counts();
  await context("hangs");
  const hanging = refresh(session);
  await expect.poll(async () => (await counts()).contexts).toBe(contexts + 1);
  await context("answers");
  expect((await refresh(other)).status).toBe(200);
  expect((await comeBack()).back.searchParams.get("code")).not.toBeNull();
  const response = await hanging;
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: "temporarily_unavailable" });
  expect(worker.log()).toContain('context of GitHubHandler "github" timed out after 2 s');
  expect(worker.log()).toContain("a queue, a client or a promise at module level");
  expect((await refresh(session)).status).toBe(200);
});

test("a sign-in whose context never ends tells the client so, and the next one works", async () => {
  await begin(1);
  await context("hangs");
  expect((await comeBack()).back.searchParams.get("error")).toBe("temporarily_unavailable");
  await context("answers");
  expect((await comeBack()).back.searchParams.get("code")).not.toBeNull();
});
