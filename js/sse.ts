/** Server-sent events (WHATWG HTML §9.2): framing, and a stream that stays open. */

/** How often an open stream says something, in milliseconds: clients and proxies cut connections that are silent for long. */
const COMMENT_EVERY = 12_000;

const encoder = new TextEncoder();

/** One event as bytes. `data` may have several lines. */
export function frame(event: string, data: string, id?: string): Uint8Array {
  const name = id === undefined ? "" : `id: ${id}\n`;
  // Only these end a line of the stream; `^` would also match behind U+2028, which JSON has as it is.
  const lines = data.split(/\r\n|[\r\n]/).join("\ndata: ");
  return encoder.encode(`event: ${event}\n${name}data: ${lines}\n\n`);
}

/** The open end of a stream. */
export interface EventStream {
  readable: ReadableStream<Uint8Array>;
  send(event: string, data: string, id?: string): void;
  /** Sends lines that are no whole event: a comment, the time after which to come back. */
  sendLine(line: string): void;
  close(): void;
}

/** A stream of events; `onCancel` runs when the reader goes away by itself, `onBeat` now and then while it is open. */
export function eventStream(onCancel: () => void, onBeat: () => void): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const comments = setInterval(() => {
    controller?.enqueue(encoder.encode(": still here\n\n"));
    onBeat();
  }, COMMENT_EVERY);
  const readable = new ReadableStream<Uint8Array>({
    start(opened) {
      controller = opened;
    },
    cancel() {
      clearInterval(comments);
      controller = undefined;
      onCancel();
    },
  });
  return {
    readable,
    send(event, data, id) {
      controller?.enqueue(frame(event, data, id));
    },
    sendLine(line) {
      controller?.enqueue(encoder.encode(`${line}\n\n`));
    },
    close() {
      clearInterval(comments);
      controller?.close();
      controller = undefined;
    },
  };
}
