/** Endpoints that ask who is calling: challenges, metadata, scopes, and what becomes of the answer. */
import { describe, expect, test } from "vitest";
import { type ToolList, type ToolResult, initialize, legacy, modern, wires } from "../../harness/messages.ts";
import { HOST, begin, callTool, messageOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const METADATA = `${HOST}/.well-known/oauth-protected-resource`;
/** The tools that need no further scope. */
const FOR_ALL = ["whoami", "auth", "greet"];
const endpoints = ["/guarded-worker", "/guarded-object", "/guarded-handler"];

const challengeOf = (response: Response) => response.headers.get("www-authenticate");
const list = async (path: string, token: string) => {
  const asked = worker(modern(HOST + path, "tools/list", {}, as(token)));
  const { result } = await messageOf<ToolList>(asked);
  return result.tools.map(({ name }) => name);
};

describe.each(endpoints)("%s", (path) => {
  const url = HOST + path;

  test.each(wires)("no token: 401 with where to get one and nothing else, on $wire", async ({ ask }) => {
    const response = await worker(ask(url, "tools/list"));
    expect(response.status).toBe(401);
    expect(challengeOf(response)).toBe(`Bearer scope="read", resource_metadata="${METADATA}${path}"`);
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      error: { code: -32600, message: "An access token is required: send it as `Authorization: Bearer …`." },
    });
  });

  test("a token that is no good: 401 invalid_token", async () => {
    const response = await worker(modern(url, "tools/list", {}, as("mallory")));
    expect(response.status).toBe(401);
    expect(challengeOf(response)).toContain('Bearer error="invalid_token", error_description="');
    expect(challengeOf(response)).toContain(`resource_metadata="${METADATA}${path}"`);
  });

  test("a token without the scopes of every request: 403 insufficient_scope", async () => {
    const response = await worker(modern(url, "tools/list", {}, as("eve")));
    expect(response.status).toBe(403);
    expect(challengeOf(response)).toMatch(/^Bearer error="insufficient_scope", .*scope="read", resource_metadata="/);
  });

  test("the caller reaches the tool", async () => {
    const said = textOf(await callTool(worker, "whoami", {}, as("bob"), url)) ?? "";
    expect(JSON.parse(said)).toEqual({ props: { name: "bob" }, scopes: ["read", "write"] });
  });

  test("its token is known in the official SDK's shape, without the token itself", async () => {
    const auth = async (token: string) => textOf(await callTool(worker, "auth", {}, as(token), url)) ?? "";
    expect(JSON.parse(await auth("ann-at-the-desk"))).toEqual({
      clientId: "desk",
      scopes: ["read"],
      expiresAt: 2_000_000_000,
      resource: "https://mcp.example.com/guarded",
      extra: { name: "ann" },
    });
    expect(JSON.parse(await auth("root"))).toEqual({
      clientId: "",
      scopes: ["admin", "write", "delete", "read"],
      extra: { name: "root" },
    });
    expect(await auth("ann-at-the-desk")).not.toContain("ann-at-the-desk");
  });

  test("what one client is asked, no other answers, not even one of the same person", async () => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } };
    const call = (token: string, more: object = {}) =>
      messageOf<ToolResult & { inputRequests: object; requestState: string }>(
        worker(modern(url, "tools/call", { name: "greet", _meta, ...more }, as(token))),
      );
    const { inputRequests, requestState } = (await call("ann-at-the-desk")).result;
    const answers = Object.keys(inputRequests).map(
      (key) => [key, { action: "accept", content: { ok: true } }] as const,
    );
    const next = { inputResponses: Object.fromEntries(answers), requestState };
    for (const another of ["ann-on-the-phone", "ann", "bob"]) {
      const { error } = await call(another, next);
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("requestState") as string });
    }
    expect(textOf((await call("ann-at-the-desk", next)).result)).toBe('{"hello":{"ok":true}}');
  });

  test("a list shows what the caller may use", async () => {
    expect(await list(path, "ann")).toEqual(FOR_ALL);
    expect(await list(path, "bob")).toEqual([...FOR_ALL, "write"]);
    expect(await list(path, "root")).toEqual([...FOR_ALL, "write", "both"]);
  });

  test.each(wires)("what the caller may not use completes nothing, on $wire", async ({ ask }) => {
    for (const ref of [
      { type: "ref/prompt", name: "secret" },
      { type: "ref/resource", uri: "secret://{of}" },
    ]) {
      const params = { ref, argument: { name: "of", value: "" } };
      const complete = (who: string) =>
        messageOf<{ completion: { values: string[] } }>(worker(ask(url, "completion/complete", params, as(who))));
      expect((await complete("ann")).error.code).toBe(-32602);
      expect((await complete("bob")).result.completion.values).toEqual(["hunter2"]);
    }
  });

  test.each(wires)("a tool that needs more: 403 with all it needs, on $wire", async ({ ask }) => {
    const response = await worker(ask(url, "tools/call", { name: "both" }, as("bob")));
    expect(response.status).toBe(403);
    expect(challengeOf(response)).toBe(
      'Bearer error="insufficient_scope", error_description="The access token does not have the required scopes.", ' +
        `scope="read write delete", resource_metadata="${METADATA}${path}"`,
    );
    expect(await response.json()).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32600, message: 'The tool "both" requires these scopes: read write delete.' },
    });
  });

  test("scopes stand for others as the function says", async () => {
    expect(textOf(await callTool(worker, "both", {}, as("root"), url))).toBe('"deleted"');
  });

  test("a session is its principal's alone", async () => {
    const session = await begin(worker, url, as("ann"));
    const ping = (token: string) => worker(legacy(url, "ping", {}, { ...as(token), session }));
    expect((await ping("ann")).status).toBe(200);
    expect((await ping("bob")).status).toBe(404);
    expect((await worker(legacy(url, "ping", {}, { session }))).status).toBe(401);
  });

  test("a page may read the challenge", async () => {
    const origin = "https://claude.ai";
    const response = await worker(modern(url, "tools/list", {}, { headers: { origin } }));
    expect(response.status).toBe(401);
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    expect(response.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
    const preflight = await worker(new Request(url, { method: "OPTIONS", headers: { origin } }));
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
  });

  test("a page of elsewhere with a token may ask, without credentials; without one it reads the challenge", async () => {
    const origin = "https://elsewhere.example";
    const headers = { ...as("ann").headers, origin };
    const answers = [
      modern(url, "tools/list", {}, { headers }),
      modern(url, "tools/list", {}, { headers: { origin } }),
    ];
    for (const [n, response] of (await Promise.all(answers.map(worker))).entries()) {
      expect(response.status).toBe([200, 401][n]);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
      expect(response.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
    }
  });

  test("a token in the query is none", async () => {
    const response = await worker(modern(`${url}?access_token=ann`, "tools/list"));
    expect(response.status).toBe(401);
    expect(challengeOf(response)).not.toContain("error=");
  });
});

describe("batches", () => {
  const one = (id: number, name: string) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });

  test("one message may lack scopes, the others are answered", async () => {
    const url = `${HOST}/guarded-handler`;
    const headers = { ...as("ann").headers, "mcp-protocol-version": "2025-03-26" };
    const begun = initialize(url, { headers: as("ann").headers });
    const request = new Request(begun, {
      body: JSON.stringify([one(1, "whoami"), one(2, "write")]),
      headers: { ...Object.fromEntries(begun.headers), ...headers },
    });
    const response = await worker(request);
    expect(response.status).toBe(200);
    const [first, second] = await response.json<[{ result: ToolResult }, { error: { message: string } }]>();
    expect(JSON.parse(textOf(first.result) ?? "")).toMatchObject({ props: { name: "ann" } });
    expect(second.error.message).toBe('The tool "write" requires these scopes: read write.');
  });
});

describe("HTTP+SSE", () => {
  const url = `${HOST}/guarded-sse`;

  test("stream and messages ask for the token, and the challenge names the one resource", async () => {
    for (const request of [new Request(url), legacy(`${url}/message?sessionId=AQ`, "ping")]) {
      const response = await worker(request);
      expect(response.status).toBe(401);
      expect(challengeOf(response)).toBe(`Bearer scope="read", resource_metadata="${METADATA}/guarded-sse"`);
    }
  });

  test("a call knows the token that it was sent with; one that lacks scopes is told by status", async () => {
    const stream = new EventReader(await worker(new Request(url, as("ann"))));
    const endpoint = new URL((await stream.next())?.data ?? "", HOST).href;
    const call = (name: string, token: string) => worker(legacy(endpoint, "tools/call", { name }, as(token)));
    const heard = async () => textOf((await stream.message<{ result: ToolResult }>()).result) ?? "";
    expect((await call("auth", "ann-at-the-desk")).status).toBe(202);
    const auth = await heard();
    expect(JSON.parse(auth)).toMatchObject({ clientId: "desk", scopes: ["read"], extra: { name: "ann" } });
    expect(auth).not.toContain("ann-at-the-desk");
    expect((await call("whoami", "ann")).status).toBe(202);
    expect(JSON.parse(await heard())).toEqual({ props: { name: "ann" }, scopes: ["read"] });
    const refused = await call("write", "ann");
    expect([refused.status, challengeOf(refused)]).toEqual([403, expect.stringContaining('scope="read write"')]);
    expect((await call("whoami", "bob")).status, "another's session").toBe(404);
    await stream.close();
  });
});

describe("protected resource metadata", () => {
  test.each([...endpoints, "/guarded-sse"])("at the path form of %s", async (path) => {
    const response = await worker(new Request(METADATA + path, { headers: { origin: "https://any.example" } }));
    expect(response.status).toBe(200);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      resource: HOST + path,
      authorization_servers: ["https://issuer.example"],
      scopes_supported: ["read", "write", "delete"],
      bearer_methods_supported: ["header"],
      resource_name: "Guarded",
    });
  });

  test("at the root, for the first endpoint", async () => {
    const { resource } = await (await worker(new Request(METADATA))).json<{ resource: string }>();
    expect(resource).toBe(`${HOST}/guarded-worker`);
  });

  test("a preflight, and what is no GET", async () => {
    expect((await worker(new Request(METADATA, { method: "OPTIONS" }))).status).toBe(204);
    const refused = await worker(new Request(METADATA, { method: "POST", body: "{}" }));
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });

  test("another URL of the resource", async () => {
    const metadata = "https://public.example/.well-known/oauth-protected-resource/api/mcp";
    const refused = await worker(modern(`${HOST}/guarded-context`, "tools/list"));
    expect(challengeOf(refused)).toBe(`Bearer resource_metadata="${metadata}"`);
    for (const url of [metadata, `${METADATA}/guarded-context`]) {
      expect(await (await worker(new Request(url))).json()).toMatchObject({
        resource: "https://public.example/api/mcp",
      });
    }
  });
});

test("context makes the props, once for each caller", async () => {
  const url = `${HOST}/guarded-context`;
  for (const name of ["ann", "bob", "ann"]) {
    const said = textOf(await callTool(worker, "whoami", {}, as(name), url)) ?? "";
    expect(JSON.parse(said)).toMatchObject({ props: { hello: name } });
  }
});

test("where nobody tells who is calling, tools with scopes are nobody's", async () => {
  const url = `${HOST}/unguarded`;
  expect(await list("/unguarded", "bob")).toEqual(FOR_ALL);
  const response = await worker(modern(url, "tools/call", { name: "write" }, as("bob")));
  expect(response.status).toBe(403);
  expect(challengeOf(response)).toContain('scope="write"');
});
