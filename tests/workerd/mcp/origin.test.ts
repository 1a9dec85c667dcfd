/** Which web pages may use a server, and under which name a server on loopback answers (src/http/origin.rs, cors.rs). */
import { describe, expect, test } from "vitest";
import { LEGACY, initialize, modern } from "../../harness/messages.ts";
import { HOST, serverOf, worker } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const url = `${HOST}/plain`;
const WANTED = "content-type, authorization, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name";

const preflight = (to: string, origin: string, headers: Record<string, string> = {}) =>
  worker(
    new Request(to, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": WANTED,
        ...headers,
      },
    }),
  );
const request = (to: string, origin?: string, headers: Record<string, string> = {}) =>
  worker(modern(to, "tools/list", {}, { headers: { ...(origin !== undefined && { origin }), ...headers } }));

describe("a page may use the server", () => {
  const allowed = [
    HOST,
    "https://claude.ai",
    "https://claude.com",
    "https://chatgpt.com",
    "app://obsidian.md",
    "tauri://localhost",
    "capacitor://localhost",
    "vscode-webview://0p1n8u2s5g4",
    "http://localhost:6274",
    "http://localhost",
    "https://localhost:8443",
    "http://127.0.0.1:6274",
    "http://127.8.9.10",
    "http://[::1]:6274",
  ];

  test.each(allowed)("of %s", async (origin) => {
    const asked = await preflight(url, origin);
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-methods")).toBe("GET, POST, DELETE");
    expect(asked.headers.get("access-control-allow-headers")).toBe(WANTED);
    expect(asked.headers.get("access-control-max-age")).toBe("86400");
    const answered = await request(url, origin);
    expect(answered.status).toBe(200);
    for (const { headers } of [asked, answered]) {
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("vary")).toBe("Origin");
      expect(headers.get("access-control-allow-credentials")).toBeNull();
      const exposed = headers.get("access-control-expose-headers")?.split(", ");
      expect(exposed).toEqual(expect.arrayContaining(["WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version"]));
    }
  });

  test("of an origin that is configured, at the endpoint that has it", async () => {
    const origin = "https://app.example.com";
    expect((await request(`${HOST}/plain-open`, origin)).status).toBe(200);
    expect((await preflight(`${HOST}/plain-open`, origin)).status).toBe(204);
    expect((await request(url, origin)).status).toBe(403);
  });
});

describe("a page may not use the server", () => {
  const foreign = [
    "https://evil.example",
    "http://mcp.example.com",
    `${HOST}:8443`,
    `${HOST}.evil.example`,
    "https://claude.ai.evil.example",
    "http://claude.ai",
    "https://evil-claude.ai",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost:6274@evil.example",
    "http://localhost:",
    "chrome-extension://localhost",
    "null",
    "HTTPS://CLAUDE.AI",
  ];

  test.each(foreign)("of %j", async (origin) => {
    const [asked, answered] = [await preflight(url, origin), await request(url, origin)];
    for (const { status, headers } of [asked, answered]) {
      expect(status).toBe(403);
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("vary")).toBe("Origin");
    }
    expect(await answered.json()).toMatchObject({
      error: { code: -32600, message: "This origin is not allowed. If it should be, add it to `allowedOrigins`." },
    });
  });
});

test("a program, which names no origin, may", async () => {
  const response = await request(url);
  expect(response.status).toBe(200);
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
  expect(response.headers.get("vary")).toBe("Origin");
});

test("a page may send what its user has given it, but not what the edge says of a request", async () => {
  const wanted = {
    "access-control-request-headers": "content-type, X-API-Key, Mcp-Param-Region, x-<y>, CF-Connecting-IP",
  };
  const { headers } = await preflight(url, "https://claude.ai", wanted);
  expect(headers.get("access-control-allow-headers")).toBe("content-type, x-api-key, mcp-param-region");
});

test('`allowedOrigins: "*"` is an explicit yes to every page, without credentials', async () => {
  for (const allowedOrigins of ["*", ["*"]] as const) {
    const server = serverOf(() => {}, { allowedOrigins });
    for (const origin of ["https://evil.example", "null"]) {
      const response = await server(modern(`${HOST}/mcp`, "ping", {}, { headers: { origin } }));
      expect(response.status).not.toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    }
  }
});

/** A request that has come over a connection, where the client has called the server by the name in the URL. */
const sent = (to: string, origin?: string, headers: Record<string, string> = {}) =>
  request(to, origin, { host: new URL(to).host, ...headers });

describe("what has come over no connection was sent by no browser", () => {
  test.each(["http://mcp/mcp", "http://mcp.internal:8787/mcp", "http://example.com/mcp", "http://x.workers.dev/mcp"])(
    "%s",
    async (to) => {
      const server = serverOf((server) => void server.registerTool("a", {}, () => ({ content: [] })));
      const ask = (headers: Record<string, string>) => server(modern(to, "tools/list", {}, { headers }));
      expect((await ask({})).status).toBe(200);
      // A Worker that passes on a page's request passes on whose it is.
      expect((await ask({ origin: "https://evil.example" })).status).toBe(403);
      expect((await ask({ origin: "http://evil.example:8787", host: "evil.example:8787" })).status).toBe(403);
      expect((await ask({ host: "evil.example:8787" })).status).toBe(403);
    },
  );
});

describe("a server on loopback", () => {
  const edge = { "cf-connecting-ip": "203.0.113.7" };

  test.each(["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"])("answers as %s", async (host) => {
    expect((await sent(`${host}/plain`)).status).toBe(200);
    expect((await sent(`${host}/plain`, host)).status).toBe(200);
  });

  test.each(["http://evil.example:8787", "http://localhost.evil.example:8787", "http://192.168.1.2.evil.example"])(
    "does not answer as %s, not even to its own pages",
    async (host) => {
      const response = await sent(`${host}/plain`, host);
      expect(response.status).toBe(403);
      expect(response.headers.get("vary")).toBe("Origin");
      expect(await response.text()).toContain("Call it as localhost");
      expect((await preflight(`${host}/plain`, host, { host: new URL(host).host })).status).toBe(403);
    },
  );

  test.each(["http://mcp:8787", "http://host.docker.internal:8787", "http://192.168.1.2:8787"])(
    "answers as %s, which no page of the web can be called",
    async (host) => {
      expect((await sent(`${host}/plain`)).status).toBe(200);
      expect((await sent(`${host}/plain`, host)).status).toBe(403);
    },
  );

  test("behind wrangler dev with routes answers to programs, and to no rebound page", async () => {
    const to = "http://mcp.example.com/plain";
    const dev = { "mf-original-hostname": "mcp.example.com", "cf-connecting-ip": "127.0.0.1" };
    expect((await sent(to, undefined, dev)).status).toBe(200);
    expect((await sent(to, "http://localhost:6274", dev)).status).toBe(200);
    expect((await sent(to, "http://mcp.example.com", dev)).status).toBe(403);
    expect((await sent(to, undefined, { ...dev, "user-agent": "Mozilla/5.0 (X11)" })).status).toBe(403);
  });

  test("is not what Cloudflare's edge is in front of; pages of plain http are foreign there, too", async () => {
    const plain = "http://mcp.example.com";
    expect((await sent(`${plain}/plain`, undefined, edge)).status).toBe(200);
    expect((await sent(`${plain}/plain`, "https://claude.ai", edge)).status).toBe(200);
    expect((await sent(`${plain}/plain`, plain, edge)).status).toBe(403);
  });

  test("cannot be told otherwise by what it let through before", async () => {
    const site = "http://mcp.example.com";
    const statuses: number[] = [];
    for (const peer of ["203.0.113.7", "127.0.0.1", "203.0.113.7", "::1"]) {
      statuses.push((await sent(`${site}/plain`, undefined, { "cf-connecting-ip": peer })).status);
    }
    expect(statuses).toEqual([200, 403, 200, 403]);
    expect((await sent(`${site}/plain`)).status).toBe(403);
  });
});

test("Vary: Origin is on every kind of answer", async () => {
  const origin = "https://claude.ai";
  const kinds: Record<string, () => Promise<Response>> = {
    result: () => request(url, origin),
    "result of an object": () => request(`${HOST}/placed`, origin),
    session: () => worker(initialize(url, { headers: { origin } })),
    "unknown session": () => worker(initialize(url, { headers: { origin, "mcp-session-id": "x" } })),
    "method not allowed": () => worker(new Request(url, { headers: { origin } })),
    "method not allowed by an object": () => worker(new Request(`${HOST}/placed`, { headers: { origin } })),
    "no JSON": () => worker(new Request(url, { method: "POST", body: "{", headers: { origin } })),
    "no object": () => request(`${HOST}/homeless`, origin),
    stream: () => worker(new Request(`${HOST}/plain-sse`, { headers: { origin } })),
    "unknown stream": () =>
      worker(
        initialize(`${HOST}/plain-sse/message?sessionId=x`, { headers: { origin, "mcp-protocol-version": LEGACY } }),
      ),
  };
  await logOf(async () => {
    for (const [kind, answer] of Object.entries(kinds)) {
      const { headers, body } = await answer();
      expect([kind, headers.get("vary")]).toEqual([kind, "Origin"]);
      expect([kind, headers.get("access-control-allow-origin")]).toEqual([kind, origin]);
      await body?.cancel();
    }
  });
});
