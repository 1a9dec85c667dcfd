/**
 * What streams cost: listeners that idle, an event for all of them, and calls that stream all at once. Figures, not ratios.
 * Memory is what the Worker's isolate holds after a collection, which is what the platform limits (to 128 MiB); what workerd
 * takes as a process is told beside it, with what it takes for as many streams of a Worker that does nothing else.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../scripts/lib/step.mjs";
import { program, singleFile } from "./contestants.mjs";
import { cpuMicroseconds } from "./cpu.mjs";
import { modern, post, sessionCall } from "./requests.mjs";
import { serve } from "./workerd.mjs";

/** @typedef {Awaited<ReturnType<typeof measureStreams>>} Streams */
/** @typedef {import("./load.mjs").FixedRequest} FixedRequest */

const LISTENERS = 1000;
const STREAMS = 200;
/** Messages of each stream. */
const TO = 20;
/** workerd lets an object sleep after ten seconds in which nothing happens. */
const IDLE_MS = 15_000;

export const bars = { mib: 64, seconds: 2 };

const contestant = {
  id: "wicket-streams",
  name: "mcp-wicket",
  main: "contestants/wicket-streams/index.ts",
  objects: ["WicketObject"],
  vars: { WICKET_SECRET: "not-a-secret-only-for-tests-0123456789abcdefghijklm" },
};

const change = modern("tools/call", { name: "change" }, { "Mcp-Name": "change" });
const count = modern(
  "tools/call",
  { name: "count", arguments: { to: TO }, _meta: { progressToken: 1 } },
  { "Mcp-Name": "count" },
);
const subscription = modern("subscriptions/listen", { notifications: { toolsListChanged: true } });

/** The least that a stream is: it begins, and says something now and then. */
const FLOOR = `const encoder = new TextEncoder();
export default {
  fetch() {
    const readable = new ReadableStream({
      start(controller) {
        controller.enqueue(encoder.encode(": subscriptions/acknowledged tools/list_changed\\n\\n"));
        setInterval(() => controller.enqueue(encoder.encode(": still here\\n\\n")), 25_000);
      },
    });
    return new Response(readable, { headers: { "content-type": "text/event-stream" } });
  },
};
`;

/** Runs the check. */
export async function measureStreams() {
  const made = await program(contestant);
  const kinds = [];
  const bare = await serve(await singleFile("floor-streams", FLOOR), { inspected: true });
  try {
    const { heap, mib } = await idling(bare, async () => subscription);
    kinds.push({ kind: "of a Worker that does nothing else", heap, mib });
  } finally {
    bare.stop();
  }
  for (const [kind, opener] of /** @type {const} */ ([
    ["by subscriptions/listen", async () => subscription],
    ["by GET of a session", getOfSession],
  ])) {
    const server = await serve(made, { inspected: true });
    try {
      kinds.push({ kind, ...(await listeners(server, opener)) });
    } finally {
      server.stop();
    }
  }
  const server = await serve(made);
  try {
    return { listeners: LISTENERS, kinds, streams: await streams(server) };
  } finally {
    server.stop();
  }
}

/** The request that opens a session's stream. @returns {Promise<FixedRequest>} */
async function getOfSession(/** @type {string} */ url) {
  const { headers } = await sessionCall(url);
  return { headers: { ...headers, Accept: "text/event-stream" }, body: "" };
}

/**
 * Opens the streams and lets them idle.
 * @param {import("./workerd.mjs").Server} server
 * @param {(url: string) => Promise<FixedRequest>} opener
 */
async function idling({ url: site, pid, inspector }, opener) {
  const url = `${site}/mcp`;
  // What the first of all costs is no listener's.
  for (let n = 0; n < 50; n++) (await open(url, await opener(url))).close();
  await sleep(IDLE_MS);
  const before = { mib: await mebibytes(pid), heap: await heapMebibytes(inspector) };

  const opened = [];
  while (opened.length < LISTENERS) {
    const wave = Array.from({ length: 50 }, async () => open(url, await opener(url)));
    opened.push(...(await Promise.all(wave)));
  }
  const begun = { cpu: await cpuMicroseconds(pid), at: performance.now() };
  await sleep(IDLE_MS);
  const mib = (await mebibytes(pid)) - before.mib;
  const idleCpu = ((await cpuMicroseconds(pid)) - begun.cpu) / ((performance.now() - begun.at) * 1000);
  const heap = (await heapMebibytes(inspector)) - before.heap;
  return { opened, heap, mib, idleCpu };
}

/**
 * The same for listeners, and then an event for all of them.
 * @param {import("./workerd.mjs").Server} server
 * @param {(url: string) => Promise<FixedRequest>} opener
 */
async function listeners(server, opener) {
  const url = `${server.url}/mcp`;
  for (let n = 0; n < 50; n++) await (await post(url, change)).text();
  const { opened, ...idle } = await idling(server, opener);
  const woken = await wokenIn(server.url);
  const heard = opened.map((one) => one.until("tools/list_changed"));
  const started = performance.now();
  await (await post(url, change)).text();
  await Promise.all(heard);
  const seconds = (performance.now() - started) / 1000;
  const slept = (await wokenIn(server.url)) > woken;
  for (const one of opened) one.close();
  return { ...idle, seconds, slept };
}

/** @param {import("./workerd.mjs").Server} server */
async function streams({ url: site }) {
  const url = `${site}/mcp`;
  await (await post(url, count)).text();
  const started = performance.now();
  const texts = await Promise.all(Array.from({ length: STREAMS }, async () => (await post(url, count)).text()));
  const seconds = (performance.now() - started) / 1000;
  const isWhole = (/** @type {string} */ text) =>
    text.split("notifications/progress").length === TO + 1 && text.includes(`"text":"${TO}"`);
  return { begun: STREAMS, finished: texts.filter(isWhole).length, seconds };
}

/** How often objects were made or woken so far. */
async function wokenIn(/** @type {string} */ site) {
  return Number(await (await fetch(`${site}/woken`)).text());
}

/** What a process has in memory, when it has been quiet for a moment. */
async function mebibytes(/** @type {number | undefined} */ pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kib === undefined) throw new Failure("What the server has in memory cannot be read.");
  return Number(kib) / 1024;
}

/** What is alive in the isolate's heap. */
async function heapMebibytes(/** @type {number | undefined} */ inspector) {
  const socket = new WebSocket(`ws://127.0.0.1:${inspector}/main`);
  await once(socket, "open");
  let id = 0;
  const ask = async (/** @type {string} */ method) => {
    const wanted = ++id;
    socket.send(JSON.stringify({ id: wanted, method }));
    for (;;) {
      const [{ data }] = await once(socket, "message");
      const answer = JSON.parse(data);
      if (answer.id === wanted) return answer.result;
    }
  };
  try {
    await ask("HeapProfiler.enable");
    await ask("HeapProfiler.collectGarbage");
    return (await ask("Runtime.getHeapUsage")).usedSize / 2 ** 20;
  } finally {
    socket.close();
  }
}

/**
 * Opens a stream and waits until it has begun.
 * @param {string} url
 * @param {FixedRequest} fixed
 */
async function open(url, { headers, body }) {
  const sent = request(url, { method: body === "" ? "GET" : "POST", headers, agent: false });
  sent.on("error", () => {}); // it is this end that goes away
  sent.end(body);
  const [response] = await once(sent, "response");
  if (response.statusCode !== 200) throw new Failure(`${url} opened no stream: ${response.statusCode}`);
  let said = "";
  response.setEncoding("utf8").on("data", (/** @type {string} */ text) => (said += text));
  const until = async (/** @type {string} */ text) => {
    while (!said.includes(text)) await once(response, "data", { signal: AbortSignal.timeout(60_000) });
  };
  await until(body === "" ? ": listening" : "subscriptions/acknowledged");
  return { until, close: () => sent.destroy() };
}

/** True if all bars hold. */
export function holds(/** @type {Streams} */ { kinds, streams }) {
  const isWithin = (/** @type {Streams["kinds"][number]} */ { heap, seconds = 0, slept = true }) =>
    heap <= bars.mib && seconds <= bars.seconds && slept;
  return kinds.every(isWithin) && streams.finished === streams.begun;
}

/** What people read. */
export function streamsTable(/** @type {Streams} */ { listeners, kinds, streams }) {
  const lines = kinds.map(({ kind, heap, mib, idleCpu = 0, seconds, slept }) => {
    const memory = `${heap.toFixed(1)} MiB in the isolate, ${mib.toFixed(0)} MiB in the process`;
    if (seconds === undefined) return `${listeners} streams ${kind}: ${memory}`;
    return (
      `${listeners} listeners ${kind}: ${memory} (bar ${bars.mib} in the isolate), ${(idleCpu * 100).toFixed(1)} % of a CPU ` +
      `while they idle, all hear of a change after ${seconds.toFixed(2)} s (bar ${bars.seconds}), ` +
      `their objects ${slept ? "sleep in between" : "STAY AWAKE"}`
    );
  });
  return [
    ...lines,
    `${streams.finished} of ${streams.begun} streams at once finish, in ${streams.seconds.toFixed(1)} s`,
  ].join("\n");
}
