/**
 * The negative matrix: each parameter of an endpoint, in each way in which it can be wrong. A row has all the ways, so what is
 * missing does not compile.
 */

/** The ways in which a parameter can be wrong. */
export const KINDS = ["absent", "empty", "doubled", "foreign", "swapped", "replayed"] as const;
/**
 * - `foreign`: what belongs to somebody else: another client's, another person's, another server's.
 * - `swapped`: what belongs to another step, or to another request of the same client and person that is on its way.
 * - `replayed`: what it was in an earlier request that came to its end.
 */
export type Kind = (typeof KINDS)[number];

/** The exact answer to each, as the endpoint's `send` puts it into words. */
export type Row = Record<Kind, string>;

export type Pairs = [name: string, value: string][];
export type Fields = Record<string, string>;

/** An endpoint, as the matrix asks it. */
export interface Endpoint {
  /** The answer to a request in which nothing is wrong. */
  good: string;
  /** By parameter. */
  rows: Record<string, Row>;
  /** A request in which nothing is wrong, and that has not been sent. */
  fields(): Promise<Fields>;
  /** What else the parameter could say; with further parameters where one makes no sense by itself. */
  other(name: string, kind: Kind, fields: Fields): Promise<string | Fields>;
  /** Sends a request; gives the answer in words. */
  send(pairs: Pairs, fields: Fields): Promise<string>;
}

/** The request of one cell. */
export async function wrong(endpoint: Endpoint, name: string, kind: Kind, fields: Fields): Promise<Pairs> {
  const pairs = Object.entries(fields);
  const without = pairs.filter(([other]) => other !== name);
  if (kind === "absent") return without;
  if (kind === "empty") return [...without, [name, ""]];
  const value = fields[name] ?? (await usual(endpoint, name, fields));
  if (kind === "doubled") return [...without, [name, value], [name, value]];
  const other = await endpoint.other(name, kind, fields);
  return Object.entries({ ...fields, ...(typeof other === "string" ? { [name]: other } : other) });
}

/** A value for what a good request leaves out. */
async function usual(endpoint: Endpoint, name: string, fields: Fields): Promise<string> {
  const other = await endpoint.other(name, "foreign", fields);
  return typeof other === "string" ? other : (other[name] ?? "");
}

/** One of three, by the kind. */
export const pick = <T>(kind: Kind, foreign: T, swapped: T, replayed: T): T =>
  kind === "foreign" ? foreign : kind === "swapped" ? swapped : replayed;
