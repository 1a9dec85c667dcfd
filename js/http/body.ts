/** Reads a request's body as text, up to the limit. */
import { BOUNDS, BUDGETS } from "../boundary/caches.js";
import type { Body, Incoming } from "./incoming.js";

/** Maximum length of a body, in bytes. */
const LIMIT = BOUNDS.body.value;
/** The length up to which there is always room for a body, in bytes. */
const LITTLE = BOUNDS.bodiesAlways.value;

/** Reads the body of a request. The result must be passed to {@link judged}. */
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

/*
 * The runtime drops a byte order mark, and reads invalid UTF-8 as U+FFFD: both show in the length, except for a
 * four-byte character that ends after three bytes, which is accepted as U+FFFD (docs/decisions/0004-speed.md).
 */
export function judged({ length }: Incoming, body: Body): Body {
  if (length === undefined || typeof body !== "string") return body;
  // As many characters as bytes means ASCII, unless some stand for invalid UTF-8.
  if (body.length === length && !body.includes("\uFFFD")) return body;
  return new TextEncoder().encode(body).length === length ? body : { unread: "encoding" };
}

/** True for the error about a body that was read before. */
export function isReadBefore(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /body (has already been|is) (used|read|locked|unusable)|used body/i.test(error.message)
  );
}

/** What the developer has to do. */
export const READ_BEFORE =
  "The body of this request was read already, and it can be read only once. Pass it on: " +
  "new Request(request, { body: text }), or read a copy: request.clone().";

async function readChunks(incoming: Incoming): Promise<Body> {
  const { request } = incoming;
  // A body that was read before looks empty here; reading it as a whole reports that.
  if (request.bodyUsed) return request.text();
  if (!request.body) return "";
  // The bytes that arrive count, not the declared length; they count until the request has been answered.
  const reservation = (incoming.reservation = BUDGETS.bodies.reserve());
  let unread: Exclude<Body, string> = { unread: "oversize" };
  try {
    const text = await textOf(request.body, (length) => {
      if (length > LIMIT) return false;
      if (length <= LITTLE || reservation.resize(length)) return true;
      unread = { unread: "no_room" };
      return false;
    });
    if (text !== undefined) return text;
  } catch (error) {
    unread = { unread: "encoding" };
    if (!(error instanceof TypeError)) {
      reservation.end();
      throw error;
    }
  }
  reservation.end();
  return unread;
}

/** Maximum length of the body of a request to the authorization server, in bytes. */
const SMALL = 64 * 1024;

/** The body of a request to the authorization server; undefined if it is longer than 64 KB, or not UTF-8. */
export async function readSmallBody({ headers, request }: Incoming): Promise<string | undefined> {
  if (Number(headers.get("content-length") ?? 0) > SMALL) return undefined;
  try {
    return request.body ? await textOf(request.body, (length) => length <= SMALL) : "";
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * The stream as text, as long as `fits` is true for its length so far. Rejects with a `TypeError` if it is not UTF-8,
 * unless `lenient` is set.
 */
export async function textOf(
  stream: ReadableStream,
  fits: (length: number) => boolean,
  lenient = false,
): Promise<string | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: !lenient, ignoreBOM: !lenient });
  let text = "";
  let length = 0;
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    length += chunk.length;
    if (!fits(length)) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
