/** The Inspector's web pages, in Chromium: version 2, whose server connects; version 1, which connects itself or by its proxy. */
import type { Locator, Page } from "playwright-core";
import { launch } from "../../../browser/lib/browser.ts";
import { at } from "../../../harness/paths.ts";
import type { Person } from "../person.ts";
import { Home, end, program } from "../program.ts";
import { freePort } from "../../../harness/port.ts";
import type { Site, Visited, Visitor } from "../visits.ts";

interface Served {
  command: string[];
  env: Record<string, string>;
  url: string;
}

/** Serves the Inspector, opens its page and lets `use` look at it. */
async function onPage({ command, env, url }: Served, { person }: Site, use: (page: Page) => Promise<Visited>) {
  const home = new Home();
  const child = home.start(process.execPath, command, { MCP_AUTO_OPEN_ENABLED: "false", ...env });
  let said = "";
  const up = new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("up and running")) resolve();
    });
    child.once("exit", () => reject(new Error(`the Inspector has ended: ${said}`)));
  });
  const gone = new Promise((resolve) => child.once("close", resolve));
  const browser = await launch();
  try {
    await up;
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    if (person) await throughProvider(page, person);
    await page.goto(url);
    return await use(page);
  } finally {
    await browser.close();
    end(child);
    await gone;
    home.remove();
  }
}

/** The provider's pages come from where the person finds them. */
async function throughProvider(page: Page, { find, host }: Person): Promise<void> {
  await page.context().route(`https://${host}/**`, async (route) => {
    const response = await find(route.request().url());
    const headers = Object.fromEntries(response.headers);
    await route.fulfill({ status: response.status, headers, body: await response.text() });
  });
}

/** Allows the client and signs in; comes back when `done` is there. */
async function signIn(page: Page, { link }: Person, done: Locator): Promise<void> {
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("link", { name: link }).click();
  await done.waitFor();
}

export interface Way {
  transport: "streamable-http" | "sse";
  connection: "proxy" | "direct";
}

const VERSION_1 = program("@modelcontextprotocol/inspector/cli/build/cli.js");

/** Version 1 remembers in the page's storage what people have chosen; so it is told. */
async function version1({ transport, connection }: Way, site: Site): Promise<Visited> {
  const [client, proxy] = [await freePort(), await freePort()];
  const env = { CLIENT_PORT: String(client), SERVER_PORT: String(proxy), DANGEROUSLY_OMIT_AUTH: "true" };
  const served = { command: [VERSION_1], env, url: `http://localhost:${client}/` };
  return onPage(served, site, async (page) => {
    const chosen: Record<string, string> = {
      lastSseUrl: site.url,
      lastTransportType: transport,
      lastConnectionType: connection,
      inspectorConfig_v1: JSON.stringify({ MCP_PROXY_FULL_ADDRESS: { value: `http://localhost:${proxy}` } }),
    };
    if (site.key) {
      const header = { name: "Authorization", value: `Bearer ${site.key}`, enabled: true };
      chosen.lastCustomHeaders = JSON.stringify([header]);
    }
    await page.evaluate(
      (items) => Object.entries(items).forEach(([name, value]) => localStorage.setItem(name, value)),
      chosen,
    );
    await page.reload();
    const connected = page.getByRole("button", { name: "Disconnect" });
    const connect = page.getByRole("button", { name: "Connect", exact: true });
    await connect.click();
    if (site.person) {
      await signIn(page, site.person, connected.or(connect));
      // Back from the sign-in, the page connects by itself; where it is slow to, people press the button.
      await connected.waitFor({ timeout: 20_000 }).catch(() => connect.click());
      await connected.waitFor();
    }
    await page.getByRole("button", { name: "List Tools" }).click();
    await page.getByText("Adds two numbers").click();
    const name = await page.getByRole("tabpanel").getByRole("heading", { level: 3 }).nth(1).innerText();
    await page.getByRole("spinbutton", { name: "a" }).fill("40");
    await page.getByRole("spinbutton", { name: "b" }).fill("2");
    await page.getByRole("button", { name: "Run Tool" }).click();
    await page.getByText("Tool Result:").waitFor();
    const text = await page.getByRole("tabpanel").innerText();
    return { tools: [name], answer: /[\w ]*42/.exec(text)?.[0] ?? text };
  });
}

const VERSION_2 = at("node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js");

async function version2(transport: "http" | "sse", site: Site): Promise<Visited> {
  const port = String(await freePort());
  const command = [VERSION_2, "--web", "--server-url", site.url, "--transport", transport];
  if (site.key) command.push("--header", `Authorization: Bearer ${site.key}`);
  const env = { CLIENT_PORT: port, DANGEROUSLY_OMIT_AUTH: "true" };
  return onPage({ command, env, url: `http://127.0.0.1:${port}/` }, site, async (page) => {
    const tools = page.getByRole("radiogroup").getByText("Tools", { exact: true });
    await page.getByRole("switch", { name: "Connect or disconnect" }).click({ force: true });
    if (site.person) await signIn(page, site.person, tools);
    await tools.click();
    await page.getByRole("button", { name: "add", exact: true }).click();
    await page.getByText("Adds two numbers").waitFor();
    await page.getByRole("textbox", { name: "a", exact: true }).fill("40");
    await page.getByRole("textbox", { name: "b", exact: true }).fill("2");
    await page.getByRole("button", { name: "Execute Tool" }).click();
    const answer = page.getByText(/42$/);
    await answer.first().waitFor();
    return { tools: ["add"], answer: await answer.first().innerText() };
  });
}

export const inspector1 = (way: Way): Visitor => ({
  title: `Inspector 1 page, ${way.connection}`,
  visit: (site) => version1(way, site),
});

export const inspector2 = (transport: "http" | "sse"): Visitor => ({
  title: "Inspector 2 page",
  visit: (site) => version2(transport, site),
});

export const pageVisitors: Visitor[] = [
  inspector2("http"),
  inspector1({ transport: "streamable-http", connection: "proxy" }),
  inspector1({ transport: "streamable-http", connection: "direct" }),
];
