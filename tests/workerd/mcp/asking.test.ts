/** A handler that asks its client for something: the same body on both wires, in every place where it can run. */
import { describe, expect, test } from "vitest";
import { type Message, type ToolResult, legacy, modern, post } from "../../harness/messages.ts";
import {
  type AnswerTo,
  type Asked,
  type Called,
  EVERYTHING,
  beginAble,
  bothWires,
  callLegacy,
  callModern,
} from "./lib/asked.ts";
import { HOST, messageOf, textOf, worker } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

/** Answers as a person called Ann with a model that knows Paris. */
const ann: AnswerTo = ({ method, params }) => {
  if (method === "roots/list") return { roots: [{ uri: "file:///work", name: "work" }] };
  if (method === "sampling/createMessage") {
    return { role: "assistant", model: "m", content: { type: "text", text: "Paris" } };
  }
  if (params.mode === "url") return { action: "accept" };
  return { action: "accept", content: { name: "Ann" } };
};

const said = (called: Called) => textOf(called.result);

const places = ["/asking", "/asking-agent", "/asking-placed"];

describe.each(places.flatMap((path) => bothWires.map((on) => ({ path, ...on }))))("at $path on $wire", (on) => {
  const url = HOST + on.path;
  const call = (name: string, args: object = {}, answer: AnswerTo = ann, capabilities: object = EVERYTHING) =>
    on.call(worker, { name, arguments: args }, answer, { url, capabilities });

  test("a form", async () => {
    const called = await call("greet");
    expect(said(called)).toBe('Hello: {"action":"accept","content":{"name":"Ann"}}');
    expect(called.asked).toMatchObject([
      {
        method: "elicitation/create",
        params: { message: "Who are you?", requestedSchema: { type: "object", required: ["name"] } },
      },
    ]);
  });

  test.each([{ action: "decline" }, { action: "cancel" }])("a person who says $action", async (answer) => {
    expect(said(await call("greet", {}, () => answer))).toBe(`Hello: ${JSON.stringify(answer)}`);
  });

  test("a page to open", async () => {
    const called = await call("connect");
    expect(said(called)).toBe("accept");
    expect(called.asked).toMatchObject([{ params: { mode: "url", url: "https://example.com/connect" } }]);
  });

  test("a language model and the folders", async () => {
    expect(said(await call("capital"))).toBe("Paris");
    expect(said(await call("folders"))).toBe("file:///work");
  });

  test("several things at once", async () => {
    const called = await call("everything");
    expect(said(called)).toBe("Ann, Paris, 1 folder");
    expect(called.asked.map(({ method }) => method).sort()).toEqual([
      "elicitation/create",
      "roots/list",
      "sampling/createMessage",
    ]);
  });

  test("one thing after the other; what is done once is done once", async () => {
    const called = await call("pay", { tag: crypto.randomUUID() });
    expect(called.asked).toHaveLength(2);
    expect(said(called)).toBe("paid 1 times by Ann");
  });

  test("a client that has not declared what is needed", async () => {
    const called = await call("greet", {}, ann, { sampling: {} });
    expect(called.asked).toEqual([]);
    if (on.wire === "2026-07-28") {
      expect(called.status).toBe(400);
      expect(called.error).toMatchObject({
        code: -32021,
        data: { requiredCapabilities: { elicitation: { form: {} } } },
      });
    } else {
      expect(called.result).toMatchObject({ isError: true });
      expect(said(called)).toContain("elicitation");
    }
  });

  test("a page that has to be opened first", async () => {
    const tag = crypto.randomUUID();
    const open = async ({ params }: Asked) => {
      expect(params).toMatchObject({ mode: "url", message: "Connect your account" });
      await on.call(worker, { name: "open", arguments: { tag } }, ann, { url, capabilities: {} });
      return { action: "accept" };
    };
    const called = await call("account", { tag }, open);
    if (on.wire === "2026-07-28") {
      // The client sends the call again by itself, and what was done once stays done once.
      expect(said(called)).toBe("connected, looked 1 times");
      expect(called.asked).toHaveLength(1);
      return;
    }
    const { error, status } = called;
    expect({ status, asked: called.asked, code: error.code }).toEqual({ status: 200, asked: [], code: -32042 });
    const { elicitations } = error.data as { elicitations: Asked["params"][] };
    expect(elicitations).toEqual([
      {
        mode: "url",
        message: "Connect your account",
        url: `https://example.com/connect?elicitation=${String(elicitations[0]?.elicitationId)}`,
        elicitationId: expect.any(String) as string,
      },
    ]);
    await open({ method: "", params: elicitations[0] ?? {} });
    expect(said(await call("account", { tag }))).toContain("connected");
  });

  test("a page that has to be opened, and a client that opens none", async () => {
    const called = await call("account", { tag: crypto.randomUUID() }, ann, { elicitation: {} });
    expect(called.asked).toEqual([]);
    if (on.wire === "2026-07-28") {
      expect(called.status).toBe(400);
      expect(called.error).toMatchObject({
        code: -32021,
        data: { requiredCapabilities: { elicitation: { url: {} } } },
      });
    } else {
      expect(called.result).toMatchObject({ isError: true });
      expect(said(called)).toBe(
        'The client does not support this request: it has not declared {"elicitation":{"url":{}}}.',
      );
    }
  });

  test("no page to be opened is a mistake of the handler", async () => {
    expect(said(await call("formless"))).toContain("must be an array with at least one page");
  });

  test("a handler that catches everything still ends its run with its question", async () => {
    expect(said(await call("stubborn"))).toBe("asked: accept");
  });
});

describe("on 2026-07-28", () => {
  const url = `${HOST}/asking`;
  const call = (name: string, answer: AnswerTo, capabilities: object = EVERYTHING) =>
    callModern(worker, { name, arguments: {} }, answer, { url, capabilities });

  test("an answer that is none is asked for again", async () => {
    let rounds = 0;
    const called = await call("greet", () =>
      ++rounds < 3 ? { action: "accept", content: { name: rounds } } : { action: "accept", content: { name: "Ann" } },
    );
    expect(said(called)).toContain("Ann");
    expect(rounds).toBe(3);
  });

  test("a page that was not opened yet is asked for again; one that the person will not open is not", async () => {
    let rounds = 0;
    const tag = crypto.randomUUID();
    const answer: AnswerTo = () => ({ action: ++rounds < 3 ? "accept" : "decline" });
    const called = await callModern(worker, { name: "account", arguments: { tag } }, answer, { url });
    expect(called.result).toMatchObject({ isError: true });
    expect(said(called)).toBe("The person has not opened a page that this call needs.");
    expect(rounds).toBe(3);
  });

  test.each([
    ["prompts/get", "account", { name: "account", arguments: { tag: "nobody's" } }],
    ["resources/read", "account://mine", { uri: "account://mine" }],
  ])("%s asks for pages, too", async (method, name, params) => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": EVERYTHING };
    const headers = { "mcp-name": name };
    const { result } = await messageOf<{ resultType: string; inputRequests: Record<string, Asked> }>(
      worker(modern(url, method, { ...params, _meta }, { headers })),
    );
    expect(result.resultType).toBe("input_required");
    expect(result.inputRequests["page-1"]?.params).not.toHaveProperty("elicitationId");
  });

  test("keys that the handler names", async () => {
    const keys: (string | undefined)[] = [];
    await call("everything", (asked, key) => {
      keys.push(key);
      return ann(asked);
    });
    expect(keys.sort()).toEqual(["capital", "folders", "name"]);
  });
});

describe("a round that is sent again", () => {
  const url = `${HOST}/asking`;
  const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
  const round = async (params: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const _meta = { [CAPABILITIES]: EVERYTHING };
    return messageOf<ToolResult & { requestState?: string; resultType: string }>(
      worker(modern(url, "tools/call", { ...params, _meta }, { headers })),
    );
  };
  const accept = { action: "accept", content: { name: "Ann" } };
  const count = async (tag: string) => textOf((await round({ name: "destroyed", arguments: { tag } })).result);

  test("runs a destructive tool once only", async () => {
    const tag = crypto.randomUUID();
    const call = { name: "destroy", arguments: { tag } };
    const { requestState } = (await round(call)).result;
    expect(await count(tag)).toBe("0");
    const last = { ...call, inputResponses: { "elicit-1": accept }, requestState };
    const all = await Promise.all(Array.from({ length: 20 }, () => round(last)));
    expect(all.filter((message) => "result" in message)).toHaveLength(1);
    expect(new Set(all.flatMap(({ error }) => (error as { code: number } | undefined)?.code ?? []))).toEqual(
      new Set([-32602]),
    );
    expect(await count(tag)).toBe("1");
  });

  test("does what is done once a single time, however often and however close together it is sent", async () => {
    const tag = crypto.randomUUID();
    const call = { name: "pay", arguments: { tag } };
    const { requestState } = (await round(call)).result;
    const second = { ...call, inputResponses: { "elicit-1": accept }, requestState };
    const all = await Promise.all(Array.from({ length: 5 }, () => round(second)));
    const good = all.filter((message) => "result" in message);
    expect(good.map(({ result }) => result.resultType)).toEqual(["input_required"]);
    for (const { error } of all.filter((message) => !("result" in message))) {
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining("has been used") as string });
    }
    expect((await round(second)).error.message).toContain("Call the tool again without it");
    expect(await count(tag)).toBe("1");
    // What follows knows that it was done, and does nothing once: it may be sent again.
    const third = { ...call, inputResponses: { "elicit-2": accept }, requestState: good[0]?.result.requestState };
    for (let n = 0; n < 3; n++) expect(textOf((await round(third)).result)).toBe("paid 1 times by Ann");
    expect(await count(tag)).toBe("1");
  });

  test("answers without the state do not count for a destructive tool", async () => {
    const tag = crypto.randomUUID();
    const call = { name: "destroy", arguments: { tag }, inputResponses: { "elicit-1": accept } };
    expect((await round(call)).result.resultType).toBe("input_required");
    expect(await count(tag)).toBe("0");
  });

  test("with other arguments, for another tool or by somebody else is refused, and nothing is done", async () => {
    const [tag, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const call = { name: "destroy", arguments: { tag } };
    const { requestState } = (await round(call)).result;
    const last = { ...call, inputResponses: { "elicit-1": accept }, requestState };
    const refused = await Promise.all([
      round({ ...last, arguments: { tag: other } }),
      round({ ...last, name: "pay" }),
      round(last, { "x-user": "bob" }),
      round({ ...last, requestState: `${requestState ?? ""}-TAMPERED` }),
    ]);
    expect(refused.map(({ error }) => error.code)).toEqual([-32602, -32602, -32602, -32602]);
    expect([await count(tag), await count(other)]).toEqual(["0", "0"]);
    expect("result" in (await round(last))).toBe(true);
    expect(await count(tag)).toBe("1");
  });
});

describe("over HTTP+SSE", () => {
  /** Opens a stream, begins with these capabilities, and gives what posts a message. */
  async function begin(path: string, capabilities: object) {
    const response = await worker(new Request(HOST + path, { headers: { accept: "text/event-stream" } }));
    const stream = new EventReader(response);
    const url = new URL((await stream.next())?.data ?? "", HOST).href;
    const send = (message: object) => worker(post(url, JSON.stringify({ jsonrpc: "2.0", ...message })));
    const clientInfo = { name: "old", version: "1" };
    const params = { protocolVersion: "2024-11-05", capabilities, clientInfo };
    await send({ id: 0, method: "initialize", params });
    await stream.message();
    return { stream, send };
  }

  test.each(["/asking-sse", "/asking-placed-sse"])("at %s, the stream carries the question", async (path) => {
    const { stream, send } = await begin(path, { sampling: {} });
    expect((await send({ id: 1, method: "tools/call", params: { name: "capital" } })).status).toBe(202);
    const question = await stream.message<{ id: string; method: string }>();
    expect(question.method).toBe("sampling/createMessage");
    const result = { role: "assistant", model: "m", content: { type: "text", text: "Paris" } };
    expect((await send({ id: question.id, result })).status).toBe(202);
    expect(textOf((await stream.message<Message<ToolResult>>()).result)).toBe("Paris");
    await send({ id: 2, method: "tools/call", params: { name: "folders" } });
    const unable = await stream.message<Message<ToolResult>>();
    expect(unable.result).toMatchObject({ isError: true });
    await stream.close();
  });
});

describe("on 2025-11-25", () => {
  const url = `${HOST}/asking`;

  test("a client that answers with an error", async () => {
    const refuse = () => new Error("The person is away.");
    const called = await callLegacy(worker, { name: "capital" }, refuse, { url });
    expect(called.result).toMatchObject({ isError: true });
    expect(said(called)).toBe("The person is away.");
  });

  test("an answer that is none fails the call", async () => {
    const called = await callLegacy(worker, { name: "greet" }, () => ({ action: "shrug" }), { url });
    expect(called.result).toMatchObject({ isError: true });
    expect(said(called)).toContain("action");
  });

  test.each([
    ["prompts/get", { name: "account", arguments: { tag: "nobody's" } }],
    ["resources/read", { uri: "account://mine" }],
  ])("%s has pages that must be opened first, too", async (method, params) => {
    const session = await beginAble(worker, { url });
    const { error } = await messageOf(worker(legacy(url, method, params, { session })));
    expect(error).toMatchObject({ code: -32042, data: { elicitations: [{ mode: "url" }] } });
    const other = await beginAble(worker, { url, capabilities: {} });
    const { error: unable } = await messageOf(worker(legacy(url, method, params, { session: other })));
    expect(unable).toMatchObject({ code: -32603, message: expect.stringContaining("has not declared") as string });
  });

  test("two users at once, with equal ids, each hear their own", { timeout: 120_000 }, async () => {
    const users = ["ann", "bob"];
    for (let wave = 0; wave < 5; wave++) {
      const calls = Array.from({ length: 20 }, async (_, n) => {
        const user = users[n % 2] as string;
        const name: AnswerTo = () => ({ action: "accept", content: { name: `${user}-${wave}-${n}` } });
        const called = await callLegacy(worker, { name: "greet" }, name, { url, headers: { "x-user": user } });
        expect(said(called)).toContain(`${user}-${wave}-${n}`);
      });
      await Promise.all(calls);
    }
  });
});

describe("options that the official SDK has for a question", () => {
  const elicitation = { elicitation: { form: {} } };
  const modernly = (how: string) => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": elicitation };
    const request = modern(`${HOST}/asking`, "tools/call", { name: "hasty", arguments: { how }, _meta });
    return messageOf<ToolResult>(worker(request)).then(({ result }) => result);
  };

  /** What a client of 2025-11-25 hears that never answers. */
  async function legacyly(how: string): Promise<string[]> {
    const url = `${HOST}/asking`;
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "t", version: "1" },
    };
    const session = (await worker(legacy(url, "initialize", params, { revision: null }))).headers.get("mcp-session-id");
    const call = legacy(url, "tools/call", { name: "hasty", arguments: { how } }, { session: session ?? "" });
    const body = await (await worker(call)).text();
    const messages = [...body.matchAll(/^(?:data: )?(\{.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? "") as Message<ToolResult>,
    );
    return messages.map((message) => ("method" in message ? String(message.method) : (textOf(message.result) ?? "")));
  }

  test.each(["before", "unknown"])("%s: nothing is asked", async (how) => {
    const reason = { before: "taken back", unknown: "onprogress" }[how] ?? "";
    expect(textOf(await modernly(how))).toContain(reason);
    expect((await legacyly(how)).map((said) => said.includes(reason))).toEqual([true]);
  });

  test.each([
    ["signal", "taken back"],
    ["total", "The client did not answer in time."],
  ])("%s: the client is told that the question is taken back", async (how, reason) => {
    expect(await legacyly(how)).toEqual(["elicitation/create", "notifications/cancelled", reason]);
  });
});
