/**
 * The path of an endpoint: exact, or a URLPattern pattern (`/mcp/:tenant`, `/star/*`; WHATWG URL Pattern §1.2), whose
 * matched groups handlers can read.
 */
import { WicketError } from "../common/errors.js";

/** The values of a pattern's groups in a request's path (percent-encoded); that of `*` is `0`. */
export type Params = Readonly<Record<string, string>>;

/** The groups of an exact path. */
export const NO_PARAMS: Params = Object.freeze({});

/** A path without a trailing slash, unless it is only a slash. */
export function plainPath(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** The characters that make a path a pattern. */
const SPECIAL = /[:*{}()\\]/;

export class Route {
  /** As it was written; an exact path without a trailing slash. */
  readonly path: string;
  readonly isPattern: boolean;
  readonly #pattern: URLPattern | undefined;

  /** Throws `ERR_ARGUMENT` for a path that no request can have; `where` is what the app has called. */
  constructor(where: string, path: unknown) {
    this.path = path as string;
    this.isPattern = typeof path === "string" && SPECIAL.test(path);
    if (typeof path !== "string" || !/^\/[^#\s]*$/.test(path)) {
      throw new WicketError(
        "ERR_ARGUMENT",
        `${where} has the route ${JSON.stringify(path)}, which no request can match: a route must begin with a slash, such as "/mcp".`,
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
        `${where} has the route "${path}", which is not a valid URLPattern: ${String(error)}`,
      );
    }
  }

  /** The fixed beginning of a pattern; an exact path is its own. */
  get prefix(): string {
    return this.isPattern ? this.path.slice(0, this.path.search(SPECIAL)).replace(/\/[^/]*$/, "") : this.path;
  }

  /** The groups of `path`; undefined if it does not match. A trailing slash is ignored, unless the pattern has one. */
  match(path: string): Params | undefined {
    if (!this.#pattern) return plainPath(path) === this.path ? NO_PARAMS : undefined;
    const found = this.#pattern.exec({ pathname: path }) ?? this.#pattern.exec({ pathname: plainPath(path) });
    const groups = found?.pathname.groups;
    return groups && (Object.fromEntries(Object.entries(groups).filter(([, part]) => part !== undefined)) as Params);
  }

  /** A path is compared in its form in URLs: `/a b` would be `/a%20b`, `/a/../b` would be `/b`. */
  #check(where: string, path: string): void {
    const { pathname } = new URL(path, "https://a.example");
    if (pathname === path && !path.startsWith("//")) return;
    throw new WicketError(
      "ERR_ARGUMENT",
      `${where} has the route "${path}", which no request can match: in URLs it is "${pathname}".`,
    );
  }
}
