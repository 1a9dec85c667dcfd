/** Reading a request's body as text, up to the limit. */
import { BOUNDS, ROOMS } from "./bounds.js";
import type { Incoming } from "./incoming.js";

/** The longest body, in bytes. */
const LIMIT = BOUNDS.body.value;
/** How much of a body there is always room for, in bytes. */
const LITTLE = BOUNDS.bodiesAlways.value;

/**
 * The body, or why there is none: it is longer than the limit (whether it says so beforehand or not), it is not UTF-8, or the
 * requests that are under way hold so much that there is no room for it.
 */
export type Body = string | { unread: "oversize" | "encoding" | "no_room" };

/** Reads the body of a request. What comes of it goes through {@link judged}. */
export function readBody(incoming: Incoming): Promise<Body> | Body {
  const { body, headers, request } = incoming;
  if (body !== undefined) return body;
  const declared = headers.get("content-length");
  const length = Number(declared);
  if (length > LIMIT) return { unread: "oversize" };
  if (declared === null || length > LITTLE) return readChunks(incoming);
  incoming.length = length;
  return request.text();
}

/**
 * The runtime drops a byte order mark, and reads what is not UTF-8 as U+FFFD: either shows in the length. Only where a
 * character of four bytes ends after three it does not, so that one is read as U+FFFD (docs/decisions/0004-speed.md).
 */
export function judged({ length }: Incoming, body: Body): Body {
  if (length === undefined || typeof body !== "string") return body;
  // As many characters as bytes are ASCII, unless some of them stand for what was not UTF-8.
  if (body.length === length && !body.includes("\uFFFD")) return body;
  return new TextEncoder().encode(body).length === length ? body : { unread: "encoding" };
}

/** True for the error about a body that somebody else has read. */
export function isReadBefore(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /body (has already been|is) (used|read|locked|unusable)|used body/i.test(error.message)
  );
}

/** What its reader has to do. */
export const READ_BEFORE =
  "The body of this request was read before the request got here, and it can be read once. Hand it on: " +
  "new Request(request, { body: text }), or read a copy: request.clone().";

async function readChunks(incoming: Incoming): Promise<Body> {
  const { request } = incoming;
  // What has been read looks like an empty body here; reading it as a whole says what is wrong.
  if (request.bodyUsed) return request.text();
  const body = request.body as ReadableStream<Uint8Array> | null;
  if (!body) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  // What has arrived counts, not what is said to come; and it is held until the request has been answered.
  const holding = (incoming.holding = ROOMS.bodies.begin());
  let text = "";
  let length = 0;
  let unread: Exclude<Body, string> | undefined;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > LIMIT) return (unread = { unread: "oversize" });
      if (length > LITTLE && !holding.hold(length)) return (unread = { unread: "no_room" });
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    unread = { unread: "encoding" };
    if (error instanceof TypeError) return unread;
    throw error;
  } finally {
    if (unread) holding.end();
  }
}
