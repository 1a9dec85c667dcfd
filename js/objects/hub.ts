/**
 * The role `hub:…`: distributes the change notifications of one server. It stores nothing. An isolate connects with one
 * WebSocket for all of its streams (`mcp/server/hub-connection.ts`); their tags are attached to it, which survives the object's
 * hibernation.
 */
import type { Role } from "./roles.js";
import { accept, open, tagsOf } from "./sockets.js";

/** A connection with more tags receives everything: an attachment is limited to 16 KiB. */
const MAX_TAGS = 300;

/** A connection, by the tag of its socket, and the tags that it adds. */
interface Subscription {
  connection?: string;
  tags: string[];
}

/** A message, and the tag of its listeners. */
interface TaggedMessage {
  tag: string;
  message: string;
}

export const hub: Role = {
  async ask({ ctx }, call, input) {
    switch (call) {
      case "want":
        return JSON.stringify(subscribe(ctx, JSON.parse(input) as Subscription));
      case "reach":
        return JSON.stringify(deliver(ctx, JSON.parse(input) as TaggedMessage));
      default:
        throw new Error(`a hub has no "${call}"`);
    }
  },
  connect: ({ ctx }, request) => accept(ctx, tagsOf(request)).response,
};

/** The tags of a socket, or that it receives everything. A copy of its attachment. */
const subscribed = new WeakMap<WebSocket, Set<string> | "everything">();

function tagsOfSocket(socket: WebSocket): Set<string> | "everything" {
  let tags = subscribed.get(socket);
  if (tags === undefined) {
    tags = (socket.deserializeAttachment() as Set<string> | "everything" | null) ?? new Set<string>();
    subscribed.set(socket, tags);
  }
  return tags;
}

/** Adds tags to a connection; false if it does not exist. */
function subscribe(ctx: DurableObjectState, { connection, tags }: Subscription): boolean {
  const sockets = connection === undefined ? [] : open(ctx, connection);
  for (const socket of sockets) {
    const known = tagsOfSocket(socket);
    if (known === "everything") continue;
    const all = new Set([...known, ...tags]);
    if (all.size === known.size) continue;
    const subscribes = all.size > MAX_TAGS ? "everything" : all;
    subscribed.set(socket, subscribes);
    socket.serializeAttachment(subscribes);
  }
  return sockets.length > 0;
}

/** Sends a message to all connections with its tag; false if there are none. */
function deliver(ctx: DurableObjectState, { tag, message }: TaggedMessage): boolean {
  const sockets = open(ctx).filter((socket) => {
    const tags = tagsOfSocket(socket);
    return tags === "everything" || tags.has(tag);
  });
  const text = `{"tag":${JSON.stringify(tag)},"message":${message}}`;
  for (const socket of sockets) socket.send(text);
  return sockets.length > 0;
}
