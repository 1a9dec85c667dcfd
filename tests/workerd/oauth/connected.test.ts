/** Connected apps: what a person sees, what they can end, and who else cannot. */
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

const PAGE = `${lib.SITE}/connected`;

/** A person with a client that is connected. */
async function connect(browser: lib.Browser, client_name: string, metadata: Record<string, unknown> = {}) {
  const client = await lib.register({ client_name, ...metadata });
  const { params, verifier } = await lib.asking(client);
  const answer = await lib.arrive(
    browser,
    await lib.allow(browser, lib.authorizeUrl({ ...params, prompt: "consent" })),
  );
  const got = await lib.redeem(client, { code: answer.searchParams.get("code") ?? "", verifier });
  return { client, tokens: await got.json<lib.Tokens>() };
}

const person = () => new lib.Browser(`person-${lib.random().slice(0, 8)}`);

/** The hidden field of the page's forms. */
function fieldIn(text: string): string {
  const field = /name="page" value="([^"]+)"/.exec(text)?.[1];
  if (field === undefined) throw new Error(`no form: ${text}`);
  return field;
}

const post = (browser: lib.Browser, fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const { method = "POST", headers: usual = {}, body } = lib.form(fields);
  const all = { ...(usual as Record<string, string>), origin: lib.SITE, "sec-fetch-site": "same-origin", ...headers };
  return browser.go(PAGE, { method, body: body ?? null, headers: all });
};

const works = async ({ client, tokens }: Awaited<ReturnType<typeof connect>>) => [
  (await lib.whoami(tokens.access_token)).status,
  (await lib.refresh(client, tokens.refresh_token)).status,
];

test("from nobody to the list: sign in, and see what is connected", async () => {
  const browser = person();
  const first = await connect(browser, "First app");
  browser.cookies.delete("__Host-wicket-account");
  const page = await browser.go(PAGE);
  expect([page.status, page.headers.get("cache-control")]).toEqual([200, "no-store"]);
  const text = await page.text();
  expect(text).toContain("Sign in to see which apps you have connected.");
  const away = await post(browser, { page: fieldIn(text), handler: "app" });
  expect(away.status).toBe(200);
  const back = await browser.go(lib.linkIn(await away.text()));
  expect([back.status, back.headers.get("location")]).toEqual([302, PAGE]);
  const list = await (await browser.go(PAGE)).text();
  expect(list).toContain(`<bdi>${browser.user ?? ""}</bdi>`);
  expect(list).toContain("First app");
  expect(list).toContain("Read your things");
  expect(list).toContain("client.example");
  expect(list).toContain("Last used");
  expect(await works(first)).toEqual([200, 200]);
});

test("who has connected nothing sees that, and leaves nothing behind by signing in", async () => {
  const browser = person();
  const away = await post(browser, { page: fieldIn(await (await browser.go(PAGE)).text()), handler: "app" });
  await browser.go(lib.linkIn(await away.text()));
  expect(await (await browser.go(PAGE)).text()).toContain("No app can use");
});

test("one app is ended: at once, with its approval, and no other", async () => {
  const browser = person();
  const one = await connect(browser, "One app");
  const twice = await connect(browser, "One app");
  const other = await connect(browser, "Other app");
  expect(twice.client.client_id).toBe(one.client.client_id);
  const page = await (await browser.go(PAGE)).text();
  expect(page.match(/Disconnect <bdi>/g)).toHaveLength(2);
  const done = await post(browser, { page: fieldIn(page), revoke: one.client.client_id });
  const text = await done.text();
  expect([done.status, text.includes("The app is disconnected.")]).toEqual([200, true]);
  expect(text).not.toContain("One app");
  expect(await works(one)).toEqual([401, 400]);
  expect(await works(twice)).toEqual([401, 400]);
  expect(await works(other)).toEqual([200, 200]);
  // What was approved is forgotten, too.
  const { params } = await lib.asking(one.client);
  const asked = await browser.go(lib.authorizeUrl(params), { headers: { "sec-fetch-site": "none" } });
  expect([asked.status, (await asked.text()).includes(">Allow</button>")]).toEqual([200, true]);
});

test("all are ended with one button", async () => {
  const browser = person();
  const apps = [await connect(browser, "App A"), await connect(browser, "App B")];
  const page = await (await browser.go(PAGE)).text();
  expect(page).toContain("Disconnect all apps");
  const text = await (await post(browser, { page: fieldIn(page), revoke: "*" })).text();
  expect(text).toContain("No app can use");
  for (const app of apps) expect(await works(app)).toEqual([401, 400]);
});

test("signing out forgets who it was", async () => {
  const browser = person();
  await connect(browser, "App");
  const page = await (await browser.go(PAGE)).text();
  const text = await (await post(browser, { page: fieldIn(page), signout: "1" })).text();
  expect(text).toContain("Sign in to see");
  expect(browser.cookies.has("__Host-wicket-account")).toBe(false);
});

test("nobody else ends anything", async () => {
  const browser = person();
  const app = await connect(browser, "Mine");
  const page = fieldIn(await (await browser.go(PAGE)).text());
  const fields = { page, revoke: app.client.client_id };
  const eve = new lib.Browser("eve");
  await connect(eve, "Hers");
  const hers = fieldIn(await (await eve.go(PAGE)).text());

  for (const headers of [
    { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    { origin: "https://evil.example" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ] as Record<string, string>[]) {
    expect((await post(browser, fields, headers)).status).toBe(403);
  }
  // Without the form's field, with another's, or with one of another purpose.
  const { params } = await lib.asking(app.client);
  const consent = lib.consentIn(await (await browser.go(lib.authorizeUrl(params))).text());
  for (const wrong of ["", "x", hers, consent]) {
    expect((await post(browser, { ...fields, page: wrong })).status).toBe(403);
  }
  // The form in another browser, without either cookie, or for another account.
  expect((await post(eve, fields)).status).toBe(403);
  for (const name of ["__Host-wicket-form-connected", "__Host-wicket-account"]) {
    const copy = new lib.Browser(browser.user);
    for (const [cookie, value] of browser.cookies) if (cookie !== name) copy.cookies.set(cookie, value);
    expect((await post(copy, fields)).status).toBe(403);
    copy.cookies.set(name, eve.cookies.get(name) ?? "");
    expect((await post(copy, fields)).status).toBe(403);
  }
  // Two wishes at once, none, or a parameter twice.
  for (const wish of [{ revoke: "x", signout: "1" }, { revoke: "x", handler: "app" }, {}] as Record<string, string>[]) {
    expect((await post(browser, { page, ...wish })).status).toBe(400);
  }
  const doubled = `page=${page}&revoke=x&revoke=*`;
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: lib.SITE };
  expect((await browser.go(PAGE, { method: "POST", body: doubled, headers })).status).toBe(400);
  expect(await works(app)).toEqual([200, 200]);

  // A client that is not connected is nothing to end.
  const none = await post(browser, { page, revoke: "c_nobody" });
  expect([none.status, (await none.text()).includes("Mine")]).toEqual([200, true]);
});

test("other methods, and pages of other sites", async () => {
  const browser = person();
  expect((await browser.go(PAGE, { method: "DELETE" })).status).toBe(405);
  const preflight = await browser.go(PAGE, { method: "OPTIONS", headers: { origin: "https://evil.example" } });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([405, null]);
});

test("what has approved somebody cannot be replayed into a grant by the callback of the page", async () => {
  const browser = person();
  await connect(browser, "App");
  browser.cookies.delete("__Host-wicket-account");
  const away = await post(browser, { page: fieldIn(await (await browser.go(PAGE)).text()), handler: "app" });
  const callback = lib.linkIn(await away.text());
  // A browser that did not begin it gets nothing; who did gets no code by it, and once only.
  expect((await new lib.Browser("eve").go(callback)).status).toBe(403);
  const back = await browser.go(callback);
  expect(back.headers.get("location")).toBe(PAGE);
  expect((await browser.go(callback)).status).toBe(403);
});
