// `npm run screenshots`: pictures of every page for docs/pages.md, of the served example, in light and dark.

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { ensureBrowser } from "./lib/browser.mjs";
import { at } from "./lib/paths.mjs";
import { Failure, runAsScript } from "./lib/step.mjs";

const FOLDER = "docs/images/pages";
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-lcd-text --hide-scrollbars";

/** The program on this computer to which the answers go. */
async function listen() {
  const server = createServer((_, response) => response.end("Done."));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return { redirect: `http://127.0.0.1:${server.address().port}/callback`, stop: () => server.close() };
}

/** Serves the example; resolves with its URL and how to stop it. */
async function serve() {
  const child = spawn(process.execPath, [at("scripts/serve.mjs"), "oauth-github", "--port", "8787"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Failure("The example does not start: is something else on port 8787?")));
    child.stdout.on("data", (chunk) => {
      const ready = /^ready (\S+)$/m.exec(String(chunk))?.[1];
      if (ready) resolve(ready);
    });
  });
  return { url, stop: () => child.kill("SIGTERM") };
}

/** The link with which a client begins. */
async function linkOf(url, redirect) {
  const registered = await fetch(`${url}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Cursor", redirect_uris: [redirect], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = await registered.json();
  const params = {
    response_type: "code",
    client_id,
    redirect_uri: redirect,
    state: "x",
    // RFC 7636, appendix B.
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  };
  return `${url}/authorize?${new URLSearchParams(params)}`;
}

/** What the client does with its code, so that it is connected. */
async function redeem(url, link, code) {
  const { searchParams } = new URL(link);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    client_id: searchParams.get("client_id") ?? "",
    code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  });
  const { status } = await fetch(`${url}/token`, { method: "POST", body });
  if (status !== 200) throw new Failure(`The client gets no tokens: ${status}.`);
}

/** Goes through every page as a person does, and takes its picture. */
async function pictures(browser, url, redirect, look) {
  const context = await browser.newContext({ colorScheme: look, viewport: { width: 520, height: 400 } });
  const page = await context.newPage();
  const take = async (name) => page.screenshot({ path: at(FOLDER, `${name}-${look}.png`), fullPage: true });
  const link = await linkOf(url, redirect);
  await page.goto(link);
  await take("consent");
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("heading", { name: "Development sign-in" }).waitFor();
  await take("development");
  await page.getByRole("link", { name: "Ada Lovelace" }).click();
  await page.getByText("Done.").waitFor();
  await redeem(url, link, new URL(page.url()).searchParams.get("code") ?? "");
  await page.goto(link);
  await take("one-click");
  // The page on the way is over in a moment, so it is kept from going on.
  await page.route(`${url}/authorize`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/<meta http-equiv="refresh"[^>]*>/, "");
    await route.fulfill({ response, body });
  });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("heading", { name: "Denied" }).waitFor();
  await take("leave");
  await page.goto(`${url}/connected`);
  await take("connected");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with GitHub" }).waitFor();
  await take("sign-in");
  await page.goto(`${url}/authorize?client_id=c_${"x".repeat(32)}`);
  await take("recovery");
  await page.goto(`${url}/callback?state=AAAAAAAAAAAAAAAAAAAAAA`);
  await take("error");
  await context.close();
}

await runAsScript(import.meta.url, async () => {
  mkdirSync(at(FOLDER), { recursive: true });
  const executablePath = await ensureBrowser();
  const server = await serve();
  const client = await listen();
  try {
    const browser = await chromium.launch({ executablePath, args: FLAGS.split(" ") });
    for (const look of ["light", "dark"]) await pictures(browser, server.url, client.redirect, look);
    await browser.close();
  } finally {
    server.stop();
    client.stop();
  }
  console.log(`Pictures are in ${FOLDER}; docs/pages.md shows them.`);
});
