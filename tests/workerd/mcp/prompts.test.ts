/** Prompts, and completion of their arguments and of templates' variables. */
import { type McpServer, ResourceTemplate, completable } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { z as z3 } from "zod3";
import { wires } from "../../harness/messages.ts";
import { HOST, messageOf, serverOf } from "./lib/client.ts";
import { logOf } from "./lib/log.ts";

const say = (text: string) => ({
  messages: [{ role: "user" as const, content: { type: "text" as const, text } }],
});
const cities = ["Paris", "Pau", "Lyon"];
const starting = (all: string[]) => (typed: string) => all.filter((one) => one.startsWith(typed));

const full = serverOf((server: McpServer) => {
  server.registerPrompt(
    "greet",
    {
      title: "Greet",
      description: "Says hello",
      argsSchema: {
        name: z.string().describe("Whom"),
        city: completable(z.string(), (typed, context) => [
          ...starting(cities)(typed),
          ...Object.values(context?.arguments ?? {}),
        ]),
        mood: completable(z.enum(["good", "bad"]), (typed) =>
          (["good", "bad"] as const).filter((mood) => mood.startsWith(typed)),
        ).optional(),
      },
      icons: [{ src: "https://example.com/i.png" }],
      _meta: { "example.com/a": 1 },
    },
    ({ name, mood }) => say(`${name} ${String(mood)}`),
  );
  server.prompt("plain", () => say("plain"));
  server.prompt("described", "With words", ({ requestId }) => say(String(requestId)));
  server.prompt("shaped", { a: z.string() }, ({ a }) => say(a));
  server.prompt("both", "Both", { a: z.string() }, ({ a }) => say(a));
  server.registerPrompt("object", { argsSchema: z.object({ a: completable(z.string(), () => ["x"]) }) }, ({ a }) =>
    say(a),
  );
  server.registerPrompt("zod3", { argsSchema: { a: completable(z3.string(), () => ["y"]).optional() } }, ({ a }) =>
    say(String(a)),
  );
  server.registerPrompt(
    "many",
    { argsSchema: { a: completable(z.string(), () => Array.from({ length: 250 }, (_, i) => String(i))) } },
    ({ a }) => say(a),
  );
  server.registerPrompt(
    "broken",
    {
      argsSchema: {
        a: completable(z.string(), () => {
          throw new Error("secret");
        }),
      },
    },
    () => {
      throw new Error("secret");
    },
  );
  const template = new ResourceTemplate("notes://{user}/{id}", {
    list: undefined,
    complete: {
      user: starting(["ada", "alan"]),
      id: (typed, context) => [`${typed}-${String(context?.arguments?.user)}`],
    },
  });
  server.registerResource("notes", template, {}, (uri) => ({ contents: [{ uri: uri.href, text: "" }] }));
  server.registerResource("fixed", "notes://all", {}, (uri) => ({ contents: [{ uri: uri.href, text: "" }] }));
});

interface Completed {
  completion: { values: string[]; total: number; hasMore: boolean };
}

describe.each(wires)("on $wire", ({ ask }) => {
  const get = (name: string, args?: Record<string, unknown>) =>
    messageOf<{ messages: { content: { text: string } }[] }>(
      full(ask(`${HOST}/mcp`, "prompts/get", { name, ...(args && { arguments: args }) })),
    );
  const textOf = async (name: string, args?: Record<string, unknown>) =>
    (await get(name, args)).result.messages[0]?.content.text;
  const complete = (ref: object, name: string, value: string, known?: Record<string, string>) => {
    const context = known && { context: { arguments: known } };
    return messageOf<Completed>(
      full(ask(`${HOST}/mcp`, "completion/complete", { ref, argument: { name, value }, ...context })),
    );
  };
  const prompt = (name: string) => ({ type: "ref/prompt", name });

  test("a list has the prompts and their arguments", async () => {
    const { result } = await messageOf<{ prompts: object[] }>(full(ask(`${HOST}/mcp`, "prompts/list")));
    const a = { name: "a", required: true };
    expect(result.prompts.slice(0, 7)).toEqual([
      {
        name: "greet",
        title: "Greet",
        description: "Says hello",
        arguments: [
          { name: "name", description: "Whom", required: true },
          { name: "city", required: true },
          { name: "mood", required: false },
        ],
        icons: [{ src: "https://example.com/i.png" }],
        _meta: { "example.com/a": 1 },
      },
      { name: "plain" },
      { name: "described", description: "With words" },
      { name: "shaped", arguments: [a] },
      { name: "both", description: "Both", arguments: [a] },
      { name: "object", arguments: [a] },
      { name: "zod3", arguments: [{ name: "a", required: false }] },
    ]);
  });

  test("a prompt gets its arguments, or the context alone", async () => {
    expect(await textOf("greet", { name: "Ada", city: "Lyon", mood: "good" })).toBe("Ada good");
    expect(await textOf("plain")).toBe("plain");
    expect(await textOf("described")).toBe("1");
    for (const name of ["shaped", "both", "object", "zod3"]) expect(await textOf(name, { a: "x" })).toBe("x");
  });

  test("what is wrong is said", async () => {
    expect((await get("none")).error).toEqual({ code: -32602, message: 'Unknown prompt "none".' });
    expect((await get("__proto__")).error.code).toBe(-32602);
    expect((await get("greet", { city: "Lyon" })).error.message).toMatch(
      /^Invalid arguments for the prompt "greet": name: /,
    );
    expect((await get("greet", { name: 5 })).error.code).toBe(-32602);
    const { value, log } = await logOf(() => get("broken", { a: "" }));
    expect(value.error.code).toBe(-32603);
    expect(JSON.stringify(value)).not.toContain("secret");
    expect(log).toContain("secret");
  });

  test("arguments are completed", async () => {
    expect((await complete(prompt("greet"), "city", "Pa")).result.completion).toEqual({
      values: ["Paris", "Pau"],
      total: 2,
      hasMore: false,
    });
    const known = await complete(prompt("greet"), "city", "L", { name: "Ada" });
    expect(known.result.completion.values).toEqual(["Lyon", "Ada"]);
    expect((await complete(prompt("greet"), "mood", "g")).result.completion.values).toEqual(["good"]);
    expect((await complete(prompt("object"), "a", "")).result.completion.values).toEqual(["x"]);
    expect((await complete(prompt("zod3"), "a", "")).result.completion.values).toEqual(["y"]);
  });

  test("what has no completion has no values", async () => {
    const empty = { values: [], total: 0, hasMore: false };
    for (const [name, argument] of [
      ["greet", "name"],
      ["greet", "none"],
      ["greet", "__proto__"],
      ["plain", "a"],
    ] as const) {
      expect((await complete(prompt(name), argument, "")).result.completion).toEqual(empty);
    }
    const fixed = await complete({ type: "ref/resource", uri: "notes://all" }, "x", "");
    expect(fixed.result.completion).toEqual(empty);
  });

  test("a hundred values at most", async () => {
    const { values, total, hasMore } = (await complete(prompt("many"), "a", "")).result.completion;
    expect([values.length, values[99], total, hasMore]).toEqual([100, "99", 250, true]);
  });

  test("a template's variables are completed", async () => {
    const ref = { type: "ref/resource", uri: "notes://{user}/{id}" };
    expect((await complete(ref, "user", "a")).result.completion.values).toEqual(["ada", "alan"]);
    const id = await complete(ref, "id", "1", { user: "ada" });
    expect(id.result.completion.values).toEqual(["1-ada"]);
  });

  test("what is not there, and what throws", async () => {
    expect((await complete(prompt("none"), "a", "")).error.code).toBe(-32602);
    expect((await complete({ type: "ref/resource", uri: "none://{x}" }, "a", "")).error.code).toBe(-32602);
    const { value, log } = await logOf(() => complete(prompt("broken"), "a", ""));
    expect(value.error).toMatchObject({ code: -32603 });
    expect(value.error.message).not.toContain("secret");
    expect(log).toContain("secret");
  });

  test("a server that completes nothing has no such method", async () => {
    const none = serverOf(
      (server) => void server.registerPrompt("p", { argsSchema: { a: z.string() } }, () => say("")),
    );
    const params = { ref: prompt("p"), argument: { name: "a", value: "" } };
    expect((await messageOf(none(ask(`${HOST}/mcp`, "completion/complete", params)))).error.code).toBe(-32601);
  });
});

test("a prompt's handle", async () => {
  const names = async (change: (server: McpServer) => void) => {
    const server = serverOf((made) => {
      made.registerPrompt("one", {}, () => say("1"));
      change(made);
    });
    const { result } = await messageOf<{ prompts: { name: string; title?: string }[] }>(
      server(wires[0].ask(`${HOST}/mcp`, "prompts/list")),
    );
    return result.prompts.map(({ name, title }) => title ?? name);
  };
  const one = (server: McpServer) => server.registry.prompts.get("one");
  expect(await names(() => {})).toEqual(["one"]);
  expect(await names((server) => one(server)?.disable())).toEqual([]);
  expect(await names((server) => one(server)?.remove())).toEqual([]);
  expect(await names((server) => one(server)?.update({ name: "two" }))).toEqual(["two"]);
  expect(await names((server) => one(server)?.update({ title: "Uno" }))).toEqual(["Uno"]);
});
