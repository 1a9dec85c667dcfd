/** Chromium as the tests drive it, the looks in which a page has to work, and what axe says about it. */
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { expect } from "vitest";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

interface Axe {
  run(options: object): Promise<{ passes: object[]; violations: object[] }>;
}

export const looks: Record<string, BrowserContextOptions> = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "320 pixels wide": { viewport: { width: 320, height: 640 } },
  "forced colors": { forcedColors: "active" },
};

/** Where pictures of the pages go: `SCREENSHOTS`, or a folder that nobody looks at. */
export const screenshots = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "mcp-wicket-screenshots-"));

export async function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS.split(" ") });
}

/** Opens `url` in a new context, lets `use` look at it, and expects that the browser had nothing to complain about. */
export async function withPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("requestfailed", (request) => complaints.push(`request failed: ${request.url()}`));
    await page.goto(url);
    await use(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

/** axe finds nothing. The page's context needs `bypassCSP`: axe brings script and styles, which the policy refuses. */
export async function expectNoBarriers(page: Page): Promise<void> {
  await page.addScriptTag({ path: AXE });
  const { passes, violations } = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: Axe };
    return axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
  });
  expect(violations).toEqual([]);
  expect(passes.length).toBeGreaterThan(10);
}

/** Nothing sticks out of the window. */
export async function expectToFit(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
}

/** Whatever can be pressed is at least 24 pixels high and wide (WCAG 2.2, 2.5.8). */
export async function expectTargets(page: Page): Promise<void> {
  for (const target of await page.locator("a, button, input:not([type=hidden])").all()) {
    const box = await target.boundingBox();
    expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24);
  }
}
