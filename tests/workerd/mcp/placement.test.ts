/** Where agents run: in the Worker for one request, or in the object of their session. */
import { createExecutionContext, evictAllDurableObjects } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { WicketError } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import { type Sent, type ToolResult, initialize, legacy, modern } from "../../harness/messages.ts";
import { Plain } from "./app/agents.ts";
import { HOST, begin, callTool, messageOf, textOf, worker } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const placed = `${HOST}/placed`;
const stateful = `${HOST}/stateful`;

/** The text of a tool's answer in a session of the old wire. */
async function inSession(url: string, session: string, name: string, args = {}, sent: Sent = {}) {
  const request = legacy(url, "tools/call", { name, arguments: args }, { session, ...sent });
  return textOf((await messageOf<ToolResult>(worker(request))).result);
}

describe("in the Worker", () => {
  test.each([
    ["read_state", "this.state"],
    ["write_state", "this.setState"],
    ["run_sql", "this.sql"],
  ])("%s throws ERR_NEEDS_OBJECT with the line to add", async (tool, member) => {
    const { value, log } = await logOf(() => callTool(worker, tool, {}, {}, `${HOST}/plain`));
    expect(value.isError).toBe(true);
    expect(log).toContain(`${member} needs storage: add "static placement = \\"session\\";" to the class Plain.`);
  });

  test("the error has its code", () => {
    const agent = new Plain(createExecutionContext(), env);
    for (const use of [() => agent.state, () => agent.setState({ count: 1 }), () => agent.sql`select 1`]) {
      expect(use).toThrow(WicketError);
      expect(use).toThrow(expect.objectContaining({ code: "ERR_NEEDS_OBJECT" }));
    }
  });

  test("this.ctx says so too, and is otherwise the Worker's", () => {
    const given = createExecutionContext();
    const { ctx } = new Plain(given, env);
    for (const use of [() => ctx.storage, () => ctx.id.name, () => ctx.blockConcurrencyWhile(async () => {})]) {
      expect(use).toThrow(expect.objectContaining({ code: "ERR_NEEDS_OBJECT" }));
      expect(use).toThrow('static placement = "session"');
    }
    expect("storage" in ctx).toBe(false);
    ctx.waitUntil(Promise.resolve());
    expect(ctx.exports).toBe(given.exports);
  });

  test("there is no storage, and requests of a session share nothing", async () => {
    const session = await begin(worker, `${HOST}/plain`);
    expect(await inSession(`${HOST}/plain`, session, "has_storage")).toBe("false");
  });
});

describe('placement = "session"', () => {
  test("a session's requests share the object, and have an agent each", async () => {
    const session = await begin(worker, placed);
    for (const count of ["1", "2", "3"]) {
      expect(await inSession(placed, session, "count")).toBe(count);
      expect(await inSession(placed, session, "field")).toBe("1");
    }
  });

  test("so do requests that come all at once", async () => {
    const session = await begin(worker, placed);
    const counts = await Promise.all(Array.from({ length: 20 }, () => inSession(placed, session, "count")));
    expect(counts.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  test("sessions share nothing, not even of one user", async () => {
    const sent = { headers: { "x-user": "ann" } };
    const [one, two] = [await begin(worker, placed, sent), await begin(worker, placed, sent)];
    await inSession(placed, one, "note", { note: "a" }, sent);
    await inSession(placed, one, "note", { note: "b's; drop table notes" }, sent);
    expect(await inSession(placed, one, "notes", {}, sent)).toBe("a,b's; drop table notes");
    expect(await inSession(placed, two, "notes", {}, sent)).toBe("");
  });

  test("what it wrote outlives the object's sleep", async () => {
    const session = await begin(worker, placed);
    await inSession(placed, session, "note", { note: "kept" });
    await inSession(placed, session, "count");
    await evictAllDurableObjects();
    expect(await inSession(placed, session, "notes")).toBe("kept");
    expect(await inSession(placed, session, "count")).toBe("2");
  });

  test("another user's session is 404, and so is one that nobody began", async () => {
    const session = await begin(worker, placed, { headers: { "x-user": "ann" } });
    for (const [shown, user] of [
      [session, "bob"],
      [session, undefined],
      ["nonsense", "ann"],
    ] as const) {
      const sent = { session: shown, ...(user && { headers: { "x-user": user } }) };
      const response = await worker(legacy(placed, "tools/call", { name: "count" }, sent));
      expect([response.status, (await messageOf(response)).error.code]).toEqual([404, -32001]);
    }
  });

  test("the props are the caller's", async () => {
    const sent = { headers: { "x-user": "ann" } };
    const session = await begin(worker, placed, sent);
    expect(await inSession(placed, session, "whoami", {}, sent)).toBe('{"user":"ann"}');
    expect(await inSession(placed, await begin(worker, placed), "whoami")).toBe("{}");
  });

  test("the object answers with HTTP statuses and headers as the Worker does", async () => {
    const opened = await worker(initialize(placed));
    expect(opened.headers.get("mcp-session-id")).toMatch(/^[\w-]+$/);
    expect(opened.headers.get("vary")).toBe("Origin");
    const unknown = await worker(modern(placed, "tools/paint"));
    expect([unknown.status, (await messageOf(unknown)).error.code]).toEqual([404, -32601]);
    expect((await worker(new Request(placed))).status).toBe(405);
  });

  test("a set-up that fails is tried again by the next request", async () => {
    const url = `${HOST}/flaky`;
    const sent = { headers: { "x-user": "ann" } };
    const { value: first, log } = await logOf(() => worker(modern(url, "tools/call", { name: "tries" }, sent)));
    expect(first.status).toBe(500);
    expect(await first.text()).not.toContain("not yet");
    expect(log).toContain("not yet");
    expect(textOf(await callTool(worker, "tries", {}, sent, url))).toBe("2");
  });

  test("the object answers nobody but the Worker", async () => {
    const stub = exports.Placed.getByName("anything");
    expect((await stub.fetch("https://object/")).status).toBe(404);
  });
});

describe("a 2026-07-28 request to an agent with a place", () => {
  const count = (sent: Sent) => callTool(worker, "count", {}, sent, placed).then(textOf);

  test("of nobody gets an agent of its own", async () => {
    expect([await count({}), await count({})]).toEqual(["1", "1"]);
  });

  test("of a user goes to that user's agent", async () => {
    const sent = { headers: { "x-user": "modern-ann" } };
    expect([await count(sent), await count(sent)]).toEqual(["1", "2"]);
    expect(await count({ headers: { "x-user": "modern-bob" } })).toBe("1");
  });

  test("meets no session of the old wire, whatever session it names", async () => {
    const headers = { "x-user": "modern-carl" };
    const session = await begin(worker, placed, { headers });
    expect(await inSession(placed, session, "count", {}, { headers })).toBe("1");
    expect(await count({ headers: { ...headers, "mcp-session-id": session } })).toBe("1");
  });
});

describe("initialState", () => {
  test("is what a session begins with, and what it makes of it is kept for it alone", async () => {
    const [one, two] = [await begin(worker, stateful), await begin(worker, stateful)];
    expect(await inSession(stateful, one, "increment")).toBe("1");
    expect(await inSession(stateful, one, "increment")).toBe("2");
    expect(await inSession(stateful, two, "increment")).toBe("1");
  });
});

describe("without a Durable Object", () => {
  const lines = (name: string) => `[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["${name}"]`;

  test("an agent that wants one is a 503 with the lines to add", async () => {
    const { value: response, log } = await logOf(() => worker(modern(`${HOST}/homeless`, "tools/list")));
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("vary")).toBe("Origin");
    const text = await response.text();
    expect(text).toContain("main file must contain\n\nexport class Homeless extends McpAgent");
    expect(text).toContain(lines("Homeless"));
    expect(log).toContain(lines("Homeless"));
  });

  test("so is the stream of an agent that runs in the Worker", async () => {
    const { value: response } = await logOf(() => worker(new Request(`${HOST}/homeless-sse`)));
    expect(response.status).toBe(503);
    const text = await response.text();
    expect(text).toContain('There is no Durable Object "Nowhere", which the option "objects" names');
    expect(text).toContain('name = "Nowhere"\nclass_name = "WicketObject"');
  });
});
