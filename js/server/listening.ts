/** The effect "listen": a response that stays open and says what happens. */
import { ROOMS, bytesOf } from "../bounds.js";
import { EffectFailure, WicketError } from "../errors.js";
import { connect } from "../objects/sockets.js";
import type { Outcome } from "../run.js";
import type { ListenEffect } from "../wire.js";
import { join } from "./ear.js";
import type { Outgoing } from "./outgoing.js";
import type { Reply } from "./reply.js";
import { mayUse } from "./scopes.js";
import type { ServerWorld } from "./world.js";

/** Where a stream hears from. */
export interface Source {
  /** Passes on what is heard, from the first on; resolves when there will be nothing more. */
  run(hear: (heard: Heard) => void): Promise<void>;
  /** Called now and then while the stream is open. */
  check(): void;
  /** Nothing more is heard. */
  end(): Promise<void>;
}

/** What arrives from a source: one of these. */
export interface Heard {
  /** Something has happened, by its name. */
  news?: string;
  /** The scopes without which nobody hears of it, separated by spaces. */
  needs?: string;
  /** From now on this is said of what happens. */
  says?: Record<string, string>;
  unsays?: string;
  /** On HTTP+SSE: a message for the client, or one of the client that is carried out here. */
  message?: string;
  carried?: unknown;
  /** An event of a stream that goes on. */
  event?: { id: string; data: string };
  /** Anything may have happened. */
  missed?: boolean;
}

/** Listens until the client goes away or the objects do. */
export async function listen(
  world: ServerWorld,
  outgoing: Outgoing,
  { sources, says, first, otherwise, resumes, endpoint }: ListenEffect,
): Promise<Outcome> {
  const sayings = new Sayings();
  const isKept = Object.entries(says).every(([name, message]) => sayings.set(name, message));
  if (!isKept) {
    sayings.end();
    throw new EffectFailure("refused", "the streams of this isolate hold as much as they may");
  }
  let open: Source[] = [];
  let isHeard = true;
  try {
    open = await all(sources.map((source) => openSource(world, source, resumes)));
  } catch (error) {
    // Without objects there is nothing to hear.
    if (!(error instanceof WicketError) || otherwise === undefined) {
      sayings.end();
      throw error;
    }
    isHeard = false;
  }
  const reply = outgoing.open();
  if (endpoint === undefined) reply.comment("listening");
  // HTTP+SSE begins with this event.
  else reply.say("endpoint", `${world.sse?.messages ?? ""}?sessionId=${endpoint}`);
  const greeting = isHeard ? first : otherwise;
  if (greeting !== undefined) reply.send(greeting);
  reply.onBeat = () => {
    sayings.seen();
    for (const source of open) source.check();
  };
  const gone = new Promise<void>((resolve) => (outgoing.onGone = resolve));
  await Promise.race([gone, ...open.map((source) => source.run((heard) => hear(world, reply, sayings, heard)))]);
  sayings.end();
  await Promise.all(open.map((source) => source.end()));
  return { json: "true" };
}

/** What is said of what happens, by its name. */
class Sayings {
  readonly #held = ROOMS.listened.begin();
  readonly #messages = new Map<string, string>();
  #bytes = 0;

  /** False where there is no room for it. */
  set(name: string, message: string): boolean {
    this.delete(name);
    const bytes = bytesOf(name) + bytesOf(message);
    if (!this.#held.hold(this.#bytes + bytes)) return false;
    this.#messages.set(name, message);
    this.#bytes += bytes;
    return true;
  }

  get(name: string): string | undefined {
    return this.#messages.get(name);
  }

  get all(): Iterable<string> {
    return this.#messages.values();
  }

  delete(name: string): void {
    const message = this.#messages.get(name);
    if (message === undefined) return;
    this.#messages.delete(name);
    this.#bytes -= bytesOf(name) + bytesOf(message);
    this.#held.hold(this.#bytes);
  }

  seen(): void {
    this.#held.seen();
  }

  end(): void {
    this.#held.end();
  }
}

/** All sources, or none. */
async function all(opening: Promise<Source>[]): Promise<Source[]> {
  const opened = await Promise.allSettled(opening);
  const open = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = opened.find((one) => one.status === "rejected");
  if (!failed) return open;
  await Promise.all(open.map((source) => source.end()));
  throw failed.reason;
}

async function openSource(
  world: ServerWorld,
  { object, tags, shared }: ListenEffect["sources"][number],
  resumes: ListenEffect["resumes"],
): Promise<Source> {
  if (shared) return join(world, object, tags);
  const socket = await connect(await world.objects(), object, tags, resumes);
  return {
    run(hear) {
      return new Promise((resolve) => {
        socket.addEventListener("message", ({ data }) => hear(JSON.parse(String(data)) as Heard));
        socket.addEventListener("close", () => resolve());
        socket.accept();
      });
    },
    check() {},
    async end() {
      socket.close(1000, "the stream is over");
    },
  };
}

/** Passes on what a source of a stream says. */
function hear(world: ServerWorld, reply: Reply, sayings: Sayings, heard: Heard): void {
  if (heard.carried !== undefined) world.sse?.carryOut(heard.carried, reply);
  if (heard.message !== undefined) reply.send(heard.message);
  if (heard.event) reply.pass(heard.event.id, heard.event.data);
  for (const [name, message] of Object.entries(heard.says ?? {})) if (!sayings.set(name, message)) reply.cut();
  if (heard.unsays !== undefined) sayings.delete(heard.unsays);
  if (heard.missed) for (const message of sayings.all) reply.send(message);
  const mayHear = heard.needs === undefined || mayUse({ scopes: heard.needs.split(" ") }, world.passage.pass);
  const message = heard.news === undefined || !mayHear ? undefined : sayings.get(heard.news);
  if (message !== undefined) reply.send(message);
}
