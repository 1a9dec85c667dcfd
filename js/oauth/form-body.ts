/** Reading the body of a request to the authorization server: text of at most 64 KB. */
import type { Incoming } from "../incoming.js";

const LIMIT = 64 * 1024;

/** The body; nothing if it is longer, or not UTF-8. */
export async function readSmallBody({ headers, request }: Incoming): Promise<string | undefined> {
  if (Number(headers.get("content-length") ?? 0) > LIMIT) return undefined;
  if (!request.body) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let length = 0;
  try {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      length += chunk.length;
      if (length > LIMIT) return undefined;
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
