/**
 * Callers inside and rebound pages, over real connections: a Worker that calls another has no browser behind it, and a page
 * whose name leads to this machine gets nowhere (docs/decisions/0014-origins.md).
 */
import { beforeAll, describe, expect, test } from "vitest";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { ask, said } from "./lib/ask.ts";

let worker: Running;

beforeAll(async () => {
  worker = await start(at("tests/sockets/mcp/internal/wrangler.toml"));
  return () => worker.stop();
});

const CALL = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "add" } });
const post = (path: string, headers: [string, string][] = []) =>
  ask(worker.port, { path, headers: [["content-type", "application/json"], ...headers], body: CALL });

describe("a Worker calls by a binding", () => {
  const names = ["http://mcp", "http://internal", "http://mcp.internal:8787", "http://example.com", "https://mcp"];
  test.each(names.flatMap((name) => [`${name}/mcp`, `${name}/agent`, `${name}/mcp/`]))("%s", async (to) => {
    expect(said(await post(`/call?to=${to}`))).toBe("200 42");
    // What a program has sent, and a page on this machine.
    expect(said(await post(`/pass-on?to=${to}`))).toBe("200 42");
    expect(said(await post(`/pass-on?to=${to}`, [["origin", "http://localhost:6274"]]))).toBe("200 42");
  });

  test("what a page has sent is still the page's", async () => {
    for (const to of ["http://mcp/mcp", "http://example.com/agent"]) {
      for (const headers of [
        [["origin", "https://evil.example"]],
        [["host", "evil.example:8787"]],
        [
          ["host", "evil.example:8787"],
          ["origin", "http://evil.example:8787"],
        ],
      ] as [string, string][][]) {
        expect(said(await post(`/pass-on?to=${to}`, headers))).toMatch(/^403 -32600 /);
      }
    }
  });
});

describe.each(["/mcp", "/agent", "/sse", "/sse/message?sessionId=x"])("a rebound page at %s", (path) => {
  const host: [string, string] = ["host", "evil.example:8787"];
  const claims: [string, string][] = [
    ["cf-connecting-ip", "203.0.113.7"],
    ["mf-original-hostname", "localhost"],
    ["sec-fetch-site", "same-origin"],
  ];
  const own: [string, string] = ["origin", "http://evil.example:8787"];

  test("of today posts with its origin, whatever it claims", async () => {
    const all: [string, string][][] = [[], ...claims.map((claim) => [claim]), claims];
    for (const more of all) {
      for (const origin of [own, ["origin", "null"] as [string, string]]) {
        expect(said(await post(path, [host, origin, ...more]))).toMatch(/^403 -32600 /);
      }
      const preflight = await ask(worker.port, {
        method: "OPTIONS",
        path,
        headers: [host, own, ["access-control-request-method", "POST"], ...more],
      });
      expect([preflight.status, preflight.headers["access-control-allow-origin"]]).toEqual([403, undefined]);
    }
  });

  test("gets and posts without an origin, as old browsers do", async () => {
    const browser: [string, string] = ["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:68.0)"];
    for (const more of [[], [browser]]) {
      expect(said(await post(path, [host, ...more]))).toMatch(/^403 -32600 /);
      const got = await ask(worker.port, { method: "GET", path, headers: [host, ...more] });
      expect(got.status).toBe(403);
    }
  });
});
