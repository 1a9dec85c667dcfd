/** Puts a watch between a test and the server that it asks. Runs in workerd and in Node. */
import { eventReader } from "./events.ts";
import type { Watch } from "./watch.ts";

/**
 * Sends `request` by `send` and has what comes back looked at; the response is as it was. `body` is the request's body as
 * text, undefined where nobody can tell.
 */
export async function watchedBy(
  watch: Watch,
  request: Request,
  body: string | undefined,
  send: () => Promise<Response>,
): Promise<Response> {
  const exchange = watch.asked({ url: request.url, header: (name) => request.headers.get(name), body });
  const response = await send();
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("application/json")) {
    const text = await response.text();
    exchange.whole({ status: response.status, header: (name) => response.headers.get(name) }, text);
    return again(response, text);
  }
  if (type.startsWith("text/event-stream") && response.body) {
    const read = eventReader();
    const decoder = new TextDecoder();
    const look = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        for (const event of read(decoder.decode(chunk, { stream: true }))) exchange.event(event);
        controller.enqueue(chunk);
      },
    });
    return again(response, response.body.pipeThrough(look));
  }
  return response;
}

/** The same response with its body once more. */
function again(response: Response, body: BodyInit): Response {
  const { status, statusText, headers, url } = response;
  const copy = new Response(body, { status, statusText, headers });
  Object.defineProperty(copy, "url", { value: url });
  return copy;
}
