/**
 * Something is away while a client or a person wants something, and is back a minute later, when they come again. What they see
 * at each time is in docs/faults.md.
 */
import { afterAll, describe, expect, test } from "vitest";
import { bank, github } from "./lib/client.ts";
import type { Point } from "./lib/control.ts";
import { type Flow, auditIsWhole, flows, pointsOf, toldMeanwhile } from "./lib/flows.ts";
import { HANGS_MS, Place } from "./lib/place.ts";
import { Tables, documented, write } from "./lib/tables.ts";

const place = await Place.start(github, bank);
afterAll(() => place.stop());

const ROLES = ["keyring", "client", "transaction", "subject", "revocations", "spent"];
const isOf = (role: string, when: Point["when"]) => (point: Point) =>
  point.what.startsWith(`${role}: `) && point.when === when;

/** By what is away, the effects that fail. */
const faults: Record<string, (point: Point) => boolean> = {
  "KV answers 429": ({ what, when }) => what.startsWith("KV: ") && when === "before",
  "D1 is unavailable": ({ what, when }) => what.startsWith("D1: ") && when === "before",
  "GitHub is unavailable": ({ what, when }) => /github\.com: /.test(what) && when === "before",
  ...Object.fromEntries(ROLES.map((role) => [`\`${role}\` is unavailable`, isOf(role, "before")])),
  ...Object.fromEntries(ROLES.map((role) => [`responses of \`${role}\` are lost`, isOf(role, "after")])),
  "the response to a refresh is lost": ({ what, when }) => what === "subject: refresh" && when === "after",
};
const isOfTheKey = (fault: string) => fault.includes("keyring");

const COLUMNS = ["during the fault", "a minute later"] as const;
const tables = new Tables("fault", [...COLUMNS]);

/** The faults that a flow meets: those of its effects in a run in which nothing happens, and the key, which each needs. */
const met: [flow: string, [fault: string, fails: (point: Point) => boolean][]][] = [];
for (const [flow, begun] of Object.entries(flows)) {
  const points = await pointsOf(begun, place);
  met.push([flow, Object.entries(faults).filter(([fault, fails]) => isOfTheKey(fault) || points.some(fails))]);
}
for (const [flow, all] of met) for (const [fault] of all) tables.row(flow, fault);

describe.each(met)("%s", (flow, all) => {
  test.each(all)("%s", async (fault, fails) => {
    // Only the first request of an isolate asks what was revoked before …
    if (fault.includes("revocations")) await place.startAgain();
    const run = await (flows[flow] as Flow)(place);
    await place.test("settled");
    // … and for the key.
    if (isOfTheKey(fault)) await place.kill().then(() => place.startAgain());
    place.control.begin();
    place.control.fails = fails;
    let seen;
    try {
      seen = await run.act();
      await place.test("settled");
      expect(place.control.points.some(fails)).toBe(true);
    } finally {
      place.control.begin();
    }
    const meanwhile = toldMeanwhile(seen);
    await place.test("ahead", { ms: "60000" });
    const later = await run.again(seen);
    await auditIsWhole(run.client);
    tables.row(flow, fault).set(COLUMNS[0], meanwhile).set(COLUMNS[1], later);
  });
});

test("nothing hangs", () => {
  expect(place.longest).toBeLessThan(HANGS_MS);
});

test("the tables in docs/faults.md are what was seen", () => {
  write("outages", tables);
  expect(documented("outages")).toBe(tables.markdown);
});
