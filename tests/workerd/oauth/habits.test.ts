/** What clients and pages do around a sign-in that is no part of it. */
import { expect, test } from "vitest";
import * as lib from "./lib/client.ts";

test("a client that fetches the authorization page itself before it opens the browser (fastmcp) spends nothing", async () => {
  const client = await lib.register();
  const { params, verifier } = await lib.asking(client);
  const url = lib.authorizeUrl(params);
  for (const method of ["GET", "HEAD", "GET"]) {
    // Without a browser's headers, cookies or person; what it is given it throws away.
    const looked = await lib.send(url, { method, headers: { accept: "*/*", "user-agent": "python-httpx/0.28.1" } });
    expect([method, [200, 302].includes(looked.status)]).toEqual([method, true]);
    await looked.text();
  }
  const browser = new lib.Browser("ann");
  const answer = await lib.arrive(browser, await lib.allow(browser, url));
  const tokens = await lib.redeem(client, { code: answer.searchParams.get("code") ?? "", verifier });
  expect(tokens.status).toBe(200);
});

/** The site with a handler of the app's own. */
const OWN = "https://own.example.com";
const siteOf = (path: string) => (path.startsWith("/api") ? OWN : lib.SITE);

const PREFLIGHT = {
  "access-control-request-method": "POST",
  "access-control-request-headers": "authorization, mcp-protocol-version",
};

test.each(["https://claude.com", "app://obsidian.md", "null"])(
  "a page of %s may register, ask for tokens and read the challenge",
  async (origin) => {
    for (const path of [
      "/register",
      "/token",
      "/.well-known/oauth-authorization-server",
      "/.well-known/oauth-protected-resource/mcp",
      "/mcp",
      "/mcp/",
      "/api",
      "/api/below",
    ]) {
      const preflight = await lib.send(siteOf(path) + path, { method: "OPTIONS", headers: { origin, ...PREFLIGHT } });
      expect([path, preflight.status]).toEqual([path, 204]);
      const allowed = preflight.headers.get("access-control-allow-origin");
      expect([path, [origin, "*"].includes(allowed ?? "")]).toEqual([path, true]);
      expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
      expect(preflight.headers.get("access-control-allow-headers")).toContain("mcp-protocol-version");
      expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    }
    for (const path of ["/mcp", "/mcp/", "/api"]) {
      const refused = await lib.send(siteOf(path) + path, { ...lib.json({}), headers: { origin } });
      expect([path, refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([path, 401, origin]);
      expect(refused.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
      expect(refused.headers.get("www-authenticate")).toContain("resource_metadata=");
    }
  },
);

test("a page reads what the app's own handler answers", async () => {
  const client = await lib.register({}, OWN);
  const got = await lib.code(client, { site: OWN });
  const { access_token }: lib.Tokens = await (await lib.redeem(client, got, {}, OWN)).json();
  const headers = { authorization: `Bearer ${access_token}`, origin: "https://app.example" };
  const answered = await lib.send(`${OWN}/api`, { headers });
  expect(answered.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(await answered.json()).toMatchObject({ login: "ann" });
});

test("somebody who opens the endpoint in a browser sees how to connect", async () => {
  const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  for (const path of ["/mcp", "/mcp/"]) {
    const response = await lib.send(lib.SITE + path, { headers: { accept } });
    expect([response.status, response.headers.get("content-type")]).toEqual([401, "text/html; charset=utf-8"]);
    expect(response.headers.get("www-authenticate")).toContain("resource_metadata=");
    expect(await response.text()).toContain("“OAuth”");
  }
});
