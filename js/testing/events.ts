/** Reads the messages in a response: JSON, or a stream of server-sent events (WHATWG HTML §9.2). */

/** A JSON-RPC message. */
export interface Message {
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
}

/** The messages of a response, one after another. Ending the loop closes the stream. */
export async function* messagesOf(response: Response): AsyncGenerator<Message, void> {
  if (!isStream(response)) {
    const text = await response.text();
    if (text === "") return;
    const parsed = JSON.parse(text) as Message | Message[];
    yield* Array.isArray(parsed) ? parsed : [parsed];
    return;
  }
  for await (const { data } of eventsOf(response)) {
    // A stream that can be resumed begins with an event that only has an ID.
    if (data !== "") yield JSON.parse(data) as Message;
  }
}

/** True for a stream of server-sent events. */
export const isStream = (response: Response): boolean =>
  response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;

async function* eventsOf({ body }: Response): AsyncGenerator<{ data: string }, void> {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data:"));
        // Comments have no data.
        if (data.length > 0) yield { data: data.map((line) => line.slice(5).replace(/^ /, "")).join("\n") };
      }
    }
  } finally {
    await reader.cancel();
  }
}
