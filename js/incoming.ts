import type { Body } from "./body.js";
import type { Holding } from "./bounds.js";
import { NO_PARAMS, type Params } from "./route.js";

/** The head of a request, each part read once: every read crosses into the runtime. */
export class Incoming {
  readonly request: Request;
  readonly method: string;
  readonly headers: Headers;
  /** Scheme, host and port. */
  readonly site: string;
  /** The path, without the query. */
  readonly path: string;

  /** What the names in the endpoint's route stand for. */
  params: Params = NO_PARAMS;

  /** The body, where it has been read already. */
  body: Body | undefined;

  /** How many bytes the body has, as its sender says; known once it is read. */
  length: number | undefined;

  /** What the body holds of the room for bodies, if it is long. */
  holding: Holding | undefined;

  constructor(request: Request) {
    this.request = request;
    this.method = request.method;
    this.headers = request.headers;
    const { url } = request;
    const start = url.indexOf("/", url.indexOf("://") + 3);
    const query = url.indexOf("?", start);
    this.site = url.slice(0, start);
    this.path = query < 0 ? url.slice(start) : url.slice(start, query);
  }
}
