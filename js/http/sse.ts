/** Server-sent events (WHATWG HTML §9.2): framing, and a stream that stays open. */
import { BOUNDS, BUDGETS } from "../boundary/caches.js";

/** How often an open stream sends a comment, in milliseconds: clients and proxies close silent connections. */
const COMMENT_EVERY = 12_000;

/** How long a sender waits for room at most, in milliseconds, and how often it checks. */
const PATIENCE = 60_000;
const LOOKING = 1_000;

/** A reader with this much unread gets no more for now. */
const MUCH = BOUNDS.unreadThreshold.value;

/** A reader that has read nothing for this many beats is cut off. */
const IDLE = 5;

const encoder = new TextEncoder();

/** One event as bytes. `data` may have several lines. */
export function frame(event: string, data: string, id?: string): Uint8Array {
  const name = id === undefined ? "" : `id: ${id}\n`;
  // Only these end a line of the stream; `^` would also match after U+2028, which JSON does not escape.
  const lines = data.split(/\r\n|[\r\n]/).join("\ndata: ");
  return encoder.encode(`event: ${event}\n${name}data: ${lines}\n\n`);
}

/** The sending side of a stream. */
export interface EventStream {
  readable: ReadableStream<Uint8Array>;
  /** Sends an event. A reader that takes nothing while more and more is sent is cut off: its stream breaks. */
  send(event: string, data: string, id?: string): void;
  /** Sends lines that are not a whole event: a comment, or the reconnection time. */
  sendLine(line: string): void;
  /** Undefined if there is room for `data`; else resolves when there is, or when waiting is no use. */
  room(data: string): Promise<void> | undefined;
  /** Breaks the stream and releases its memory. */
  cut(): void;
  close(): void;
}

/**
 * A stream of events of which at most `bound` bytes are unread, or one event; `onCancel` runs when the reader
 * disconnects or is cut off, `onBeat` from time to time while it is open.
 */
export function eventStream(
  onCancel: () => void,
  onBeat: () => void,
  bound: number = BOUNDS.unread.value,
): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isClosing = false;
  const waiting: (() => void)[] = [];
  /** The number of senders that wait for room, and of their bytes. */
  let waiters = 0;
  let queued = 0;
  /** The number of beats for which nothing has been read. */
  let idle = 0;
  const held = BUDGETS.buffered.reserve();
  const unread = () => (controller ? bound - (controller.desiredSize ?? bound) : 0);
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const over = () => {
    clearInterval(comments);
    controller = undefined;
    held.end();
    wake();
  };
  const put = (chunk: Uint8Array) => {
    if (!controller || isClosing) return;
    const before = unread() + queued;
    const all = before + chunk.length;
    if ((before === 0 || all <= bound) && held.resize(all)) {
      controller.enqueue(chunk);
      return;
    }
    cut();
  };
  const cut = () => {
    const broken = controller;
    if (!broken) return;
    over();
    broken.error(new Error("The client does not read its stream."));
    onCancel();
  };
  const hasRoom = (bytes: number) => !controller || (unread() <= MUCH && held.fits(unread() + bytes));
  const roomFor = async (bytes: number) => {
    // One sender may always wait; further ones have to fit as well, or the stream breaks when they send.
    const all = unread() + queued + bytes;
    const isFirst = waiters === 0;
    if (!isFirst && (all > bound || !held.resize(all))) return;
    waiters++;
    if (!isFirst) queued += bytes;
    for (const until = Date.now() + PATIENCE; Date.now() < until && !hasRoom(bytes);) {
      let timer: ReturnType<typeof setTimeout> | null = null;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        timer = setTimeout(resolve, LOOKING);
      });
      clearTimeout(timer);
    }
    waiters--;
    if (!isFirst) queued -= bytes;
  };
  const comments = setInterval(() => {
    held.seen();
    // A reader that reads nothing for a while may not use the shared room.
    if (++idle > IDLE && unread() > MUCH) {
      cut();
      return;
    }
    put(encoder.encode(": still here\n\n"));
    onBeat();
  }, COMMENT_EVERY);
  const readable = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened;
      },
      /** Something has been read. */
      pull() {
        if (!controller) return;
        idle = 0;
        const left = unread();
        held.resize(left + queued);
        if (left <= MUCH) wake();
        if (left > 0 || !isClosing) return;
        const closed = controller;
        over();
        closed.close();
      },
      cancel() {
        over();
        onCancel();
      },
    },
    { highWaterMark: bound, size: (chunk) => chunk.byteLength },
  );
  return {
    readable,
    send(event, data, id) {
      if (controller) put(frame(event, data, id));
    },
    sendLine(line) {
      put(encoder.encode(`${line}\n\n`));
    },
    room: (data) => (hasRoom(data.length) ? undefined : roomFor(data.length)),
    cut,
    close() {
      clearInterval(comments);
      if (!controller) return;
      isClosing = true;
      // What is unread stays in memory until it is read.
      if (unread() > 0) return;
      const closed = controller;
      over();
      closed.close();
    },
  };
}
