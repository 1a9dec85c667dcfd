/** Rate limits: what is beyond them gets 429 with the seconds to wait, and nothing is kept of it. */
import { clock } from "mcp-wicket/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { calls } from "./app/slow.ts";
import { MyMCP } from "./app/worker.ts";
import * as lib from "./lib/client.ts";

const SITE = "https://limits.example.com";
const from = (peer: string): RequestInit => ({ headers: { "cf-connecting-ip": peer } });

/** Counts are by the minute: each test has ten seconds of one behind it. */
beforeEach(() => clock.set(Math.ceil(Date.now() / MINUTE) * MINUTE + 10_000));
afterEach(() => clock.reset());
const MINUTE = 60_000;

/** `Retry-After` is what is left of the minute. */
function expectWait(response: Response): void {
  const left = 60 - (clock.now().getTime() % MINUTE) / 1000;
  const seconds = Number(response.headers.get("retry-after"));
  // The clock goes on while a test runs, and the seconds that were said are at least those that are left.
  expect(seconds).toBeGreaterThanOrEqual(left);
  expect(seconds).toBeLessThanOrEqual(50);
}

test("tokens: exactly as many as the limit, counted in the object that decides them", async () => {
  const { client, tokens } = await lib.signIn({ site: SITE, user: "busy" });
  let { refresh_token } = tokens;
  for (let times = 1; times < 5; times++) {
    calls.asked = [];
    const answer = await lib.refresh(client, refresh_token, {}, SITE);
    expect([answer.status, calls.asked]).toEqual([200, ["subject refresh"]]);
    ({ refresh_token } = await answer.json<lib.Tokens>());
  }
  calls.asked = [];
  const limited = await lib.refresh(client, refresh_token, {}, SITE);
  expect(limited.status).toBe(429);
  expect(calls.asked).toEqual(["subject refresh"]);
  expectWait(limited);
  expect(limited.headers.get("cache-control")).toBe("no-store");
  expect(await limited.json()).toEqual({
    error: "slow_down",
    error_description: "Too many requests. Wait for the number of seconds in Retry-After, then try again.",
  });
  // Somebody else, and another client of the same person, are not in the way.
  expect((await lib.signIn({ site: SITE, user: "calm" })).tokens.scope).toBe("read write");
  const other = await lib.register({ client_name: "Other" }, SITE);
  expect((await lib.redeem(other, await lib.code(other, { site: SITE, user: "busy" }), {}, SITE)).status).toBe(200);
});

test("authorization requests: by client and network", async () => {
  const client = await lib.register({ client_name: "Many" }, SITE);
  const { params } = await lib.asking(client);
  const ask = (peer: string, query = params) => lib.send(lib.authorizeUrl(query, SITE), from(peer));
  for (let times = 0; times < 5; times++) expect((await ask("192.0.2.9")).status).toBe(200);
  const busy = await ask("192.0.2.9");
  expect(busy.status).toBe(429);
  expectWait(busy);
  expect(await busy.text()).toContain("Too many requests came in a short time");
  expect((await ask("192.0.2.10")).status).toBe(200);
  const other = await lib.register({ client_name: "Few" }, SITE);
  expect((await ask("192.0.2.9", (await lib.asking(other)).params)).status).toBe(200);
});

test("registrations: new ones only, and none is kept beyond the limit", async () => {
  const register = (client_name: string) =>
    lib.send(`${SITE}/register`, {
      ...lib.json({ client_name, redirect_uris: ["https://many.example/cb"], token_endpoint_auth_method: "none" }),
      headers: { "content-type": "application/json", "cf-connecting-ip": "198.51.100.7" },
    });
  for (const name of ["One", "Two"]) expect((await register(name)).status).toBe(201);
  const limited = await register("Three");
  expect(limited.status).toBe(429);
  expectWait(limited);
  expect(await limited.json()).toMatchObject({ error: "slow_down" });
  expect((await register("One")).status).toBe(201);
});

test("revocations: by client and network, and the list is told once", async () => {
  const { client, tokens } = await lib.signIn({ site: SITE, user: "revoker" });
  const revoke = (peer: string) =>
    lib.send(`${SITE}/revoke`, {
      ...lib.form({ client_id: client.client_id, token: tokens.refresh_token }),
      headers: { "content-type": "application/x-www-form-urlencoded", "cf-connecting-ip": peer },
    });
  const asked = vi.spyOn(MyMCP.prototype, "wicketAsk");
  // That it has been told, the object learns behind the answer.
  const calls = () => asked.mock.calls.splice(0).flatMap(([, call]) => (call === "delivered" ? [] : [call]));
  try {
    expect([(await revoke("192.0.2.20")).status, calls()]).toEqual([200, ["revoke", "append"]]);
    for (let times = 1; times < 5; times++) {
      expect([(await revoke("192.0.2.20")).status, calls()]).toEqual([200, ["revoke"]]);
    }
    const limited = await revoke("192.0.2.20");
    expect([limited.status, calls()]).toEqual([429, []]);
    expectWait(limited);
    expect((await revoke("192.0.2.21")).status).toBe(200);
    // A refresh of what has ended is told to nobody again, either.
    calls();
    expect((await lib.refresh(client, tokens.refresh_token, {}, SITE)).status).toBe(400);
    expect(calls()).not.toContain("append");
  } finally {
    asked.mockRestore();
  }
});

test("callbacks: by sign-in, before any object is asked", async () => {
  const client = await lib.register({ client_name: "Back" }, SITE);
  const browser = new lib.Browser("ann");
  const callback = await lib.allow(browser, lib.authorizeUrl((await lib.asking(client)).params, SITE), undefined, SITE);
  const stranger = new lib.Browser("eve");
  for (const [name] of browser.cookies) stranger.cookies.set(name, lib.random().slice(0, 22));
  expect((await stranger.go(callback)).status).toBe(403);
  expect((await stranger.go(callback)).status).toBe(403);
  calls.asked = [];
  const limited = await stranger.go(callback);
  expect([limited.status, calls.asked]).toEqual([429, []]);
  expectWait(limited);
});

test("a rate limiter of the runtime's is asked beside", async () => {
  const site = "https://flood.example.com";
  const client = await lib.register({ client_name: "Flood" }, site);
  const { params } = await lib.asking(client);
  expect((await lib.send(lib.authorizeUrl(params, site), from("192.0.2.9"))).status).toBe(429);
});

test("limits that cannot be are refused where the server is made", async () => {
  const { OAuthProvider } = await import("mcp-wicket/oauth");
  const make = (token: number) =>
    new OAuthProvider({
      apiHandlers: { "/mcp": { fetch: () => Promise.resolve(new Response()) } },
      defaultHandler: { identify: () => null },
      objects: "MyMCP",
      limits: { token },
    });
  for (const token of [0, -1, 1.5]) expect(() => make(token)).toThrow("limits.token must be a positive whole number");
  expect(() => make(1)).not.toThrow();
});
