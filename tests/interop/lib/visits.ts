/** A client's visit to a server that adds: it connects as people would have it connect, lists the tools and calls one. */
import type { Person } from "./person.ts";

/** The server, and what is needed to get in. */
export interface Site {
  /** The URL of the endpoint. */
  url: string;
  /** A token for the `Authorization` header. */
  key?: string;
  /** Who signs in. */
  person?: Person;
}

export interface Visited {
  /** The names of the tools that the client has seen. */
  tools: string[];
  /** The text that came of `add` with 40 and 2. */
  answer: string;
}

export interface Visitor {
  title: string;
  visit: (site: Site) => Promise<Visited>;
}

export const ARGUMENTS = { a: 40, b: 2 };
