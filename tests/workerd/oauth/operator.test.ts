/** The operator route: what programs of the operator may call, who else may not, and what is written down. */
import { env } from "cloudflare:workers";
import { APIKeyVerifier, JWTVerifier, OAuthProvider, type OperatorOptions } from "mcp-wicket/oauth";
import { clock } from "mcp-wicket/testing";
import { afterEach, expect, test } from "vitest";
import { apiKey } from "../../../dist/cli/api-key.js";
import { records, seenByOperators } from "./app/machines.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://operated.example.com";
const ELSEWHERE = "https://operated-elsewhere.example.com";

afterEach(() => clock.reset());

/** A new key with these scopes. */
async function keyOf(name: string, scope?: string): Promise<string> {
  const made = await apiKey({ name, ...(scope !== undefined && { scope }) });
  const { key, keys } = JSON.parse(made.text) as { key: string; keys: { id: string; hash: string }[] };
  for (const record of keys) records.set(record.id, record);
  return key;
}

const headersOf = (token: string) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" });

const post = (token: string, body: object | string, headers: Record<string, string> = {}, url = `${SITE}/operator`) =>
  lib.send(url, {
    method: "POST",
    headers: { ...headersOf(token), ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

async function call<T>(token: string, body: object): Promise<T> {
  const response = await post(token, body);
  const text = await response.text();
  expect([response.status, text]).toEqual([200, expect.stringContaining('"result"')]);
  return (JSON.parse(text) as { result: T }).result;
}

interface Secret {
  clientId: string;
  clientSecret: string;
}
interface Grant {
  id: string;
  clientId: string;
}

test("grants of a person are listed and ended, and D1 has who did that, to whom", async () => {
  const key = await keyOf("ops", "operator");
  const { client, tokens } = await lib.signIn({ site: SITE, user: "ann" });
  const [grant, ...more] = await call<Grant[]>(key, { call: "listUserGrants", userId: "ann" });
  expect([grant?.clientId, more]).toEqual([client.client_id, []]);
  expect((await lib.whoami(tokens.access_token, SITE)).status).toBe(200);
  const revoke = { call: "revokeGrant", userId: "ann", grantId: grant?.id };
  expect(await call(key, revoke)).toEqual({ ended: 1 });
  expect(await call(key, revoke)).toEqual({ ended: 0 });
  expect((await lib.whoami(tokens.access_token, SITE)).status).toBe(401);
  const { results } = await env.DB.prepare(
    "SELECT record, subject, client, \"grant\" FROM wicket_audit WHERE event = 'operator called' ORDER BY rowid",
  ).all();
  expect(
    results.map(({ record, ...columns }) => ({ ...columns, ...(JSON.parse(String(record)) as object) })),
  ).toMatchObject([
    { operator: "key:ops", call: "listUserGrants", subject: "user:app:ann", grant: null },
    { operator: "key:ops", call: "revokeGrant", subject: "user:app:ann", grant: grant?.id },
    { operator: "key:ops", call: "revokeGrant", subject: "user:app:ann", grant: grant?.id },
  ]);
});

test("clients are created, approved, dismissed, ended and deleted", async () => {
  const key = await keyOf("ops", "operator");
  interface Client {
    clientId: string;
    clientSecret?: string;
  }
  const client = { clientName: "Reports", redirectUris: [lib.REDIRECT] };
  const made = await call<Client>(key, { call: "createClient", client });
  expect(made.clientSecret).toMatch(/^[\w-]{43}$/);
  const listed = await call<Client[]>(key, { call: "listClients" });
  expect(listed).toMatchObject([{ clientId: made.clientId }]);
  expect(JSON.stringify(listed)).not.toContain("clientSecret");
  const id = made.clientId;
  for (const name of ["approveClient", "dismissClient"]) expect(await call(key, { call: name, id })).toBeNull();
  expect(await call(key, { call: "revokeClient", id })).toEqual({ known: true });
  expect((await call<Client>(key, { call: "revokeClientSecret", id })).clientSecret).toBeUndefined();
  for (const known of [true, false]) expect(await call(key, { call: "deleteClient", id })).toEqual({ known });
  expect(await call(key, { call: "rotateClientSecret", id })).toBeNull();
});

test("many rotate a secret at the same time: each gets one, and one of them is good", async () => {
  const key = await keyOf("ops", "operator");
  const client = { clientName: "Raced", redirectUris: [lib.REDIRECT] };
  const { clientId: id, clientSecret: first } = await call<Secret>(key, { call: "createClient", client });
  const rotate = () => call<Secret>(key, { call: "rotateClientSecret", id });
  const rotated = await Promise.all(Array.from({ length: 10 }, rotate));
  const secrets = rotated.map(({ clientSecret }) => clientSecret);
  expect(new Set(secrets).size).toBe(10);
  const statuses: number[] = [];
  clock.advance(1);
  for (const client_secret of [first, ...secrets]) {
    const got = await lib.code({ client_id: id }, { site: SITE, user: "eve" });
    statuses.push((await lib.redeem({ client_id: id }, got, { client_secret }, SITE)).status);
  }
  expect(statuses[0]).toBe(401);
  expect(statuses.sort()).toEqual([200, ...Array.from({ length: 10 }, () => 401)]);
});

test("all access is ended at once, also what was granted before a time", async () => {
  const key = await keyOf("ops", "operator");
  const { tokens } = await lib.signIn({ site: SITE, user: "ben" });
  expect(await call(key, { call: "revokeBefore", before: 1_700_000_000_000 })).toEqual({ before: 1_700_000_000_000 });
  expect((await lib.whoami(tokens.access_token, SITE)).status).toBe(200);
  const began = Date.now();
  const { before } = await call<{ before: number }>(key, { call: "revokeAll" });
  expect(before).toBeGreaterThanOrEqual(began);
  expect((await lib.whoami(tokens.access_token, SITE)).status).toBe(401);
});

test("no verifier of the operator sees a token that this server has issued", async () => {
  const { tokens } = await lib.signIn({ site: SITE, user: "cleo" });
  seenByOperators.length = 0;
  for (const headers of [{}, { "x-any": "1" }]) await post(tokens.access_token, { call: "listClients" }, headers);
  expect(seenByOperators).toEqual([null, null]);
  await post("somebody-else's", { call: "listClients" });
  expect(seenByOperators.at(-1)).toBe("Bearer somebody-else's");
});

/** What somebody else tries, and what they get: status, error, and the challenge's scope. */
type Attack = [string, (operator: string) => Promise<Response>, [number, string]];
const list = { call: "listClients" };
const attacks: Attack[] = [
  ["no token", () => lib.send(`${SITE}/operator`, lib.json(list)), [401, "invalid_token"]],
  ["a made-up key", () => post(`wk_${"a".repeat(16)}_${"b".repeat(43)}`, list), [401, "invalid_token"]],
  [
    "the token of somebody who has signed in",
    async () => post((await lib.signIn({ site: SITE })).tokens.access_token, list),
    [401, "invalid_token"],
  ],
  [
    "that token, where the verifier lets everybody in",
    async () => post((await lib.signIn({ site: SITE })).tokens.access_token, list, { "x-any": "1" }),
    [403, "access_denied"],
  ],
  ["a key for tools", async () => post(await keyOf("ci", "read write"), list), [403, "insufficient_scope"]],
  ["a key without scopes", async () => post(await keyOf("bare"), list), [403, "insufficient_scope"]],
  ["a scope that begins alike", async () => post(await keyOf("ci", "operators"), list), [403, "insufficient_scope"]],
  ["a page of another site", (key) => post(key, list, { origin: "https://evil.example" }), [403, "access_denied"]],
  ["a page of this server", (key) => post(key, list, { origin: SITE }), [403, "access_denied"]],
  [
    "a form of another site, in the browser of an operator with a cookie",
    () =>
      lib.send(`${SITE}/operator`, {
        method: "POST",
        headers: { cookie: "operator=ann", origin: "https://evil.example", "content-type": "text/plain" },
        body: JSON.stringify({ call: "revokeAll" }),
      }),
    [403, "access_denied"],
  ],
  ["GET", (key) => lib.send(`${SITE}/operator`, { headers: headersOf(key) }), [405, "invalid_request"]],
  ["GET without a token", () => lib.send(`${SITE}/operator`), [401, "invalid_token"]],
  ["a preflight", () => lib.send(`${SITE}/operator`, { method: "OPTIONS" }), [401, "invalid_token"]],
  ["a form", (key) => post(key, "call=listClients", { "content-type": "text/plain" }), [415, "invalid_request"]],
  ["a huge body", (key) => post(key, `{"call":"${"x".repeat(70_000)}"}`), [413, "invalid_request"]],
  [
    "a call that is there twice",
    (key) => post(key, '{"call":"listClients","call":"revokeAll"}'),
    [400, "invalid_request"],
  ],
  [
    "a person who is there twice",
    (key) => post(key, '{"call":"revokeGrant","userId":"a","userId":"b","grantId":"*"}'),
    [400, "invalid_request"],
  ],
  [
    "a member that is there twice inside a client",
    (key) =>
      post(
        key,
        '{"call":"createClient","client":{"clientName":"A","clientName":"B","redirectUris":["https://a.example/"]}}',
      ),
    [400, "invalid_request"],
  ],
  [
    "a helper that is for pages alone",
    (key) => post(key, { call: "complete", userId: "ann" }),
    [400, "invalid_request"],
  ],
];

test.each(attacks)("%s is refused", async (_, attack, [status, error]) => {
  const before = await env.DB.prepare("SELECT count(*) AS n FROM wicket_audit WHERE event = 'all access ended'")
    .first<{ n: number }>()
    .catch(() => null);
  const response = await attack(await keyOf("ops", "operator"));
  const body = await response.json<{ error: string; error_description: string }>();
  expect([response.status, body.error]).toEqual([status, error]);
  expect(body.error_description).toMatch(/^[A-Z].*\.$/);
  expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  const challenge = response.headers.get("www-authenticate") ?? "";
  if (status === 401 || error === "insufficient_scope") {
    expect(challenge).toMatch(/^Bearer .*scope="operator"/);
    expect(challenge).not.toContain("resource_metadata");
  } else {
    expect(challenge).toBe("");
  }
  const after = await env.DB.prepare("SELECT count(*) AS n FROM wicket_audit WHERE event = 'all access ended'")
    .first<{ n: number }>()
    .catch(() => null);
  expect(after).toEqual(before);
});

test("the operator's key opens no route for tools unless its scopes and tokens say so", async () => {
  expect((await lib.whoami(await keyOf("ops", "operator"), "https://mcp.example.com")).status).toBe(401);
});

test("audit events are read page by page, each once", async () => {
  const key = await keyOf("ops", "operator");
  await lib.signIn({ site: SITE, user: "carol" });
  interface AuditRows {
    rows: { cursor: number; event: string; record: string }[];
    cursor?: number;
  }
  const seen: number[] = [];
  const events: string[] = [];
  let after: number | undefined;
  do {
    const page: AuditRows = await call(key, { call: "readAudit", limit: 2, ...(after !== undefined && { after }) });
    expect(page.rows.length).toBeLessThanOrEqual(2);
    seen.push(...page.rows.map(({ cursor }) => cursor));
    events.push(...page.rows.map(({ event }) => event));
    after = page.cursor;
    // Each call is an event as well: with two in a page, the end comes nearer by one.
  } while (after !== undefined);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  expect(new Set(seen).size).toBe(seen.length);
  expect(events).toEqual(expect.arrayContaining(["client registered", "access granted", "code redeemed"]));
  expect((await post(key, { call: "readAudit", limit: 501 })).status).toBe(400);
});

test("another path and another scope, beside pages of the app's own; events that go elsewhere cannot be read", async () => {
  const url = `${ELSEWHERE}/internal/ops`;
  const key = await keyOf("ops", "ops");
  const answer = async (body: object) => {
    const response = await post(key, body, {}, url);
    return [response.status, await response.text()] as const;
  };
  expect(await answer({ call: "listWaitingClients" })).toEqual([200, '{"result":[]}']);
  expect(await answer({ call: "readAudit" })).toEqual([
    400,
    expect.stringContaining("set `audit` to the result of d1Audit"),
  ]);
  expect((await post(await keyOf("ops", "operator"), list, {}, url)).status).toBe(403);
  // Where there is none, the path is the app's.
  expect(await (await post(key, list, {}, `${ELSEWHERE}/operator`)).text()).toBe("home");
  expect((await post(key, list, {}, "https://mcp.example.com/operator")).status).toBe(404);
});

const keys = new APIKeyVerifier({ keys: () => null });
const wrong: [string, object, string][] = [
  ["no verifier", {}, "operator.verifier must be a verifier"],
  ["a secret instead of a verifier", { verifier: "s3cret" }, "operator.verifier must be a verifier"],
  ["an unknown option", { verifier: keys, scopes: ["a"] }, "Did you mean `operator.scope`?"],
  ["two scopes", { verifier: keys, scope: "a b" }, "operator.scope must be one scope"],
  ["no scope", { verifier: keys, scope: "" }, "operator.scope must be one scope"],
  ["the path of an endpoint", { verifier: keys, path: "/token" }, "operator.path and tokenEndpoint have the same path"],
  ["the path of a route", { verifier: keys, path: "/mcp/" }, "operator.path and apiHandlers have the same path"],
  ["no path", { verifier: keys, path: "ops" }, "operator.path must be a path such as /operator"],
  [
    "the tokens of people",
    {
      verifier: new JWTVerifier({
        issuer: "https://a.example",
        audience: "https://a.example/mcp",
        jwksUri: "https://a.example/jwks",
      }),
    },
    "operator.verifier accepts access tokens of https://a.example",
  ],
];

test.each(wrong)("%s is refused when the Worker starts", (_, operator, message) => {
  const create = () =>
    new OAuthProvider({
      apiHandlers: { "/mcp": { fetch: () => new Response("") } },
      defaultHandler: { identify: () => null },
      issuer: "https://a.example",
      operator: operator as OperatorOptions,
    });
  expect(create).toThrow(message);
});
