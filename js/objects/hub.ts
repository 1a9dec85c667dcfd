/**
 * The role `hub:…`: where everybody waits who wants to hear of changes of one server. It keeps nothing. An isolate waits
 * with one WebSocket for all of its streams (`server/ear.ts`); what they want to hear is attached to it, which outlasts the
 * object's sleep.
 */
import { type Role, provideRole } from "./roles.js";
import { accept, open, tagsOf } from "./sockets.js";

/** An ear that waits under more tags hears everything: an attachment has room for 16 KiB. */
const MAX_TAGS = 300;

/** An ear, by the tag of its socket, and what it wants to hear from now on. */
interface Wanting {
  ear: string;
  tags: string[];
}

/** What there is to hear, and who is to hear it. */
interface Reaching {
  tag: string;
  message: string;
}

const hub: Role = {
  async ask({ ctx }, call, input) {
    switch (call) {
      case "want":
        return JSON.stringify(want(ctx, JSON.parse(input) as Wanting));
      case "reach":
        return JSON.stringify(reach(ctx, JSON.parse(input) as Reaching));
      default:
        throw new Error(`a hub has no "${call}"`);
    }
  },
  connect: ({ ctx }, request) => accept(ctx, tagsOf(request)).response,
};

/** Called when an entry point loads. */
export function provideHub(): void {
  provideRole("hub", hub);
}

/** The tags of a socket, or that it wants everything. Attached; here as they were read last. */
const wanted = new WeakMap<WebSocket, Set<string> | "everything">();

function wantedBy(socket: WebSocket): Set<string> | "everything" {
  let tags = wanted.get(socket);
  if (tags === undefined) {
    tags = (socket.deserializeAttachment() as Set<string> | "everything" | null) ?? new Set<string>();
    wanted.set(socket, tags);
  }
  return tags;
}

/** Adds to what an ear wants; false if there is no such ear. */
function want(ctx: DurableObjectState, { ear, tags }: Wanting): boolean {
  const sockets = open(ctx, ear);
  for (const socket of sockets) {
    const known = wantedBy(socket);
    if (known === "everything") continue;
    const all = new Set([...known, ...tags]);
    if (all.size === known.size) continue;
    const wants = all.size > MAX_TAGS ? "everything" : all;
    wanted.set(socket, wants);
    socket.serializeAttachment(wants);
  }
  return sockets.length > 0;
}

/** Tells all who want to hear it; false if nobody does. */
function reach(ctx: DurableObjectState, { tag, message }: Reaching): boolean {
  const sockets = open(ctx).filter((socket) => {
    const tags = wantedBy(socket);
    return tags === "everything" || tags.has(tag);
  });
  const text = `{"tag":${JSON.stringify(tag)},"message":${message}}`;
  for (const socket of sockets) socket.send(text);
  return sockets.length > 0;
}
