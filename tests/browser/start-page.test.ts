/** The start page of the example without sign-in, as people meet it: in a browser. */
import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { serve } from "../harness/serve.ts";
import type { Served } from "../harness/serve.ts";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

interface Axe {
  run(options: object): Promise<{ passes: object[]; violations: object[] }>;
}

const looks: Record<string, BrowserContextOptions> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "320 pixels wide": { viewport: { width: 320, height: 640 } },
  "forced colors": { forcedColors: "active" },
};

let server: Served;
let browser: Browser;
const screenshots = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "mcp-wicket-screenshots-"));

beforeAll(async () => {
  server = await serve("no-auth");
  return () => server.stop();
});

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: FLAGS.split(" ") });
  return () => browser.close();
});

/** Opens the start page, lets `use` look at it, and expects that the browser had nothing to complain about. */
async function withPage(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("requestfailed", (request) => complaints.push(`request failed: ${request.url()}`));
    await page.goto(server.url);
    await use(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

describe.each(Object.entries(looks))("in %s", (look, options) => {
  test("nobody is shut out", async () => {
    // axe puts its own script and styles into the page, which the policy rightly refuses.
    await withPage({ ...options, bypassCSP: true }, async (page) => {
      await page.screenshot({ path: join(screenshots, `start ${look}.png`), fullPage: true });
      await page.addScriptTag({ path: AXE });
      const { passes, violations } = await page.evaluate(() => {
        const { axe } = globalThis as unknown as { axe: Axe };
        return axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
      });
      expect(violations).toEqual([]);
      expect(passes.length).toBeGreaterThan(10);
    });
  });

  test("it fits the window", async () => {
    await withPage(options, async (page) => {
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
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
  await withPage({ viewport: { width: 320, height: 640 } }, async (page) => {
    for (const target of await page.locator("a, button").all()) {
      const box = await target.boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24);
    }
  });
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
