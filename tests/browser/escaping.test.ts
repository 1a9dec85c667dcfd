/** Nothing that comes from outside becomes markup, on any page, in any of its members, as a real parser sees it. */
import type { Browser } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { type Page, renderPage } from "../../dist/pages/oauth.js";
import { launch } from "./lib/browser.ts";
import { pages } from "./lib/pages.ts";

const attacks = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onfocus='alert(1)' autofocus='",
  '" onfocus="alert(1)" autofocus="',
  "` onmouseover=alert(1)",
  "</title></style></textarea><svg onload=alert(1)>",
  "<!--",
  "--><b>",
  "{client}{server}",
  "&quot;&lt;b&gt;&#60;i&#62;",
  "\u202egnp.exe\u2066\u200f\u0000\u0007",
  "x".repeat(500),
];

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
  return () => browser.close();
});

/** Each string in `value`, as a path to it. */
function strings(value: unknown, path: string[] = []): string[][] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => strings(member, [...path, name]));
}

/** A copy of `page` with `text` at `path`. */
function withText(page: Page, path: string[], text: string): Page {
  const copy = structuredClone(page);
  let at = copy as unknown as Record<string, unknown>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  at[path.at(-1) ?? ""] = text;
  return copy;
}

/** Members that choose what is on a page, and are never anything but the core's own words. */
const CHOOSES = new Set(["kind", "proof", "where", "what", "outcome", "reason"]);

test("no member of any page becomes markup", async () => {
  const cases: { name: string; attack: string; html: string; base: string }[] = [];
  let refused = 0;
  for (const [name, page] of Object.entries(pages)) {
    for (const path of strings(page).filter((path) => !CHOOSES.has(path.at(-1) ?? ""))) {
      const base = (await renderPage(withText(page, path, original(page, path)))).html;
      for (const attack of attacks) {
        try {
          const { html } = await renderPage(withText(page, path, attack));
          cases.push({ name: `${name}: ${path.join(".")}`, attack, html, base });
        } catch (error) {
          // A link that is none: the page is not made at all.
          expect(["action", "url", "manage", "switchAccount", "retry"]).toContain(path.at(-1));
          expect(error).toBeInstanceOf(TypeError);
          refused++;
        }
      }
    }
  }
  expect(cases.length).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(50);
  const tab = await browser.newPage();
  const skeletons = await tab.evaluate((pairs) => {
    const skeleton = (html: string) => {
      const elements = new DOMParser().parseFromString(html, "text/html").querySelectorAll("*");
      return [...elements].map((element) => [element.tagName, ...element.getAttributeNames()].join(" ")).join("\n");
    };
    return pairs.map(({ html, base }) => [skeleton(html), skeleton(base)]);
  }, cases);
  cases.forEach(({ name, attack }, index) => {
    const [got, wanted] = skeletons[index] ?? [];
    expect(got, `${name} with ${attack}`).toBe(wanted);
  });
});

function original(page: Page, path: string[]): string {
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], page) as string;
}

test("a name cannot turn or hide the text around it", async () => {
  const consent = pages.consent;
  if (consent?.kind !== "consent") throw new Error("no consent page");
  const { html } = await renderPage({
    ...consent,
    client: { ...consent.client, name: "a\u202eb\u200bc\u0000d\ufeffe" },
  });
  expect(html).toContain("<bdi>a\ufffdb\ufffdc\ufffdd\ufffde</bdi>");
  expect(html).not.toMatch(/[\u202e\u200b\u0000\ufeff]/);
});

test.each([
  "javascript:alert(1)",
  "JavaScript:alert(1)",
  "data:text/html,<b>",
  "vbscript:x",
  "blob:https://x/y",
  "file:///etc/passwd",
  "//evil.example",
  "/\\evil.example",
  "https://x.example/a b",
  "https://x.example/\n",
  "\u0001javascript:alert(1)",
  " javascript:alert(1)",
  "",
])("a page does not lead to %j", async (url) => {
  await expect(renderPage({ kind: "leave", url, host: "x", what: "client" })).rejects.toThrow(TypeError);
});

test("a renderer of one's own cannot drop, change, repeat or hide what security rests on", async () => {
  const page = pages.consent ?? { kind: "error" as const };
  const ours = (await renderPage(page)).html;
  const rendered = async (render: (security: string, heading: string) => string) =>
    (await renderPage(page, { render: ({ security, heading }) => render(security, heading) })).html;
  for (const render of [
    () => "",
    (security: string) => security.replace("Unverified", "Verified"),
    (security: string) => security + security,
    (security: string) => `<!-- ${security} -->`,
    (security: string) => `<div hidden>${security}</div>`,
    (security: string) => `<template>${security}</template>`,
    (security: string) => `<textarea>${security}</textarea>`,
    (security: string) => `<form action="/x">${security}</form>`,
    (security: string) => `<a title="${security}">`,
    () => {
      throw new Error("broken");
    },
  ]) {
    expect(await rendered(render)).toBe(ours);
  }
  const theirs = await rendered(
    (security, heading) => `<p>Welcome to Acme.</p>${heading}<section>${security}</section>`,
  );
  expect(theirs).toContain("<p>Welcome to Acme.</p>");
  expect(theirs).toContain('name="csrf"');
  expect(theirs).toContain("Unverified");
});
