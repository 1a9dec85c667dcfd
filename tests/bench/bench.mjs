/**
 * `npm run bench`: what one request costs the server, as a multiple of the smallest Worker that does the same job.
 *
 * The cost is the CPU time of the workerd process, so neither the load generator nor the network counts. Contestants
 * take turns, and a figure is the median over the rounds of the ratio to the floor of the same round: absolute times
 * drift by 20 % and more.
 */
import { parseArgs } from "node:util";
import { build } from "../../scripts/build.mjs";
import { Failure } from "../../scripts/lib/step.mjs";
import { setup } from "../../scripts/setup.mjs";
import { installPeers } from "./contestants.mjs";
import { ensureWrk } from "./load.mjs";
import { isVoid, measure } from "./measure.mjs";
import { endAll } from "./processes.mjs";
import { inBrief, json, machine, table } from "./report.mjs";
import { rows } from "./rows.mjs";
import { holds, measureStreams, streamsTable } from "./streams.mjs";

const usage = `npm run bench -- [options]
  --only id,id    only these rows: ${rows.map((row) => row.id).join(", ")}
  --rounds N      rounds per row (default 12, at least 12 for a result); a row with a wide range gets up to twice as many
  --load          only the check of streams: 1,000 listeners, 200 calls at once
  --quick         three short rounds, to see that everything runs; this is not a result
  --peers         only the floor and the peers, without building ours
  --no-build      measures the build that is there
  --json          ends with one line of JSON
The exit code is 0 when every row is within its bar, 1 when one is over, 2 when one is void.`;

/** Runs the benchmark and answers the exit code. */
export async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean" },
      peers: { type: "boolean" },
      load: { type: "boolean" },
      "no-build": { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const chosen = values.load ? [] : choose(values.only);
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 12));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Failure(`--rounds takes a whole number above 0`);
  const options = {
    rounds,
    maxRounds: values.quick ? rounds : rounds * 2,
    seconds: values.quick ? 1 : 5,
    peersOnly: values.peers ?? false,
  };

  await ensureWrk();
  if (!values.load) await installPeers();
  if (!options.peersOnly && !values["no-build"]) {
    await setup();
    await build();
  }
  console.log(machine());

  const results = [];
  let streams;
  try {
    for (const row of chosen) {
      const result = await measure(row, options);
      console.error(inBrief(result));
      results.push(result);
    }
    if (values.load || !(values.only || options.peersOnly)) streams = await measureStreams();
  } finally {
    endAll();
  }
  if (chosen.length > 0) console.log(table(results));
  if (streams) console.log(streamsTable(streams));
  if (rounds < 12) console.log(`This is not a result: a result has at least 12 rounds, this had ${rounds}.`);
  if (values.json) console.log(json(results, streams));

  const figures = results.flatMap(({ row, ours }) => (ours ? [{ row, ours }] : []));
  if (figures.some(({ ours }) => isVoid(ours))) return 2;
  if (streams && !holds(streams)) return 1;
  return figures.some(({ row, ours }) => ours.ratio.median > row.bar) ? 1 : 0;
}

function choose(/** @type {string | undefined} */ only) {
  if (!only) return rows;
  return only.split(",").map((id) => {
    const row = rows.find((row) => row.id === id);
    if (!row) throw new Failure(`There is no row ${id}. The rows are ${rows.map((row) => row.id).join(", ")}.`);
    return row;
  });
}
