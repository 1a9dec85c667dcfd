/** One row: its contestants run side by side and take turns, and each round's cost is divided by that round's floor. */
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../scripts/lib/step.mjs";
import { rightAnswer } from "./answers.mjs";
import { program, singleFile } from "./contestants.mjs";
import { cpuMicroseconds, watchOthers } from "./cpu.mjs";
import { floorSource } from "./floor.mjs";
import { startLoad } from "./load.mjs";
import { median, spread } from "./statistics.mjs";
import { serve } from "./workerd.mjs";

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} maxRounds to which a row whose range is too wide is extended
 * @property {number} seconds of load that the floor and ours get in a round
 * @property {boolean} peersOnly leaves ours out
 */

/**
 * @typedef {object} Figure
 * @property {string} id
 * @property {string} name
 * @property {number} us CPU time per request, median over the rounds
 * @property {ReturnType<typeof spread>} ratio to the floor of the same round
 */

/** A row is void when the quartiles of our ratios lie farther apart. */
const widestRange = 0.1;

/** Above this many CPUs' worth of other programs' work, a round is run again: it costs what is timed cache and clock. */
const tolerable = 0.2;

/** Milliseconds of a turn. The machine's speed drifts within seconds, and so short a turn shares it out evenly. */
const turn = 20;

/** A peer's figure needs no great precision, so a peer takes part in every fourth cycle of turns only. */
const peerEvery = 4;

/**
 * Measures a row.
 * @param {import("./rows.mjs").Row} row
 * @param {Options} options
 */
export async function measure(row, options) {
  /** @type {Runner[]} */
  const runners = [];
  try {
    for (const contestant of options.peersOnly ? row.peers : [row.ours, ...row.peers]) {
      runners.push(await runner(row, contestant, await program(contestant)));
    }
    const floor = await floorOf(row, runners[0], options);
    runners.unshift(floor);
    const ours = options.peersOnly ? undefined : runners[1];

    progress(`${row.id}: warming up`);
    await round(runners, 5, 0);
    let rounds = 0;
    let disturbed = 0;
    while (rounds < options.rounds || (rounds < options.maxRounds && ours && isVoid(figure(ours, floor)))) {
      progress(`${row.id}: round ${rounds + 1}`);
      const others = await watchOthers(runners.map(({ server }) => server.pid));
      const costs = await round(runners, options.seconds, rounds);
      if ((await others()) > tolerable && disturbed < options.rounds / 2) {
        disturbed += 1;
        continue;
      }
      runners.forEach((one, index) => one.costs.push(costs[index]));
      rounds += 1;
    }
    progress("");
    for (const one of runners) await rightAnswer(one.id, one.url, one.request, row.check);
    return {
      row,
      rounds,
      disturbed,
      floor: median(floor.costs),
      ours: ours && figure(ours, floor),
      peers: runners.slice(ours ? 2 : 1).map((peer) => figure(peer, floor)),
    };
  } finally {
    for (const { server } of runners) server.stop();
  }
}

/** Whether the figure is too uncertain to be one. */
export function isVoid(/** @type {Figure} */ { ratio }) {
  return ratio.range > widestRange;
}

/** A contestant under workerd whose answer was found right, and what its rounds cost. */
async function runner(
  /** @type {import("./rows.mjs").Row} */ row,
  /** @type {{ id: string, name: string }} */ { id, name },
  /** @type {import("./workerd.mjs").Program} */ program,
) {
  const server = await serve(program);
  try {
    const url = `${server.url}/mcp`;
    const request = await row.request(url);
    const answer = await rightAnswer(id, url, request, row.check);
    const isPeer = row.peers.some((peer) => peer.id === id);
    return { id, name, isPeer, server, url, request, answer, costs: /** @type {number[]} */ ([]) };
  } catch (error) {
    server.stop();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof runner>>} Runner */

/** The floor of a row, which answers the first contestant's request with the first contestant's bytes. */
async function floorOf(
  /** @type {import("./rows.mjs").Row} */ row,
  /** @type {Runner} */ model,
  /** @type {Options} */ { peersOnly },
) {
  const source = await singleFile(`floor-${row.id}`, floorSource(model.answer.message));
  // A series of its own: it goes on where its own last load has ended.
  const sameRequest = { ...row, request: async () => structuredClone(model.request) };
  const floor = await runner(sameRequest, { id: "floor", name: "floor" }, source);
  const differs = floor.answer.body !== model.answer.body || floor.answer.type !== model.answer.type;
  if (!differs || peersOnly) return floor;
  floor.server.stop();
  const shown = (/** @type {Runner} */ { answer }) => `${answer.type}\n${answer.body}`;
  throw new Failure(`${row.id}: the floor and ${model.id} answer differently.\n${shown(floor)}\n${shown(model)}`);
}

/**
 * Microseconds of CPU time per request, for each contestant, in one round: they are loaded turn by turn, so that
 * whatever happens to the machine happens to all of them.
 */
async function round(/** @type {Runner[]} */ runners, /** @type {number} */ seconds, /** @type {number} */ first) {
  const used = () => Promise.all(runners.map(({ server }) => cpuMicroseconds(server.pid)));
  const before = await used();
  const loads = [];
  for (const { url, request } of runners) loads.push(await startLoad(url, request));
  for (let cycle = 0; cycle < (seconds * 1000) / turn; cycle += 1) {
    for (let place = 0; place < loads.length; place += 1) {
      const index = (first + cycle + place) % loads.length;
      if (runners[index].isPeer && cycle % peerEvery) continue;
      loads[index].resume();
      await sleep(turn);
      loads[index].pause();
    }
  }
  const requests = [];
  for (const load of loads) requests.push(await load.finish());
  const after = await used();
  return requests.map((count, index) => (after[index] - before[index]) / count);
}

/** @returns {Figure} */
function figure(/** @type {Runner} */ { id, name, costs }, /** @type {Runner} */ floor) {
  const ratios = costs.map((cost, round) => cost / floor.costs[round]);
  return { id, name, us: median(costs), ratio: spread(ratios) };
}

function progress(/** @type {string} */ line) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
