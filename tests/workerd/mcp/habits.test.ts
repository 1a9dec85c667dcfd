/** What clients send that the answer does not depend on, and what people do who have an endpoint's URL. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import {
  APIKeyVerifier,
  JWTVerifier,
  McpServer,
  anyOf,
  cloudflareAccess,
  createMcpHandler,
  protect,
  startPage,
} from "mcp-wicket/jwt";
import { describe, expect, test } from "vitest";
import { type Message, type ToolResult, initialize, legacy, modern, post, wires } from "../../harness/messages.ts";
import { HOST, begin, messageOf, serverOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

const url = `${HOST}/mcp`;
const adder = serverOf((server) => {
  server.registerTool("add", {}, () => ({ content: [{ type: "text", text: "42" }] }));
  server.registerTool("steps", {}, async ({ progress }) => {
    await progress(1);
    return { content: [{ type: "text", text: "done" }] };
  });
});
const SECRET = "a secret of thirty-two bytes or more";
const handler = createMcpHandler(() => new McpServer({ name: "notes", title: "Notes <1>", version: "1.0.0" }));
const byToken = new JWTVerifier({ secret: SECRET, issuer: "x", audience: "y" });
const byIssuer = new JWTVerifier({ secret: SECRET, issuer: "https://issuer.example", audience: "y" });
const behind = (...given: Parameters<typeof protect>) => {
  const { fetch } = protect(...given);
  return (request: Request) => fetch(request, env, createExecutionContext());
};
const guarded = behind(byToken, handler);
const get = (to: string, headers: Record<string, string> = {}, method = "GET") => new Request(to, { method, headers });

describe("a client that takes event streams only", () => {
  const accept = "text/event-stream";

  test.each(wires)("gets its answer as a stream, on $wire", async ({ ask }) => {
    for (const [method, params, said] of [
      ["tools/call", { name: "add" }, "42"],
      ["tools/list", {}, '"add"'],
      ["resources/read", { uri: "x:unknown" }, '"error"'],
      ["nothing/at-all", {}, "-32601"],
    ] as const) {
      const asJson = await adder(ask(url, method, params));
      const response = await adder(ask(url, method, params, { headers: { accept } }));
      expect([method, response.status]).toEqual([method, asJson.status]);
      expect(response.headers.get("content-type")).toBe(accept);
      const reader = new EventReader(response);
      const message = await reader.message<Message>();
      expect(message).toEqual(await asJson.json());
      expect(JSON.stringify(message)).toContain(said);
      expect(await reader.next()).toBeUndefined();
    }
  });

  test.each(wires)("gets what a tool says ahead of it, each message once, on $wire", async ({ ask }) => {
    const params = { name: "steps", _meta: { progressToken: "p" } };
    const response = await adder(ask(url, "tools/call", params, { headers: { accept } }));
    const reader = new EventReader(response);
    expect(await reader.message<Message>()).toMatchObject({ method: "notifications/progress" });
    expect(await reader.message<Message>()).toMatchObject({ result: { content: [{ text: "done" }] } });
    expect(await reader.next()).toBeUndefined();
  });

  test("also where the message cannot be read", async () => {
    const response = await adder(post(url, "{", { headers: { accept } }));
    expect([response.status, response.headers.get("content-type")]).toEqual([400, accept]);
    expect((await new EventReader(response).message<Message>()).error.code).toBe(-32700);
  });

  test("and a session with its answer to initialize", async () => {
    const response = await adder(initialize(url, { headers: { accept } }));
    expect(response.headers.get("mcp-session-id")).toMatch(/./);
    expect((await new EventReader(response).message<Message>()).result.protocolVersion).toBeDefined();
  });
});

describe("a header that the answer does not depend on is not judged", () => {
  test.each(["text/html", "image/png", "text/event-stream", ""])("Accept: %s of a notification", async (accept) => {
    const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" });
    const response = await adder(post(url, body, { headers: { accept } }));
    expect([response.status, await response.text()]).toEqual([202, ""]);
    const batch = post(url, `[${body}]`, { headers: { accept, "mcp-protocol-version": "2025-03-26" } });
    expect((await adder(batch)).status).toBe(202);
  });

  test("Accept: text/html of a request, which is answered with JSON, is", async () => {
    expect((await adder(legacy(url, "ping", {}, { headers: { accept: "text/html" } }))).status).toBe(406);
  });

  const names = [
    "application/json;charset=UTF-8",
    'Application/JSON ; charset="utf-8"; v=1',
    "application/json, application/json",
    "application/json-rpc",
    "application/vnd.api+json",
  ];
  test.each(names)("Content-Type: %s is JSON", async (type) => {
    expect((await adder(legacy(url, "ping", {}, { headers: { "content-type": type } }))).status).toBe(200);
  });

  test("no Content-Type is JSON, but not from a page: that is a request without preflight", async () => {
    const ask = (headers: Record<string, string>) => {
      const { body } = legacy(url, "ping");
      return adder(new Request(url, { method: "POST", body, headers }));
    };
    expect((await ask({})).status).toBe(200);
    expect((await ask({ origin: "https://claude.ai" })).status).toBe(415);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]) {
      expect((await ask({ "content-type": type })).status).toBe(415);
    }
  });

  test.each(["/plain-sse", "/placed-sse"])("Accept and revision of a message of HTTP+SSE at %s", async (path) => {
    const opened = await worker(get(HOST + path, { accept: "text/event-stream" }));
    const stream = new EventReader(opened);
    const messages = new URL((await stream.next())?.data ?? "", HOST).href;
    for (const [id, accept] of ["text/event-stream", "text/html", "application/json", "image/png"].entries()) {
      // The Inspector names what it takes on its stream; others what they take anywhere.
      const sent = { id, revision: null, headers: { accept, "mcp-protocol-version": "1999-01-01" } };
      const accepted = await worker(legacy(messages, "ping", {}, sent));
      expect([accept, accepted.status, await accepted.text()]).toEqual([accept, 202, ""]);
      expect((await stream.message<Message>()).id).toBe(id);
    }
    await stream.close();
  });

  test("Accept of a GET whose answer is a stream", async () => {
    const session = await begin(worker, `${HOST}/plain`);
    const open = (headers: Record<string, string>) =>
      worker(get(`${HOST}/plain`, { "mcp-session-id": session, ...headers }));
    for (const accept of [undefined, "*/*", "text/*", "text/event-stream"]) {
      const response = await open(accept === undefined ? {} : { accept });
      expect([accept, response.status, response.headers.get("content-type")]).toEqual([
        accept,
        200,
        "text/event-stream",
      ]);
      await response.body?.cancel();
    }
    expect((await open({ accept: "application/json" })).status).toBe(406);
  });

  test("a session that is gone, of who begins a new one", async () => {
    const response = await adder(initialize(url, { headers: { "mcp-session-id": "gone" } }));
    expect([response.status, response.headers.get("mcp-session-id") !== "gone"]).toEqual([200, true]);
  });
});

describe("clients that look whether there is a sign-in", () => {
  const habits: [string, string, Record<string, string>][] = [
    ["GET", "Codex", { "mcp-protocol-version": "2024-11-05" }],
    ["GET", "a client of its time", { accept: "text/event-stream", "mcp-protocol-version": "2025-11-25" }],
    ["HEAD", "Gemini CLI", { accept: "text/event-stream" }],
    ["HEAD", "curl", { accept: "*/*" }],
    ["DELETE", "a client that goes", { "mcp-session-id": "x" }],
  ];

  test.each(habits)("%s of %s", async (method, _, headers) => {
    const open = await adder(get(url, headers, method));
    expect([open.status, open.headers.get("allow")]).toEqual([405, expect.stringContaining("POST, OPTIONS")]);
    const closed = await guarded(get(url, headers, method));
    expect([closed.status, closed.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    const elsewhere = await behind(byIssuer, handler)(get(url, headers, method));
    const metadata = `Bearer resource_metadata="${HOST}/.well-known/oauth-protected-resource/mcp"`;
    expect(elsewhere.headers.get("www-authenticate")).toBe(metadata);
  });

  test("HEAD opens no stream", async () => {
    const session = await begin(worker, `${HOST}/plain`);
    for (const [path, headers] of [
      ["/plain", { "mcp-session-id": session }],
      ["/plain-sse", {}],
    ] as const) {
      const response = await worker(get(HOST + path, headers, "HEAD"));
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
      expect(await response.text()).toBe("");
    }
  });
});

test.each(wires)("lists that the server has not announced are empty, on $wire", async ({ ask }) => {
  for (const [method, member] of [
    ["resources/list", "resources"],
    ["resources/templates/list", "resourceTemplates"],
    ["prompts/list", "prompts"],
  ] as const) {
    const { result } = await messageOf(adder(ask(url, method)));
    expect(result[member]).toEqual([]);
  }
});

describe("a slash at the end of the path is nothing", () => {
  test("of an endpoint, and of what describes it", async () => {
    const called = await messageOf<ToolResult>(adder(modern(`${url}/`, "tools/call", { name: "add" })));
    expect(textOf(called.result)).toBe("42");
    expect((await adder(modern(`${url}//`, "tools/call", { name: "add" }))).status).toBe(404);
    const app = behind(byIssuer, handler);
    const refused = await app(modern(`${url}/`, "ping"));
    const metadata = `${HOST}/.well-known/oauth-protected-resource/mcp`;
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
      401,
      `Bearer resource_metadata="${metadata}"`,
    ]);
    for (const to of [metadata, `${metadata}/`]) {
      expect(await messageOf(app(get(to)))).toMatchObject({ resource: url });
    }
  });

  test("of a route", async () => {
    const route = createMcpHandler(() => new McpServer({ name: "a", version: "1" }), { route: "/mcp/" });
    for (const to of [url, `${url}/`]) {
      const { status } = await route(modern(to, "tools/list"), env, createExecutionContext());
      expect(status).toBe(200);
    }
  });
});

describe("behind a token pages of every origin may ask", () => {
  const origins = ["https://claude.com", "https://app.example", "app://obsidian.md", "null", "chrome-extension://abc"];

  test.each(origins)("%s: the preflight, the challenge and the answer, without credentials", async (origin) => {
    const keys = behind(anyOf(byToken, new APIKeyVerifier({ keys: () => undefined })), handler);
    for (const app of [guarded, keys]) {
      const ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, x-mine",
      };
      const preflight = await app(get(url, { origin, ...ask }, "OPTIONS"));
      expect([preflight.status, preflight.headers.get("access-control-allow-headers")]).toEqual([
        204,
        "authorization, x-mine",
      ]);
      const refused = await app(modern(url, "ping", {}, { headers: { origin } }));
      expect(refused.status).toBe(401);
      for (const { headers } of [preflight, refused]) {
        expect(headers.get("access-control-allow-origin")).toBe(origin);
        expect(headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
        expect(headers.get("access-control-allow-credentials")).toBeNull();
      }
    }
  });

  test("but not where a proxy adds the token for who has signed in with a cookie", async () => {
    const access = cloudflareAccess({ team: "example", audience: "a".repeat(64) });
    for (const verifier of [access, anyOf(byToken, access)]) {
      const response = await behind(
        verifier,
        handler,
      )(modern(url, "ping", {}, { headers: { origin: origins[1] ?? "" } }));
      expect(response.status).toBe(403);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  test("and without a token not at the same endpoint", async () => {
    const open = await handler(
      modern(url, "ping", {}, { headers: { origin: "https://app.example" } }),
      env,
      createExecutionContext(),
    );
    expect(open.status).toBe(403);
  });
});

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

describe("a person who opens an endpoint in a browser", () => {
  const accept = BROWSER;

  test("sees how to connect", async () => {
    const response = await handler(get(url, { accept }), env, createExecutionContext());
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(response.headers.get("vary")).toBe("Origin, Accept");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await response.text();
    expect(html).toContain(`<pre>${url}</pre>`);
    expect(html).toContain("<h1>Notes &#60;1&#62;</h1>");
    expect(html).toContain("No sign-in protects this server.");
  });

  test.each(["/plain", "/placed", "/plain-sse", "/placed-sse"])("at %s, too", async (path) => {
    const response = await worker(get(HOST + path, { accept }));
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const html = await response.text();
    expect(html).toContain(`--transport ${path.endsWith("sse") ? "sse" : "http"} `);
  });

  test("and where a token is needed, with the status and the challenge for everybody else", async () => {
    const response = await behind(byToken, handler, { name: "Notes" })(get(url, { accept }));
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const html = await response.text();
    expect(html).toContain("You need an access token");
    expect(html).toContain("Authorization: Bearer YOUR_TOKEN");
    expect(html).toContain("<h1>Notes</h1>");
    const signIn = await (await behind(byIssuer, handler)(get(url, { accept }))).text();
    expect(signIn).not.toContain("YOUR_TOKEN");
    expect(signIn).toContain("“OAuth”");
  });

  test.each(["*/*", "application/json, text/event-stream", "text/event-stream", "text/html, text/event-stream"])(
    "is not who says %s",
    async (named) => {
      const response = await adder(get(url, { accept: named }));
      expect([response.status, response.headers.get("content-type")]).toEqual([405, "application/json"]);
    },
  );
});

test("the start page is for / alone, or for where it is said to be", async () => {
  const at = (path: string, options = {}) =>
    startPage(get(HOST + path, { accept: BROWSER }), { auth: true, ...options });
  expect(at("/").status).toBe(200);
  for (const path of ["/favicon.ico", "/robots.txt", "/mcp/", "/.well-known/foo", "/x"]) {
    const response = at(path);
    expect([path, response.status, await response.text()]).toEqual([path, 404, "Not found"]);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  }
  expect([at("/connect", { at: "/connect" }).status, at("/", { at: "/connect" }).status]).toEqual([200, 404]);
});

describe("a server with tokens only", () => {
  test("has a page at / that says so", async () => {
    const response = await guarded(get(`${HOST}/`, { accept: BROWSER }));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("--header &#34;Authorization: Bearer YOUR_TOKEN&#34;");
    for (const path of ["/favicon.ico", "/robots.txt", "/index"])
      expect((await guarded(get(HOST + path))).status).toBe(404);
  });

  const LOOKED_FOR = [
    "/register",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/openid-configuration",
    "/mcp/.well-known/oauth-authorization-server",
    "/mcp/.well-known/openid-configuration",
  ];
  test.each(LOOKED_FOR)("has no sign-in, and says so at %s, in words that clients show", async (path) => {
    const response = await guarded(get(HOST + path, {}, path === "/register" ? "POST" : "GET"));
    expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/json"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(await response.json()).toEqual({
      error: "not_found",
      error_description:
        "This server has no sign-in. It requires a token in the header `Authorization: Bearer …` with every request: add it to the server's entry in your client's configuration.",
    });
  });

  test("names the header of its keys, or who issues its tokens", async () => {
    const said = async (app: (request: Request) => Promise<Response>) => {
      const { error_description } = await (
        await app(get(`${HOST}/register`, {}, "POST"))
      ).json<{ error_description: string }>();
      return error_description;
    };
    expect(await said(behind(new APIKeyVerifier({ keys: () => undefined, header: "x-api-key" }), handler))).toContain(
      "`x-api-key`",
    );
    expect(await said(behind(byIssuer, handler))).toBe(
      "This server has no sign-in of its own. It requires an access token from https://issuer.example in the header `Authorization: Bearer …` with every request.",
    );
  });

  test("leaves its other paths to the app, but for what the app does not have", async () => {
    const html = { "content-type": "text/html" };
    const app = behind(byToken, handler, {
      defaultHandler: (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/token") return Promise.resolve(Response.json({ mine: true }));
        if (pathname === "/register") return Promise.resolve(new Response("who are you?", { status: 404 }));
        return Promise.resolve(new Response("<h1>My app</h1>", { headers: html }));
      },
    });
    expect(await (await app(get(`${HOST}/`))).text()).toBe("<h1>My app</h1>");
    expect(await (await app(get(`${HOST}/anything`))).text()).toBe("<h1>My app</h1>");
    expect(await (await app(get(`${HOST}/token`))).json()).toEqual({ mine: true });
    for (const path of ["/register", "/.well-known/oauth-authorization-server"]) {
      const response = await app(get(HOST + path));
      expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/json"]);
    }
  });
});
