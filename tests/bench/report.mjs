/** The benchmark's result, for people and for programs. */
import { execFileSync } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { columns } from "./columns.mjs";
import { isVoid } from "./measure.mjs";
import { workerd } from "./workerd.mjs";

/** @typedef {Awaited<ReturnType<typeof import("./measure.mjs").measure>>} Result */

/** What the figures depend on. */
export function machine() {
  const version = execFileSync(workerd, ["--version"], { encoding: "utf8" }).trim();
  return `${availableParallelism()} CPUs, ${version}, load average ${loadavg()[0].toFixed(2)}`;
}

/**
 * One row in a line, for those who wait.
 * @param {Result} result
 */
export function inBrief({ row, ours, peers }) {
  const parts = [ours, ...peers].flatMap((figure) =>
    figure ? [`${figure.name} ${figure.ratio.median.toFixed(2)} (range ${figure.ratio.range.toFixed(2)})`] : [],
  );
  return `${row.id}, times the floor: ${parts.join(", ")}`;
}

/**
 * The table that people read.
 * @param {Result[]} results
 */
export function table(results) {
  const lines = [["row", "contestant", "µs/request", "× floor", "quartiles", "bar", "rounds", ""]];
  for (const { row, rounds, disturbed, floor, ours, peers } of results) {
    lines.push([
      row.id,
      "floor",
      floor.toFixed(0),
      "1.00",
      "",
      "",
      String(rounds),
      disturbed ? `${disturbed} run again: the machine was busy` : "",
    ]);
    for (const figure of [ours, ...peers]) {
      if (!figure) continue;
      const { median, low, high } = figure.ratio;
      const isOurs = figure === ours;
      lines.push([
        "",
        figure.name,
        figure.us.toFixed(0),
        median.toFixed(2),
        `${low.toFixed(2)}–${high.toFixed(2)}`,
        isOurs ? `≤ ${row.bar}` : "",
        "",
        isOurs ? verdict(row.bar, figure) : "",
      ]);
    }
  }
  return columns(lines);
}

function verdict(/** @type {number} */ bar, /** @type {import("./measure.mjs").Figure} */ figure) {
  if (isVoid(figure)) return "void: the quartiles lie too far apart";
  return figure.ratio.median <= bar ? "within" : "OVER THE BAR";
}

/**
 * The line that programs read.
 * @param {Result[]} results
 * @param {import("./streams.mjs").Streams} [load]
 */
export function json(results, load) {
  const rows = results.map(({ row, rounds, floor, ours, peers }) => ({
    id: row.id,
    floor_us: round(floor),
    bar: row.bar,
    rounds,
    ...(ours && { us: round(ours.us), ratio: round(ours.ratio.median), iqr: round(ours.ratio.range) }),
    ...(ours && isVoid(ours) && { void: true }),
    peer: peers[0]?.name,
    peer_us: peers[0] && round(peers[0].us),
    peer_ratio: peers[0] && round(peers[0].ratio.median),
  }));
  return JSON.stringify({ floor_us: rows[0]?.floor_us, rows, ...(load && { load: rounded(load) }) });
}

/** The same with all its numbers rounded. */
function rounded(/** @type {object} */ value) {
  return JSON.parse(JSON.stringify(value, (_, member) => (typeof member === "number" ? round(member) : member)));
}

function round(/** @type {number} */ value) {
  return Math.round(value * 1000) / 1000;
}
