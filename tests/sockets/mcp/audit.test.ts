/** `npx mcp-wicket audit verify`: the chain that Rust writes is whole; whatever is changed, missing or another's is named. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cli } from "../../harness/cli.ts";
import { at } from "../../harness/paths.ts";

const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-audit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The secret of the core's tests, which have written the chain (`tests/core/oauth/ledger.rs`). */
const WICKET_SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const FORMER = "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgAoWuXiVnC9tG";
const lines = readFileSync(at("tests/vectors/audit-chain.jsonl"), "utf8").trim().split("\n");
type Event = Record<string, unknown>;
const events = lines.map((line) => JSON.parse(line) as Event);
const timed = events.map((event) => ({ ...event, time: new Date(Number(event["at"]) + 900).toISOString() }));
const [first, second, third] = events as [Event, Event, Event];

/** Rows of `wicket_audit`, the second with other columns. */
const rows = (more: Event = {}) => {
  const all = timed.map(({ subject, salt, ...event }: Event) => {
    const { chain, seq, time, event: name, client, grant, reason = null, request, who } = event;
    const columns = { chain, seq, time, event: name, client, grant, reason, request, who };
    return { ...columns, record: JSON.stringify(event), subject, salt };
  });
  return JSON.stringify([{ results: all.map((row, n) => (n === 1 ? { ...row, ...more } : row)) }]);
};

function verify(text: string, env: Record<string, string> = { WICKET_SECRET }, more: string[] = []) {
  const file = join(folder, "export");
  writeFileSync(file, text);
  return cli(["audit", "verify", file, ...more], env);
}

const text = (all: Event[]) => all.map((event) => JSON.stringify(event)).join("\n");
/** The chain with its second record changed. */
const changed = (more: Event) => events.map((event, n) => (n === 1 ? { ...event, ...more } : event));

const whole: [string, string][] = [
  [
    "lines of the log, with others between them",
    `starting up\n${lines.map((it) => `(log) ${it}`).join("\nGET /\n")}\n{"a":1}`,
  ],
  ["lines in any order, some of them twice", [...lines, ...lines].reverse().join("\n")],
  ["a list", JSON.stringify(events)],
  ["what wrangler tail writes", text(events.map((event) => ({ logs: [{ message: [JSON.stringify(event)] }] })))],
  ["rows of the table", rows()],
  ["rows with no columns but the record and what is personal", rows().replaceAll(/"chain":[^{]*"record"/g, '"record"')],
  ["lines with the time at which they were told", text(timed)],
  ["records whose personal half was forgotten", text(events.map(({ subject: _, salt: __, ...event }) => event))],
];

test.each(whole)("a whole chain as %s", async (_, exported) => {
  const { code, out } = await verify(exported);
  expect([code, out]).toEqual([0, expect.stringContaining("No gaps and no modifications.")]);
  expect(out).toContain(`${events.length} records, the last is ${events.length}`);
});

const wrong: [string, Event[], string][] = [
  ["a record that was changed", changed({ event: "token refreshed" }), "record 2 was modified"],
  ["a record with a member more", changed({ more: true }), "record 2 was modified"],
  ["a record with another MAC", changed({ mac: events[0]?.["mac"] }), "record 2 was modified"],
  ["a record that is missing", events.filter((_, n) => n !== 1), "2 to 2 are missing"],
  ["a number that is there twice", [...events, ...changed({ at: 1 })], "record 2 is duplicated, with differences"],
  ["another person", changed({ subject: "user:test:2" }), "record 2 names a different person than it was created for"],
  ["a record without a MAC", changed({ mac: undefined }), "record 2 of chain"],
  ["a record that is none", changed({ seq: 1.5 }), "record 1.5 of chain"],
  [
    "a time that is another",
    timed.map((event, n) => (n === 1 ? { ...event, time: "2020-01-01T00:00:00Z" } : event)),
    "record 2: time is",
  ],
  [
    "a time long after the record",
    changed({ time: new Date(Number(second["at"]) + 6 * 86_400_000).toISOString() }),
    "record 2: time is",
  ],
  ["a time that is none", changed({ time: 5 }), "record 2: time is 5"],
];

test.each(wrong)("%s is named", async (_, exported, reason) => {
  const { code, out } = await verify(text(exported));
  expect([code, out]).toEqual([1, expect.stringContaining(reason)]);
});

test.each(["chain", "seq", "time", "event", "client", "grant", "reason", "request", "who"])(
  "a row whose column %s says something else than its record is named",
  async (column) => {
    const { code, out } = await verify(rows({ [column]: column === "seq" ? 99 : "another" }));
    expect([code, out]).toEqual([1, expect.stringContaining(`record 2: the column ${column} has`)]);
  },
);

test("a row of a chain whose record is of none is named", async () => {
  const { code, out } = await verify(rows({ record: JSON.stringify({ event: "client registered" }) }));
  expect([code, out]).toEqual([1, expect.stringContaining("has a record without a chain")]);
});

const unverifiable: [string, Event[], number][] = [
  ["a chain whose beginning is missing", events.slice(1), 1],
  ["the same, with its first record changed as well", [{ ...second, client: "c_innocent" }, third], 1],
  ["a made-up record in a made-up chain", [...events, { ...second, chain: "made-up", seq: 7 }], 1],
  ["a secret that is not given", changed({ kid: "AAAAAA" }), 1],
];

test.each(unverifiable)("%s is no proof: exit code 2", async (_, exported, count) => {
  const { code, out } = await verify(text(exported));
  expect([code, out]).toEqual([2, expect.stringContaining(`${count} records may be forged or modified`)]);
  expect(out).toContain("UNVERIFIED: record ");
  expect(out).not.toContain("No gaps");
});

test("from where on a chain is in the file can be said, by the line that the run before it has printed", async () => {
  const former = await verify(text(events.slice(0, 1)));
  const from = /--from (\S+)/.exec(former.out)?.[1] ?? "";
  expect(from).toBe([first["chain"], 1, first["mac"]].join(":"));
  const run = (all: Event[], ...known: string[]) =>
    verify(
      text(all),
      undefined,
      known.flatMap((it) => ["--from", it]),
    );
  for (const all of [events.slice(1), events]) {
    const { code, out } = await run(all, from);
    expect([code, out]).toEqual([0, expect.stringContaining("No gaps and no modifications.")]);
  }
  const other = [first["chain"], 1, second["mac"]].join(":");
  expect((await run(events.slice(1), other)).out).toContain("record 2 was modified");
  expect((await run(events, other)).out).toContain("record 1 has a different MAC than --from");
  expect((await run([third], from)).out).toContain("2 to 2 are missing");
  const later = [first["chain"], events.length + 1, "x"].join(":");
  expect((await run(events, later)).out).toContain("the end is missing");
  expect((await run(events, "elsewhere:1:x")).out).toContain("chain elsewhere: no records in this file");
  for (const wrong of ["", "a:1", "a:0:x", "a:1:x:y", "a:one:x"]) {
    expect((await run(events, wrong)).err).toContain("is not CHAIN:SEQ:MAC");
  }
});

test("former secrets count, another one does not", async () => {
  expect((await verify(text(events), { WICKET_SECRET: `${FORMER},${WICKET_SECRET}` })).code).toBe(0);
  const { code, out } = await verify(text(events), { WICKET_SECRET: FORMER });
  expect([code, out]).toEqual([2, expect.stringContaining("is not among the given secrets")]);
  expect(out).toContain(`0 verified, ${events.length} unverified`);
});

test("without the secret it says what does not show", async () => {
  const { code, err } = await verify(text(events), {});
  expect([code, err]).toEqual([1, expect.stringContaining("Set WICKET_SECRET")]);
  const gaps = await verify(text(changed({ at: 1 })), {}, ["--without-secret"]);
  expect([gaps.code, gaps.out]).toEqual([0, expect.stringContaining("modifications would not be detected")]);
  expect(gaps.out).toContain("none verified");
  expect((await verify(text(events.filter((_, n) => n !== 1)), {}, ["--without-secret"])).code).toBe(1);
  expect((await verify(text(events.slice(1)), {}, ["--without-secret"])).code).toBe(2);
});

test("a file without chains", async () => {
  const { code, err } = await verify("nothing\n{}\n");
  expect([code, err]).toEqual([1, expect.stringContaining("no chain records")]);
});
