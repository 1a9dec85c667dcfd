/** Server-sent events (WHATWG HTML §9.2): framing, and a stream that stays open. */
import { BOUNDS, ROOMS } from "./bounds.js";

/** How often an open stream says something, in milliseconds: clients and proxies cut connections that are silent for long. */
const COMMENT_EVERY = 12_000;

/** How long somebody waits at most who has more to say than there is room for, in milliseconds, and how often it is looked. */
const PATIENCE = 60_000;
const LOOKING = 1_000;

/** Who has this much unread takes no more for now. */
const MUCH = BOUNDS.unreadBefore.value;

/** And who has read nothing for so many beats is cut off. */
const IDLE = 5;

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
  /** A reader that takes nothing while more and more is sent is cut off: for it the stream breaks. */
  send(event: string, data: string, id?: string): void;
  /** Sends lines that are no whole event: a comment, the time after which to come back. */
  sendLine(line: string): void;
  /** Nothing where there is room for `data`; else resolves when there is, or when it is no use to wait. */
  room(data: string): Promise<void> | undefined;
  /** Breaks the stream; nothing of it is held any more. */
  cut(): void;
  close(): void;
}

/**
 * A stream of events of which at most `bound` bytes are unread, or one event; `onCancel` runs when the reader goes away by
 * itself or is cut off, `onBeat` now and then while it is open.
 */
export function eventStream(
  onCancel: () => void,
  onBeat: () => void,
  bound: number = BOUNDS.unread.value,
): EventStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isClosing = false;
  const waiting: (() => void)[] = [];
  /** Who waits for room, and how many bytes wait with them. */
  let waiters = 0;
  let queued = 0;
  /** For how many beats nothing has been read. */
  let idle = 0;
  const held = ROOMS.held.begin();
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
    if ((before === 0 || all <= bound) && held.hold(all)) {
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
    // One may wait anyhow; those behind it have to fit as well, or the stream breaks when they are sent.
    const all = unread() + queued + bytes;
    const isFirst = waiters === 0;
    if (!isFirst && (all > bound || !held.hold(all))) return;
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
    // Who reads nothing for long has no part in the room of all.
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
        held.hold(left + queued);
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
      // What is unread stays held until it has been read.
      if (unread() > 0) return;
      const closed = controller;
      over();
      closed.close();
    },
  };
}
