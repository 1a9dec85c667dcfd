/**
 * The role `mailbox:…`: where a session of the `initialize` era can be reached. A Worker that waits for something (a call
 * for the response to its request, an open stream for its next message) keeps a WebSocket to the object, which sleeps
 * between messages; any isolate reaches it through the object. What is kept of a session is little and goes when nobody
 * has asked for a day.
 */
import { type RoleStub } from "./objects.js";
import { CONNECT_HEADER, type Role, type RoleObject, provideRole, rememberName } from "./roles.js";

/** The tag of the stream that a session has for everything that belongs to no call. */
export const STREAM = "stream";

const TAGS_HEADER = "x-wicket-tags";

/** How long what nobody asks for is kept, in milliseconds. */
const IDLE = 24 * 3600 * 1000;

/** What is kept: one entry each. */
const LEVEL = "mailbox:level";
const CAPABILITIES = "mailbox:capabilities";

const mailbox: Role = {
  sparing: true,
  async ask(object, call, input) {
    const { kv } = object.ctx.storage;
    const given = JSON.parse(input) as unknown;
    switch (call) {
      case "reach":
        return JSON.stringify(reach(object.ctx, given as { tag: string; message: string }));
      case "listening":
        return JSON.stringify(open(object.ctx, STREAM).length > 0);
      case "recall":
        return JSON.stringify({ level: kv.get(LEVEL), capabilities: kv.get(CAPABILITIES) });
      case "level":
        return keep(object, LEVEL, given);
      case "begin":
        return keep(object, CAPABILITIES, given);
      default:
        throw new Error(`a mailbox has no "${call}"`);
    }
  },
  connect({ ctx }, request) {
    const { 0: outer, 1: inner } = new WebSocketPair();
    // Hibernating: the object is not kept awake by an open socket.
    ctx.acceptWebSocket(inner, JSON.parse(request.headers.get(TAGS_HEADER) ?? "[]") as string[]);
    return new Response(null, { status: 101, webSocket: outer });
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

async function keep(object: RoleObject, entry: string, value: unknown): Promise<string> {
  rememberName(object);
  object.ctx.storage.kv.put(entry, value);
  await object.ctx.storage.setAlarm(Date.now() + IDLE);
  return "null";
}

function open(ctx: DurableObjectState, tag: string): WebSocket[] {
  return ctx.getWebSockets(tag).filter((socket) => socket.readyState === WebSocket.OPEN);
}

/** Sends `message` to whoever waits under `tag`; false if nobody does. */
function reach(ctx: DurableObjectState, { tag, message }: { tag: string; message: string }): boolean {
  const sockets = open(ctx, tag);
  for (const socket of sockets) socket.send(message);
  return sockets.length > 0;
}

/** The Worker's side: waits at the object `name` under these tags. */
export async function connect(
  namespace: DurableObjectNamespace<RoleStub>,
  name: string,
  tags: readonly string[],
): Promise<WebSocket> {
  const headers = { upgrade: "websocket", [CONNECT_HEADER]: name, [TAGS_HEADER]: JSON.stringify(tags) };
  const response = await namespace.getByName(name).fetch("https://object/", { headers });
  if (!response.webSocket) throw new Error(`the object ${name} gave no socket`);
  response.webSocket.accept();
  return response.webSocket;
}
