/** A test that depends on time is a defect: it waits for what happens, not for a while. */
import { readFileSync } from "node:fs";
import { filesUnder } from "./inputs.mjs";
import { at } from "./paths.mjs";
import { Failure } from "./step.mjs";

/** A wait of some length (not one that only lets others come first), and a time that is held against an expectation. */
const WAIT = /\b(?:setTimeout|setInterval|scheduler\.wait|sleep)\((?!.*\b0\))/;
const MEASURED = /\bexpect\(.*(?:Date|performance)\.now\(\)\s*-/;

/** Where time has to pass, a comment there says why. */
const EXCUSE = /\/[/*].*\breal time: \S/;

/** Folders in which time is what is measured, or whose files others wrote. */
const NOT_OURS = /^tests\/(?:bench|ported|vectors|interop\/(?:clients|python)|seed\/pattern-\d)\//;

/** Throws a {@link Failure} that names each wait in `tests/` without its reason. */
export function checkWaits() {
  const files = filesUnder("tests").filter((file) => /\.(?:ts|mjs)$/.test(file) && !NOT_OURS.test(file));
  const found = files.flatMap((file) => {
    const lines = readFileSync(at(file), "utf8").split("\n");
    const isExcused = (number) => [lines[number - 1] ?? "", lines[number]].some((line) => EXCUSE.test(line));
    return lines.flatMap((line, number) =>
      (WAIT.test(line) || MEASURED.test(line)) && !isExcused(number) ? [`${file}:${number + 1} ${line.trim()}`] : [],
    );
  });
  if (found.length === 0) return;
  throw new Failure(
    `Wait for what happens, not for a while; where time has to pass, say why: "// real time: …".\n  ${found.join("\n  ")}`,
  );
}
