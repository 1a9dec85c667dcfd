/** What happens once, however many want it at the same moment; every effect takes 20 ms. */
import { clock } from "mcp-wicket/testing";
import { expect, test } from "vitest";
import { slowly } from "./app/slow.ts";
import { audited } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const FIFTY = Array.from({ length: 50 });

/** Status and body of each. */
const all = (begin: () => Promise<Response>): Promise<[number, string][]> =>
  slowly(() =>
    Promise.all(
      FIFTY.map(async () => {
        const response = await begin();
        return [response.status, await response.text()] as [number, string];
      }),
    ),
  );

const count = (answers: [number, string][], status: number) => answers.filter(([it]) => it === status).length;

test("fifty redeem a code: exactly one gets tokens, and the replays end the grant", async () => {
  const client = await lib.register();
  const got = await lib.code(client);
  const answers = await all(() => lib.redeem(client, got));
  expect(count(answers, 200)).toBe(1);
  expect(count(answers, 400)).toBe(49);
  for (const [status, body] of answers)
    if (status === 400) expect(JSON.parse(body)).toMatchObject({ error: "invalid_grant" });
  const tokens = JSON.parse(answers.find(([status]) => status === 200)?.[1] ?? "") as lib.Tokens;
  expect((await lib.whoami(tokens.access_token)).status).toBe(401);
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
});

test("a code that was redeemed and comes again, whole, ends the grant", async () => {
  const client = await lib.register();
  const got = await lib.code(client);
  const tokens: lib.Tokens = await (await lib.redeem(client, got)).json();
  expect((await lib.whoami(tokens.access_token)).status).toBe(200);
  expect(await lib.errorOf(lib.redeem(client, got))).toEqual([400, "invalid_grant"]);
  expect((await lib.whoami(tokens.access_token)).status).toBe(401);
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
});

test("a code that leaked, replayed without its verifier or by another client, changes nothing", async () => {
  const client = await lib.register();
  const other = await lib.register({ client_name: "Another" });
  const got = await lib.code(client);
  const tokens: lib.Tokens = await (await lib.redeem(client, got)).json();
  expect(await lib.errorOf(lib.redeem(client, { ...got, verifier: lib.random() }))).toEqual([400, "invalid_grant"]);
  expect(await lib.errorOf(lib.redeem(other, got))).toEqual([400, "invalid_grant"]);
  expect(await lib.errorOf(lib.redeem(client, got, { redirect_uri: "https://evil.example/cb" }))).toEqual([
    400,
    "invalid_grant",
  ]);
  expect(await lib.errorOf(lib.redeem(client, got, { resource: "https://evil.example/mcp" }))).toEqual([
    400,
    "invalid_target",
  ]);
  expect((await lib.whoami(tokens.access_token)).status).toBe(200);
  expect((await lib.refresh(client, tokens.refresh_token)).status).toBe(200);
});

test("five wrong verifiers spend a code, four do not", async () => {
  for (const [wrong, status] of [
    [4, 200],
    [5, 400],
  ] as const) {
    const client = await lib.register();
    const got = await lib.code(client);
    for (let times = 0; times < wrong; times++) {
      expect(await lib.errorOf(lib.redeem(client, { ...got, verifier: lib.random() }))).toEqual([400, "invalid_grant"]);
    }
    expect((await lib.redeem(client, got)).status).toBe(status);
  }
});

test("fifty refresh: one live successor, and all answers are the same, byte for byte", async () => {
  const { client, tokens } = await lib.signIn();
  const answers = await all(() => lib.refresh(client, tokens.refresh_token));
  expect(count(answers, 200)).toBe(50);
  expect(new Set(answers.map(([, body]) => body)).size).toBe(1);
  const next = JSON.parse(answers[0]?.[1] ?? "") as lib.Tokens;
  expect((await lib.whoami(next.access_token)).status).toBe(200);
  expect((await lib.refresh(client, next.refresh_token)).status).toBe(200);
});

test("a former token, once its successor was used, ends the family", async () => {
  const { client, tokens } = await lib.signIn();
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token)).json();
  const last: lib.Tokens = await (await lib.refresh(client, next.refresh_token)).json();
  expect((await lib.whoami(last.access_token)).status).toBe(200);
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token))).toEqual([400, "invalid_grant"]);
  expect((await lib.whoami(last.access_token)).status).toBe(401);
  expect(await lib.errorOf(lib.refresh(client, last.refresh_token))).toEqual([400, "invalid_grant"]);
});

test("a former token after the window ends the family, and the operator is told", async () => {
  const site = "https://window.example.com";
  const { client, tokens } = await lib.signIn({ site });
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token, {}, site)).json();
  expect(await (await lib.refresh(client, tokens.refresh_token, {}, site)).json()).toEqual(next);
  clock.advance(1.1);
  audited.length = 0;
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, {}, site))).toEqual([400, "invalid_grant"]);
  expect((await lib.whoami(next.access_token, site)).status).toBe(401);
  expect(await lib.errorOf(lib.refresh(client, next.refresh_token, {}, site))).toEqual([400, "invalid_grant"]);
  expect(audited.map(({ event, reason }) => [event, reason])).toContainEqual([
    "refresh refused",
    "a former token was reused, so its grant has ended",
  ]);
  clock.reset();
});

test("without a window for replays a former token ends the family at once", async () => {
  const site = "https://strict.example.com";
  const { client, tokens } = await lib.signIn({ site });
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token, {}, site)).json();
  expect((await lib.whoami(next.access_token, site)).status).toBe(200);
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, {}, site))).toEqual([400, "invalid_grant"]);
  expect((await lib.whoami(next.access_token, site)).status).toBe(401);
});

test("a former token with another scope or resource gets nothing and changes nothing", async () => {
  const { client, tokens } = await lib.signIn();
  const next: lib.Tokens = await (await lib.refresh(client, tokens.refresh_token)).json();
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, { scope: "read" }))).toEqual([
    400,
    "invalid_grant",
  ]);
  const resource = `${lib.SITE}/mcp`;
  expect(await lib.errorOf(lib.refresh(client, tokens.refresh_token, { resource }))).toEqual([400, "invalid_grant"]);
  expect((await lib.whoami(next.access_token)).status).toBe(200);
  const again = await lib.refresh(client, tokens.refresh_token);
  expect(await again.json()).toEqual(next);
  expect((await lib.refresh(client, next.refresh_token)).status).toBe(200);
});

test("two tabs authorize at once, and both succeed", async () => {
  const client = await lib.register();
  const browser = new lib.Browser("ann");
  const tabs = await Promise.all([lib.asking(client), lib.asking(client)]);
  const answers = await slowly(async () => {
    const callbacks = await Promise.all(tabs.map(({ params }) => lib.allow(browser, lib.authorizeUrl(params))));
    return Promise.all(callbacks.map((callback) => lib.arrive(browser, callback)));
  });
  for (const [at, answer] of answers.entries()) {
    const tab = tabs[at];
    if (!tab) throw new Error("there are two");
    expect(answer.searchParams.get("state")).toBe(tab.params.state);
    const code = answer.searchParams.get("code") ?? "";
    expect((await lib.redeem(client, { code, verifier: tab.verifier })).status).toBe(200);
  }
});

test("a form that is sent fifty times begins one transaction", async () => {
  const client = await lib.register();
  const browser = new lib.Browser("ann");
  const { params } = await lib.asking(client);
  const sealed = lib.consentIn(await (await browser.go(lib.authorizeUrl(params))).text());
  const cookies = new Map(browser.cookies);
  const answers = await all(() => {
    const same = new lib.Browser("ann");
    for (const [name, value] of cookies) same.cookies.set(name, value);
    return lib.decide(same, sealed);
  });
  expect(count(answers, 200)).toBe(1);
  expect(count(answers, 400)).toBe(49);
});

test("a page that was rendered twice: both forms work, and one of them wins", async () => {
  const client = await lib.register();
  const { params } = await lib.asking(client);
  for (const first of [0, 1]) {
    const browser = new lib.Browser("ann");
    const forms = [];
    for (let times = 0; times < 2; times++) {
      forms.push(lib.consentIn(await (await browser.go(lib.authorizeUrl(params))).text()));
    }
    const cookies = new Map(browser.cookies);
    expect((await lib.decide(browser, forms[first] ?? "")).status).toBe(200);
    const again = new lib.Browser("ann");
    for (const [name, value] of cookies) again.cookies.set(name, value);
    expect((await lib.decide(again, forms[1 - first] ?? "")).status).toBe(400);
  }
});

test("fifty come back from the upstream: one gets a code", async () => {
  const client = await lib.register();
  const browser = new lib.Browser("ann");
  const { params } = await lib.asking(client);
  const callback = await lib.allow(browser, lib.authorizeUrl(params));
  const cookies = new Map(browser.cookies);
  const answers = await all(() => {
    const same = new lib.Browser("ann");
    for (const [name, value] of cookies) same.cookies.set(name, value);
    return same.go(callback);
  });
  expect(count(answers, 302)).toBe(1);
  expect(count(answers, 400)).toBe(49);
});

test("fifty equal registrations are one client", async () => {
  const metadata = {
    client_name: `Many ${lib.random()}`,
    redirect_uris: [lib.REDIRECT],
    token_endpoint_auth_method: "none",
  };
  const answers = await all(() => lib.send(`${lib.SITE}/register`, lib.json(metadata)));
  expect(count(answers, 201)).toBe(50);
  const ids = answers.map(([, body]) => (JSON.parse(body) as lib.Registered).client_id);
  expect(new Set(ids).size).toBe(1);
});
