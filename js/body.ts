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
  if (Number(declared) > LIMIT) return { unread: "oversize" };
  return request.arrayBuffer().then(decode);
}

/** Made once; it keeps nothing between two texts. A byte order mark is no white space of JSON, so it stays. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: ArrayBuffer): Body {
  try {
    return decoder.decode(bytes);
  } catch {
    return { unread: "encoding" };
  }
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
