/** Answers that begin before they are there: progress, log messages and notifications of a handler. */
import type { ToolContext } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { LEGACY, MODERN, type Message, type ToolResult, wires } from "../../harness/messages.ts";
import { HOST, messageOf, serverOf, textOf } from "./lib/client.ts";
import { EventReader } from "./lib/stream.ts";

const url = `${HOST}/mcp`;
const LOG_LEVEL = "io.modelcontextprotocol/logLevel";
const text = (said: string) => ({ content: [{ type: "text" as const, text: said }] });

/** A server whose tool does as `run` says. */
const serverWith = (run: (context: ToolContext) => unknown) =>
  serverOf((server) => {
    server.registerTool("run", {}, async (context) => {
      await run(context);
      return text("done");
    });
  });

type Read = Message<ToolResult>;

/** All messages of a stream, to its end. */
async function messages(response: Response): Promise<Read[]> {
  const reader = new EventReader(response);
  const read: Read[] = [];
  for (let next = await reader.next(); next; next = await reader.next()) read.push(JSON.parse(next.data) as Read);
  return read;
}

const params = (more: Record<string, unknown> = {}) => ({
  name: "run",
  _meta: { progressToken: "p", [LOG_LEVEL]: "debug", ...more },
});

describe.each(wires)("on $wire", ({ wire, ask }) => {
  test("an answer is JSON as long as nothing is said before it", async () => {
    const response = await serverWith(() => {})(ask(url, "tools/call", params()));
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(textOf((await messageOf<ToolResult>(response)).result)).toBe("done");
  });

  test("with the first word it is a stream that ends with the answer", async () => {
    const server = serverWith(async ({ progress, log, sendNotification }) => {
      await progress(1, 3, "one");
      await log("warning", { disk: "full" }, "storage");
      await sendNotification({ method: "notifications/com.example.note", params: { a: 1 } });
      // real time: the next message comes when this one is on its way
      await scheduler.wait(5);
      await progress(2.5);
    });
    const response = await server(ask(url, "tools/call", params(), { id: "call" }));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    expect(response.headers.get("cache-control")).toBe("no-cache, no-transform");
    expect(response.headers.get("vary")).toBe("Origin");
    const [one, log, own, two, answer, ...rest] = await messages(response);
    expect(rest).toEqual([]);
    expect(one).toMatchObject({ params: { progressToken: "p", progress: 1, total: 3, message: "one" } });
    expect(log).toMatchObject({ params: { level: "warning", data: { disk: "full" }, logger: "storage" } });
    expect(own).toEqual({ jsonrpc: "2.0", method: "notifications/com.example.note", params: { a: 1 } });
    expect(two).toMatchObject({ params: { progressToken: "p", progress: 2.5 } });
    expect(answer?.id).toBe("call");
    expect(textOf((answer as Read).result)).toBe("done");
  });

  test("texts of every kind arrive as they are, also what ends a line elsewhere", async () => {
    const every = 'quotes " and \\, \u2028, \u2029, \u0085, \u000b, \r\n, \r, \n, \n\n, data: x, 🦀, \u0000, ünïcode';
    const server = serverOf((s) => {
      s.registerTool("run", {}, async ({ log }) => {
        await log("warning", every);
        return text(every);
      });
    });
    const [logged, answer, ...rest] = await messages(await server(ask(url, "tools/call", params())));
    expect(rest).toEqual([]);
    expect(logged).toMatchObject({ params: { data: every } });
    expect(textOf((answer as Read).result)).toBe(every);
  });

  test("what nobody waits for comes in its order, and before the answer", async () => {
    const server = serverWith(({ progress }) => {
      for (let n = 1; n <= 20; n++) void progress(n);
    });
    const all = await messages(await server(ask(url, "tools/call", params())));
    expect(all).toHaveLength(21);
    const said = all.slice(0, 20) as unknown as { params: { progress: number } }[];
    expect(said.map((message) => message.params.progress)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  test("progress that does not rise, or that nobody asked for, is not sent", async () => {
    const server = serverWith(async ({ progress, sendNotification }) => {
      for (const value of [1, 1, 0, 2]) await progress(value);
      await sendNotification({ method: "notifications/progress", params: { progress: 2, progressToken: "theirs" } });
    });
    const all = await messages(await server(ask(url, "tools/call", params())));
    expect(all.slice(0, -1).map((message) => JSON.stringify(message))).toEqual([
      expect.stringContaining('"progress":1'),
      expect.stringContaining('"progress":2'),
    ]);
    const silent = await server(ask(url, "tools/call", params({ progressToken: undefined })));
    expect(silent.headers.get("content-type")).toBe("application/json");
  });

  test("a client that takes JSON only gets its answer as JSON", async () => {
    const server = serverWith(async ({ progress, log }) => {
      await progress(1);
      await log("error", "x");
    });
    for (const accept of ["application/json", "*/*"]) {
      const response = await server(ask(url, "tools/call", params(), { headers: { accept } }));
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(textOf((await messageOf<ToolResult>(response)).result)).toBe("done");
    }
  });

  test("a tool that fails after its first word ends the stream with its error", async () => {
    const server = serverWith(async ({ progress }) => {
      await progress(1);
      throw new Error("a secret");
    });
    const all = await messages(await server(ask(url, "tools/call", params())));
    expect(all).toHaveLength(2);
    expect(all[1]).toMatchObject({ id: 1, result: { isError: true } });
    expect(JSON.stringify(all)).not.toContain("secret");
  });

  test("what cannot be said is an error of the handler", async () => {
    const wrong: string[] = [];
    const server = serverWith(async ({ progress, log, sendNotification }) => {
      for (const say of [
        () => progress(NaN),
        () => log("loud" as never, 1),
        () => sendNotification({ method: "tools/list" }),
      ]) {
        await say().catch((error: unknown) => wrong.push((error as { code: string }).code));
      }
    });
    const response = await server(ask(url, "tools/call", params()));
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(wrong).toEqual(Array.from({ length: 3 }, () => "ERR_ARGUMENT"));
  });

  test("nothing is said after the answer", async () => {
    const kept: ToolContext[] = [];
    const response = await serverWith((context) => kept.push(context))(ask(url, "tools/call", params()));
    await kept[0]?.progress(1);
    expect(await response.json()).toMatchObject({ id: 1 });
  });

  test("sendLoggingMessage of the server, as in the official SDK", async () => {
    const server = serverOf((made) => {
      made.registerTool("run", { inputSchema: { a: z.number() } }, async () => {
        await made.sendLoggingMessage({ level: "info", data: "hello" });
        return text("done");
      });
    });
    const all = await messages(await server(ask(url, "tools/call", { ...params(), arguments: { a: 1 } })));
    expect(all[0]).toMatchObject({ method: "notifications/message", params: { level: "info", data: "hello" } });
    expect(all).toHaveLength(2);
  });

  test("the level that the request names decides what is sent", async () => {
    const server = serverWith(async ({ log }) => {
      for (const level of ["debug", "info", "error"] as const) await log(level, level);
    });
    const response = await server(ask(url, "tools/call", params({ [LOG_LEVEL]: "error" })));
    expect(await messages(response)).toHaveLength(2);
  });

  test("a level that is none", async () => {
    const response = await serverWith(() => {})(ask(url, "tools/call", params({ [LOG_LEVEL]: "loud" })));
    expect(response.status).toBe(wire === MODERN ? 400 : 200);
    if (wire === MODERN) expect((await messageOf(response)).error.code).toBe(-32602);
  });
});

test("200 streams at once, each with its own messages", async () => {
  const server = serverOf((made) => {
    made.registerTool("count", { inputSchema: { name: z.string() } }, async ({ name }, { sendNotification }) => {
      for (let n = 0; n < 5; n++) {
        await sendNotification({ method: "notifications/com.example.note", params: { name, n } });
        // real time: how streams are interleaved makes no difference
        await scheduler.wait(Math.random() * 5);
      }
      return text(name);
    });
  });
  const streams = Array.from({ length: 200 }, async (_, n) => {
    const { ask } = n % 2 ? { ask: wires[0].ask } : { ask: wires[1].ask };
    const name = `stream-${n}`;
    const all = await messages(await server(ask(url, "tools/call", { name: "count", arguments: { name } })));
    expect(all).toHaveLength(6);
    for (const [at, message] of all.slice(0, 5).entries()) expect(message).toMatchObject({ params: { name, n: at } });
    expect(textOf((all[5] as Read).result)).toBe(name);
  });
  await Promise.all(streams);
});

test("in a batch, the stream ends with all the answers", async () => {
  const server = serverWith(({ progress }) => progress(1));
  const one = { jsonrpc: "2.0", method: "tools/call", params: params() };
  const request = wires[1].ask(url, "", {}, { revision: "2025-03-26" });
  const body = JSON.stringify([
    { ...one, id: 1 },
    { ...one, id: 2 },
  ]);
  const all = await messages(await server(new Request(url, { method: "POST", headers: request.headers, body })));
  expect(all).toHaveLength(3);
  expect(all[2]).toMatchObject([{ id: 1 }, { id: 2 }]);
  expect(LEGACY).not.toBe("2025-03-26");
});
