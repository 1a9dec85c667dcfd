/** Reading a request's body, up to the limit. */

/** The longest body, in bytes: 4 MiB. */
const LIMIT = 4 * 1024 * 1024;

/** The body as bytes; nothing if it is longer than the limit, whether it says so beforehand or not. */
export async function readBody(request: Request): Promise<Uint8Array | undefined> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    return Number(declared) > LIMIT ? undefined : new Uint8Array(await request.arrayBuffer());
  }
  if (!request.body) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.length;
    if (length > LIMIT) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
