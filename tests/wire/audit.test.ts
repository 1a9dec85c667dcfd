/** `npx mcp-wicket audit verify`: the chain that Rust writes is whole; whatever is changed, missing or another's is named. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { at } from "../harness/paths.ts";

const folder = mkdtempSync(join(tmpdir(), "mcp-wicket-audit-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The secret of the core's tests, which have written the chain (`tests/core/oauth/ledger.rs`). */
const WICKET_SECRET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const FORMER = "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgAoWuXiVnC9tG";
const lines = readFileSync(at("tests/vectors/audit-chain.jsonl"), "utf8").trim().split("\n");
type Event = Record<string, unknown>;
const events = lines.map((line) => JSON.parse(line) as Event);

function verify(text: string, env: Record<string, string> = { WICKET_SECRET }, more: string[] = []) {
  const file = join(folder, "export");
  writeFileSync(file, text);
  const args = [at("dist/cli/main.js"), "audit", "verify", file, ...more];
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, args, { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out: out.trim(), err }),
    );
  });
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
  [
    "rows of the table",
    JSON.stringify([
      {
        results: events.map(({ subject, salt, ...event }) => ({
          record: JSON.stringify({ time: "2026-11-30T10:00:00.000Z", ...event }),
          subject,
          salt,
        })),
      },
    ]),
  ],
  ["records whose personal half was forgotten", text(events.map(({ subject: _, salt: __, ...event }) => event))],
];

test.each(whole)("a whole chain as %s", async (_, exported) => {
  const { code, out } = await verify(exported);
  expect([code, out]).toEqual([0, expect.stringContaining("Nothing is missing in between or changed.")]);
  expect(out).toContain(`${events.length} records, the last is ${events.length}`);
});

const wrong: [string, Event[], string][] = [
  ["a record that was changed", changed({ event: "token refreshed" }), "record 2 was changed"],
  ["a record with a member more", changed({ more: true }), "record 2 was changed"],
  ["a record with another MAC", changed({ mac: events[0]?.["mac"] }), "record 2 was changed"],
  ["a record that is missing", events.filter((_, n) => n !== 1), "2 to 2 are missing"],
  ["a number that is there twice", [...events, ...changed({ at: 1 })], "record 2 is there twice, and differs"],
  ["another person", changed({ subject: "user:test:2" }), "record 2 names another person than it was made for"],
  ["another secret's name", changed({ kid: "AAAAAA" }), "made under the secret AAAAAA"],
];

test.each(wrong)("%s is named", async (_, exported, reason) => {
  const { code, out } = await verify(text(exported));
  expect([code, out]).toEqual([1, expect.stringContaining(reason)]);
});

test("a beginning that is elsewhere is noted, and is no fault", async () => {
  const { code, out } = await verify(text(events.slice(1)));
  expect([code, out]).toEqual([0, expect.stringContaining("note: 1 to 1 are not in this file")]);
});

test("former secrets count, another one does not", async () => {
  expect((await verify(text(events), { WICKET_SECRET: `${FORMER},${WICKET_SECRET}` })).code).toBe(0);
  const { code, out } = await verify(text(events), { WICKET_SECRET: FORMER });
  expect([code, out]).toEqual([1, expect.stringContaining("is not among those given")]);
});

test("without the secret it says what does not show", async () => {
  const { code, err } = await verify(text(events), {});
  expect([code, err]).toEqual([1, expect.stringContaining("Set WICKET_SECRET")]);
  const gaps = await verify(text(changed({ at: 1 })), {}, ["--without-secret"]);
  expect([gaps.code, gaps.out]).toEqual([0, expect.stringContaining("a change would not show")]);
  expect((await verify(text(events.filter((_, n) => n !== 1)), {}, ["--without-secret"])).code).toBe(1);
});

test("a file without chains", async () => {
  const { code, err } = await verify("nothing\n{}\n");
  expect([code, err]).toEqual([1, expect.stringContaining("no records of a chain")]);
});
