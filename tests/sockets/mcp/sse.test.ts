/** HTTP+SSE over real sockets: the stream stays alive, and does not outlive its client. */
import type { Socket } from "node:net";
import { beforeAll, describe, test } from "vitest";
import { type Message, type ToolResult, legacy } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { Gate } from "./lib/gate.ts";
import { read, reset, send } from "./lib/socket.ts";

let worker: Running;
let gate: Gate;

beforeAll(async () => {
  gate = await new Gate().start();
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  return () => Promise.all([worker.stop(), gate.stop()]);
});

/** Opens a stream on a socket of its own. */
async function open(path: string): Promise<{ socket: Socket; url: string; ping: () => Promise<number> }> {
  const socket = await send(worker.port, new Request(worker.url + path, { headers: { accept: "text/event-stream" } }));
  const [, endpoint = ""] = await read(socket, /event: endpoint\ndata: (\S+)\n\n/);
  const url = new URL(endpoint, worker.url).href;
  const ping = async () => {
    const response = await fetch(legacy(url, "ping", {}, { id: "ping", revision: null }));
    await response.text();
    return response.status;
  };
  return { socket, url, ping };
}

describe.concurrent.each(["/sse", "/placed-sse"])("%s", (path) => {
  test("a reset closes the stream for good: what is posted to it is 404", async ({ expect }) => {
    const { socket, ping } = await open(path);
    const heard = read(socket, /event: message\ndata: (.*)\n\n/);
    expect(await ping()).toBe(202);
    expect(JSON.parse((await heard)[1] ?? "")).toEqual({ jsonrpc: "2.0", id: "ping", result: {} });
    await reset(socket);
    await expect.poll(ping, { timeout: 10_000, interval: 50 }).toBe(404);
  });

  test("so does a client that closes its end", async ({ expect }) => {
    const { socket, ping } = await open(path);
    expect(await ping()).toBe(202);
    socket.destroy();
    await expect.poll(ping, { timeout: 10_000, interval: 50 }).toBe(404);
  });

  test("the end of one stream is not the end of another", async ({ expect }) => {
    const [one, other] = [await open(path), await open(path)];
    await reset(one.socket);
    await expect.poll(one.ping, { timeout: 10_000, interval: 50 }).toBe(404);
    expect(await other.ping()).toBe(202);
    await reset(other.socket);
  });

  test("a long message and its long answer come through whole", async ({ expect }) => {
    const { socket, url } = await open(path);
    const said = "long ".repeat(250_000);
    const heard = read(socket, /event: message\ndata: (.*)\n\n/);
    const call = legacy(url, "tools/call", { name: "echo", arguments: { said } }, { id: "long", revision: null });
    expect((await fetch(call)).status).toBe(202);
    const { result } = JSON.parse((await heard)[1] ?? "") as Message<ToolResult>;
    expect(result.content[0]?.text.slice(37) === said).toBe(true);
    await reset(socket);
  });

  test("a call goes on when the connection that brought it closes: its answer is for the stream", async ({
    expect,
  }) => {
    const { socket, url } = await open(path);
    const name = `hold${path}`;
    const params = { name: "hold", arguments: { name, url: gate.url + path } };
    const poster = await send(worker.port, legacy(url, "tools/call", params, { id: name, revision: null }));
    await Promise.all([read(poster, /^HTTP\/1\.1 202 /), gate.until(() => gate.has(path))]);
    await reset(poster);
    // real time: the Worker has heard of it by then; if it has not, the call goes on all the more
    await new Promise((resolve) => setTimeout(resolve, 500));
    const heard = read(socket, /event: message\ndata: (.*)\n\n/);
    gate.open(path);
    expect((await heard)[1]).toContain("nobody went away");
    expect(await (await fetch(`${worker.url}/aborted`)).json()).not.toContain(name);
    await reset(socket);
  });

  test(
    "a stream on which nothing happens says every 12 seconds that it is there",
    { timeout: 70_000 },
    async ({ expect }) => {
      const { socket, ping } = await open(path);
      const started = Date.now();
      for (const seconds of [12, 24]) {
        await read(socket, /: still here\n\n/);
        // real time: it may come later, and does not come sooner
        expect((Date.now() - started) / 1000).toBeGreaterThan(seconds - 2);
      }
      expect(await ping()).toBe(202);
      await reset(socket);
    },
  );
});
