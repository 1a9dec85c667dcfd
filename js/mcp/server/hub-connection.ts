/**
 * The connection of this isolate to a hub: one WebSocket through which all of its streams receive messages. A socket belongs
 * to the request that has opened it, so one of the streams owns the connection. When that stream ends, another opens a
 * socket before the old one is closed; if an owner was cancelled, the others notice, and send all notifications that they
 * may have missed.
 */
import { BOUNDS } from "../../boundary/caches.js";
import { logged } from "../../common/errors.js";
import { connect } from "../../objects/sockets.js";
import type { ObjectsWorld } from "../../boundary/effects/objects.js";

/** A source of a stream's messages. */
export interface MessageSource {
  /** Passes on all messages, from the first one on; resolves when there will be no more. */
  run(receive: (message: HubMessage) => void): Promise<void>;
  /** Called from time to time while the stream is open. */
  check(): void;
  /** Stops listening. */
  end(): Promise<void>;
}

/** A message from a source: one of these. */
export interface HubMessage {
  /** The name of an event. */
  news?: string;
  /** The scopes that a listener needs for it, separated by spaces. */
  needs?: string;
  /** From now on these messages are sent for these events. */
  says?: Record<string, string>;
  unsays?: string;
  /** On HTTP+SSE: a message for the client, or one from the client that is carried out here. */
  message?: string;
  carried?: unknown;
  /** An event of a stream that continues. */
  event?: { id: string; data: string };
  /** Any event may have been missed. */
  missed?: boolean;
}

/** How long one request waits for what another one does, in milliseconds. */
const PATIENCE = 5000;

/** How long an owner that ends looks for another one, in milliseconds: its request may live for 30 s. */
const LEAVING = 20_000;

/** A connection whose owner has not been seen for this long has none, in milliseconds: streams report every 12 s. */
const STALE_AFTER = 40_000;

/** The CPU time of a request is limited: after this many messages another stream becomes the owner. */
const TURN = 1000;

/** A stream that takes none of this many messages has been cut off. */
const MAX_QUEUED = BOUNDS.queuedMessages.value;

const connections = new Map<string, HubConnection>();

/** The part of a stream's world that is needed here. */
type HubWorld = Pick<ObjectsWorld, "objects" | "askObject"> & { admitted: Pick<ObjectsWorld["admitted"], "place"> };

/**
 * Subscribes a stream to a hub's messages with these tags. Rejects if the hub is unavailable. If promises do not
 * resolve in the request that waits for them (compatibility dates before 2024-10-14, tests by vitest), each stream has
 * its own connection.
 */
export async function join(
  world: HubWorld,
  hub: string,
  tags: readonly string[],
  isShared = Cloudflare.compatibilityFlags["handle_cross_request_promise_resolution"] === true,
): Promise<MessageSource> {
  const { objects = "", agent = "" } = world.admitted.place;
  const key = [objects, agent, hub].join(" ");
  const connection = connections.get(key) ?? new HubConnection(key, hub);
  if (isShared) connections.set(key, connection);
  const stream = new Stream(world, connection, tags);
  try {
    await connection.join(stream);
  } catch (error) {
    connection.remove(stream);
    throw error;
  }
  return stream;
}

/** A socket of a connection, its tag at the hub, and the stream that owns it. */
interface OpenSocket {
  readonly name: string;
  readonly socket: WebSocket;
  readonly owner: Stream;
}

/**
 * What a connection asks of a stream: to open a socket instead of this one, or to check whether its own is still
 * needed.
 */
type OwnerRequest = { readonly replace: OpenSocket } | "check" | "end";

/**
 * A stream of a connection: it passes messages from one request to another, because a promise resolves in the request
 * that waits for it.
 */
class Stream implements MessageSource {
  readonly world: HubWorld;
  readonly tags: readonly string[];
  /** The sockets that it has opened. */
  readonly sockets: WebSocket[] = [];
  readonly #connection: HubConnection;
  #queue: (HubMessage | OwnerRequest)[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(world: HubWorld, connection: HubConnection, tags: readonly string[]) {
    this.world = world;
    this.tags = tags;
    this.#connection = connection;
  }

  /** Called in any request: a message has arrived, the connection needs a socket, or it has ended. */
  enqueue(queued: HubMessage | OwnerRequest): void {
    this.#queue.push(queued);
    if (this.#queue.length > MAX_QUEUED) {
      this.#connection.remove(this);
      this.#queue = ["end"];
    }
    this.#wake?.();
  }

  async run(receive: (message: HubMessage) => void): Promise<void> {
    for (;;) {
      if (this.#queue.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      for (const queued of this.#queue.splice(0)) {
        if (queued === "end") return;
        if (queued === "check") this.check();
        else if ("replace" in queued) void this.#open(queued.replace, false);
        else receive(queued);
      }
    }
  }

  check(): void {
    const { current } = this.#connection;
    if (current?.owner === this) {
      this.#connection.seen();
      return;
    }
    // Another stream has become the owner while this one was not running.
    for (const socket of this.sockets.splice(0)) socket.close(1000, "another has taken over");
    if (this.#connection.isStale()) void this.#open(current, true);
  }

  async #open(instead: OpenSocket | undefined, missed: boolean): Promise<void> {
    await this.#connection.open(this, instead, missed).catch((error: unknown) => logged("A hub is unavailable", error));
    // It may have become the owner while it was ending.
    if (this.#ended) await this.end();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#connection.leave(this);
    for (const socket of this.sockets.splice(0)) socket.close(1000, "the stream has ended");
  }
}

class HubConnection {
  readonly #key: string;
  readonly #hub: string;
  /** The streams by their tags. */
  readonly #streams = new Map<string, Set<Stream>>();
  /** The current socket. */
  #open: OpenSocket | undefined;
  #seen = 0;
  /** The number of messages through the current socket. */
  #received = 0;
  /** When the stream that is opening a socket began to do so. */
  #opening: { since: number } | undefined;
  /** The callbacks of those that wait for it; they learn whether it failed. */
  #waiting: ((failed: boolean) => void)[] = [];

  constructor(key: string, hub: string) {
    this.#key = key;
    this.#hub = hub;
  }

  /** Makes sure that the hub knows the tags of `stream`. */
  async join(stream: Stream): Promise<void> {
    for (const tag of stream.tags) this.#streams.set(tag, (this.#streams.get(tag) ?? new Set()).add(stream));
    for (;;) {
      if (this.#opening && (await this.#opened())) throw new Error("The hub is unavailable.");
      const open = this.#open;
      if (open && (await this.#subscribe(stream, open.name, stream.tags))) return;
      if (await this.open(stream, open, open !== undefined)) return;
    }
  }

  async #subscribe({ world }: Stream, connection: string, tags: readonly string[]): Promise<boolean> {
    return (await world.askObject(this.#hub, "want", { connection, tags })) === "true";
  }

  /**
   * Opens a socket in the request of `stream`. `missed` if there may have been messages that nobody received. False if
   * another stream has done so already, or is about to.
   */
  async open(stream: Stream, instead: OpenSocket | undefined, missed: boolean): Promise<boolean> {
    if (this.#open !== instead || this.#isOpening()) return false;
    let failed = true;
    const opening = (this.#opening = { since: Date.now() });
    try {
      const name = crypto.randomUUID();
      const socket = await connect(await stream.world.objects(), this.#hub, [name]);
      socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
      socket.addEventListener("close", () => this.#onClose(socket));
      socket.accept();
      stream.sockets.push(socket);
      // Includes tags that are added in the meantime.
      for (const known = new Set<string>(); ;) {
        const fresh = [...this.#streams.keys()].filter((tag) => !known.has(tag));
        if (fresh.length === 0) break;
        if (!(await this.#subscribe(stream, name, fresh))) throw new Error("The hub has closed a socket.");
        for (const tag of fresh) known.add(tag);
      }
      failed = false;
      // It took so long that another stream has begun.
      if (this.#opening !== opening) return false;
      this.#open = { name, socket, owner: stream };
    } finally {
      if (this.#opening === opening) this.#opening = undefined;
      this.#wake(failed);
    }
    this.seen();
    this.#received = 0;
    instead?.owner.enqueue("check");
    if (missed) for (const one of this.#all()) one.enqueue({ missed });
    return true;
  }

  #wake(failed = false): void {
    for (const resolve of this.#waiting.splice(0)) resolve(failed);
  }

  /**
   * Waits until another stream has opened a socket, has failed to (then it resolves with true) or has disconnected, but
   * only for a limited time, because its request may be cut off. The promise is created here, so that it resolves in
   * this request.
   */
  async #opened(): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const failed = await new Promise<boolean>((resolve) => {
      this.#waiting.push(resolve);
      timer = setTimeout(() => resolve(false), PATIENCE);
    });
    clearTimeout(timer);
    return failed;
  }

  #isOpening(): boolean {
    return this.#opening !== undefined && Date.now() - this.#opening.since < PATIENCE;
  }

  /** Passes on a message of the hub. */
  #receive(data: string): void {
    const { tag, message } = JSON.parse(data) as { tag: string; message: HubMessage };
    for (const stream of this.#streams.get(tag) ?? []) stream.enqueue(message);
    const open = this.#open;
    if (open && ++this.#received % TURN === 0) {
      [...this.#all()].findLast((one) => one !== open.owner)?.enqueue({ replace: open });
    }
  }

  /** A socket was closed. If it was the current one, all streams end, and their clients reconnect. */
  #onClose(socket: WebSocket): void {
    if (this.#open?.socket !== socket) return;
    this.#forget();
    for (const stream of this.#all()) stream.enqueue("end");
  }

  #forget(): void {
    this.#open = undefined;
    if (connections.get(this.#key) === this) connections.delete(this.#key);
  }

  /** All streams, without duplicates. */
  #all(): Set<Stream> {
    return new Set([...this.#streams.values()].flatMap((streams) => [...streams]));
  }

  get current(): OpenSocket | undefined {
    return this.#open;
  }

  /** The owner still exists. */
  seen(): void {
    this.#seen = Date.now();
  }

  isStale(): boolean {
    return Date.now() - this.#seen > STALE_AFTER;
  }

  remove(stream: Stream): void {
    for (const tag of stream.tags) {
      const others = this.#streams.get(tag);
      others?.delete(stream);
      if (others?.size === 0) this.#streams.delete(tag);
    }
    if (this.#streams.size === 0 && !this.#open) this.#forget();
    // It may have been asked to open a socket.
    this.#wake();
  }

  /** A stream ends. If it is the owner, another one becomes the owner before the socket is closed. */
  async leave(stream: Stream): Promise<void> {
    this.remove(stream);
    const open = this.#open;
    if (open?.owner !== stream) return;
    const until = Date.now() + LEAVING;
    const asked = new Set<Stream>([stream]);
    while (this.#open === open && Date.now() < until) {
      if (!this.#isOpening()) {
        // The newest one: if clients have disconnected unnoticed, the older streams are about to end, too.
        const next = [...this.#all()].findLast((one) => !asked.has(one));
        if (!next) break;
        asked.add(next);
        next.enqueue({ replace: open });
      }
      await this.#opened();
    }
    if (this.#open === open) this.#onClose(open.socket);
  }
}
