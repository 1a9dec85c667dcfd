/** What people decide, in a real browser: once, again with one click, in two tabs, twice, and taken back. */
import { join } from "node:path";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { ClientState, type Listener, listen } from "../harness/oauth-client.ts";
import { type Served, serve } from "../harness/serve.ts";
import { expectNoBarriers, expectTargets, expectToFit, launch, looks, screenshots } from "./lib/browser.ts";

let browser: Browser;
let listener: Listener;
let server: Served;
/** One person's browser. */
let context: BrowserContext;

beforeAll(async () => {
  browser = await launch();
  listener = await listen();
  server = await serve("oauth-github");
  return async () => {
    listener.stop();
    await server.stop();
    await browser.close();
  };
});

beforeEach(async () => {
  context = await browser.newContext();
  return () => context.close();
});

/** A client connects as far as the browser is needed. */
async function begin() {
  let asked: URL | undefined;
  const state = new ClientState(listener.redirectUri, (url) => (asked = url));
  const endpoint = new URL(`${server.url}/mcp`);
  const transport = new StreamableHTTPClientTransport(endpoint, { authProvider: state });
  await expect(new Client({ name: "Cursor", version: "1.0.0" }).connect(transport)).rejects.toThrow(UnauthorizedError);
  if (!asked) throw new Error("the client did not ask for a browser");
  const finish = async (code: string) => {
    await transport.finishAuth(code);
    const client = new Client({ name: "Cursor", version: "1.0.0" });
    await client.connect(new StreamableHTTPClientTransport(endpoint, { authProvider: state }));
    return client;
  };
  return { url: asked.href, verifier: state.codeVerifier(), finish };
}

async function open(url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const signInAs = async (page: Page, name: string) => {
  await page.getByRole("heading", { name: "Development sign-in" }).waitFor();
  await page.getByRole("link", { name }).click();
};

/** The code that arrives at the client when the page has led there. */
async function codeFrom(page: Page): Promise<string> {
  await page.getByText("You can close this window.").waitFor();
  return (await listener.next()).searchParams.get("code") ?? "";
}

/** Allows the client, signs in, and gives the connected client. */
async function connect() {
  const { url, finish } = await begin();
  const page = await open(url);
  await page.getByRole("button", { name: "Allow" }).click();
  await signInAs(page, "Ada Lovelace");
  return finish(await codeFrom(page));
}

test("who has allowed a client is asked for one click the next time, and can say no", async () => {
  const first = await connect();
  const { url, finish } = await begin();
  const page = await open(url);
  const text = await page.locator("main").innerText();
  expect(text).toContain("Continue to Cursor?");
  expect(text).toContain("You have allowed this before.");
  expect(text).toContain("You are signed in as ada.");
  await page.screenshot({ path: join(screenshots, "remembered.png"), fullPage: true });
  await page.getByRole("button", { name: "Continue to Cursor on this computer" }).click();
  await signInAs(page, "Ada Lovelace");
  const second = await finish(await codeFrom(page));
  expect(await second.callTool({ name: "whoami", arguments: {} })).toMatchObject({
    content: [{ text: "ada (ada@example.com)" }],
  });
  const again = await open((await begin()).url);
  await again.getByRole("button", { name: "Cancel" }).click();
  await again.getByRole("link", { name: "Return to Cursor" }).click();
  await again.getByText("You can close this window.").waitFor();
  expect((await listener.next()).searchParams.get("error")).toBe("access_denied");
  await Promise.all([first.close(), second.close()]);
});

test("another account: the link asks anew, and who comes back is asked where the approval was another's", async () => {
  await (await connect()).close();
  const page = await open((await begin()).url);
  await page.getByRole("link", { name: "Use another account" }).click();
  await page.getByRole("button", { name: "Allow" }).waitFor();
  expect(await page.locator("main").innerText()).not.toContain("You are signed in as");

  const { url, finish } = await begin();
  const other = await open(url);
  await other.getByRole("button", { name: "Continue to Cursor on this computer" }).click();
  await signInAs(other, "Grace Hopper");
  await other.getByRole("button", { name: "Allow" }).waitFor();
  expect(await other.locator("main").innerText()).toContain("You have signed in as grace, not as ada.");
  // She has signed in, so Allow is the last step.
  await other.getByRole("button", { name: "Allow" }).click();
  const client = await finish(await codeFrom(other));
  expect(await client.callTool({ name: "whoami", arguments: {} })).toMatchObject({
    content: [{ text: "grace (grace@example.com)" }],
  });
  await client.close();
});

test("two tabs at once: both clients get in", async () => {
  const asked = [await begin(), await begin()];
  const pages = await Promise.all(asked.map(({ url }) => open(url)));
  await Promise.all(pages.map((page) => page.getByRole("button", { name: "Allow" }).click()));
  await Promise.all(pages.map((page) => signInAs(page, "Ada Lovelace")));
  await Promise.all(pages.map((page) => page.getByText("You can close this window.").waitFor()));
  const answers = [await listener.next(), await listener.next()];
  expect(answers.every((answer) => answer.searchParams.has("code"))).toBe(true);
  expect(new Set(answers.map((answer) => answer.searchParams.get("code"))).size).toBe(2);
});

test("allowing twice succeeds once, and says what happened", async () => {
  const { url, finish } = await begin();
  const [first, second] = [await open(url), await open(url)];
  await first.getByRole("button", { name: "Allow" }).click();
  await first.getByRole("heading", { name: "Development sign-in" }).waitFor();
  await second.getByRole("button", { name: "Allow" }).click();
  await second.getByRole("heading", { name: "Something went wrong" }).waitFor();
  expect(await second.locator("main").innerText()).toMatch(/used already|another browser or window/);
  await signInAs(first, "Ada Lovelace");
  await (await finish(await codeFrom(first))).close();
});

test("a connected app is ended on its page, and the client is out", async () => {
  const client = await connect();
  const page = await open(`${server.url}/connected`);
  await page.screenshot({ path: join(screenshots, "connected.png"), fullPage: true });
  expect(await page.locator("main").innerText()).toContain("You are signed in as ada.");
  await page.getByRole("button", { name: "Disconnect Cursor" }).click();
  await page.getByRole("status").waitFor();
  expect(await page.locator("main").innerText()).toContain("No app can use Notes on your behalf.");
  await expect(client.callTool({ name: "whoami", arguments: {} })).rejects.toThrow();
  // Asked again from the beginning: what was approved is forgotten.
  const again = await open((await begin()).url);
  await again.getByRole("button", { name: "Allow" }).waitFor();

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with GitHub" }).click();
  await signInAs(page, "Ada Lovelace");
  await page.getByRole("heading", { name: "Connected apps" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/connected");
});

test.each(Object.entries(looks))("the pages as they are served shut nobody out: %s", async (look, options) => {
  const tabs = await browser.newContext({ ...options, bypassCSP: true });
  const lookAt = async (page: Page, name: string) => {
    await page.screenshot({ path: join(screenshots, `served ${name} ${look}.png`), fullPage: true });
    await expectNoBarriers(page);
    await expectToFit(page);
    await expectTargets(page);
  };
  const go = async (url: string) => {
    const page = await tabs.newPage();
    await page.goto(url);
    return page;
  };
  const { url, finish } = await begin();
  const page = await go(url);
  await lookAt(page, "consent");
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("heading", { name: "Development sign-in" }).waitFor();
  await lookAt(page, "development");
  await signInAs(page, "Ada Lovelace");
  await (await finish(await codeFrom(page))).close();
  await lookAt(await go((await begin()).url), "remembered");
  const list = await go(`${server.url}/connected`);
  await lookAt(list, "connected");
  await list.getByRole("button", { name: "Sign out" }).click();
  await list.getByRole("button", { name: "Sign in with GitHub" }).waitFor();
  await lookAt(list, "sign in");
  await lookAt(await go(`${server.url}/authorize?client_id=c_${"x".repeat(32)}`), "recovery");
  await lookAt(await go(`${server.url}/authorize`), "error request");
  await lookAt(await go(`${server.url}/callback?state=AAAAAAAAAAAAAAAAAAAAAA`), "error browser");
  await tabs.close();
});
