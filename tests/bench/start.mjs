/**
 * What a cold start costs: CPU time from the start of workerd to its first answer, above that of the smallest Worker. This is
 * what somebody waits for when no isolate is running. All take turns, in one run, each time in a new process.
 */
import { readdir, readFile } from "node:fs/promises";
import { Failure } from "../../scripts/lib/step.mjs";
import { columns } from "./columns.mjs";
import { program, singleFile } from "./contestants.mjs";
import { modernCall, opening, post } from "./requests.mjs";
import { rows } from "./rows.mjs";
import { median } from "./statistics.mjs";
import { serve } from "./workerd.mjs";

/**
 * @typedef {object} Pair
 * @property {string} name
 * @property {string} row the row of the benchmark with the two contestants
 * @property {import("./load.mjs").FixedRequest} request the first
 * @property {number} status of its answer
 * @property {number} bar how many times the peer's cost ours may be
 */

/** @type {Pair[]} */
const pairs = [
  { name: "a call without authentication", row: "noauth-modern", request: modernCall, status: 200, bar: 0.7 },
  { name: "a session is opened", row: "session-legacy", request: opening, status: 200, bar: 0.7 },
  { name: "a call that has to sign in", row: "oauth-token", request: modernCall, status: 401, bar: 0.8 },
];

const BARE = `export default { fetch: () => new Response("ok") };`;

/** Measures all pairs. @param {number} rounds */
export async function measureStarts(rounds) {
  const bare = { program: await singleFile("bare", BARE), request: modernCall, status: 200, costs: [] };
  /** @type {Array<Pair & { ours: Starter, peer: Starter }>} */
  const measured = [];
  for (const pair of pairs) {
    const row = rows.find(({ id }) => id === pair.row);
    if (!row?.peers[0]) throw new Failure(`There is no row ${pair.row} with a peer`);
    const starter = async (/** @type {import("./rows.mjs").Contestant} */ contestant) => ({
      program: await program(contestant),
      request: pair.request,
      status: pair.status,
      costs: [],
    });
    measured.push({ ...pair, ours: await starter(row.ours), peer: await starter(row.peers[0]) });
  }
  const all = [bare, ...measured.flatMap(({ ours, peer }) => [ours, peer])];
  for (let round = 0; round < rounds; round += 1) {
    for (const one of all) one.costs.push(await start(one));
  }
  const floor = median(bare.costs);
  return measured.map(({ name, bar, ours, peer }) => {
    const [own, other] = [median(ours.costs) - floor, median(peer.costs) - floor];
    return { name, bar, ours: own, peer: other, ratio: own / other };
  });
}

/** @typedef {{ program: import("./workerd.mjs").Program, request: import("./load.mjs").FixedRequest, status: number, costs: number[] }} Starter */
/** @typedef {Awaited<ReturnType<typeof measureStarts>>[number]} Start */

/** Starts a Worker, and answers how many milliseconds of CPU time it has used when its first answer is there. */
async function start(/** @type {Starter} */ { program, request, status }) {
  const server = await serve(program);
  try {
    const answer = await post(`${server.url}/mcp`, request);
    const text = await answer.text();
    if (answer.status !== status) throw new Failure(`${program.folder} answered ${answer.status}: ${text}`);
    return await cpuMilliseconds(server.pid);
  } finally {
    server.stop();
  }
}

/** CPU time of all threads of a process, which the kernel counts in nanoseconds here. */
async function cpuMilliseconds(/** @type {number | undefined} */ pid) {
  let nanoseconds = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    nanoseconds += Number((await readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")).split(" ")[0]);
  }
  return nanoseconds / 1e6;
}

/** The figures as people read them. */
export function startsTable(/** @type {Start[]} */ starts) {
  const ms = (/** @type {number} */ value) => `${value.toFixed(0)} ms`;
  const lines = [["cold start", "mcp-wicket", "peer", "ratio", "bar", ""]];
  for (const { name, ours, peer, ratio, bar } of starts) {
    const verdict = ratio <= bar ? "within" : "OVER THE BAR";
    lines.push([name, ms(ours), ms(peer), ratio.toFixed(2), `≤ ${bar}`, verdict]);
  }
  return `${columns(lines)}
CPU time until the first answer, above that of a bare Worker.`;
}

/** True where each is within its bar. */
export function areWithin(/** @type {Start[]} */ starts) {
  return starts.every(({ ratio, bar }) => ratio <= bar);
}
