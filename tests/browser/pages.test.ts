/** The pages of the authorization server, as people meet them: in a browser. */
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page as Tab } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { type PageOptions, renderPage } from "../../dist/pages/oauth.js";
import { expectNoBarriers, expectTargets, expectToFit, launch, looks, screenshots, withPage } from "./lib/browser.ts";
import { AWAY, pages } from "./lib/pages.ts";

const brand = {
  name: "Acme",
  accent: "#ff5500",
  radius: 16,
  logo: "data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 9 9%22%3E%3Cpath d=%22M0 9L4 0l5 9z%22 fill=%22%23f50%22/%3E%3C/svg%3E",
};
const options: Record<string, PageOptions> = { plain: {}, branded: { brand } };

let browser: Browser;
let server: Server;
let url: string;
/** What was posted last; emptied by whoever waits for more. */
let posted = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    void (async () => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      if (request.method === "POST") posted = body;
      const { pathname } = new URL(request.url ?? "", "http://localhost");
      const [, look = "", name = ""] = decodeURIComponent(pathname).split("/");
      const page = pages[name];
      if (!page) return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
      const { html, csp } = await renderPage(page, options[look], request.headers["accept-language"] ?? null);
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": csp }).end(html);
    })();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launch();
  return async () => {
    await browser.close();
    server.close();
  };
});

/** Opens a page; one that leads away stays, because nothing answers there. */
const open = (name: string, context: BrowserContextOptions, use: (tab: Tab) => Promise<void>, look = "plain") =>
  withPage(browser, `${url}/${look}/${name}`, context, async (tab) => {
    await use(tab);
  });

describe.each(Object.entries(looks))("in %s", (look, context) => {
  let tabs: BrowserContext;
  beforeAll(async () => {
    tabs = await browser.newContext({ ...context, bypassCSP: true });
    return () => tabs.close();
  });

  test.each([...Object.keys(pages).map((name) => ["plain", name]), ["branded", "consent domain"], ["branded", "apps"]])(
    "%s %s shuts nobody out and fits",
    async (which = "", name = "") => {
      const tab = await tabs.newPage();
      const leads = pages[name]?.kind === "leave" && pages[name].waits !== true;
      await tab.goto(leads ? await held(name, which) : `${url}/${which}/${name}`);
      await tab.screenshot({ path: join(screenshots, `${name} ${which} ${look}.png`), fullPage: true });
      await expectNoBarriers(tab);
      await expectToFit(tab);
      await expectTargets(tab);
      await tab.close();
    },
  );
});

/** A page that leads away, without its refresh: axe has to have time to look at it. */
async function held(name: string, which: string): Promise<string> {
  const page = pages[name];
  if (!page) throw new Error(`no page ${name}`);
  const { html } = await renderPage(page, options[which]);
  const still = html.replace(/<meta http-equiv="refresh"[^>]*>/, "");
  expect(still).not.toBe(html);
  return `data:text/html;charset=utf-8,${encodeURIComponent(still)}`;
}

test("nothing has the focus, and the first key stop of the form is not Allow", async () => {
  await open("consent", {}, async (tab) => {
    expect(await tab.evaluate(() => document.activeElement?.tagName)).toBe("BODY");
    await tab.getByRole("checkbox").first().focus();
    await tab.keyboard.press("Enter");
    await expect.poll(() => posted).toContain("decision=deny");
  });
});

test("the form brings back what it carries, each scope that is left, and the decision", async () => {
  await open("consent", {}, async (tab) => {
    await tab.getByRole("checkbox", { name: "Change and delete your notes" }).uncheck();
    await tab.getByRole("button", { name: "Allow" }).click();
    await expect.poll(() => posted).not.toBe("");
    expect(posted).toBe("request=c2VhbGVk&csrf=dG9rZW4&scope=notes%3Aread&decision=allow");
  });
  posted = "";
  await open("consent domain", {}, async (tab) => {
    await tab.getByRole("button", { name: "Deny" }).click();
    await expect.poll(() => posted).toContain("decision=deny");
    expect(posted).toContain("scope=profile");
  });
});

test("a click presses nothing on Allow that comes as the page appears, or as the pointer comes to it", async () => {
  posted = "";
  await open("consent", {}, async (tab) => {
    const box = await tab.getByRole("button", { name: "Allow" }).boundingBox();
    if (!box) throw new Error("Allow is nowhere");
    const devtools = await tab.context().newCDPSession(tab);
    await devtools.send("Animation.enable");
    /** The second click of a double click in a window above: nothing has moved over this page before. */
    const click = async () => {
      const at = { x: box.x + box.width / 2, y: box.y + box.height / 2, button: "left", clickCount: 1 } as const;
      await devtools.send("Input.dispatchMouseEvent", { type: "mousePressed", ...at });
      await devtools.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...at });
    };
    const settled = () => tab.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
    const running = () =>
      tab.evaluate(() => document.getAnimations().map((animation) => (animation as CSSAnimation).animationName));
    await settled();
    // Time stands still as it were, however slow the machine is.
    await devtools.send("Animation.setPlaybackRate", { playbackRate: 0.0001 });
    await tab.reload();
    expect(await running()).toEqual(["shown"]);
    await click();
    expect(await running()).toEqual(["reached"]);
    await click();
    expect([posted, new URL(tab.url()).pathname]).toEqual(["", "/plain/consent"]);
    await devtools.send("Animation.setPlaybackRate", { playbackRate: 1 });
    await settled();
    await click();
    await expect.poll(() => posted).toContain("decision=allow");
  });
  posted = "";
});

test("Allow and Deny weigh the same", async () => {
  for (const name of ["consent", "consent domain", "consent scheme"]) {
    await open(name, {}, async (tab) => {
      const weight = async (label: string) => {
        const button = tab.getByRole("button", { name: label, exact: true });
        const box = await button.boundingBox();
        const style = await button.evaluate((element) => {
          const { color, backgroundColor, borderColor, borderWidth, fontWeight, fontSize } = getComputedStyle(element);
          return { color, backgroundColor, borderColor, borderWidth, fontWeight, fontSize };
        });
        return { width: Math.round(box?.width ?? 0), height: box?.height, ...style };
      };
      expect(await weight("Allow")).toEqual(await weight("Deny"));
    });
  }
});

test("the page says what it knows of client, destination and upstream", async () => {
  const said = async (name: string) => {
    let text = "";
    await open(name, {}, async (tab) => void (text = await tab.locator("main").innerText()));
    return text;
  };
  const self = await said("consent");
  expect(self).toContain("Allow Cursor to use Notes?");
  expect(self).toContain("Unverified This app chose its own name");
  expect(self).toContain("an app on this computer");
  expect(self).toContain("GitHub");
  expect(self).toContain("Read and change all your repositories, including private ones repo");
  expect(self).toContain("Access expires after 30 days without use, and after 90 days at the latest.");
  const domain = await said("consent domain");
  expect(domain).toContain("claude.ai This app is published by this website.");
  expect(domain).toContain("Afterwards you are sent back to claude.ai.");
  expect(domain).toContain("You are signed in as octocat. Use another account");
  const scheme = await said("consent scheme");
  expect(scheme).toContain("the app on this device that opens cursor: links. Any app here could pretend to be Cursor");
  expect(scheme).toContain("Cursor will be able to use the tools of this server.");
  const again = await said("consent remembered");
  expect(again).toContain("Continue to Cursor on this computer");
  expect(again).toContain("You have allowed this before.");
});

test("a page that leads away goes there by itself, and works without that", async () => {
  const context = await browser.newContext();
  const tab = await context.newPage();
  const gone = new Promise<string>((resolve) => {
    tab.on("request", (request) => request.url().startsWith(new URL(AWAY).origin) && resolve(request.url()));
  });
  await tab.goto(`${url}/plain/leave denied`).catch(() => undefined);
  expect(await gone).toBe(AWAY);
  await context.close();
  const { html } = await renderPage(pages["leave denied"] ?? { kind: "error" });
  expect(html).toContain(`href="${AWAY.replaceAll("&", "&#38;")}"`);
  expect(html).toContain("Denied. Returning to");
});

test("a page that waits goes nowhere by itself, and names where its link leads", async () => {
  for (const name of ["leave denied waits", "leave failed waits"]) {
    await open(name, {}, async (tab) => {
      expect(await tab.locator("meta[http-equiv=refresh]").count()).toBe(0);
      expect(await tab.locator("a.go").getAttribute("href")).toBe(AWAY);
      expect(await tab.locator("main").innerText()).toMatch(/claude\.ai|this computer/);
    });
  }
});

test("the policy holds: this style, no script, no frame, forms to this server only", async () => {
  for (const name of Object.keys(options)) {
    const { csp } = await renderPage(pages.consent ?? { kind: "error" }, options[name]);
    expect(csp).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+='; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    );
  }
  const remote = await renderPage({ kind: "error" }, { brand: { logo: "https://cdn.example/logo.svg" } });
  expect(remote.csp).toContain("img-src data: https://cdn.example;");
});

test("the reader's language is chosen among those there are", async () => {
  const languages = { de: { allow: "Erlauben", deny: "Ablehnen" } };
  const shown = async (header: string | null) => {
    const { html } = await renderPage(pages.consent ?? { kind: "error" }, { languages }, header);
    return [
      /lang="(.*?)"/.exec(html)?.[1],
      html.includes("Erlauben"),
      html.includes("unverified") || html.includes("Unverified"),
    ];
  };
  expect(await shown("de-CH,de;q=0.9,en;q=0.8")).toEqual(["de", true, true]);
  expect(await shown("en-GB,en;q=0.9,de;q=0.8")).toEqual(["en", false, true]);
  expect(await shown("fr")).toEqual(["en", false, true]);
  expect(await shown("en;q=0.1, de;q=0.2")).toEqual(["de", true, true]);
  for (const odd of [null, "", "*", ";;;,,", "de;q=0", "a".repeat(5000)]) expect((await shown(odd))[0]).toBe("en");
});
