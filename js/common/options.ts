/**
 * The names of options. Everything that takes options has a list of known names, and rejects all others: a name that is
 * silently ignored would be a setting that someone relies on. The lists are typed, so that TypeScript reports missing and
 * extra names.
 */
import { WicketError } from "./errors.js";

/**
 * The values of an option: any, one of a few values, a list of strings, an object with names of its own (or a list of these), or an object
 * of such objects.
 */
export type OptionRule = true | OneOf | Texts | Names | EachRule;

export interface OneOf {
  readonly values: readonly (string | boolean)[];
}
export interface Texts {
  /** What stands for every string, instead of a list, if anything does. */
  readonly all: string | undefined;
}
export interface EachRule {
  readonly each: Names;
}

/** The names of one class or function. */
export interface Names {
  /** Its public name: `OAuthProvider`. */
  readonly where: string;
  readonly known: ReadonlyMap<string, OptionRule>;
  /** Names that are not options here, each with what to do instead. */
  readonly instead: Readonly<Record<string, string>>;
  /** True for the app's own objects, which may have more members: only a near miss of one of the names is refused. */
  readonly isOpen?: true;
}

/** The names of all members, of each type of a union. */
type MembersOf<Options> = Options extends unknown ? keyof Options & string : never;

/**
 * The names of `Options`: all of them, and no others. `instead` has names from elsewhere or from former versions, with
 * the sentence that says what to use: `{ path: "Use \`route\`." }`.
 */
export function namesOf<Options extends object>(
  where: string,
  known: Readonly<Record<MembersOf<Options>, OptionRule>>,
  instead: Readonly<Record<string, string>> = {},
): Names {
  return { where, known: new Map(Object.entries<OptionRule>(known)), instead };
}

/** The same for objects that may have more members, such as rows of a database. */
export function openNamesOf<Options extends object>(
  where: string,
  known: Readonly<Record<MembersOf<Options>, OptionRule>>,
): Names {
  return { ...namesOf<Options>(where, known), isOpen: true };
}

/** The option is one of these values, or absent. */
export const oneOf = (...values: (string | boolean)[]): OneOf => ({ values });

/** The option is a list of strings, or `all` if there is such a value, or absent. */
export const texts = (all?: string): Texts => ({ all });

/** The option is true or false: any other value, such as the text of a variable, could be mistaken for one of them. */
export const FLAG: OneOf = oneOf(true, false);

/** The option is an object whose members, with any names, are objects with these. */
export const each = (names: Names): EachRule => ({ each: names });

/**
 * Throws `ERR_ARGUMENT` for options that are not an object, that have an unknown name, or an invalid value among a few
 * allowed ones. The error names the nearest known name.
 */
export function checkOptions(names: Names, options: unknown): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new WicketError("ERR_ARGUMENT", `The options of ${names.where} must be an object.`);
  }
  // Only own members count; this is checked for unknown names.
  for (const name in options) {
    const known = names.known.get(name);
    if (known === undefined) refuse(names, name, "", options);
    else if (known !== true) checkValue(names, name, known, (options as Record<string, unknown>)[name]);
  }
}

function checkValue({ where }: Names, path: string, known: Exclude<OptionRule, true>, value: unknown): void {
  if (value === undefined) return;
  if ("values" in known) {
    if (known.values.includes(value as string | boolean)) return;
    const values = known.values.map((one) => JSON.stringify(one)).join(" or ");
    throw new WicketError(
      "ERR_ARGUMENT",
      `${where}: \`${path}\` is ${JSON.stringify(value)}, but it can only be ${values}, or omitted.`,
    );
  }
  if ("all" in known) {
    const { all } = known;
    if (value === all || (Array.isArray(value) && value.every((one) => typeof one === "string"))) return;
    const orAll = all === undefined ? "" : `, or ${JSON.stringify(all)} for all`;
    throw new WicketError("ERR_ARGUMENT", `${where}: \`${path}\` must be a list of strings${orAll}.`);
  }
  if (typeof value !== "object" || value === null) return;
  const isList = Array.isArray(value);
  if (!isList && !("each" in known)) {
    checkMembers(where, known, path, value);
    return;
  }
  const members = "each" in known ? known.each : known;
  for (const [at, one] of Object.entries<unknown>(value as Record<string, unknown>)) {
    const inner = isList ? `${path}[${at}]` : `${path}.${at}`;
    if (typeof one === "object" && one !== null) checkMembers(where, members, inner, one);
  }
}

function checkMembers(where: string, names: Names, path: string, value: object): void {
  for (const name in value) {
    const known = names.known.get(name);
    if (known === undefined) refuse({ ...names, where }, name, `${path}.`, value);
    else if (known !== true) checkValue({ ...names, where }, `${path}.${name}`, known, value[name as keyof object]);
  }
}

function refuse({ where, known, instead, isOpen }: Names, name: string, path: string, options: object): void {
  if (!Object.hasOwn(options, name)) return;
  const near = Object.hasOwn(instead, name) ? undefined : nearest(name, known.keys());
  if (isOpen && near === undefined) return;
  const advice = Object.hasOwn(instead, name)
    ? (instead[name] ?? "")
    : near === undefined
      ? `Known options: ${[...known.keys()].map((one) => `\`${path}${one}\``).join(", ")}.`
      : `Did you mean \`${path}${near}\`?`;
  throw new WicketError("ERR_ARGUMENT", `${where} has no option \`${path}${name}\`. ${advice}`);
}

/** The known name that is most similar to `name`: a small difference in spelling, or a part of it. */
function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = plain(name);
  let best: string | undefined;
  let least = Infinity;
  for (const one of known) {
    const other = plain(one);
    const steps = distance(wanted, other);
    const isPart = Math.min(wanted.length, other.length) >= 4 && (wanted.includes(other) || other.includes(wanted));
    const far = isPart ? steps / 4 : steps;
    if (far < least && (isPart || steps <= Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3)))) {
      [best, least] = [one, far];
    }
  }
  return best;
}

const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** How many letters must be inserted, deleted, replaced or swapped with their neighbour. */
function distance(one: string, other: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let steps = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) steps = Math.min(steps, (before[j - 2] ?? 0) + 1);
      next.push(steps);
    }
    [before, row] = [row, next];
  }
  return row[other.length] ?? 0;
}
