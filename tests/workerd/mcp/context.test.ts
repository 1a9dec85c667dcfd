/** What a handler sees of the call that it serves. */
import type { ToolContext } from "mcp-wicket";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { MODERN, type ToolResult, modern, wires } from "../../harness/messages.ts";
import { HOST, begin, callTool, messageOf, serverOf, textOf, worker } from "./lib/client.ts";

const url = `${HOST}/mcp`;
const done = { content: [] };

/** A server whose tool keeps the contexts it was called with. */
function watched() {
  const seen: ToolContext[] = [];
  const server = serverOf((made) => {
    made.registerTool("tool", {}, (context) => {
      seen.push(context);
      return done;
    });
    made.registerTool("with_arguments", { inputSchema: { a: z.number() } }, (_args, context) => {
      seen.push(context);
      return done;
    });
  });
  return { seen, server };
}

describe.each(wires)("on $wire", ({ wire, ask }) => {
  test("the request's id, as it was sent, whether or not the tool has arguments", async () => {
    const { seen, server } = watched();
    for (const id of ["seven", 7]) {
      await server(ask(url, "tools/call", { name: "tool" }, { id }));
      await server(ask(url, "tools/call", { name: "with_arguments", arguments: { a: 1 } }, { id }));
    }
    expect(seen.map(({ requestId }) => requestId)).toEqual(["seven", "seven", 7, 7]);
  });

  test("a signal, which a client fires by going away where that cancels", async () => {
    const going = new AbortController();
    const fired: boolean[] = [];
    const server = serverOf((made) => {
      made.registerTool("tool", {}, async ({ signal }) => {
        fired.push(signal.aborted);
        going.abort();
        if (wire === MODERN) await new Promise((resolve) => signal.addEventListener("abort", resolve));
        // real time: before, nothing happens; it would in the same turn
        else await scheduler.wait(20);
        fired.push(signal.aborted);
        return done;
      });
    });
    await server(new Request(ask(url, "tools/call", { name: "tool" }), { signal: going.signal })).catch(() => {});
    expect(fired).toEqual([false, wire === MODERN]);
  });

  test("the request's _meta", async () => {
    const { seen, server } = watched();
    await server(ask(url, "tools/call", { name: "tool", _meta: { "example.com/trace": "t1" } }));
    expect(seen[0]?._meta).toMatchObject({ "example.com/trace": "t1" });
  });

  test("the HTTP request without credentials", async () => {
    const { seen, server } = watched();
    const headers = {
      authorization: "Bearer secret",
      cookie: "id=secret",
      dpop: "secret",
      "proxy-authorization": "Basic secret",
      "cf-access-jwt-assertion": "secret",
      "x-trace": "t1",
    };
    await server(ask(`${url}?a=1`, "tools/call", { name: "tool" }, { headers }));
    const { requestInfo } = seen[0] as ToolContext;
    expect(requestInfo.url).toBeInstanceOf(URL);
    expect(requestInfo.url.href).toBe(`${url}?a=1`);
    expect(requestInfo.headers).toMatchObject({ "x-trace": "t1", "content-type": "application/json" });
    expect(JSON.stringify(requestInfo)).not.toContain("secret");
  });
});

test("the session, where there is one", async () => {
  const { seen, server } = watched();
  const session = await begin(server, url);
  const [, old] = wires;
  await server(old.ask(url, "tools/call", { name: "tool" }, { session }));
  await server(old.ask(url, "tools/call", { name: "tool" }));
  await server(modern(url, "tools/call", { name: "tool" }));
  expect(seen.map(({ sessionId }) => sessionId)).toEqual([session, undefined, undefined]);
});

test("no session where there is none, whatever the client says", async () => {
  const { seen, server } = watched();
  const sent = { headers: { "mcp-session-id": await begin(server, url) } };
  await server(modern(url, "tools/call", { name: "tool" }, sent));
  expect(seen.map(({ sessionId }) => sessionId)).toEqual([undefined]);
});

test("in an object it is the same", async () => {
  const placed = `${HOST}/placed`;
  const headers = { authorization: "Bearer secret", "x-trace": "t1" };
  const text = textOf(await callTool(worker, "request", {}, { id: "in the object", headers }, placed)) ?? "";
  expect(JSON.parse(text)).toMatchObject({ url: placed, requestId: "in the object", headers: { "x-trace": "t1" } });
  expect(text).not.toContain("secret");
  const session = await begin(worker, placed);
  const [, old] = wires;
  const { result } = await messageOf<ToolResult>(
    worker(old.ask(placed, "tools/call", { name: "request" }, { session })),
  );
  expect(JSON.parse(textOf(result) ?? "")).toMatchObject({ sessionId: session });
});

test.each(["/plain", "/placed"])("the Worker's bindings are there, at %s", async (path) => {
  expect(textOf(await callTool(worker, "query", {}, {}, HOST + path))).toBe("42");
});
