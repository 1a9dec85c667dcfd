/**
 * The role `mailbox:…`: delivers messages to a session of the revisions with `initialize`. A Worker that waits for something
 * (a call for the response to its request, an open stream for its next message) has a WebSocket to the object, which sleeps
 * between messages; any isolate reaches it through the object. A session's data is small, and is deleted after a day without
 * use.
 */
import { BOUNDS, bytesOf } from "../boundary/caches.js";
import { type Role, type RoleObject, rememberName } from "./roles.js";
import { type ResumedStream, accept, open, resumesOf, tagsOf } from "./sockets.js";

/** The tag of the stream that a session has for everything that belongs to no call. */
export const STREAM = "stream";

/** How long unused data is stored, in milliseconds. */
const HOUR = 3600 * 1000;
const IDLE = 24 * HOUR;

/** Storage keys, one entry each. */
const LEVEL = "mailbox:level";
const CAPABILITIES = "mailbox:capabilities";
const FOLLOWED = "mailbox:followed";
const OPEN = "mailbox:open";

/** The events of an interrupted stream by number, and a last entry once it has ended. */
const EVENT = "event:";
const OVER = "over:";
/** The size of all events, in bytes. */
const MISSED = "mailbox:missed";

/** Maximum number of subscriptions of a session; the size of their URIs is limited by `BOUNDS.followed`. */
const MAX_FOLLOWED = 1000;

/** Events of a stream without a connection. */
interface MissedEvents {
  stream: string;
  events: [number: number, message: string][];
  over: boolean;
}

export const mailbox: Role = {
  sparing: true,
  async ask(object, call, input) {
    const { kv } = object.ctx.storage;
    const given = JSON.parse(input) as unknown;
    switch (call) {
      case "reach":
        return JSON.stringify(deliver(object.ctx, given as TaggedMessage));
      case "listening":
        return JSON.stringify(open(object.ctx, STREAM).length > 0);
      case "recall":
        return JSON.stringify({ level: kv.get(LEVEL), capabilities: kv.get(CAPABILITIES) });
      case "level":
        return store(object, LEVEL, given);
      case "begin":
        return store(object, CAPABILITIES, given);
      case "followed":
        return JSON.stringify(kv.get<string[]>(FOLLOWED) ?? []);
      case "follow":
        return follow(object, (uris) => [...new Set([...uris, String(given)])]);
      case "unfollow":
        return follow(object, (uris) => uris.filter((uri) => uri !== given));
      case "open":
        return store(object, OPEN, true);
      case "there":
        return JSON.stringify(kv.get(OPEN) !== undefined || open(object.ctx, STREAM).length > 0);
      case "touch":
        return touch(object);
      case "end":
        for (const socket of object.ctx.getWebSockets()) socket.close(1000, "the session has ended");
        // With old compatibility dates, an alarm survives everything else.
        await object.ctx.storage.deleteAlarm();
        await object.ctx.storage.deleteAll();
        return "null";
      case "missed":
        return storeEvents(object, given as MissedEvents);
      default:
        throw new Error(`a mailbox has no "${call}"`);
    }
  },
  connect({ ctx }, request) {
    const tags = tagsOf(request);
    // Nothing is sent on two streams of a session (transports §Multiple Connections): the latest one counts.
    if (tags.includes(STREAM)) for (const earlier of open(ctx, STREAM)) earlier.close(1000, "another has taken over");
    const { socket, response } = accept(ctx, tags);
    for (const tag of tags) sendPending(ctx, tag, socket);
    const resumed = resumesOf(request);
    if (resumed) replay(ctx, socket, resumed);
    return response;
  },
  async alarm({ ctx }) {
    if (ctx.getWebSockets().length > 0) await ctx.storage.setAlarm(Date.now() + IDLE);
    else await ctx.storage.deleteAll();
  },
};

async function follow(object: RoleObject, change: (uris: string[]) => string[]): Promise<string> {
  const uris = change(object.ctx.storage.kv.get<string[]>(FOLLOWED) ?? []);
  const bytes = uris.reduce((all, uri) => all + bytesOf(uri), 0);
  if (uris.length > MAX_FOLLOWED || bytes > BOUNDS.followed.value) return "false";
  await store(object, FOLLOWED, uris);
  return "true";
}

/** Whether the session still exists; it ends if nobody has used it for a while. */
async function touch({ ctx }: RoleObject): Promise<string> {
  if (ctx.storage.kv.get(OPEN) === undefined) return "false";
  // An hour's precision is enough, and saves a write with each request.
  const end = Date.now() + IDLE;
  if (((await ctx.storage.getAlarm()) ?? 0) < end - HOUR) await ctx.storage.setAlarm(end);
  return "true";
}

/** Stores what a client has missed of a stream, or sends it if the client is back already. */
async function storeEvents(object: RoleObject, { stream, events, over }: MissedEvents): Promise<string> {
  rememberName(object);
  const { kv } = object.ctx.storage;
  const waiting = open(object.ctx, `events:${stream}`);
  const fits = kv.get(OVER + stream) === undefined && makeRoom(object, stream, events);
  for (const [number, message] of fits ? events : []) {
    kv.put(entry(EVENT, stream, number), message);
    for (const socket of waiting) socket.send(eventText(stream, number, message));
  }
  // What cannot be stored completely ends there.
  if (over || !fits) {
    kv.put(OVER + stream, true);
    for (const socket of waiting) socket.close(1000, "the stream has ended");
  }
  await object.ctx.storage.setAlarm(Date.now() + IDLE);
  return JSON.stringify(fits);
}

/** Makes room for events of a stream by deleting those of others; false if it needs too much by itself. */
function makeRoom({ ctx }: RoleObject, stream: string, events: MissedEvents["events"]): boolean {
  const { kv } = ctx.storage;
  const more = events.reduce((all, [, message]) => all + bytesOf(message), 0);
  let bytes = (kv.get<number>(MISSED) ?? 0) + more;
  if (bytes > BOUNDS.storedEvents.value) {
    bytes = more;
    for (const [key, message] of kv.list<string>({ prefix: EVENT })) {
      if (key.startsWith(`${EVENT}${stream}.`)) bytes += bytesOf(message);
      else kv.delete(key);
    }
  }
  if (bytes > BOUNDS.storedEvents.value) return false;
  kv.put(MISSED, bytes);
  return true;
}

function entry(kind: string, stream: string, number: number): string {
  return `${kind}${stream}.${String(number).padStart(10, "0")}`;
}

function eventText(stream: string, number: number, data: string): string {
  return JSON.stringify({ event: { id: `${stream}.${number}`, data } });
}

/** Sends a returning client what it has missed: of this stream, after this event. */
function replay(ctx: DurableObjectState, socket: WebSocket, { stream, after }: ResumedStream): void {
  const { kv } = ctx.storage;
  const prefix = `${EVENT}${stream}.`;
  for (const [key, message] of kv.list<string>({ prefix })) {
    const number = Number(key.slice(prefix.length));
    if (number > after) socket.send(eventText(stream, number, message));
  }
  if (kv.get(OVER + stream) !== undefined) socket.close(1000, "the stream has ended");
}

async function store(object: RoleObject, entry: string, value: unknown): Promise<string> {
  rememberName(object);
  object.ctx.storage.kv.put(entry, value);
  await object.ctx.storage.setAlarm(Date.now() + IDLE);
  return "null";
}

/** A message for whoever waits under a tag; with `lasts`, also for those that begin to wait a little later. */
interface TaggedMessage {
  tag: string;
  message: string;
  lasts?: boolean;
}

/** Sends a message to whoever waits for it; false if nobody does. */
function deliver(ctx: DurableObjectState, { tag, message, lasts = false }: TaggedMessage): boolean {
  const sockets = open(ctx, tag);
  for (const socket of sockets) socket.send(message);
  if (lasts && sockets.length === 0) keepPending(ctx, tag, message);
  return sockets.length > 0;
}

/** How long such a message lasts, in milliseconds, and how many there may be. */
const PENDING_MS = 30_000;
const MAX_PENDING = BOUNDS.pendingCancellations.value;

/** Messages that nobody waited for, by object and tag: in memory only, like the calls for which they are. */
const pending = new WeakMap<DurableObjectState, Map<string, { message: string; until: number }>>();

function keepPending(ctx: DurableObjectState, tag: string, message: string): void {
  const all = pending.get(ctx) ?? new Map<string, { message: string; until: number }>();
  pending.set(ctx, all);
  all.delete(tag);
  all.set(tag, { message, until: Date.now() + PENDING_MS });
  for (const [tag, { until }] of all) if (all.size > MAX_PENDING || until < Date.now()) all.delete(tag);
}

/** Sends such a message to a socket that begins to wait. */
function sendPending(ctx: DurableObjectState, tag: string, socket: WebSocket): void {
  const waiting = pending.get(ctx)?.get(tag);
  if (!waiting) return;
  pending.get(ctx)?.delete(tag);
  if (waiting.until >= Date.now()) socket.send(waiting.message);
}
