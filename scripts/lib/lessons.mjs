/** `docs/security-tests.md` and `docs/protocol-tests.md` name tests that exist, and files that decide. */
import { existsSync, readFileSync } from "node:fs";
import { at } from "./paths.mjs";
import { Failure } from "./step.mjs";

/** A test as the table names it: `file`: “title” of a TypeScript test, or `file`: `function` of a Rust one. */
const NAMED = /`(tests\/[^`]+)`: (?:“([^”]+)”|`(\w+)`)/g;

/** Where a row says that something is decided. */
const DECIDED = /`((?:src|js)\/[^`]+)`/g;

/** Throws a {@link Failure} that says which are missing from a table with at least so many rows. */
export function checkNamed(file, atLeast) {
  const rows = readFileSync(at(file), "utf8")
    .split("\n")
    .filter((line) => /^\| (?!what happened|requirement)/.test(line));
  const wrong = rows.flatMap(missingIn);
  if (rows.length < atLeast) wrong.push(`found only ${rows.length} rows: is the table malformed?`);
  if (wrong.length > 0) throw new Failure(`${file}:\n  ${wrong.join("\n  ")}`);
}

function missingIn(row) {
  const [, what = ""] = row.split(" | ", 1)[0].split("| ");
  const named = [...row.matchAll(NAMED)];
  if (named.length === 0) return [`"${what}" does not name a test`];
  const nowhere = [...row.matchAll(DECIDED)].filter(([, file]) => !existsSync(at(file)));
  const strays = nowhere.map(([, file]) => `${file} does not exist`);
  return strays.concat(testsMissing(named));
}

function testsMissing(named) {
  return named.flatMap(([, file, title, name]) => {
    if (!existsSync(at(file))) return [`${file} does not exist`];
    const text = readFileSync(at(file), "utf8");
    const has = name ? text.includes(`fn ${name}(`) : text.includes(JSON.stringify(title));
    return has ? [] : [`${file} has no test “${name ?? title}”`];
  });
}
