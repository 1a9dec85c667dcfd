import type { Reservation } from "../boundary/caches.js";
import { NO_PARAMS, type Params } from "./route.js";

/**
 * The body, or why there is none: it is longer than the limit (declared or not), it is not UTF-8, or the requests in
 * progress leave no room for it.
 */
export type Body = string | { unread: "oversize" | "encoding" | "no_room" };

/** The head of a request, each part read once: every read crosses into the runtime. */
export class Incoming {
  readonly request: Request;
  readonly method: string;
  readonly headers: Headers;
  /** Scheme, host and port. */
  readonly origin: string;
  /** The path, without the query. */
  readonly path: string;

  /** The matched groups of the endpoint's route. */
  params: Params = NO_PARAMS;

  /** The body, if it has been read already. */
  body: Body | undefined;

  /** The declared length of the body, in bytes; set when it is read. */
  length: number | undefined;

  /** The body's share of the room for bodies, if it is long. */
  reservation: Reservation | undefined;

  constructor(request: Request) {
    this.request = request;
    this.method = request.method;
    this.headers = request.headers;
    const { url } = request;
    const start = url.indexOf("/", url.indexOf("://") + 3);
    const query = url.indexOf("?", start);
    this.origin = url.slice(0, start);
    this.path = query < 0 ? url.slice(start) : url.slice(start, query);
  }
}
