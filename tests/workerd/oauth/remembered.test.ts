/** Remembered consent: when the page is left out, when it is one click, and when all is asked again. */
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

/** A person who has connected a client once, at this site. */
async function connected(
  metadata: Record<string, unknown> = {},
  { user = "ann", more = {}, scopes }: { user?: string; more?: Record<string, string>; scopes?: string[] } = {},
) {
  const client = await lib.register({ client_name: `Client ${lib.random()}`, ...metadata });
  const browser = new lib.Browser(user);
  const { params } = await lib.asking(client, more);
  await lib.arrive(browser, await lib.allow(browser, lib.authorizeUrl(params), scopes));
  return { client, browser };
}

/** Opens the link of a client; how the browser says it came here is `site`. */
async function open(
  browser: lib.Browser,
  client: { client_id: string },
  { site = "none", more = {} }: { site?: string | undefined; more?: Record<string, string> } = {},
) {
  const { params, verifier } = await lib.asking(client, more);
  const headers: Record<string, string> = site === "" ? {} : { "sec-fetch-site": site };
  const response = await browser.go(lib.authorizeUrl(params), { headers });
  return { response, verifier, params, text: response.status === 200 ? await response.text() : "" };
}

type Opened = Awaited<ReturnType<typeof open>>;
const isSkipped = ({ response }: Opened) => response.status === 302;
const isOneClick = ({ response, text }: Opened) =>
  response.status === 200 && text.includes("You have allowed this before.");
const isFull = ({ response, text }: Opened) =>
  response.status === 200 && text.includes(">Allow</button>") && !text.includes("You have allowed this before.");

test("who has approved a web client before goes on at once, and signs in all the same", async () => {
  const { client, browser } = await connected();
  const opened = await open(browser, client);
  expect(isSkipped(opened)).toBe(true);
  const callback = opened.response.headers.get("location") ?? "";
  expect(callback).toContain("/callback?state=");
  const answer = await lib.arrive(browser, callback);
  expect(answer.searchParams.get("state")).toBe(opened.params.state);
  const code = answer.searchParams.get("code") ?? "";
  expect((await lib.redeem(client, { code, verifier: opened.verifier })).status).toBe(200);
  // Once: the same callback is over.
  expect((await browser.go(callback)).status).not.toBe(302);
});

test("the account cookie is sealed, for this host, over https, and out of reach of scripts", async () => {
  const client = await lib.register();
  const browser = new lib.Browser("ann");
  const { params } = await lib.asking(client);
  const response = await browser.go(await lib.allow(browser, lib.authorizeUrl(params)));
  const cookie = response.headers.getSetCookie().find((cookie) => cookie.startsWith("__Host-wicket-account="));
  expect(cookie).toMatch(
    /^__Host-wicket-account=[\w-]{60,}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000$/,
  );
  expect(atob((/=([\w-]+)/.exec(cookie ?? "")?.[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))).not.toContain(
    "ann",
  );
});

test("the page names the account, the way to another one, and where to take it back", async () => {
  const { client, browser } = await connected();
  const { text } = await open(browser, client, { site: "cross-site" });
  expect(text).toMatch(/You are signed in as <strong><bdi>ann<\/bdi><\/strong>/);
  expect(text).toContain('href="/connected"');
  const href = /href="([^"]+)">Use another account/.exec(text)?.[1]?.replaceAll("&#38;", "&") ?? "";
  expect(href).toContain("prompt=select_account");
  const other = await (await browser.go(lib.SITE + href)).text();
  expect(other).not.toContain("You are signed in as");
  expect(other).toContain(">Allow</button>");
});

test.each([
  ["another site has sent the browser", "cross-site"],
  ["another host of the site has", "same-site"],
  ["the browser does not say", ""],
])("one click is asked for where %s", async (_, site) => {
  const { client, browser } = await connected();
  const opened = await open(browser, client, { site });
  expect(isOneClick(opened)).toBe(true);
  expect(opened.text).toContain("Continue to <strong>");
});

test("one click for a program on this computer, whatever the port, and never none", async () => {
  const redirect = (port: number) => `http://127.0.0.1:${port}/callback`;
  const { client, browser } = await connected(
    { redirect_uris: [redirect(1)] },
    { more: { redirect_uri: redirect(4000) } },
  );
  for (const site of ["none", "same-origin"]) {
    const opened = await open(browser, client, { site, more: { redirect_uri: redirect(5000) } });
    expect(isOneClick(opened)).toBe(true);
    expect(opened.text).toContain("on this computer</button>");
    const callback = lib.linkIn(await (await lib.decide(browser, lib.consentIn(opened.text))).text());
    expect((await lib.arrive(browser, callback)).searchParams.get("code")).toBeTruthy();
  }
});

test("one click for an app that claims a scheme, and for a public client that may also go to this computer", async () => {
  const scheme = "cursor://anysphere.cursor-mcp/oauth/callback";
  const app = await connected({ redirect_uris: [scheme] }, { more: { redirect_uri: scheme } });
  expect(isOneClick(await open(app.browser, app.client, { more: { redirect_uri: scheme } }))).toBe(true);
  const mixed = await connected({ redirect_uris: [lib.REDIRECT, "http://127.0.0.1/cb"] });
  expect(isOneClick(await open(mixed.browser, mixed.client))).toBe(true);
  // With a secret it proves itself, so the answer to its web site needs no click; that to this computer does.
  const secret = await connected({
    redirect_uris: [lib.REDIRECT, "http://127.0.0.1/cb"],
    token_endpoint_auth_method: "client_secret_basic",
  });
  expect(isSkipped(await open(secret.browser, secret.client))).toBe(true);
  expect(
    isSkipped(await open(secret.browser, secret.client, { more: { redirect_uri: "http://127.0.0.1:9/cb" } })),
  ).toBe(false);
});

test("all is asked where anything is new", async () => {
  const second = "https://client.example/other";
  const metadata = { redirect_uris: [lib.REDIRECT, second] };
  const { client, browser } = await connected(metadata, { more: { scope: "read" }, scopes: ["read"] });
  expect(isSkipped(await open(browser, client, { more: { scope: "read" } }))).toBe(true);
  // More scopes, another redirect URI, another client, and whoever wants to be asked.
  expect(isFull(await open(browser, client, { more: { scope: "read write" } }))).toBe(true);
  expect(isFull(await open(browser, client))).toBe(true);
  expect(isFull(await open(browser, client, { more: { scope: "read", redirect_uri: second } }))).toBe(true);
  const other = await lib.register({ client_name: `Other ${lib.random()}`, ...metadata });
  expect(isFull(await open(browser, other, { more: { scope: "read" } }))).toBe(true);
  for (const prompt of ["consent", "select_account", "login"]) {
    expect(isFull(await open(browser, client, { more: { scope: "read", prompt } }))).toBe(true);
  }
  // A scope that was left out is asked for again.
  const partly = await connected(metadata, { scopes: ["read"] });
  expect(isFull(await open(partly.browser, partly.client))).toBe(true);
  expect(isSkipped(await open(partly.browser, partly.client, { more: { scope: "read" } }))).toBe(true);
});

test("an approval is one person's", async () => {
  const { client, browser } = await connected();
  const nobody = new lib.Browser("ann");
  expect(isFull(await open(nobody, client))).toBe(true);
  const bob = await connected({}, { user: "bob" });
  expect(isFull(await open(bob.browser, client))).toBe(true);
  // A cookie that was made up, cut, or made by another server of the same secret is nobody's.
  const account = browser.cookies.get("__Host-wicket-account") ?? "";
  for (const value of ["", "x", account.slice(1), `${account.slice(0, -2)}AA`]) {
    nobody.cookies.set("__Host-wicket-account", value);
    expect(isFull(await open(nobody, client))).toBe(true);
  }
  const elsewhere = await lib.register({ client_name: "Elsewhere" }, "https://nokv.example.com");
  const { params } = await lib.asking(elsewhere);
  nobody.cookies.set("__Host-wicket-account", account);
  const page = await nobody.go(lib.authorizeUrl(params, "https://nokv.example.com"), {
    headers: { "sec-fetch-site": "none" },
  });
  expect(await page.text()).not.toContain("You are signed in as");
});

/** The same browser, in which somebody else is signed in at the provider. */
function taken(browser: lib.Browser, user: string): lib.Browser {
  const other = new lib.Browser(user);
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  return other;
}

/** Somebody has come back with another account; gives the page that asks again. */
async function askedAgain(browser: lib.Browser, callback: string): Promise<string> {
  const page = await browser.go(callback);
  expect([page.status, page.headers.get("location")]).toEqual([200, null]);
  return page.text();
}

/** Allow on that page: the way back to the client. */
async function confirmed(browser: lib.Browser, text: string): Promise<URL> {
  return new URL(lib.linkIn(await (await lib.decide(browser, lib.consentIn(text))).text()));
}

test("where another person comes back than has approved, the page asks after all, before there is a code", async () => {
  const { client, browser } = await connected();
  const opened = await open(browser, client);
  const other = taken(browser, "mallory");
  const text = await askedAgain(other, opened.response.headers.get("location") ?? "");
  expect(text).toContain("<bdi>mallory</bdi>");
  expect(text).toContain(">Allow</button>");
  const answer = await confirmed(other, text);
  const code = answer.searchParams.get("code") ?? "";
  const tokens: lib.Tokens = await (await lib.redeem(client, { code, verifier: opened.verifier })).json();
  expect(await (await lib.whoami(tokens.access_token)).text()).toContain("mallory");

  // So it is where one click was made on somebody else's approval.
  const click = await open(browser, client, { site: "cross-site" });
  expect(isOneClick(click)).toBe(true);
  const next = lib.linkIn(await (await lib.decide(browser, lib.consentIn(click.text))).text());
  expect(await askedAgain(taken(browser, "trudy"), next)).toContain("<bdi>trudy</bdi>");
});

test("where the page named an account and another one comes back, it asks again, and nobody signs in a second time", async () => {
  const { browser } = await connected({}, { user: "ada" });
  const client = await lib.register({ client_name: `Client ${lib.random()}` });
  const opened = await open(browser, client);
  expect(opened.text).toContain("You are signed in as <strong><bdi>ada</bdi></strong>");
  const callback = lib.linkIn(await (await lib.decide(browser, lib.consentIn(opened.text))).text());
  const bob = taken(browser, "bob");
  const text = await askedAgain(bob, callback);
  expect(text).toContain(
    "You have signed in as <strong><bdi>bob</bdi></strong>, not as <strong><bdi>ada</bdi></strong>",
  );
  expect(text).toContain("Use another account");
  // Allow leads to the client itself.
  const answer = await confirmed(bob, text);
  expect([answer.origin, answer.searchParams.get("state")]).toEqual(["https://client.example", opened.params.state]);
  const code = answer.searchParams.get("code") ?? "";
  const tokens: lib.Tokens = await (await lib.redeem(client, { code, verifier: opened.verifier })).json();
  expect(await (await lib.whoami(tokens.access_token)).text()).toContain("bob");
  // Now the browser is bob's.
  expect((await open(bob, await lib.register({ client_name: `Client ${lib.random()}` }))).text).toContain(
    "You are signed in as <strong><bdi>bob</bdi></strong>",
  );
});

test("the page that asks again gives one code, to its own browser", async () => {
  const { browser } = await connected({}, { user: "ada" });
  const asked = async () => {
    const opened = await open(browser, await lib.register({ client_name: `Client ${lib.random()}` }));
    const callback = lib.linkIn(await (await lib.decide(browser, lib.consentIn(opened.text))).text());
    const bob = taken(browser, "bob");
    return { bob, text: await askedAgain(bob, callback), callback };
  };
  // Fifty at once: one code.
  const one = await asked();
  const cookies = [...one.bob.cookies];
  const raced = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const tab = new lib.Browser("bob");
      for (const [name, value] of cookies) tab.cookies.set(name, value);
      return (await lib.decide(tab, lib.consentIn(one.text))).status;
    }),
  );
  expect(raced.filter((status) => status === 200)).toHaveLength(1);
  expect(new Set(raced)).toEqual(new Set([200, 400]));
  // The callback is over, and so is a form that came after Deny.
  expect((await taken(one.bob, "bob").go(one.callback)).status).not.toBe(302);
  const denied = await asked();
  const tab = taken(denied.bob, "bob");
  const back = new URL(lib.clickIn(await (await lib.decide(denied.bob, lib.consentIn(denied.text), "deny")).text()))
    .searchParams;
  expect([back.get("error"), back.get("code")]).toEqual(["access_denied", null]);
  expect((await lib.decide(tab, lib.consentIn(denied.text))).status).toBe(400);
  // Another browser has the form but not the cookies; one with only the form's cookie has no sign-in.
  const third = await asked();
  const eve = new lib.Browser("eve");
  expect((await lib.decide(eve, lib.consentIn(third.text))).status).toBe(403);
  for (const [name, value] of third.bob.cookies) {
    if (name.startsWith("__Host-wicket-form-")) eve.cookies.set(name, value);
  }
  expect((await lib.decide(eve, lib.consentIn(third.text))).status).toBe(403);
  expect((await confirmed(third.bob, third.text)).searchParams.get("code")).toBeTruthy();
});

test("the page that asks again offers only what the person may have", async () => {
  const { browser } = await connected({}, { user: "ada" });
  const opened = await open(browser, await lib.register({ client_name: `Client ${lib.random()}` }));
  const callback = lib.linkIn(await (await lib.decide(browser, lib.consentIn(opened.text))).text());
  const text = await askedAgain(taken(browser, "reader"), callback);
  expect([text.includes('value="read"'), text.includes('value="write"')]).toEqual([true, false]);
});

test("who may not use the server reads so, and goes on with another account or back to the client, which is told", async () => {
  const client = await lib.register({ client_name: "Notes" });
  const { params } = await lib.asking(client);
  const browser = new lib.Browser("outsider");
  const page = await browser.go(await lib.allow(browser, lib.authorizeUrl(params)));
  const text = await page.text();
  expect([page.status, page.headers.get("location")]).toEqual([403, null]);
  expect(text).toContain("You have signed in as <strong><bdi>outsider</bdi></strong>, but this account may not use");
  const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, href = ""]) =>
    href.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
  );
  const again = links.find((href) => href.startsWith("/authorize?")) ?? "";
  expect(new URLSearchParams(again.slice(again.indexOf("?"))).get("prompt")).toBe("select_account");
  const other = new lib.Browser("ann");
  expect((await lib.arrive(other, await lib.allow(other, lib.SITE + again))).searchParams.get("code")).toBeTruthy();
  const back = new URL(links.find((href) => href.startsWith(lib.REDIRECT)) ?? "").searchParams;
  expect([back.get("error"), back.get("state"), back.get("iss"), back.get("code")]).toEqual([
    "access_denied",
    params.state,
    lib.SITE,
    null,
  ]);
  expect(back.get("error_description")).toBe("The account that signed in may not use this server.");
});
