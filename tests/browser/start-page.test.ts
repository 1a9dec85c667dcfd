/** The start page of the example without sign-in, as people meet it: in a browser. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type Served, serve } from "../harness/serve.ts";
import {
  expectNoBarriers,
  expectTargets,
  expectToFit,
  launch,
  looks,
  withPage as openPage,
  screenshots,
} from "./lib/browser.ts";

let server: Served;
let browser: Browser;

beforeAll(async () => {
  server = await serve("no-auth");
  return () => server.stop();
});

beforeAll(async () => {
  browser = await launch();
  return () => browser.close();
});

const withPage = (options: BrowserContextOptions, use: (page: Page) => Promise<void>) =>
  openPage(browser, server.url, options, use);

describe.each(Object.entries(looks))("in %s", (look, options) => {
  test("nobody is shut out", async () => {
    await withPage({ ...options, bypassCSP: true }, async (page) => {
      await page.screenshot({ path: join(screenshots, `start ${look}.png`), fullPage: true });
      await expectNoBarriers(page);
    });
  });

  test("it fits the window", async () => {
    await withPage(options, expectToFit);
  });
});

test("all clients are there, with this server's URL", async () => {
  await withPage({}, async (page) => {
    const headings = await page.getByRole("heading", { level: 2 }).allTextContents();
    expect(headings).toEqual(expect.arrayContaining(["Claude", "Cursor", "VS Code", "ChatGPT", "MCP Inspector"]));
    await expect(page.locator("pre").first().textContent()).resolves.toBe(`${server.url}/mcp`);
    await expect(page.getByText("No sign-in protects this server.").isVisible()).resolves.toBe(true);
    await expect(page.getByText("claude.ai and ChatGPT cannot reach it").isVisible()).resolves.toBe(true);
  });
});

test("every copy button copies what stands beside it, and says so", async () => {
  await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    const buttons = page.getByRole("button", { name: /^Copy / });
    expect(await buttons.count()).toBeGreaterThanOrEqual(6);
    for (const block of await page.locator(".copy").all()) {
      const button = block.getByRole("button");
      const what = (await button.textContent())?.replace(/^Copy /, "");
      await button.click();
      await expect.poll(() => page.getByRole("status").textContent()).toBe(`Copied ${what}`);
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      expect(copied).toBe(await block.locator("pre").textContent());
    }
  });
});

test("without permission to copy, the text is selected instead", async () => {
  await withPage({}, async (page) => {
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
    });
    await page.getByRole("button", { name: "Copy the MCP URL" }).click();
    await expect.poll(() => page.getByRole("status").textContent()).toContain("Selected");
    await expect(page.evaluate(() => getSelection()?.toString())).resolves.toBe(`${server.url}/mcp`);
  });
});

test("without JavaScript there are no dead buttons", async () => {
  await withPage({ javaScriptEnabled: false }, async (page) => {
    await expect(page.getByRole("button").count()).resolves.toBe(0);
    await expect(page.locator("pre").first().isVisible()).resolves.toBe(true);
  });
});

test("targets are at least 24 pixels high and wide", async () => {
  await withPage({ viewport: { width: 320, height: 640 } }, expectTargets);
});

test("the policy allows this page's style and script, and nothing else", async () => {
  const response = await fetch(server.url);
  const html = await response.text();
  const hash = (tag: string) => {
    const text = new RegExp(`<${tag}>(.*)</${tag}>`, "s").exec(html)?.[1] ?? "";
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  };
  const policy = new Set(response.headers.get("content-security-policy")?.split("; "));
  expect(policy).toEqual(
    new Set([
      "default-src 'none'",
      `style-src ${hash("style")}`,
      `script-src ${hash("script")}`,
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]),
  );
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  expect(response.headers.get("cache-control")).toBe("no-store");
});

test("only GET and HEAD are answered", async () => {
  const head = await fetch(server.url, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  const post = await fetch(server.url, { method: "POST", body: "{}" });
  expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});
