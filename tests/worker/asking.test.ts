/** A handler that asks its client for something: the same body on both wires, in every place where it can run. */
import { describe, expect, test } from "vitest";
import { type AnswerTo, type Called, EVERYTHING, bothWires, callLegacy, callModern } from "./lib/asked.ts";
import { HOST, textOf, worker } from "./lib/client.ts";

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

  test("keys that the handler names", async () => {
    const keys: (string | undefined)[] = [];
    await call("everything", (asked, key) => {
      keys.push(key);
      return ann(asked);
    });
    expect(keys.sort()).toEqual(["capital", "folders", "name"]);
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
