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

test("where another person comes back than has approved, the page asks after all, before there is a code", async () => {
  const { client, browser } = await connected();
  const opened = await open(browser, client);
  const callback = opened.response.headers.get("location") ?? "";
  const other = new lib.Browser("mallory");
  for (const [name, value] of browser.cookies) other.cookies.set(name, value);
  const page = await other.go(callback);
  expect([page.status, page.headers.get("location")]).toEqual([200, null]);
  const text = await page.text();
  expect(text).toContain("<bdi>mallory</bdi>");
  expect(text).toContain(">Allow</button>");
  const again = lib.linkIn(await (await lib.decide(other, lib.consentIn(text))).text());
  const code = (await lib.arrive(other, again)).searchParams.get("code") ?? "";
  const tokens: lib.Tokens = await (await lib.redeem(client, { code, verifier: opened.verifier })).json();
  expect(await (await lib.whoami(tokens.access_token)).text()).toContain("mallory");

  // So it is where one click was made on somebody else's approval.
  const click = await open(browser, client, { site: "cross-site" });
  expect(isOneClick(click)).toBe(true);
  const next = lib.linkIn(await (await lib.decide(browser, lib.consentIn(click.text))).text());
  const third = new lib.Browser("trudy");
  for (const [name, value] of browser.cookies) third.cookies.set(name, value);
  const asked = await third.go(next);
  expect([asked.status, (await asked.text()).includes("<bdi>trudy</bdi>")]).toEqual([200, true]);
});
