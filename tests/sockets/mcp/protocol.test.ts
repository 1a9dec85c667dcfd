/** Requirements of the protocol that no narrower test shows, over real sockets; docs/protocol-tests.md names them. */
import { beforeAll, describe, expect, test } from "vitest";
import { LEGACY, MODERN, type Message, initialize, legacy, modern, post } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Watched, watched } from "../../harness/proxy.ts";
import { type Running, start } from "../../harness/workerd.ts";

const WITH_INITIALIZE = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const STREAMABLE = ["/mcp", "/agent", "/kept", "/placed"];
const vars = { WICKET_SECRET: "not-a-secret-only-for-tests-0123456789abcdefghijklm" };

let worker: Running;
let proxy: Watched;
/** Where the server is, with something in between that looks at every message. */
let site: string;

beforeAll(async () => {
  worker = await start(at("tests/sockets/mcp/protocol/wrangler.toml"), { vars });
  proxy = await watched(worker.url);
  site = proxy.url;
  return async () => {
    expect(proxy.faults, "messages that the official schemas do not allow").toEqual([]);
    await proxy.stop();
    await worker.stop();
  };
});

/** Begins a session of `version`. */
async function begin(path: string, version = LEGACY, headers: Record<string, string> = {}, capabilities: object = {}) {
  const request = initialize(site + path, { headers }, version);
  const { params, ...rest } = (await request.json()) as { params: object };
  const body = JSON.stringify({ ...rest, params: { ...params, capabilities } });
  const response = await fetch(post(site + path, body, { headers }));
  const { result } = (await response.json()) as Message;
  expect(result.protocolVersion).toBe(version);
  return response.headers.get("mcp-session-id") ?? "";
}

/** An answer in short: its status and, where it has them, its error's code and `Allow`. */
async function short(asked: Request | Promise<Response>): Promise<string> {
  const response = await (asked instanceof Request ? fetch(asked) : asked);
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json" && text !== "";
  const { error } = (isJson ? JSON.parse(text) : {}) as Partial<Message>;
  const allow = response.headers.get("allow");
  return [response.status, error?.code, allow].filter((part) => part !== undefined && part !== null).join(" ");
}

const resultOf = async <Result = Record<string, unknown>>(asked: Request): Promise<Message<Result>> =>
  (await (await fetch(asked)).json()) as Message<Result>;
const textOf = async (asked: Request) => {
  const { result } = await resultOf<{ content: { text: string }[] }>(asked);
  return result.content[0]?.text ?? "";
};

/** The messages of a stream that ends. */
async function messagesOf(asked: Request): Promise<Message[]> {
  const text = await (await fetch(asked)).text();
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = ""]) => JSON.parse(data) as Message);
}

const CLAIM = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
};

describe.each(STREAMABLE)("eras are not mixed at %s", (path) => {
  const send = (headers: Record<string, string>, message: object) =>
    short(post(site + path, JSON.stringify({ jsonrpc: "2.0", id: 1, ...message }), { headers }));
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: "t", version: "1" } };

  test("initialize under a 2026-07-28 envelope, header or both", async () => {
    const both = { "mcp-protocol-version": MODERN, "mcp-method": "initialize" };
    expect(await send(both, { method: "initialize", params: { ...params, _meta: CLAIM } })).toBe("404 -32601");
    expect(await send({}, { method: "initialize", params: { ...params, _meta: CLAIM } })).toBe("400 -32020");
    expect(await send(both, { method: "initialize", params })).toBe("400 -32020");
    const old = { "mcp-protocol-version": LEGACY, "mcp-method": "initialize" };
    expect(await send(old, { method: "initialize", params: { ...params, _meta: CLAIM } })).toBe("400 -32020");
    // Who asks for the new revision by the old handshake is offered the newest that has one.
    const { result } = await resultOf(initialize(site + path, {}, MODERN));
    expect(result.protocolVersion).toBe(LEGACY);
  });

  test("headers of one revision with the body of another", async () => {
    const method = "tools/list";
    const mirrored = { "mcp-method": method };
    for (const version of WITH_INITIALIZE) {
      const headers = { ...mirrored, "mcp-protocol-version": version };
      expect(await send(headers, { method, params: { _meta: CLAIM } })).toBe("400 -32020");
    }
    expect(await send({ ...mirrored, "mcp-protocol-version": MODERN }, { method })).toBe("400 -32602");
    const session = await begin(path);
    const inSession = { ...mirrored, "mcp-session-id": session };
    expect(await send({ ...inSession, "mcp-protocol-version": MODERN }, { method })).toBe("400 -32602");
    expect(await send(inSession, { method, params: { _meta: CLAIM } })).toBe("400 -32020");
  });

  test("a revision that is not served, on any method", async () => {
    const session = await begin(path);
    for (const method of ["POST", "GET", "DELETE"]) {
      const headers = { "mcp-protocol-version": "1900-01-01", "mcp-session-id": session, accept: "text/event-stream" };
      const of = { method, headers: { ...headers, accept: "application/json, text/event-stream" } };
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
      const asked =
        method === "POST" ? fetch(post(site + path, body, { headers: of.headers })) : fetch(site + path, of);
      const expected = method === "DELETE" && path !== "/kept" ? "405 -32600 GET, POST, OPTIONS" : "400 -32600";
      expect(await short(asked), method).toBe(expected);
    }
  });

  test("a session means nothing to 2026-07-28, which gives none", async () => {
    for (const session of [await begin(path), "nonsense"]) {
      const headers = { "mcp-session-id": session, "last-event-id": "1" };
      const response = await fetch(modern(site + path, "tools/list", {}, { headers }));
      expect([response.status, response.headers.get("mcp-session-id")]).toEqual([200, null]);
      await response.text();
      for (const method of ["GET", "DELETE"]) {
        const of = { method, headers: { ...headers, "mcp-protocol-version": MODERN, accept: "text/event-stream" } };
        expect(await short(fetch(site + path, of)), method).toBe("405 -32600 POST, OPTIONS");
      }
    }
  });
});

describe("HTTP methods", () => {
  const allowed = { "/mcp": "GET, POST, OPTIONS", "/agent": "GET, POST, OPTIONS", "/placed": "GET, POST, OPTIONS" };
  const rows = Object.entries({
    ...allowed,
    "/kept": "GET, POST, DELETE, OPTIONS",
    "/sse": "GET, OPTIONS",
    "/sse/message": "POST, OPTIONS",
    "/placed-sse": "GET, OPTIONS",
    "/placed-sse/message": "POST, OPTIONS",
  });

  test.each(rows)("%s takes %s, and says so to others", async (path, allow) => {
    for (const method of ["HEAD", "PUT", "PATCH", "DELETE", "GET", "POST"]) {
      // Where there is a GET there is a HEAD: tests/workerd/mcp/habits.test.ts.
      if (allow.includes(method === "HEAD" ? "GET" : method)) continue;
      const response = await fetch(site + path, { method });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, allow]);
      expect((await response.text()) === "", method).toBe(method === "HEAD");
    }
    const options = await fetch(site + path, { method: "OPTIONS" });
    expect([options.status, await options.text()]).toEqual([204, ""]);
    for (const method of allow.split(", ")) expect(options.headers.get("allow")).toContain(method);
  });
});

describe("batches", () => {
  const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" });
  const note = { jsonrpc: "2.0", method: "notifications/initialized" };
  const response = { jsonrpc: "2.0", id: "r", result: {} };

  test.each([...WITH_INITIALIZE, MODERN])("%s, for what it holds", async (version) => {
    const headers = { "mcp-protocol-version": version };
    const send = (batch: object) => short(post(`${site}/mcp`, JSON.stringify(batch), { headers }));
    const has = version === "2025-03-26";
    expect(await send([ping(1), ping(2)])).toBe(has ? "200" : "400 -32600");
    expect(await send([note, response])).toBe(has ? "202" : "400 -32600");
    expect(await send([note, ping(1)])).toBe(has ? "200" : "400 -32600");
    expect(await send([])).toBe("400 -32600");
    expect(await send([ping(1), 5])).toBe("400 -32600");
    expect(await send([ping(1), { jsonrpc: "2.0", id: 2, method: "tools/list", params: { _meta: CLAIM } }])).toBe(
      "400 -32600",
    );
  });
});

describe("requests and notifications", () => {
  test.each(WITH_INITIALIZE)("%s: ping, and methods that come as what they are not", async (version) => {
    const headers = { "mcp-protocol-version": version };
    const send = (message: object) =>
      short(post(`${site}/mcp`, JSON.stringify({ jsonrpc: "2.0", ...message }), { headers }));
    expect(await send({ id: 1, method: "ping" })).toBe("200");
    expect(await send({ method: "ping" }), "without an id nothing is answered").toBe("202");
    expect(await send({ id: 1, method: "notifications/initialized" })).toBe("200 -32601");
    expect(await send({ id: 1, method: "notifications/cancelled", params: { requestId: 1 } })).toBe("200 -32601");
    expect(await send({ method: "notifications/cancelled", params: { requestId: { no: "id" } } })).toBe("202");
    expect(await send({ method: "notifications/cancelled" })).toBe("202");
    expect(await send({ id: "never asked", result: {} })).toBe("202");
    expect(await send({ id: 1, method: "server/discover" })).toBe("200 -32601");
  });

  test("tasks, which are not declared: unknown methods, and calls that are carried out as they are", async () => {
    for (const method of ["tasks/get", "tasks/list", "tasks/result", "tasks/cancel"])
      expect(await short(legacy(`${site}/mcp`, method, { taskId: "t" }))).toBe("200 -32601");
    const params = { name: "steps", task: { ttl: 60_000 } };
    expect(await textOf(legacy(`${site}/mcp`, "tools/call", params, { headers: { accept: "application/json" } }))).toBe(
      "done",
    );
  });

  test("2026-07-28: the same", async () => {
    const send = (method: string, params = {}) => short(modern(`${site}/mcp`, method, params));
    expect(await send("ping")).toBe("404 -32601");
    expect(await send("notifications/initialized")).toBe("404 -32601");
    expect(await send("notifications/cancelled", { requestId: 1 })).toBe("404 -32601");
    const headers = { "mcp-protocol-version": MODERN };
    const note = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1, _meta: CLAIM } };
    expect(await short(post(`${site}/mcp`, JSON.stringify(note), { headers }))).toBe("202");
    const answer = JSON.stringify({ jsonrpc: "2.0", id: 1, result: {} });
    expect(await short(post(`${site}/mcp`, answer, { headers }))).toBe("400 -32600");
  });
});

describe("progress", () => {
  const tokens = ["p", "", "7", 0, -7, 9007199254740991];

  test.each(tokens)("comes under the token %j, in its own type, and rises", async (progressToken) => {
    for (const [ask, path] of [
      [modern, "/mcp"],
      [legacy, "/agent"],
      [legacy, "/placed"],
    ] as const) {
      const said = await messagesOf(ask(site + path, "tools/call", { name: "steps", _meta: { progressToken } }));
      const notices = said.slice(0, -1).filter(({ ...it }) => (it as { method?: string }).method?.endsWith("progress"));
      expect(notices.map((it) => (it as unknown as { params: object }).params)).toEqual(
        [1, 2, 3].map((progress) => ({ progressToken, progress, total: 3 })),
      );
    }
  });

  test("two calls at once have a stream each, and nothing of one is on the other's", async () => {
    const session = await begin("/agent");
    const said = await Promise.all(
      ["a", "b", "c", "d"].map(async (progressToken) => {
        const params = { name: "steps", arguments: { wait: 20 }, _meta: { progressToken } };
        return {
          progressToken,
          said: await messagesOf(legacy(`${site}/agent`, "tools/call", params, { session, id: progressToken })),
        };
      }),
    );
    for (const { progressToken, said: messages } of said) {
      const params = messages.flatMap((it) => (it as unknown as { params?: { progressToken?: string } }).params ?? []);
      expect(params.flatMap((it) => it.progressToken ?? [])).toEqual([progressToken, progressToken, progressToken]);
      expect(messages.at(-1)?.id).toBe(progressToken);
    }
  });
});

describe("lists", () => {
  const kinds = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];
  const list = (ask: typeof modern, user: string, cursor?: unknown, method = "tools/list") =>
    resultOf<{ tools: { name: string }[]; nextCursor?: string }>(
      ask(`${site}/mcp`, method, cursor === undefined ? {} : { cursor }, { headers: { "x-user": user } }),
    );

  test("a cursor of another list, of another caller, or none at all", async () => {
    for (const ask of [modern, legacy] as const) {
      const first = await list(ask, "ann");
      const cursor = first.result.nextCursor;
      expect(cursor).toEqual(expect.any(String));
      for (const method of kinds.slice(1))
        expect((await list(ask, "ann", cursor, method)).error.code, method).toBe(-32602);
      for (const absent of ["", null])
        expect((await list(ask, "ann", absent)).result.tools).toEqual(first.result.tools);
      for (const wrong of ["nonsense", 5, {}, `${String(cursor)}x`])
        expect((await list(ask, "ann", wrong)).error.code).toBe(-32602);
      // It says where to go on, and opens nothing: what comes is the caller's own list.
      const names = async (user: string) => {
        const all: string[] = [];
        for (let next: string | undefined | null = null; next !== undefined;) {
          const { result } = await list(ask, user, next ?? undefined);
          all.push(...result.tools.map(({ name }) => name));
          next = result.nextCursor;
        }
        return all;
      };
      const [anns, bobs] = [await names("ann"), await names("bob")];
      expect([anns.includes("of_ann"), anns.includes("of_bob")]).toEqual([true, false]);
      expect([bobs.includes("of_ann"), bobs.includes("of_bob")]).toEqual([false, true]);
      expect(await names("ann"), "in the same order each time").toEqual(anns);
      const last = btoa("tools of_ann").replaceAll("=", "");
      expect((await list(ask, "bob", last)).error.code, "the place of another's tool").toBe(-32602);
    }
  });

  test("say how long they hold on 2026-07-28, the same on each page, and nothing of it before", async () => {
    for (const method of [...kinds, "server/discover"]) {
      const { result } = await resultOf(modern(`${site}/mcp`, method));
      expect([typeof result.ttlMs, ["public", "private"].includes(String(result.cacheScope))], method).toEqual([
        "number",
        true,
      ]);
      const cursor = result.nextCursor;
      if (cursor === undefined) continue;
      const next = await resultOf(modern(`${site}/mcp`, method, { cursor }));
      expect([next.result.ttlMs, next.result.cacheScope]).toEqual([result.ttlMs, result.cacheScope]);
    }
    const headers = { "mcp-name": "one://one" };
    const read = await resultOf(modern(`${site}/mcp`, "resources/read", { uri: "one://one" }, { headers }));
    expect(read.result).toMatchObject({ ttlMs: expect.any(Number) as number, cacheScope: "private" });
    for (const method of kinds) {
      const { result } = await resultOf(legacy(`${site}/mcp`, method));
      expect(result).not.toHaveProperty("ttlMs");
      expect(result).not.toHaveProperty("resultType");
    }
  });
});

describe("completion", () => {
  const complete = (ref: unknown, argument: unknown) =>
    Promise.all(
      [modern, legacy].map(async (ask) => {
        const { result, error } = await resultOf<{ completion: { values: string[] } }>(
          ask(`${site}/mcp`, "completion/complete", { ref, argument }),
        );
        return (error as { code: number } | undefined)?.code ?? result.completion.values;
      }),
    );
  const both = (value: unknown) => [value, value];

  test("for what is there, and for references that lead nowhere", async () => {
    const typed = { name: "id", value: "1" };
    expect(await complete({ type: "ref/prompt", name: "ask" }, typed)).toEqual(both(["1", "12"]));
    expect(await complete({ type: "ref/prompt", name: "ask" }, { name: "plain", value: "" })).toEqual(both([]));
    const table = { name: "table", value: "2" };
    expect(await complete({ type: "ref/resource", uri: "db://{table}{/rest*}" }, table)).toEqual(both(["2"]));
    for (const ref of [
      { type: "ref/prompt", name: "nobody" },
      { type: "ref/prompt", name: "__proto__" },
      { type: "ref/resource", uri: "db://none/{table}" },
      { type: "ref/tool", name: "form" },
      { type: "ref/prompt" },
      "ask",
      null,
    ]) {
      expect(await complete(ref, typed), JSON.stringify(ref)).toEqual(both(-32602));
    }
    for (const argument of [{ name: "id" }, { name: 1, value: "" }, { value: "" }, null, "id"])
      expect(await complete({ type: "ref/prompt", name: "ask" }, argument)).toEqual(both(-32602));
  });
});

describe("resource templates", () => {
  const read = async (uri: string) => {
    const { result, error } = await resultOf<{ contents: { uri: string; text: string }[] }>(
      legacy(`${site}/mcp`, "resources/read", { uri }),
    );
    return (error as { code: number } | undefined)?.code ?? (JSON.parse(result.contents[0]?.text ?? "") as unknown);
  };

  test.each([
    ["file:///a/b/c.txt", { path: "a/b/c.txt" }],
    ["file:///a%2Fb", { path: "a%2Fb" }],
    ["file:///", -32002],
    ["file:///a/../b", { path: "b" }],
    ["file:///a/%2e%2E/b", { path: "b" }],
    ["file:///a/..%2fb", -32002],
    ["db://users", -32002],
    ["db://users/", -32002],
    ["db://users/1", { table: "users", rest: "1" }],
    ["db://users/1/posts", { table: "users", rest: ["1", "posts"] }],
    ["db://users%2F1/2", { table: "users%2F1", rest: "2" }],
    ["find://all?q=x&page=2", { q: "x", page: "2" }],
    ["find://all?q=x", { q: "x" }],
    ["find://all", {}],
    ["part://x#top", { where: "top" }],
    ["one://one", {}],
    ["ONE://one", {}],
    ["one://two", -32002],
    ["one", -32602],
  ])("%s", async (uri, expected) => {
    expect(await read(uri)).toEqual(expected);
  });
});

describe("structured output", () => {
  test.each([...WITH_INITIALIZE, MODERN])("%s", async (version) => {
    const call = async (as: string) => {
      const params = { name: "structured", arguments: { as } };
      const asked =
        version === MODERN
          ? modern(`${site}/mcp`, "tools/call", params)
          : legacy(`${site}/mcp`, "tools/call", params, { revision: version });
      return (await resultOf<{ isError?: boolean; structuredContent?: unknown; content: { text: string }[] }>(asked))
        .result;
    };
    const right = await call("right");
    expect(right.isError ?? false).toBe(false);
    expect(JSON.parse(right.content[0]?.text ?? "")).toEqual({ n: 1 });
    expect(right.structuredContent).toEqual(version >= "2025-06-18" ? { n: 1 } : undefined);
    for (const as of ["wrong", "none"]) {
      const result = await call(as);
      expect([as, result.isError, "structuredContent" in result]).toEqual([as, true, false]);
      expect(result.content[0]?.text).toContain("does not fit its output schema");
    }
    expect((await call("failed")).content[0]?.text).toBe("No.");
  });
});

describe("a session's streams", () => {
  const open = (path: string, headers: Record<string, string>) =>
    fetch(site + path, { headers: { accept: "text/event-stream", ...headers }, signal: AbortSignal.timeout(1000) });
  /** What arrives within a second. */
  const heard = async (response: Response) => {
    let text = "";
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>)
        text += new TextDecoder().decode(chunk);
    } catch {
      // the second is over
    }
    return text;
  };

  test.each(["/agent", "/placed", "/kept"])(
    "%s: what broke off is for its own session and its own principal",
    async (path) => {
      const ann = { "x-user": "ann" };
      const session = await begin(path, LEGACY, ann);
      const call = legacy(
        site + path,
        "tools/call",
        { name: "steps", _meta: { progressToken: 1 } },
        { session, headers: ann },
      );
      const [, id = ""] = /^id: (\S+)$/m.exec(await (await fetch(call)).text()) ?? [];
      expect(id).toMatch(/^[\w-]{22}\.0$/);
      const resume = (of: string, user: string) =>
        open(path, { "mcp-session-id": of, "x-user": user, "last-event-id": id });
      expect((await resume(session, "bob")).status).toBe(404);
      for (const other of [await begin(path, LEGACY, ann), await begin(path, LEGACY, { "x-user": "bob" })]) {
        for (const user of ["ann", "bob"]) {
          const response = await resume(other, user);
          if (response.status === 404) continue;
          expect(await heard(response)).not.toContain("steps");
          expect(await heard(await resume(other, user))).not.toContain("data: {");
        }
      }
    },
  );

  test.each(["/agent", "/placed"])("%s: a call that is cancelled and finishes anyway", async (path) => {
    const session = await begin(path);
    const name = `late${path}`;
    const calling = fetch(legacy(site + path, "tools/call", { name: "late", arguments: { name } }, { session, id: 9 }));
    await expect.poll(() => textOf(legacy(site + path, "tools/call", { name: "begun" }, { session }))).toContain(name);
    const note = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9, reason: "no patience" } };
    const headers = { "mcp-session-id": session, "mcp-protocol-version": LEGACY };
    expect((await fetch(post(site + path, JSON.stringify(note), { headers }))).status).toBe(202);
    // Every POST has an answer; who has cancelled ignores it (utilities/cancellation §Behavior Requirements).
    expect(await (await calling).json()).toMatchObject({ id: 9, result: { content: [{ text: "finished anyway" }] } });
    expect(await textOf(legacy(site + path, "tools/call", { name: "finished" }, { session }))).toContain(name);
    // Twice, and of a call that is over: nothing.
    expect((await fetch(post(site + path, JSON.stringify(note), { headers }))).status).toBe(202);
  });
});

describe.each(["/sse", "/placed-sse"])("HTTP+SSE at %s", (path) => {
  /** A client that does not repeat the revision with its messages, as some do not. */
  async function connect(protocolVersion: string) {
    const leaving = new AbortController();
    const stream = await fetch(site + path, { headers: { accept: "text/event-stream" }, signal: leaving.signal });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    const next = async (): Promise<string> => {
      for (;;) {
        const [event, data] = /^event: \w+\ndata: (.*)\n\n/m.exec(rest) ?? [];
        if (event !== undefined && data !== undefined) {
          rest = rest.slice(rest.indexOf(event) + event.length);
          return data;
        }
        rest += (await reader?.read())?.value ?? "";
      }
    };
    const url = new URL(await next(), site).href;
    const send = async (message: object) => {
      const response = await fetch(post(url, JSON.stringify({ jsonrpc: "2.0", ...message })));
      expect(response.status).toBe(202);
    };
    const message = async () => JSON.parse(await next()) as Message & { method?: string };
    const clientInfo = { name: "old", version: "1" };
    const params = { protocolVersion, capabilities: { elicitation: { form: {} } }, clientInfo };
    await send({ id: 0, method: "initialize", params });
    expect((await message()).result.protocolVersion).toBe(protocolVersion);
    return { send, message, leave: () => leaving.abort() };
  }

  test.each(WITH_INITIALIZE)("%s, once agreed on, is what messages speak", async (version) => {
    const { send, message, leave } = await connect(version);
    await send({ id: 1, method: "tools/call", params: { name: "structured", arguments: { as: "right" } } });
    expect("structuredContent" in (await message()).result).toBe(version >= "2025-06-18");
    await send({ id: 2, method: "tools/call", params: { name: "form" } });
    const asked = await message();
    if (version >= "2025-06-18") {
      expect(asked.method).toBe("elicitation/create");
      await send({ id: asked.id, result: { action: "accept", content: { name: "Ann" } } });
      expect((await message()).result).toMatchObject({ content: [{ text: 'accept {"name":"Ann"}' }] });
    } else {
      expect(asked.result).toMatchObject({ isError: true });
    }
    leave();
  });
});

describe("questions on older wires", () => {
  const can = { elicitation: {}, sampling: {} };
  const call = async (version: string, name: string) => {
    const session = await begin("/agent", version, {}, can);
    return messagesOf(legacy(`${site}/agent`, "tools/call", { name }, { session, revision: version }));
  };

  test("one that nobody answers in time is taken back", async () => {
    const [asked, gone, answer] = (await call(LEGACY, "impatient")) as (Message & { method: string; params: object })[];
    expect([asked?.method, gone?.method]).toEqual(["sampling/createMessage", "notifications/cancelled"]);
    expect(gone?.params).toMatchObject({ requestId: asked?.id });
    expect(answer?.result).toMatchObject({
      isError: true,
      content: [{ text: "The client did not answer in time." }],
    });
  });

  test("a field of several choices is for revisions that have it", async () => {
    const session = await begin("/agent", "2025-06-18", {}, can);
    const asked = legacy(
      `${site}/agent`,
      "tools/call",
      { name: "choose_several" },
      { session, revision: "2025-06-18" },
    );
    expect(await textOf(asked)).toBe(
      "The client does not support this request: revision 2025-06-18 of the protocol does not have multi-select fields.",
    );
  });

  test.each(["2025-06-18", "2025-11-25"])("titles of choices, on %s", async (version) => {
    const session = await begin("/agent", version, {}, can);
    const params = { name: "choose_one" };
    const response = await fetch(legacy(`${site}/agent`, "tools/call", params, { session, revision: version }));
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk);
      const [, data] = /^data: (\{.*)$/m.exec(text) ?? [];
      if (data === undefined || !text.includes(`${data}\n\n`)) continue;
      const { id, params } = JSON.parse(data) as Message & { params: { requestedSchema: { properties: object } } };
      const field =
        version === "2025-06-18"
          ? { type: "string", enum: ["r", "b"], enumNames: ["Red", "Blue"] }
          : {
              type: "string",
              oneOf: [
                { const: "r", title: "Red" },
                { const: "b", title: "Blue" },
              ],
            };
      expect(params.requestedSchema.properties).toEqual({ field });
      const answer = JSON.stringify({ jsonrpc: "2.0", id, result: { action: "decline" } });
      const headers = { "mcp-session-id": session, "mcp-protocol-version": version };
      expect((await fetch(post(`${site}/agent`, answer, { headers }))).status).toBe(202);
      break;
    }
  });
});

describe("answers of a person", () => {
  const can = { elicitation: { form: {} } };
  const _meta = { "io.modelcontextprotocol/clientCapabilities": can };
  type Round = { resultType: string; requestState: string; content?: { text: string }[] };
  const round = (params: object, user = "ann") =>
    resultOf<Round>(
      modern(`${site}/mcp`, "tools/call", { arguments: {}, ...params, _meta }, { headers: { "x-user": user } }),
    );

  test.each([
    [{ action: "accept", content: { name: "Ann", age: 3, color: "red" } }, true],
    [{ action: "accept", content: { name: "Ann" } }, true],
    [{ action: "decline" }, true],
    [{ action: "cancel", content: { name: 5 } }, true],
    [{ action: "accept", content: { name: "A" } }, false],
    [{ action: "accept", content: { name: "Ann", age: -1 } }, false],
    [{ action: "accept", content: { name: "Ann", age: 1.5 } }, false],
    [{ action: "accept", content: { name: "Ann", color: "green" } }, false],
    [{ action: "accept", content: { age: 3 } }, false],
    [{ action: "accept", content: null }, false],
    [{ action: "accept" }, false],
    [{ action: "Accept", content: { name: "Ann" } }, false],
    [{}, false],
  ])("%j", async (response, fits) => {
    const { requestState } = (await round({ name: "form" })).result;
    const { result } = await round({ name: "form", requestState, inputResponses: { "elicit-1": response } });
    expect(result.resultType).toBe(fits ? "complete" : "input_required");
    if (fits) expect(result.content?.[0]?.text).toContain((response as { action: string }).action);
  });

  test("the state of one call is none for another user, tool, arguments or method", async () => {
    const { requestState } = (await round({ name: "form" })).result;
    const inputResponses = { "elicit-1": { action: "accept", content: { name: "Ann" } } };
    const last = { name: "form", requestState, inputResponses };
    const refused = [
      await round(last, "bob"),
      await round({ ...last, name: "other_form" }),
      await round({ ...last, arguments: { more: 1 } }),
      await round({ ...last, requestState: requestState.slice(0, -2) }),
      await round({ ...last, requestState: "" }),
      await round({ ...last, requestState: 5 }),
      await resultOf<Round>(
        modern(`${site}/mcp`, "prompts/get", { name: "form", requestState, _meta }, { headers: { "x-user": "ann" } }),
      ),
    ];
    expect(refused.map(({ error }) => (error as { code: number } | undefined)?.code)).toEqual(Array(7).fill(-32602));
    // An older revision has no rounds: there it is a member that nobody knows.
    const old = legacy(`${site}/mcp`, "tools/call", last, { headers: { "x-user": "ann" } });
    expect(await textOf(old)).toContain("does not support this request");
    expect((await round(last)).result.content?.[0]?.text).toBe('accept {"name":"Ann"}');
  });
});
