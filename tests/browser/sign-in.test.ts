/** The examples with sign-in, as people meet them: an official client, a real browser, and the development sign-in. */
import { join } from "node:path";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type Served, serve } from "../harness/serve.ts";
import { launch, screenshots, withPage } from "./lib/browser.ts";
import { ClientState, type Listener, listen } from "../harness/oauth-client.ts";

let browser: Browser;
let listener: Listener;

beforeAll(async () => {
  browser = await launch();
  listener = await listen();
  return async () => {
    listener.stop();
    await browser.close();
  };
});

const examples = {
  "oauth-github": { upstream: "GitHub", says: "ada (ada@example.com)" },
  "oauth-google": { upstream: "Google", says: "Ada Lovelace (ada@example.com)" },
  "oauth-azure": { upstream: "Microsoft", says: "Ada Lovelace (ada@example.com)" },
  "oauth-generic": { upstream: "127.0.0.1:", says: "Ada Lovelace (ada@example.com)" },
};

describe.each(Object.entries(examples))("%s", (example, { upstream, says }) => {
  let server: Served;
  beforeAll(async () => {
    server = await serve(example);
    return () => server.stop();
  });

  /** Connects as far as the browser is needed; gives where it has to go, and how it goes on with a code. */
  async function begin() {
    let asked: URL | undefined;
    const state = new ClientState(listener.redirectUri, (url) => (asked = url));
    const endpoint = new URL(`${server.url}/mcp`);
    const transport = new StreamableHTTPClientTransport(endpoint, { authProvider: state });
    const client = new Client({ name: "Cursor", version: "1.0.0" });
    await expect(client.connect(transport)).rejects.toThrow(UnauthorizedError);
    if (!asked) throw new Error("the client did not ask for a browser");
    const finish = async (code: string) => {
      await transport.finishAuth(code);
      const next = new StreamableHTTPClientTransport(endpoint, { authProvider: state });
      const connected = new Client({ name: "Cursor", version: "1.0.0" });
      await connected.connect(next);
      return connected;
    };
    return { url: asked.href, finish, state };
  }

  test("Allow, sign in, and the tool knows who is calling", async () => {
    const { url, finish } = await begin();
    await withPage(browser, url, {}, async (page) => {
      await page.screenshot({ path: join(screenshots, `${example} consent.png`), fullPage: true });
      const text = await page.locator("main").innerText();
      expect(text).toContain("Allow Cursor to use Notes?");
      expect(text).toContain(`you sign in with ${upstream}`);
      await page.getByRole("button", { name: "Allow" }).click();
      await page.getByRole("heading", { name: "Development sign-in" }).waitFor();
      await page.getByRole("link", { name: "Ada Lovelace" }).click();
      await page.getByText("You can close this window.").waitFor();
    });
    const answer = (await listener.next()).searchParams;
    expect(answer.get("iss")).toBe(server.url);
    const client = await finish(answer.get("code") ?? "");
    const { content } = await client.callTool({ name: "whoami", arguments: {} });
    expect(content).toEqual([{ type: "text", text: says }]);
    await client.close();
  });

  test("Deny goes back with access_denied, and nobody was asked to sign in", async () => {
    const { url } = await begin();
    await withPage(browser, url, {}, async (page) => {
      await page.getByRole("button", { name: "Deny" }).click();
      // The client has proven nothing, so nobody is sent there by themselves.
      await page.getByRole("link", { name: "Return to Cursor" }).click();
      await page.getByText("You can close this window.").waitFor();
    });
    const answer = (await listener.next()).searchParams;
    expect([answer.get("error"), answer.get("iss"), answer.get("code")]).toEqual(["access_denied", server.url, null]);
  });

  test("who cancels at the provider goes back with access_denied", async () => {
    const { url } = await begin();
    await withPage(browser, url, {}, async (page) => {
      await page.getByRole("button", { name: "Allow" }).click();
      await page.getByRole("link", { name: "Cancel" }).click();
      await page.getByText("You can close this window.").waitFor();
    });
    const answer = (await listener.next()).searchParams;
    expect([answer.get("error"), answer.get("code")]).toEqual(["access_denied", null]);
  });
});
