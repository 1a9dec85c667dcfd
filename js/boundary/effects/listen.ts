/** The effect "listen": a response that stays open and sends notifications. */
import { BUDGETS, bytesOf } from "../caches.js";
import { EffectFailure, WicketError } from "../../common/errors.js";
import { connect } from "../../objects/sockets.js";
import type { Outcome } from "../world.js";
import type { ListenEffect } from "../wire.js";
import { type HubMessage, type MessageSource, join } from "../../mcp/server/hub-connection.js";
import type { Outgoing } from "../../mcp/server/outgoing.js";
import type { ResponseStream } from "../../mcp/server/response-stream.js";
import { mayUse } from "../../mcp/server/scopes.js";
import type { ServerWorld } from "../../mcp/server/world.js";

/** Listens until the client disconnects or the objects end the stream. */
export async function listen(
  world: ServerWorld,
  outgoing: Outgoing,
  { sources, says, first, otherwise, resumes, endpoint }: ListenEffect,
): Promise<Outcome> {
  const texts = new NotificationTexts();
  const isKept = Object.entries(says).every(([name, message]) => texts.set(name, message));
  if (!isKept) {
    texts.end();
    throw new EffectFailure("refused", "the streams of this isolate have reached their memory limit");
  }
  let open: MessageSource[] = [];
  let isOpen = true;
  try {
    open = await all(sources.map((source) => openSource(world, source, resumes)));
  } catch (error) {
    // Without objects there are no notifications.
    if (!(error instanceof WicketError) || otherwise === undefined) {
      texts.end();
      throw error;
    }
    isOpen = false;
  }
  const stream = outgoing.open();
  if (endpoint === undefined) stream.comment("listening");
  // HTTP+SSE begins with this event.
  else stream.sendEvent("endpoint", `${world.sse?.messages ?? ""}?sessionId=${endpoint}`);
  const greeting = isOpen ? first : otherwise;
  if (greeting !== undefined) stream.send(greeting);
  stream.onBeat = () => {
    texts.seen();
    for (const source of open) source.check();
  };
  const gone = new Promise<void>((resolve) => (outgoing.onGone = resolve));
  await Promise.race([gone, ...open.map((source) => source.run((message) => receive(world, stream, texts, message)))]);
  texts.end();
  await Promise.all(open.map((source) => source.end()));
  return { json: "true" };
}

/** The messages to send, by the name of the event. */
class NotificationTexts {
  readonly #reserved = BUDGETS.subscriptions.reserve();
  readonly #messages = new Map<string, string>();
  #bytes = 0;

  /** False if there is no room for it. */
  set(name: string, message: string): boolean {
    this.delete(name);
    const bytes = bytesOf(name) + bytesOf(message);
    if (!this.#reserved.resize(this.#bytes + bytes)) return false;
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
    this.#reserved.resize(this.#bytes);
  }

  seen(): void {
    this.#reserved.seen();
  }

  end(): void {
    this.#reserved.end();
  }
}

/** All sources, or none. */
async function all(opening: Promise<MessageSource>[]): Promise<MessageSource[]> {
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
): Promise<MessageSource> {
  if (shared) return join(world, object, tags);
  const socket = await connect(await world.objects(), object, tags, resumes);
  return {
    run(onMessage) {
      return new Promise((resolve) => {
        socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(String(data)) as HubMessage));
        socket.addEventListener("close", () => resolve());
        socket.accept();
      });
    },
    check() {},
    async end() {
      socket.close(1000, "the stream has ended");
    },
  };
}

/** Handles what arrives from a source of a stream. */
function receive(world: ServerWorld, stream: ResponseStream, texts: NotificationTexts, received: HubMessage): void {
  if (received.carried !== undefined) world.sse?.onForwarded(received.carried, stream);
  if (received.message !== undefined) stream.send(received.message);
  if (received.event) stream.forward(received.event.id, received.event.data);
  for (const [name, message] of Object.entries(received.says ?? {})) if (!texts.set(name, message)) stream.cut();
  if (received.unsays !== undefined) texts.delete(received.unsays);
  if (received.missed) for (const message of texts.all) stream.send(message);
  const mayHear = received.needs === undefined || mayUse({ scopes: received.needs.split(" ") }, world.admitted.access);
  const text = received.news === undefined || !mayHear ? undefined : texts.get(received.news);
  if (text !== undefined) stream.send(text);
}
