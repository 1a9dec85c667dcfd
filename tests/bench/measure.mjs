/** One row: its contestants run side by side and take turns, and each round's cost is divided by that round's floor. */
import { rightAnswer } from "./answers.mjs";
import { program, singleFile } from "./contestants.mjs";
import { cpuMicroseconds, tolerable, watchOthers } from "./cpu.mjs";
import { floorSource } from "./floor.mjs";
import { load } from "./load.mjs";
import { median, spread } from "./statistics.mjs";
import { serve } from "./workerd.mjs";

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} maxRounds to which a row whose range is too wide is extended
 * @property {number} seconds of load in a round, for the floor and ours
 * @property {number} peerSeconds of load in a round, for a peer, whose figure needs no such precision
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
export const widestRange = 0.1;

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
      const seconds = contestant === row.ours ? options.seconds : options.peerSeconds;
      runners.push(await runner(row, contestant, await program(contestant), seconds));
    }
    const floor = await floorOf(row, runners[0], options);
    runners.unshift(floor);
    for (const one of runners) await cost(one, 3);

    const ours = options.peersOnly ? undefined : runners[1];
    let rounds = 0;
    let disturbed = 0;
    while (rounds < options.rounds || (rounds < options.maxRounds && ours && isVoid(figure(ours, floor)))) {
      progress(`${row.id}: round ${rounds + 1}`);
      const others = await watchOthers(runners.map(({ server }) => server.pid));
      const costs = await turns(runners, rounds);
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
  /** @type {number} */ seconds,
) {
  const server = await serve(program);
  try {
    const url = `${server.url}/mcp`;
    const request = await row.request(url);
    const answer = await rightAnswer(id, url, request, row.check);
    return { id, name, server, url, request, answer, seconds, costs: /** @type {number[]} */ ([]) };
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
  /** @type {Options} */ { seconds, peersOnly },
) {
  const source = await singleFile(`floor-${row.id}`, floorSource(model.answer.message));
  const sameRequest = { ...row, request: async () => model.request };
  const floor = await runner(sameRequest, { id: "floor", name: "floor" }, source, seconds);
  const differs = floor.answer.body !== model.answer.body || floor.answer.type !== model.answer.type;
  if (!differs || peersOnly) return floor;
  floor.server.stop();
  throw new Error(
    `${row.id}: the floor and ${model.id} answer differently\n${floor.answer.type} ${floor.answer.body}\n${model.answer.type} ${model.answer.body}`,
  );
}

/** What each one costs in this round; who goes first changes from round to round. */
async function turns(/** @type {Runner[]} */ runners, /** @type {number} */ round) {
  /** @type {number[]} */
  const costs = [];
  for (let turn = 0; turn < runners.length; turn += 1) {
    const index = (round + turn) % runners.length;
    costs[index] = await cost(runners[index]);
  }
  return costs;
}

/** Microseconds of CPU time per request. */
async function cost(/** @type {Runner} */ { server, url, request, seconds }, duration = seconds) {
  const before = await cpuMicroseconds(server.pid);
  const requests = await load(url, request, duration);
  return ((await cpuMicroseconds(server.pid)) - before) / requests;
}

/** @returns {Figure} */
function figure(/** @type {Runner} */ { id, name, costs }, /** @type {Runner} */ floor) {
  const ratios = costs.map((cost, round) => cost / floor.costs[round]);
  return { id, name, us: median(costs), ratio: spread(ratios) };
}

function progress(/** @type {string} */ line) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
