/** How many objects are asked, limits included: counted where the calls arrive, whoever makes them. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { MyMCP, pages } from "./app/worker.ts";
import * as lib from "./lib/client.ts";
import { DOCUMENTED } from "./lib/documents.ts";

/** The calls that have arrived at objects, as role and call. */
const arrived: string[] = [];
const objects = MyMCP.prototype as { wicketAsk: (name: string, call: string, input: string) => Promise<string> };
objects.wicketAsk = new Proxy(objects.wicketAsk, {
  apply(ask, object, [name, call, input]: [string, string, string]) {
    arrived.push(`${name.split(":")[0] ?? ""} ${call}`);
    return Reflect.apply(ask, object, [name, call, input]);
  },
});

/** What `work` answers, and which objects were asked for that. Receipts come after answers: `costs.test.ts` counts them. */
async function counted<T>(work: () => Promise<T>): Promise<[T, string[]]> {
  arrived.length = 0;
  const answer = await work();
  return [answer, arrived.filter((call) => call !== "subject delivered")];
}

/** Clients of every kind, with what they show at the token endpoint. */
const kinds: Record<string, () => Promise<{ client: { client_id: string }; shown: Record<string, string> }>> = {
  "registered itself, public": async () => ({ client: await lib.register(), shown: {} }),
  "registered itself, with a secret": async () => {
    const client = await lib.register({ token_endpoint_auth_method: "client_secret_post" });
    return { client, shown: { client_secret: client.client_secret ?? "" } };
  },
  "known by its metadata document": () => Promise.resolve({ client: { client_id: DOCUMENTED }, shown: {} }),
  "made by the operator": async () => {
    const api = pages.api(env, createExecutionContext(), { issuer: lib.SITE });
    const made = await api.createClient({ clientName: "Ours", redirectUris: [lib.REDIRECT] });
    return { client: { client_id: made.clientId }, shown: { client_secret: made.clientSecret ?? "" } };
  },
};

const sites = { sealed: lib.SITE, jwt: "https://jwt.example.com", audited: "https://audited.example.com" };

beforeEach(async () => {
  // What an isolate asks for once in its life: the keys; and once in thirty seconds: what has ended.
  for (const site of Object.values(sites)) {
    const { tokens } = await lib.signIn({ site });
    await lib.whoami(tokens.access_token, site);
  }
});

test.each(
  Object.keys(kinds).flatMap((kind) =>
    Object.keys(sites).map((tokens) => [kind, tokens as keyof typeof sites] as const),
  ),
)("a client that %s, tokens %s: one call for a code, one for a refresh", async (kind, tokens) => {
  const site = sites[tokens];
  const made = await kinds[kind]?.();
  if (!made) throw new Error("there is one");
  const { client, shown } = made;
  const got = await lib.code(client, { site });
  const [redeemed, forCode] = await counted(() => lib.redeem(client, got, shown, site));
  expect([redeemed.status, forCode]).toEqual([200, ["subject redeem"]]);
  const first = await redeemed.json<lib.Tokens>();
  const [refreshed, forRefresh] = await counted(() => lib.refresh(client, first.refresh_token, shown, site));
  expect([refreshed.status, forRefresh]).toEqual([200, ["subject refresh"]]);
  const next = await refreshed.json<lib.Tokens>();
  // A lost answer is asked for again: one call, too.
  const [, forReplay] = await counted(() => lib.refresh(client, first.refresh_token, shown, site));
  expect(forReplay).toEqual(["subject refresh"]);
  expect((await lib.whoami(next.access_token, site)).status).toBe(200);
  const [again, forCall] = await counted(() => lib.whoami(next.access_token, site));
  expect([again.status, forCall]).toEqual([200, []]);
});

test("what is refused asks no more", async () => {
  const client = await lib.register();
  const got = await lib.code(client);
  const asked = async (answer: () => Promise<Response>) => {
    const [{ status }, objects] = await counted(answer);
    return [status, objects];
  };
  const wrong = { ...got, verifier: lib.random() };
  expect(await asked(() => lib.redeem(client, wrong))).toEqual([400, ["subject redeem"]]);
  expect(await asked(() => lib.redeem(client, got, { grant_type: "password" }))).toEqual([400, []]);
  expect(await asked(() => lib.redeem(client, got, { code_verifier: "" }))).toEqual([400, []]);
  // What opens nothing asks for the client alone, so that one that was forgotten registers again; a copy answers for it.
  const [{ status }, objects] = await counted(() => lib.redeem(client, { ...got, code: "nonsense" }));
  expect(status).toBe(400);
  expect(objects.length).toBeLessThanOrEqual(1);
  expect(await asked(() => lib.whoami("nonsense"))).toEqual([401, []]);
  expect(await asked(() => lib.redeem(client, got))).toEqual([200, ["subject redeem"]]);
});

test("from registration to a code: one call for each step that happens once", async () => {
  const [client, forClient] = await counted(() => lib.register({ client_name: `Counted ${lib.random()}` }));
  // Whether it is there already, which counts against no limit for new ones, and then to keep it.
  expect(forClient).toEqual(["client register", "client register"]);
  const again = () => lib.register({ client_name: client.client_name });
  expect((await counted(again))[1]).toEqual(["client register"]);
  const browser = new lib.Browser("ann");
  const { params } = await lib.asking(client);
  const [page, forPage] = await counted(() => browser.go(lib.authorizeUrl(params)));
  // The namespace has a copy, or the client's object is asked; nothing is kept of the request.
  expect(forPage.filter((call) => call !== "client load")).toEqual([]);
  const sealed = lib.consentIn(await page.text());
  const [leaving, forAllow] = await counted(() => lib.decide(browser, sealed));
  expect(forAllow).toEqual(["transaction approve"]);
  const [, forCallback] = await counted(async () => browser.go(lib.linkIn(await leaving.text())));
  expect(forCallback).toEqual(["transaction take", "subject grant"]);
});
