/** Streams that stay open: what changes elsewhere, streams that break off and go on, sessions that can be ended. */
import { describe, expect, test, vi } from "vitest";
import { LEGACY, type Message, type ToolResult, legacy, modern, post } from "../../harness/messages.ts";
import { calls } from "./app/changing.ts";
import { HOST, begin, messageOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

const paths = ["/changing", "/changing-agent", "/changing-placed", "/late-placed"];

interface Notice {
  method: string;
  params: Record<string, unknown>;
}

const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

/** Opens a subscription and reads its first message. */
async function listen(path: string, notifications: object, id: string | number = "l1", user?: string) {
  const headers = user === undefined ? {} : { "x-user": user };
  const response = await worker(modern(HOST + path, "subscriptions/listen", { notifications }, { id, headers }));
  const stream = new EventReader(response);
  const first = await stream.message<Notice>();
  return { response, stream, first };
}

const trigger = (path: string, name: string, args: object = {}, user?: string) =>
  worker(
    modern(
      HOST + path,
      "tools/call",
      { name, arguments: args },
      { headers: user === undefined ? {} : { "x-user": user } },
    ),
  ).then((response) => response.text());

describe.each(paths)("subscriptions at %s", (path) => {
  test("begin with what is listened to, and tell of nothing else", async () => {
    const wanted = { toolsListChanged: true, resourceSubscriptions: ["test://one"] };
    const { response, stream, first } = await listen(path, { ...wanted, promptsListChanged: false, other: 1 });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(first).toMatchObject({
      method: "notifications/subscriptions/acknowledged",
      params: { _meta: { [SUBSCRIPTION]: "l1" }, notifications: wanted },
    });
    await trigger(path, "change", { what: "prompts" });
    await trigger(path, "update", { uri: "test://two" });
    await trigger(path, "change", { what: "tools" });
    await trigger(path, "update", { uri: "test://one" });
    const tools = await stream.message<Notice>();
    expect(tools).toEqual({
      jsonrpc: "2.0",
      method: "notifications/tools/list_changed",
      params: { _meta: { [SUBSCRIPTION]: "l1" } },
    });
    const updated = await stream.message<Notice>();
    expect(updated.method).toBe("notifications/resources/updated");
    expect(updated.params).toEqual({ uri: "test://one", _meta: { [SUBSCRIPTION]: "l1" } });
    await stream.close();
  });

  test("carry the id of their request in its own type", async () => {
    const { stream, first } = await listen(path, { toolsListChanged: true }, 7);
    expect(first.params._meta).toEqual({ [SUBSCRIPTION]: 7 });
    await stream.close();
  });

  test("tell of what the same caller changes, and of what is for everybody", async () => {
    const ann = await listen(path, { toolsListChanged: true, promptsListChanged: true }, 1, "ann");
    await trigger(path, "change", { what: "tools" }, "bob");
    await trigger(path, "change", { what: "prompts", everybody: true }, "bob");
    expect((await ann.stream.message<Notice>()).method).toBe("notifications/prompts/list_changed");
    await trigger(path, "change", { what: "tools" }, "ann");
    expect((await ann.stream.message<Notice>()).method).toBe("notifications/tools/list_changed");
    await ann.stream.close();
  });
});

test("what a handler says of changes in the protocol's own words goes to those who listen, and not on its call's stream", async () => {
  const { stream } = await listen("/changing", { toolsListChanged: true, resourceSubscriptions: ["test://one"] });
  for (const path of ["/changing", "/changing-nowhere"]) {
    const answer = await worker(modern(HOST + path, "tools/call", { name: "say_changed" }));
    expect(answer.headers.get("content-type"), path).toBe("application/json");
    expect((await answer.json<Message<ToolResult>>()).result, path).toMatchObject({ content: [{ text: "said" }] });
  }
  expect(await stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
  expect(await stream.message()).toMatchObject({ params: { uri: "test://one", _meta: { [SUBSCRIPTION]: "l1" } } });
  await stream.close();
});

test("a subscription whose filter is none is refused", async () => {
  for (const params of [{}, { notifications: 1 }, { notifications: { resourceSubscriptions: "x" } }]) {
    const response = await worker(modern(`${HOST}/changing`, "subscriptions/listen", params));
    expect((await messageOf(response)).error.code).toBe(-32602);
  }
});

describe.each(paths)("the stream of a session at %s", (path) => {
  const url = HOST + path;

  async function open(session: string, headers: Record<string, string> = {}) {
    const response = await worker(
      new Request(url, { headers: { accept: "text/event-stream", "mcp-session-id": session, ...headers } }),
    );
    return { response, stream: new EventReader(response) };
  }

  const ask = (session: string, method: string, params: Record<string, unknown>) =>
    messageOf(worker(legacy(url, method, params, { session })));

  test("tells of lists that change, and of resources that the session follows", async () => {
    const session = await begin(worker, url);
    expect((await ask(session, "resources/subscribe", { uri: "test://one" })).result).toEqual({});
    const { response, stream } = await open(session);
    expect(response.status).toBe(200);
    expect((await ask(session, "resources/subscribe", { uri: "test://two" })).result).toEqual({});
    // In whatever spelling.
    expect((await ask(session, "resources/unsubscribe", { uri: "TEST://one" })).result).toEqual({});
    await trigger(path, "update", { uri: "test://one" });
    await trigger(path, "update", { uri: "test://two" });
    expect(await stream.message()).toMatchObject({ params: { uri: "test://two" } });
    await trigger(path, "change", { what: "resources" });
    expect(await stream.message()).toEqual({ jsonrpc: "2.0", method: "notifications/resources/list_changed" });
    await stream.close();
  });

  test("is one: a second takes over, so that nothing is said twice", async () => {
    const session = await begin(worker, url);
    const [first, second] = [await open(session), await open(session)];
    expect([first.response.status, second.response.status]).toEqual([200, 200]);
    await trigger(path, "change", { what: "tools" });
    expect(await second.stream.message()).toMatchObject({ method: "notifications/tools/list_changed" });
    expect(await first.stream.next(), "the first has ended").toBeUndefined();
    await trigger(path, "change", { what: "prompts" });
    expect(await second.stream.message()).toMatchObject({ method: "notifications/prompts/list_changed" });
    await second.stream.close();
  });

  test("is for its session's owner", async () => {
    const session = await begin(worker, url, { headers: { "x-user": "ann" } });
    expect((await open(session, { "x-user": "bob" })).response.status).toBe(404);
    expect((await open("none")).response.status).toBe(404);
    expect((await worker(new Request(url, { headers: { accept: "text/event-stream" } }))).status).toBe(405);
    const ann = { "mcp-session-id": session, "x-user": "ann" };
    const json = new Request(url, { headers: { accept: "application/json", ...ann } });
    expect((await worker(json)).status).toBe(406);
  });

  test("log messages are as bad as the session wants them", async () => {
    const session = await begin(worker, url);
    const logs = async () => {
      const response = await worker(legacy(url, "tools/call", { name: "log" }, { session }));
      const text = await response.text();
      return [...text.matchAll(/"level":"(\w+)"/g)].map(([, level]) => level);
    };
    expect(await logs()).toEqual(["debug", "warning", "error"]);
    expect((await ask(session, "logging/setLevel", { level: "warning" })).result).toEqual({});
    expect(await logs()).toEqual(["warning", "error"]);
    expect((await ask(session, "logging/setLevel", { level: "loud" })).error.code).toBe(-32602);
  });

  test("a call whose connection ends goes on; the client comes back for the rest", async () => {
    const session = await begin(worker, url);
    const call = legacy(url, "tools/call", { name: "long" }, { id: "long", session });
    const first = new EventReader(await worker(call));
    const events = [];
    for (let next = await first.next(); next; next = await first.next()) events.push(next);
    expect(events[0]).toMatchObject({ data: "" });
    const ids = events.map(({ id }) => id).filter((id) => id !== undefined);
    expect(ids).toHaveLength(2);
    const resumed = async (id: string) => {
      const { response, stream } = await open(session, { "last-event-id": id });
      expect(response.status).toBe(200);
      const texts = [];
      for (let next = await stream.next(); next; next = await stream.next())
        texts.push(JSON.parse(next.data) as Message<ToolResult>);
      return texts;
    };
    const rest = await resumed(String(ids[1]));
    expect(rest).toHaveLength(1);
    expect(rest[0]?.id).toBe("long");
    expect(textOf((rest[0] as Message<ToolResult>).result)).toBe("late");
    expect(await resumed(String(ids[0]))).toHaveLength(2);
    const other = await begin(worker, url);
    const elsewhere = await open(other, { "last-event-id": String(ids[0]) });
    await elsewhere.stream.close();
    expect((await open(session, { "last-event-id": "nonsense" })).response.status).toBe(400);
  });
});

test("where there is no object there is no stream, and everything else works", async () => {
  const url = `${HOST}/changing-nowhere`;
  const session = await begin(worker, url);
  const response = await worker(
    new Request(url, { headers: { accept: "text/event-stream", "mcp-session-id": session } }),
  );
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("POST, OPTIONS");
  const { first, stream } = await listen("/changing-nowhere", { toolsListChanged: true });
  expect(first.params.notifications).toEqual({});
  await stream.close();
  expect(await trigger("/changing-nowhere", "change", { what: "tools" })).toContain("changed");
});

describe.each(["/changing-kept", "/changing-placed-kept"])("sessions that are kept, at %s", (path) => {
  const url = HOST + path;
  const list = (session: string) => worker(legacy(url, "tools/list", {}, { session }));
  const end = (session: string, headers: Record<string, string> = {}) =>
    worker(new Request(url, { method: "DELETE", headers: { "mcp-session-id": session, ...headers } }));

  test("end when they are deleted, and only for their owner", async () => {
    const session = await begin(worker, url, { headers: { "x-user": "ann" } });
    expect((await end(session)).status).toBe(404);
    expect((await end(session, { "x-user": "bob" })).status).toBe(404);
    const asAnn = () => worker(legacy(url, "tools/list", {}, { session, headers: { "x-user": "ann" } }));
    expect((await asAnn()).status).toBe(200);
    expect((await end(session, { "x-user": "ann" })).status).toBe(204);
    expect((await asAnn()).status).toBe(404);
    expect((await end(session, { "x-user": "ann" })).status).toBe(404);
  });

  test("others are untouched", async () => {
    const [one, two] = [await begin(worker, url), await begin(worker, url)];
    await end(one);
    expect([(await list(one)).status, (await list(two)).status]).toEqual([404, 200]);
  });
});

describe.each([...paths, "/changing-kept", "/changing-placed-kept", "/changing-nowhere"])("a call at %s", (path) => {
  const url = HOST + path;
  const wait = (session: string, id: string | number, user = "ann") =>
    worker(legacy(url, "tools/call", { name: "wait_for_signal" }, { id, session, headers: { "x-user": user } }))
      .then((response) => messageOf<ToolResult>(response))
      .then(({ result }) => textOf(result));
  const cancel = async (session: string, requestId: string | number, user = "ann") => {
    const body = JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } });
    const headers = { "mcp-session-id": session, "mcp-protocol-version": LEGACY, "x-user": user };
    return (await worker(post(url, body, { headers }))).status;
  };
  const beginAs = (user: string) => begin(worker, url, { headers: { "x-user": user } });

  test("hears of its cancellation, at once and after a while", async () => {
    const session = await beginAs("ann");
    for (const [id, ms] of [[5, 0] as const, ["five", 900] as const]) {
      const { waiting } = calls;
      const calling = wait(session, id);
      await vi.waitUntil(() => calls.waiting > waiting);
      // real time: after half a second a call is reached through its session's object (WATCH_AFTER)
      await scheduler.wait(ms);
      expect(await cancel(session, id)).toBe(202);
      expect(await calling).toBe("cancelled");
    }
  });

  test("hears of no other's", async () => {
    const [session, another, bobs] = [await beginAs("ann"), await beginAs("ann"), await beginAs("bob")];
    const { waiting } = calls;
    calls.mayBe = false;
    const calling = wait(session, 1);
    await vi.waitUntil(() => calls.waiting > waiting);
    expect(await cancel(another, 1)).toBe(202);
    expect(await cancel(session, "1")).toBe(202);
    expect(await cancel(session, 2)).toBe(202);
    expect(await cancel(bobs, 1, "bob")).toBe(202);
    expect(await cancel(session, 1, "bob")).toBe(404);
    calls.mayBe = true;
    expect(await cancel(session, 1)).toBe(202);
    expect(await calling).toBe("cancelled");
  });
});

test("without that, DELETE is 405 with what there is", async () => {
  const url = `${HOST}/changing`;
  const session = await begin(worker, url);
  const response = await worker(new Request(url, { method: "DELETE", headers: { "mcp-session-id": session } }));
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET, POST, OPTIONS");
});

test("a hundred listeners hear of a change", async () => {
  const listeners = await Promise.all(
    Array.from({ length: 100 }, (_, n) => listen("/changing", { toolsListChanged: true }, n, "crowd")),
  );
  await trigger("/changing", "change", { what: "tools" }, "crowd");
  await Promise.all(
    listeners.map(async ({ stream }, n) => {
      expect((await stream.message<Notice>()).params._meta).toEqual({ [SUBSCRIPTION]: n });
      await stream.close();
    }),
  );
});
