/**
 * The role `mailbox:…`: where a session of the `initialize` era can be reached. A Worker that waits for something (a call
 * for the response to its request, an open stream for its next message) keeps a WebSocket to the object, which sleeps
 * between messages; any isolate reaches it through the object. What is kept of a session is little and goes when nobody
 * has asked for a day.
 */
import { BOUNDS, bytesOf } from "../bounds.js";
import { type Role, type RoleObject, provideRole, rememberName } from "./roles.js";
import { type Resumed, accept, open, resumesOf, tagsOf } from "./sockets.js";

/** The tag of the stream that a session has for everything that belongs to no call. */
export const STREAM = "stream";

/** How long what nobody asks for is kept, in milliseconds. */
const HOUR = 3600 * 1000;
const IDLE = 24 * HOUR;

/** What is kept: one entry each. */
const LEVEL = "mailbox:level";
const CAPABILITIES = "mailbox:capabilities";
const FOLLOWED = "mailbox:followed";
const OPEN = "mailbox:open";

/** Of a stream that broke off: its events by number, and a last entry once it is over. */
const EVENT = "event:";
const OVER = "over:";
/** What all events take, in bytes. */
const MISSED = "mailbox:missed";

/** A session follows at most so many resources, and their URIs take no more than `BOUNDS.followed`. */
const MAX_FOLLOWED = 1000;

/** What a stream says while nobody hears it. */
interface Missed {
  stream: string;
  events: [number: number, message: string][];
  over: boolean;
}

const mailbox: Role = {
  sparing: true,
  async ask(object, call, input) {
    const { kv } = object.ctx.storage;
    const given = JSON.parse(input) as unknown;
    switch (call) {
      case "reach":
        return JSON.stringify(reach(object.ctx, given as Reaching));
      case "listening":
        return JSON.stringify(open(object.ctx, STREAM).length > 0);
      case "recall":
        return JSON.stringify({ level: kv.get(LEVEL), capabilities: kv.get(CAPABILITIES) });
      case "level":
        return keep(object, LEVEL, given);
      case "begin":
        return keep(object, CAPABILITIES, given);
      case "followed":
        return JSON.stringify(kv.get<string[]>(FOLLOWED) ?? []);
      case "follow":
        return follow(object, (uris) => [...new Set([...uris, String(given)])]);
      case "unfollow":
        return follow(object, (uris) => uris.filter((uri) => uri !== given));
      case "open":
        return keep(object, OPEN, true);
      case "there":
        return JSON.stringify(kv.get(OPEN) !== undefined || open(object.ctx, STREAM).length > 0);
      case "touch":
        return touch(object);
      case "end":
        for (const socket of object.ctx.getWebSockets()) socket.close(1000, "the session is over");
        // On old compatibility dates an alarm outlasts everything else.
        await object.ctx.storage.deleteAlarm();
        await object.ctx.storage.deleteAll();
        return "null";
      case "missed":
        return missed(object, given as Missed);
      default:
        throw new Error(`a mailbox has no "${call}"`);
    }
  },
  connect({ ctx }, request) {
    const tags = tagsOf(request);
    // Nothing is said on two streams of a session (transports §Multiple Connections): the latest is the one.
    if (tags.includes(STREAM)) for (const earlier of open(ctx, STREAM)) earlier.close(1000, "another has taken over");
    const { socket, response } = accept(ctx, tags);
    for (const tag of tags) tell(ctx, tag, socket);
    const resumed = resumesOf(request);
    if (resumed) replay(ctx, socket, resumed);
    return response;
  },
  async alarm({ ctx }) {
    if (ctx.getWebSockets().length > 0) await ctx.storage.setAlarm(Date.now() + IDLE);
    else await ctx.storage.deleteAll();
  },
};

/** Called when an entry point loads. */
export function provideMailbox(): void {
  provideRole("mailbox", mailbox);
}

async function follow(object: RoleObject, change: (uris: string[]) => string[]): Promise<string> {
  const uris = change(object.ctx.storage.kv.get<string[]>(FOLLOWED) ?? []);
  const bytes = uris.reduce((all, uri) => all + bytesOf(uri), 0);
  if (uris.length > MAX_FOLLOWED || bytes > BOUNDS.followed.value) return "false";
  await keep(object, FOLLOWED, uris);
  return "true";
}

/** Whether the session is still there; it is not once nobody has asked for it for long. */
async function touch({ ctx }: RoleObject): Promise<string> {
  if (ctx.storage.kv.get(OPEN) === undefined) return "false";
  // To the hour is exact enough, and spares a write with each request.
  const end = Date.now() + IDLE;
  if (((await ctx.storage.getAlarm()) ?? 0) < end - HOUR) await ctx.storage.setAlarm(end);
  return "true";
}

/** Keeps what a client has missed of a stream, or gives it to the client if it is back already. */
async function missed(object: RoleObject, { stream, events, over }: Missed): Promise<string> {
  rememberName(object);
  const { kv } = object.ctx.storage;
  const waiting = open(object.ctx, `events:${stream}`);
  const fits = kv.get(OVER + stream) === undefined && makeRoom(object, stream, events);
  for (const [number, message] of fits ? events : []) {
    kv.put(entry(EVENT, stream, number), message);
    for (const socket of waiting) socket.send(eventText(stream, number, message));
  }
  // What is not kept whole ends where it stops.
  if (over || !fits) {
    kv.put(OVER + stream, true);
    for (const socket of waiting) socket.close(1000, "the stream is over");
  }
  await object.ctx.storage.setAlarm(Date.now() + IDLE);
  return JSON.stringify(fits);
}

/** Makes room for events of a stream, for which those of others go; false where it takes too much by itself. */
function makeRoom({ ctx }: RoleObject, stream: string, events: Missed["events"]): boolean {
  const { kv } = ctx.storage;
  const more = events.reduce((all, [, message]) => all + bytesOf(message), 0);
  let bytes = (kv.get<number>(MISSED) ?? 0) + more;
  if (bytes > BOUNDS.missed.value) {
    bytes = more;
    for (const [key, message] of kv.list<string>({ prefix: EVENT })) {
      if (key.startsWith(`${EVENT}${stream}.`)) bytes += bytesOf(message);
      else kv.delete(key);
    }
  }
  if (bytes > BOUNDS.missed.value) return false;
  kv.put(MISSED, bytes);
  return true;
}

function entry(kind: string, stream: string, number: number): string {
  return `${kind}${stream}.${String(number).padStart(10, "0")}`;
}

function eventText(stream: string, number: number, data: string): string {
  return JSON.stringify({ event: { id: `${stream}.${number}`, data } });
}

/** Gives a client that is back what it has missed: of this stream, behind this event. */
function replay(ctx: DurableObjectState, socket: WebSocket, { stream, after }: Resumed): void {
  const { kv } = ctx.storage;
  const prefix = `${EVENT}${stream}.`;
  for (const [key, message] of kv.list<string>({ prefix })) {
    const number = Number(key.slice(prefix.length));
    if (number > after) socket.send(eventText(stream, number, message));
  }
  if (kv.get(OVER + stream) !== undefined) socket.close(1000, "the stream is over");
}

async function keep(object: RoleObject, entry: string, value: unknown): Promise<string> {
  rememberName(object);
  object.ctx.storage.kv.put(entry, value);
  await object.ctx.storage.setAlarm(Date.now() + IDLE);
  return "null";
}

/** A message for whoever waits under a tag; one that `lasts` is also for who comes a little later. */
interface Reaching {
  tag: string;
  message: string;
  lasts?: boolean;
}

/** Sends a message to whoever waits for it; false if nobody does. */
function reach(ctx: DurableObjectState, { tag, message, lasts = false }: Reaching): boolean {
  const sockets = open(ctx, tag);
  for (const socket of sockets) socket.send(message);
  if (lasts && sockets.length === 0) remember(ctx, tag, message);
  return sockets.length > 0;
}

/** How long a message lasts, in milliseconds, and how many there are at once. */
const LASTS = 30_000;
const MAX_LASTING = BOUNDS.lasting.value;

/** What nobody waited for, by object and tag: in memory alone, as the calls are that it is for. */
const lasting = new WeakMap<DurableObjectState, Map<string, { message: string; until: number }>>();

function remember(ctx: DurableObjectState, tag: string, message: string): void {
  const all = lasting.get(ctx) ?? new Map<string, { message: string; until: number }>();
  lasting.set(ctx, all);
  all.delete(tag);
  all.set(tag, { message, until: Date.now() + LASTS });
  for (const [tag, { until }] of all) if (all.size > MAX_LASTING || until < Date.now()) all.delete(tag);
}

/** Tells who waits from now on what has been said just before. */
function tell(ctx: DurableObjectState, tag: string, socket: WebSocket): void {
  const said = lasting.get(ctx)?.get(tag);
  if (!said) return;
  lasting.get(ctx)?.delete(tag);
  if (said.until >= Date.now()) socket.send(said.message);
}
