/** The effect "listen": a response that stays open and says what happens. */
import { WicketError } from "../errors.js";
import { connect } from "../objects/mailbox.js";
import type { Outcome } from "../run.js";
import type { ListenEffect } from "../wire.js";
import type { Outgoing } from "./outgoing.js";
import type { Reply } from "./reply.js";
import type { ServerWorld } from "./world.js";

/** Listens until the client goes away or the objects do. */
export async function listen(
  world: ServerWorld,
  outgoing: Outgoing,
  { sources, says, first, otherwise, resumes, endpoint }: ListenEffect,
): Promise<Outcome> {
  let sockets: WebSocket[] | undefined;
  try {
    sockets = await Promise.all(sources.map(({ object, tags }) => connect(world.objects(), object, tags, resumes)));
  } catch (error) {
    // Without objects there is nothing to hear.
    if (!(error instanceof WicketError) || otherwise === undefined) throw error;
  }
  const reply = outgoing.open();
  if (endpoint === undefined) reply.comment("listening");
  // HTTP+SSE begins with this event.
  else reply.say("endpoint", `${world.sse?.messages ?? ""}?sessionId=${endpoint}`);
  const greeting = sockets ? first : otherwise;
  if (greeting !== undefined) reply.send(greeting);
  const sayings = new Map(Object.entries(says));
  await new Promise<void>((resolve) => {
    outgoing.onGone = resolve;
    for (const socket of sockets ?? []) {
      socket.addEventListener("message", ({ data }) => hear(world, reply, sayings, String(data)));
      socket.addEventListener("close", () => resolve());
    }
  });
  for (const socket of sockets ?? []) socket.close(1000, "the stream is over");
  return { json: "true" };
}

/** Passes on what a source of a stream says. */
function hear(world: ServerWorld, reply: Reply, sayings: Map<string, string>, data: string): void {
  const said = JSON.parse(data) as Heard;
  if (said.carried !== undefined) world.sse?.carryOut(said.carried, reply);
  if (said.message !== undefined) reply.send(said.message);
  if (said.event) reply.pass(said.event.id, said.event.data);
  for (const [name, message] of Object.entries(said.says ?? {})) sayings.set(name, message);
  if (said.unsays !== undefined) sayings.delete(said.unsays);
  const message = said.news === undefined ? undefined : sayings.get(said.news);
  if (message !== undefined) reply.send(message);
}

/** What arrives from a source: one of these. */
interface Heard {
  /** Something has happened, by its name. */
  news?: string;
  /** From now on this is said of what happens. */
  says?: Record<string, string>;
  unsays?: string;
  /** On HTTP+SSE: a message for the client, or one of the client that is carried out here. */
  message?: string;
  carried?: unknown;
  /** An event of a stream that goes on. */
  event?: { id: string; data: string };
}
