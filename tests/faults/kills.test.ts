/**
 * The process is killed (SIGKILL) before and after each effect of each flow, and started again on the same storage. Then the
 * client does what clients do. What it sees is in docs/faults.md.
 */
import { afterAll, describe, expect, test } from "vitest";
import { bank, github } from "./lib/client.ts";
import { type Point, nameOf } from "./lib/control.ts";
import { type Flow, attacks, auditIsWhole, flows, pointsOf } from "./lib/flows.ts";
import { HANGS_MS, Place } from "./lib/place.ts";
import { Tables, documented, write } from "./lib/tables.ts";

const place = await Place.start(github, bank);
afterAll(() => place.stop());

const all: Record<string, Flow> = { ...flows, ...attacks };
const COLUMNS = { before: "killed before", after: "killed after" };
const tables = new Tables("effect", Object.values(COLUMNS));

/** The points of each flow, from a run in which nothing happens. */
const points: [flow: string, Point[]][] = [];
for (const [flow, begun] of Object.entries(all)) points.push([flow, await pointsOf(begun, place)]);

/** True for what only the first request of an isolate does. */
const isOfTheFirst = ({ what }: Point) => what === "keyring: root" || what === "revocations: since";
const rowOf = ({ what, nth }: Point) => `${what}${nth > 1 ? ", again" : ""}`;
for (const [flow, itsPoints] of points) for (const point of itsPoints) tables.row(flow, rowOf(point));

describe.each(points)("%s", (flow, itsPoints) => {
  test.each(itsPoints.map((point) => [nameOf(point), point] as const))("killed %s", async (_, point) => {
    if (isOfTheFirst(point)) await place.startAgain();
    const run = await (all[flow] as Flow)(place);
    await place.test("settled");
    const killed = place.control.killAt(point);
    const acted = run.act().catch(() => undefined);
    await Promise.race([killed, acted.then(() => isOver())]);
    const seen = await acted;
    await place.startAgain();
    const outcome = await run.again(seen);
    await auditIsWhole(run.client);
    tables.row(flow, rowOf(point)).set(COLUMNS[point.when], outcome);
  });
});

/** Rejects once the Worker has nothing more to do, so that it will not come to the point any more. */
async function isOver(): Promise<void> {
  const isAlive = await place.test("settled").then(
    () => true,
    () => false,
  );
  if (isAlive) throw new Error("the Worker has not come to this point");
  await new Promise(() => {});
}

test("nothing hangs", () => {
  expect(place.longest).toBeLessThan(HANGS_MS);
});

test("the tables in docs/faults.md are what was seen", () => {
  write("kills", tables);
  expect(documented("kills")).toBe(tables.markdown);
});
