/**
 * The path of an endpoint: exact, or a pattern (`/mcp/:tenant`, `/star/*`) as URLPattern has it (WHATWG URL Pattern §1.2), of
 * which handlers see the parts.
 */
import { WicketError } from "./errors.js";

/** What a pattern's names stand for in a request's path, as it is there (percent-encoded); `*` is `0`. */
export type Params = Readonly<Record<string, string>>;

/** The parts of an exact path. */
export const NO_PARAMS: Params = Object.freeze({});

/** A path without a slash at its end, unless it is nothing else. */
export function plainPath(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** What makes a path a pattern. */
const SPECIAL = /[:*{}()\\]/;

export class Route {
  /** As it was written; an exact path without a slash at its end. */
  readonly path: string;
  readonly isPattern: boolean;
  readonly #pattern: URLPattern | undefined;

  /** Throws `ERR_ARGUMENT` for what no request's path can be; `where` is what people have called. */
  constructor(where: string, path: unknown) {
    this.path = path as string;
    this.isPattern = typeof path === "string" && SPECIAL.test(path);
    if (typeof path !== "string" || !/^\/[^#\s]*$/.test(path)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `${where} has the route ${JSON.stringify(path)}, which no request can match: a route is a path that begins with a slash, such as "/mcp".`,
      );
    }
    if (!this.isPattern) {
      this.#check(where, path);
      this.path = plainPath(path);
      return;
    }
    try {
      this.#pattern = new URLPattern({ pathname: path });
    } catch (error) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `${where} has the route "${path}", which is no URLPattern: ${String(error)}`,
      );
    }
  }

  /** What stands before the first part of a pattern; an exact path is its own. */
  get prefix(): string {
    return this.isPattern ? this.path.slice(0, this.path.search(SPECIAL)).replace(/\/[^/]*$/, "") : this.path;
  }

  /** The parts of `path`; nothing if it is another. A slash at its end is nothing, unless a pattern has it. */
  match(path: string): Params | undefined {
    if (!this.#pattern) return plainPath(path) === this.path ? NO_PARAMS : undefined;
    const found = this.#pattern.exec({ pathname: path }) ?? this.#pattern.exec({ pathname: plainPath(path) });
    const groups = found?.pathname.groups;
    return groups && (Object.fromEntries(Object.entries(groups).filter(([, part]) => part !== undefined)) as Params);
  }

  /** A path is compared as URLs have it: `/a b` would be `/a%20b`, `/a/../b` would be `/b`. */
  #check(where: string, path: string): void {
    const { pathname } = new URL(path, "https://a.example");
    if (pathname === path && !path.startsWith("//")) return;
    throw new WicketError(
      "ERR_ARGUMENT",
      `${where} has the route "${path}", which no request can match: URLs write it "${pathname}".`,
    );
  }
}
