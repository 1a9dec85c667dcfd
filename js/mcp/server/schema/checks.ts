/**
 * The checks of strings, numbers and lists in JSON Schema. Those of zod 4 are read directly, those of zod 3 are
 * converted to them first.
 */
import { literally, patternOf } from "./patterns.js";
import type { Json } from "./writer.js";

/** One check, with its members' names in zod 4. Checks after one that changes the value see another value. */
export type Parts = Readonly<Record<string, unknown>>;

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** Numeric strings that `Number` accepts. */
export const NUMERIC =
  "^\\s*(?:[+-]?(?:Infinity|(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)|0[xX][\\da-fA-F]+|0[oO][0-7]+|0[bB][01]+)?\\s*$";
/** Points in time as numbers. */
export const MOMENT: Json = { type: "number", minimum: -8.64e15, maximum: 8.64e15 };

const RANGES: Record<string, [number, number]> = {
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
};

/** A number and its limits. A `bigint` is an integer that a JSON number can hold. */
export function numberJson(checks: readonly Parts[], isBig = false): Json {
  const json: Json = { type: isBig ? "integer" : "number" };
  const steps: number[] = [];
  const least = (value: number, keyword = "minimum") => {
    if (json[keyword] === undefined || value > (json[keyword] as number)) json[keyword] = value;
  };
  const most = (value: number, keyword = "maximum") => {
    if (json[keyword] === undefined || value < (json[keyword] as number)) json[keyword] = value;
  };
  const inRange = ([from, to]: [number, number]) => {
    least(from);
    most(to);
  };
  if (isBig) inRange(RANGES.safeint as [number, number]);
  for (const { check, format, value, inclusive } of checks) {
    if (check === "overwrite") break;
    const bound = typeof value === "bigint" ? Number(value) : value;
    if (check === "number_format") {
      const range = RANGES[String(format)];
      if (String(format).includes("int")) json.type = "integer";
      if (range) inRange(range);
    } else if (check === "bigint_format" && format === "uint64") least(0);
    else if (!isNumber(bound)) continue;
    else if (check === "greater_than") least(bound, inclusive ? "minimum" : "exclusiveMinimum");
    else if (check === "less_than") most(bound, inclusive ? "maximum" : "exclusiveMaximum");
    else if (check === "multiple_of" && bound !== 0) steps.push(Math.abs(bound));
  }
  if (steps.length === 1) json.multipleOf = steps[0];
  else if (steps.length > 1) json.allOf = steps.map((multipleOf) => ({ multipleOf }));
  return json;
}

/** The number of elements: `minItems`, `maxItems`. */
export function sizeJson(checks: readonly Parts[]): Json {
  const json: Json = {};
  const { least, most } = bounds(checks);
  if (least > 0) json.minItems = least;
  if (most < Infinity) json.maxItems = most;
  return json;
}

function bounds(checks: readonly Parts[]): { least: number; most: number } {
  let [least, most] = [0, Infinity];
  for (const check of checks) {
    if (check.check === "overwrite") break;
    const { minimum, maximum, length, size } = check;
    const exact = length ?? size;
    if (isNumber(minimum)) least = Math.max(least, minimum);
    if (isNumber(maximum)) most = Math.min(most, maximum);
    if (isNumber(exact)) [least, most] = [Math.max(least, exact), Math.min(most, exact)];
  }
  return { least, most };
}

/** Formats that JSON Schema has (2020-12 validation §7.3), if zod accepts nothing else. */
const FORMATS: Record<string, string> = {
  email: "email",
  url: "uri",
  uuid: "uuid",
  guid: "uuid",
  datetime: "date-time",
  date: "date",
  duration: "duration",
  ipv4: "ipv4",
  ipv6: "ipv6",
};

/** Formats for which zod checks more than its expression does. */
const EXACT: Record<string, string> = {
  base64: "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
  base64url: "^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$",
};

/** A string: its length, its format, and the expressions that it must match. */
export function stringJson(checks: readonly Parts[], pattern?: RegExp): Json {
  const json: Json = { type: "string" };
  const patterns: (string | undefined)[] = pattern ? [patternOf(pattern)] : [];
  let [least, most] = [0, Infinity];
  let isTrimmed = false;
  for (const check of checks) {
    if (check.check === "overwrite") {
      if (!trims(check.tx)) break;
      [isTrimmed, least, most] = [true, ...lengths(json, least, most)];
      continue;
    }
    const { minimum, maximum, length } = check;
    if (isNumber(minimum)) least = Math.max(least, minimum);
    if (isNumber(maximum)) most = Math.min(most, maximum);
    if (isNumber(length)) [least, most] = [Math.max(least, length), Math.min(most, length)];
    if (check.check === "string_format" && !isTrimmed) formatJson(json, check, patterns);
  }
  if (isTrimmed) patterns.push(...trimmed(least, most));
  else lengths(json, least, most);
  const all = [...new Set(patterns)].filter((one) => one !== undefined);
  if (all.length === 1) json.pattern = all[0];
  else if (all.length > 1) json.allOf = all.map((pattern) => ({ pattern }));
  return json;
}

function lengths(json: Json, least: number, most: number): [number, number] {
  if (least > 0) json.minLength = least;
  if (most < Infinity) json.maxLength = most;
  return [0, Infinity];
}

function formatJson(json: Json, check: Parts, patterns: (string | undefined)[]): void {
  const { format, pattern, prefix, suffix, includes, position, local, precision } = check;
  const name = String(format);
  if (typeof prefix === "string") patterns.push(`^${literally(prefix)}`);
  else if (typeof suffix === "string") patterns.push(`${literally(suffix)}$`);
  else if (typeof includes === "string") {
    patterns.push((isNumber(position) && position > 0 ? `^[\\s\\S]{${position},}` : "") + literally(includes));
  } else if (EXACT[name] !== undefined) {
    json.contentEncoding = name;
    patterns.push(EXACT[name]);
  } else if (name !== "ipv6" && pattern instanceof RegExp) patterns.push(patternOf(pattern));
  const isLoose = local === true || precision === -1 || (pattern instanceof RegExp && LOOSE.test(pattern));
  if (Object.hasOwn(FORMATS, name) && !isLoose) json.format = FORMATS[name];
}

/** The app's own expression under the name of a format may accept more than the format. */
const LOOSE = {
  test: (pattern: RegExp) => new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")).test("ü@ü.ü"),
};

/** True for a change that removes white space from both ends, and does nothing else. */
function trims(change: unknown): boolean {
  return (
    typeof change === "function" && (change as (text: string) => unknown)(" aB \u00e9\u0301 ") === "aB \u00e9\u0301"
  );
}

/** The lengths of a string without the white space at its ends. */
function trimmed(least: number, most: number): string[] {
  const inner = (count: string) => `\\S(?:[\\s\\S]${count}\\S)?`;
  const patterns: string[] = [];
  if (least === 1) patterns.push("\\S");
  if (least > 1) patterns.push(`\\S[\\s\\S]{${least - 2},}\\S`);
  if (most === 0) patterns.push("^\\s*$");
  if (most === 1) patterns.push("^\\s*\\S?\\s*$");
  if (most > 1 && most < Infinity) patterns.push(`^\\s*(?:${inner(`{0,${most - 2}}`)})?\\s*$`);
  return patterns;
}
