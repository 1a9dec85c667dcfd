/** Which Durable Objects are found, where, and what is said where there are none. */
import { createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { unserved } from "../../../js/http/response.ts";
import { siblingsOf, findObjects } from "../../../js/objects/find.ts";
import { notSqlite } from "../../../js/objects/missing.ts";
import { askObject, objectsOf } from "../../../js/objects/objects.ts";
import { legacy } from "../../harness/messages.ts";
import { HOST, begin, messageOf, worker } from "./lib/client.ts";

/** A namespace that says of its objects that they are of a class, or that they are none of ours. */
let count = 0;
function namespace(answer?: string | Error, id = `namespace ${String(++count)}`) {
  const wicketClass = () => {
    if (typeof answer === "string") return Promise.resolve(answer);
    return Promise.reject(answer ?? new TypeError('The RPC receiver does not implement the method "wicketClass".'));
  };
  return { idFromName: () => id, idFromString: () => id, getByName: () => ({ wicketClass }) };
}
type Fake = ReturnType<typeof namespace>;

/** What an old date has: no exports in its context. */
const old = { waitUntil() {} } as unknown as ExecutionContext;
const onOldDate = (exports: object) => ({ exports: exports as Record<string, unknown>, givesExports: false });
const today = (exported: object) => ({ exports: exported }) as unknown as ExecutionContext;
const refused = async (find: () => unknown): Promise<string> => {
  try {
    await find();
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_NO_OBJECT" });
    return (error as Error).message;
  }
  throw new Error("something was found");
};

describe("with exports in the context", () => {
  const [a, b, c] = [namespace(), namespace(), namespace()];

  test("the option goes first, then WicketObject, then the agent's class", async () => {
    const ctx = today({ WicketObject: a, MyMCP: b });
    expect(await objectsOf(ctx, { MINE: c }, { objects: "MINE", agent: "MyMCP" })).toBe(c);
    expect(await objectsOf(ctx, {}, { objects: "MyMCP" })).toBe(b);
    expect(await objectsOf(ctx, {}, { agent: "MyMCP" })).toBe(a);
    expect(await objectsOf(today({ MyMCP: b }), {}, { agent: "MyMCP" })).toBe(b);
  });

  test("what is bound and not exported is another Worker's, and needs the option", async () => {
    const bound = { OTHER: namespace("MyMCP") };
    const said = await refused(() => objectsOf(today({ MyMCP: () => {} }), bound, { agent: "MyMCP" }));
    expect(said).toContain('name it with the option "objects"');
    expect(await objectsOf(today({}), bound, { agent: "MyMCP", objects: "OTHER" })).toBe(bound.OTHER);
  });

  test("a service is no namespace, although it seems to have every member", async () => {
    const service = new Proxy(() => {}, { has: () => true, get: () => () => Promise.reject(new Error("was asked")) });
    await refused(() => objectsOf(today({ WicketObject: service }), { SERVICE: service }, { objects: "SERVICE" }));
    await refused(() => findObjects(old, { SERVICE: service }, { classes: ["MyMCP"] }, onOldDate({})));
  });
});

/** Where not even the imported exports tell of classes, as these fakes are none of the Worker's. */
const find = (bound: Record<string, Fake | string>, classes: string[], named?: { option: "objects"; name: string }) =>
  findObjects(old, bound, { classes, named }, onOldDate({}));

describe("by bindings alone", () => {
  test("a binding counts by what its objects are, not by its name", async () => {
    const [mine, other] = [namespace("MyMCP"), namespace()];
    const bound = { COUNTER: other, KEY: "text", QUEUE_7: mine };
    expect(await find(bound, ["WicketObject", "MyMCP"])).toBe(mine);
    expect(await find(bound, ["WicketObject", "MyMCP"]), "known by now").toBe(mine);
    const wicket = namespace("WicketObject");
    expect(await find({ ...bound, Z: wicket }, ["WicketObject", "MyMCP"])).toBe(wicket);
  });

  test("two bindings of the same objects are one, of others they are refused, whatever the order", async () => {
    const [one, same, other] = [namespace("MyMCP", "same"), namespace("MyMCP", "same"), namespace("MyMCP")];
    expect(await find({ B: same, A: one }, ["MyMCP"])).toBe(one);
    for (const bound of [
      { A: one, B: other },
      { B: other, A: one },
    ]) {
      const said = await refused(() => find(bound, ["MyMCP"]));
      expect(said).toContain("A, B");
      expect(said).toContain('objects: "A"');
    }
    expect(await find({ A: one, B: other }, ["MyMCP"], { option: "objects", name: "B" })).toBe(other);
  });

  test("objects that do not answer might be the ones, so nothing else is used", async () => {
    const bound = { A: namespace(new Error("overloaded")), B: namespace("MyMCP") };
    expect(await refused(() => find(bound, ["MyMCP"]))).toContain("A do not answer");
  });
});

describe("where no class is named", () => {
  const [ours, other, stranger] = [namespace("OneMCP"), namespace("OtherMCP"), namespace()];
  const any = { any: true } as const;

  test("the only class of ours will do, whatever its name and whatever else is there", async () => {
    expect(await objectsOf(today({ Counter: stranger, OneMCP: ours }), {}, any)).toBe(ours);
    expect(await objectsOf(today({ Counter: stranger, OneMCP: ours }), { QUEUE_7: ours }, any), "known").toBe(ours);
    expect(await findObjects(old, { A: stranger, QUEUE_7: ours }, { classes: ["X"], ...any }, onOldDate({}))).toBe(
      ours,
    );
    const exported = onOldDate({ Counter: stranger, Mine: ours });
    const bound = { ANOTHER_WORKERS: other, QUEUE_7: ours };
    expect(await findObjects(old, bound, { classes: ["X"], ...any }, exported)).toBe(ours);
    const wicket = namespace("WicketObject");
    expect(await objectsOf(today({ OneMCP: ours, WicketObject: wicket }), {}, any)).toBe(wicket);
  });

  test("several are refused, and an agent that is known is no question", async () => {
    const ctx = today({ OneMCP: ours, OtherMCP: other });
    const said = await refused(() => objectsOf(ctx, {}, any));
    expect(said).toContain("OneMCP, OtherMCP");
    expect(said).toContain('objects: "OneMCP"');
    expect(await objectsOf(ctx, {}, { ...any, objects: "OtherMCP" })).toBe(other);
    expect(await objectsOf(ctx, {}, { ...any, agent: "OtherMCP" })).toBe(other);
  });

  test("none, and another Worker's, are refused with the option to name one", async () => {
    for (const bound of [{}, { ANOTHER_WORKERS: other }]) {
      const said = await refused(() => objectsOf(today({ Counter: stranger }), bound, any));
      expect(said).toContain('option "objects"');
      expect(said).toContain("export { WicketObject }");
    }
  });
});

describe("what is missing is named", () => {
  const migration = ['new_sqlite_classes = ["MyMCP"]', '"new_sqlite_classes": ["MyMCP"]'];
  const binding = ['name = "MCP_OBJECT"\nclass_name = "MyMCP"', '"name": "MCP_OBJECT", "class_name": "MyMCP"'];
  const classOnly = { MyMCP: () => {} };
  const ready = { MyMCP: namespace() };
  const say = (ctx: ExecutionContext, directory: object) =>
    refused(() => findObjects(ctx, {}, { classes: ["WicketObject", "MyMCP"] }, onOldDate(directory)));

  test("today: the class, or its migration", async () => {
    const nothing = await say(today({}), {});
    for (const part of [...migration, "export class MyMCP"]) expect(nothing).toContain(part);
    expect(nothing).not.toContain("durable_objects");
    const unmigrated = await say(today(classOnly), classOnly);
    for (const part of migration) expect(unmigrated).toContain(part);
    expect(unmigrated).not.toContain("export class");
  });

  test("on an old date: the binding as well, or the flag, or the date", async () => {
    const unbound = await say(old, ready);
    for (const part of [...binding, "2025-11-17", "enable_ctx_exports"]) expect(unbound).toContain(part);
    for (const part of [...migration, "export class"]) expect(unbound).not.toContain(part);
    const unmigrated = await say(old, classOnly);
    for (const part of [...binding, ...migration]) expect(unmigrated).toContain(part);
    const nothing = await say(old, {});
    for (const part of [...binding, ...migration, "export class MyMCP"]) expect(nothing).toContain(part);
  });

  test("an option that names nothing, with what there is", async () => {
    const error = vi.spyOn(console, "error").mockReturnValue();
    const said = await refused(() => objectsOf(today({}), { HERS: namespace() }, { objects: "MINE" }));
    expect(said).toContain('No Durable Object binding has the name "MINE"');
    expect(error.mock.lastCall?.[0], "the log has them").toContain("The Durable Object bindings are HERS.");
    error.mockRestore();
    expect(said).toContain('"MINE"');
    expect(said).toContain('"objects"');
    expect(said, "whoever asks need not know what else is bound").not.toContain("HERS");
    expect(said, "it may have been meant as a binding").toContain('name = "MINE"\nclass_name = "WicketObject"');
    const handler = await refused(() => findObjects(old, undefined, { classes: ["WicketObject"] }, onOldDate({})));
    expect(handler).toContain('export { WicketObject } from "mcp-wicket";');
  });
});

test("in an object, its fellows are those of its own namespace, whatever else is there", async () => {
  for (const name of ["WicketObject", "Plain"] as const) {
    const namespace = (exports as unknown as Record<string, DurableObjectNamespace>)[name];
    if (!namespace) throw new Error(`no ${name}`);
    await runInDurableObject(namespace.getByName("test:fellows"), (_, state) => {
      const fellows = siblingsOf(state, env, name);
      expect(String(fellows.idFromName("x"))).toBe(String(namespace.idFromName("x")));
      expect(String(siblingsOf(state, env, "a name that the bundler has changed").idFromName("x"))).toBe(
        String(namespace.idFromName("x")),
      );
    });
  }
});

test("objects of a class that is none of ours are told from those that do not answer", async () => {
  const stranger = { getByName: () => ({ wicketAsk: () => namespace().getByName().wicketClass() }) };
  await expect(askObject(stranger as never, "keyring", "root", "null")).rejects.toMatchObject({
    code: "ERR_NO_OBJECT",
  });
});

test("an object without SQLite says so as far as the client: 503 with the lines", async () => {
  const error = vi.spyOn(console, "error").mockReturnValue();
  // Of an error that an object has thrown only the message gets here.
  const answer = unserved(new Error(notSqlite("MyMCP").message), []);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('new_sqlite_classes = ["WicketObject"]');
  expect(error).toHaveBeenCalledOnce();
  error.mockRestore();
});

test("the Worker under test finds its objects, on whatever date it is", async () => {
  expect(await objectsOf(createExecutionContext(), env, { agent: "Plain" })).toBeDefined();
  const session = await begin(worker, `${HOST}/plain`);
  const { result } = await messageOf(
    worker(legacy(`${HOST}/plain`, "logging/setLevel", { level: "error" }, { session })),
  );
  expect(result).toEqual({});
});
