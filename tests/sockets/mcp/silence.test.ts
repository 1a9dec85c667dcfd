/**
 * A call that says nothing for long, over real connections: its response begins, and goes on, in the Worker and from a
 * session's object (`tests/workerd/mcp/silence.test.ts` moves the clock; here it takes its time).
 */
import { beforeAll, describe, expect, test } from "vitest";
import { initialize, legacy, modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { Gate } from "./lib/gate.ts";
import { read, send } from "./lib/socket.ts";

let worker: Running;
let gate: Gate;

beforeAll(async () => {
  gate = await new Gate().start();
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  return () => Promise.all([worker.stop(), gate.stop()]);
});

describe.concurrent.each(["/mcp", "/placed"])("%s", (path) => {
  test.each(["2026-07-28", "2025-11-25"])("of %s", { timeout: 90_000 }, async (revision) => {
    const url = worker.url + path;
    const name = `/${path.slice(1)}-${revision}`;
    const params = { name: "wait", arguments: { url: gate.url + name } };
    const begun = await fetch(initialize(url));
    const session = begun.headers.get("mcp-session-id") ?? "";
    await begun.text();
    const call = revision === "2026-07-28" ? modern : legacy;
    const request = call(url, "tools/call", params, revision === "2026-07-28" ? {} : { session });
    const socket = await send(worker.port, request);
    const head = await read(socket, /^HTTP\/1\.1 200 OK\r\n([\s\S]*?)\r\n\r\n[\s\S]*: still working\n\n/);
    expect(head[1]?.toLowerCase()).toContain("content-type: text/event-stream");
    for (let n = 0; n < 2; n++) await read(socket, /: still here\n\n/);
    const answer = read(socket, /data: (\{.*\})\n\n/);
    gate.open(name);
    expect(JSON.parse((await answer)[1] ?? "")).toMatchObject({
      id: 1,
      result: { content: [{ text: expect.stringContaining(`got ${name.slice(1)}`) as string }] },
    });
    socket.destroy();
  });
});
