/** Functions of the app's that never end: `identify`, `rateLimiter`, `audit`. */
import { expect, test, vi } from "vitest";
import * as lib from "./lib/client.ts";

const site = "https://late.example.com";

test("identify that never ends sends the browser to the client with temporarily_unavailable; others sign in", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const client = await lib.register({}, site);
  const browser = new lib.Browser("late");
  const { params } = await lib.asking(client);
  const callback = await lib.allow(browser, lib.authorizeUrl(params, site), undefined, site);
  const [answer, other] = await Promise.all([lib.arrive(browser, callback), lib.signIn({ site, user: "ann" })]);
  expect(answer.searchParams.get("error")).toBe("temporarily_unavailable");
  expect(answer.searchParams.get("error_description"), "whose fault it is").toMatch(/^This server took too long/);
  expect(answer.searchParams.get("code")).toBeNull();
  const log = error.mock.calls.flat().map(String).join("\n");
  expect(log).toContain("identify of defaultHandler timed out after 0.2 s");
  // Neither of these is the reason for an error.
  expect(log).toContain("limit of the rateLimiter timed out after 0.2 s");
  expect((await lib.whoami(other.tokens.access_token, site)).status).toBe(200);
  const lines = warn.mock.calls.map(([line]) => JSON.parse(String(line)) as { path: string });
  expect(lines.filter(({ path }) => path === "/callback")).toMatchObject([
    { code: "temporarily_unavailable", reason: "the function `identify` timed out" },
  ]);
  warn.mockRestore();
  error.mockRestore();
});

test("an audit that is required and never ends is 503, each time: nothing is given without a record", async () => {
  const required = "https://late-audit.example.com";
  const { client, tokens } = await lib.signIn({ site: required });
  for (let time = 0; time < 2; time++) {
    const response = await lib.refresh(client, tokens.refresh_token, {}, required);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    await response.text();
  }
});
