/** Reading a request's body as text, up to the limit. */
import type { Incoming } from "./incoming.js";

/** The longest body, in bytes: 4 MiB. */
const LIMIT = 4 * 1024 * 1024;

/** The body, or why there is none: it is longer than the limit (whether it says so beforehand or not), or not UTF-8. */
export type Body = string | { unread: "oversize" | "encoding" };

/** Reads the body of a request. */
export function readBody({ headers, request }: Incoming): Promise<Body> | Body {
  const declared = headers.get("content-length");
  if (declared === null) return readChunks(request.body as ReadableStream<Uint8Array> | null);
  const length = Number(declared);
  if (length > LIMIT) return { unread: "oversize" };
  // text() puts U+FFFD where the bytes are not UTF-8 and drops a byte order mark; then the lengths differ. (Not where
  // three bytes of a sequence of four are cut off: those are read as U+FFFD, which is as long.)
  return request.text().then((text) => (byteLength(text) === length ? text : { unread: "encoding" }));
}

async function readChunks(body: ReadableStream<Uint8Array> | null): Promise<Body> {
  if (!body) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > LIMIT) return { unread: "oversize" };
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) return { unread: "encoding" };
    throw error;
  }
}

/** The length of `text` in UTF-8. */
function byteLength(text: string): number {
  let length = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // Two bytes up to U+07FF, three up to U+FFFF, and four for the two units of a pair.
    const inPair = unit >= 0xd800 && unit < 0xe000;
    length += unit < 0x800 || inPair ? 1 : 2;
  }
  return length;
}
