/** Clients that go away while their request waits: nothing of them stays. */
import { beforeAll, expect, test } from "vitest";
import { modern } from "../../harness/messages.ts";
import { at } from "../../harness/paths.ts";
import { type Running, start } from "../../harness/workerd.ts";
import { Gate } from "./lib/gate.ts";
import { heapOf } from "./lib/inspector.ts";
import { type Probed, probe, probeRequest } from "./lib/probe.ts";
import { reset, send } from "./lib/socket.ts";

/** So many that what the runtime makes for itself (up to 450 KB were seen, on and off) does not count as a client's. */
const WAVES = 150;
const IN_A_WAVE = 200;
/** Twenty bytes for each client that went away: less than anything that could be kept of one. */
const NOISE = WAVES * IN_A_WAVE * 20;

let worker: Running;
let gate: Gate;

beforeAll(async () => {
  gate = await new Gate().start();
  worker = await start(at("tests/sockets/mcp/worker/wrangler.toml"));
  return () => Promise.all([worker.stop(), gate.stop()]);
});

/** Many clients, each with a flow that waits, who all go away at once. */
async function wave(request: (n: number) => Request): Promise<void> {
  const before = gate.seen;
  const sockets = await Promise.all(Array.from({ length: IN_A_WAVE }, (_, n) => send(worker.port, request(n))));
  await gate.until(() => gate.seen === before + IN_A_WAVE);
  await Promise.all(sockets.map(reset));
  await gate.until(() => gate.waiting === 0);
}

const memory = async () => (await (await fetch(`${worker.url}/memory`)).json()) as number;

/** Warms up, then measures what many waves leave behind. */
async function leftBehind(request: (n: number) => Request): Promise<{ wasm: number; heap: number }> {
  for (let n = 0; n < 3; n++) await wave(request);
  const before = { wasm: await memory(), heap: await heapOf(worker) };
  for (let n = 0; n < WAVES; n++) await wave(request);
  const heap = async () => (await heapOf(worker)) - before.heap;
  // Some stays for a moment: a tool that has ended may keep its request for two seconds (js/common/overlap.ts). What stays for good
  // is still there at the last look.
  let left = await heap();
  for (let looks = 0; left >= NOISE && looks < 30; looks++) {
    // real time: looks again, at most as often as it takes
    await new Promise((resolve) => setTimeout(resolve, 1000));
    left = await heap();
  }
  return { wasm: (await memory()) - before.wasm, heap: left };
}

test(`${WAVES * IN_A_WAVE} resets while a flow waits leave nothing behind`, { timeout: 300_000 }, async () => {
  const left = await leftBehind((n) =>
    probeRequest(worker, { name: `gone-${n}`, rounds: [[{ fetch: `${gate.url}/${n}` }]] }),
  );
  expect(left.wasm).toBe(0);
  expect(left.heap).toBeLessThan(NOISE);
  const found: Probed = await probe(worker, { name: "next", rounds: [[{ fetch: `${gate.url}/now/here` }]] });
  expect(found).toEqual({ name: "next", outcomes: [{ ok: "here" }] });
});

test(`${WAVES * IN_A_WAVE} resets while a tool waits leave nothing behind`, { timeout: 300_000 }, async () => {
  const url = `${worker.url}/mcp`;
  const left = await leftBehind((n) =>
    modern(url, "tools/call", { name: "wait", arguments: { url: `${gate.url}/${n}` } }),
  );
  expect(left.wasm).toBe(0);
  expect(left.heap).toBeLessThan(NOISE);
  const hello = await fetch(modern(url, "tools/call", { name: "hello" }));
  expect(await hello.text()).toContain("hello undefined");
});

test("a tool's signal fires when its client goes away, and only then", async () => {
  const url = `${worker.url}/mcp`;
  const hold = (name: string) =>
    modern(url, "tools/call", { name: "hold", arguments: { name, url: `${gate.url}/hold/${name}` } });
  gate.open();
  const staying = fetch(hold("stays"));
  const sockets = await Promise.all(["one", "two"].map((name) => send(worker.port, hold(name))));
  await gate.until(() => gate.waiting === 3);
  await Promise.all(sockets.map(reset));
  const aborted = async () => (await (await fetch(`${worker.url}/aborted`)).json()) as string[];
  await expect.poll(async () => (await aborted()).sort(), { timeout: 10_000 }).toEqual(["one", "two"]);
  await gate.until(() => gate.waiting === 1);
  gate.open();
  expect(await (await staying).text()).toContain("nobody went away");
  expect(await aborted()).toHaveLength(2);
});
