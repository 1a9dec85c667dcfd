/**
 * Calls over HTTP+SSE run in the request that holds their client's stream. The request with the message is answered
 * immediately, and the runtime only gives half a minute to what continues after a response; the stream's own request
 * lasts as long as the stream, and a call may wait for a person there. The message travels through the session's
 * mailbox, over the WebSocket between that and the Worker that holds the stream. A WebSocket closes if a message is too
 * long (1 MiB, on some versions of the runtime), and bodies may have 4 MiB: long ones are sent in parts.
 */
import type { AdmittedRequest } from "../endpoint.js";
import { BUDGETS, bytesOf } from "../../boundary/caches.js";
import { now } from "../../common/clock.js";
import { logged } from "../../common/errors.js";
import { withoutCredentials } from "../../http/credentials.js";
import type { Caller } from "../../auth/guard.js";
import { Incoming } from "../../http/incoming.js";
import { isJson } from "../../boundary/json.js";
import { STREAM } from "../../objects/mailbox.js";
import { spliced } from "../../http/response.js";
import { run } from "../../boundary/interpreter.js";
import type { McpServer } from "../server/mcp-server.js";
import type { ResponseStream } from "../server/response-stream.js";
import type { ServerWorld } from "../server/world.js";
import { McpWorld } from "../../boundary/effects/index.js";
import type { Answer, Effect } from "../../boundary/wire.js";
import { type ObjectRequest, serializeAccess, deserializeAccess } from "./object-request.js";
import type { AgentContext } from "./base.js";

/** A message in transit, as JSON. */
export interface ForwardedMessage {
  /** As Rust reads them. */
  readonly head: string;
  readonly body: string;
  /** The URL of its request, without credentials. */
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly told: AdmittedRequest["extra"];
  readonly props: Record<string, unknown> | undefined;
  readonly pass: Omit<ObjectRequest["pass"], "caller"> & { caller?: Omit<Caller, "scopes"> & { scopes: string[] } };
}

/** Sends the message of `world` to its stream; false if it has to stay. */
export async function forwardMessage(world: ServerWorld, props: Record<string, unknown> | undefined): Promise<boolean> {
  const { admitted, head, body } = world;
  // Anything but JSON (functions in props) would be lost.
  if (!isJson(props, false)) return false;
  const { caller, ...stepUp } = serializeAccess(admitted.access, admitted.incoming);
  const message: ForwardedMessage = {
    head,
    body,
    url: admitted.incoming.request.url,
    headers: withoutCredentials(admitted.incoming.headers),
    told: admitted.extra,
    props,
    pass: caller ? { ...stepUp, caller: { ...caller, scopes: [...caller.scopes] } } : stepUp,
  };
  return (await sendToStream(world, { carried: message })) === "true";
}

/** Sends `said` to whoever holds the stream of this session; `true` if anyone does. */
export async function sendToStream(world: ServerWorld, whole: StreamMessage): Promise<string> {
  const mailbox = `mailbox:${world.admitted.extra.place ?? ""}`;
  let delivered = "false";
  for (const message of chunksOf(whole)) {
    delivered = await world.askObject(mailbox, "reach", { tag: STREAM, message });
    if (delivered !== "true") break;
  }
  return delivered;
}

/** A message that has arrived, like a request behind the stream's guard. */
export function admitForwarded(
  stream: AdmittedRequest,
  { url, headers, told: extra, props, pass: access }: ForwardedMessage,
): AdmittedRequest {
  const { caller, ...stepUp } = access;
  const upstream = stream.access.caller?.upstream;
  // Session and stream belong to the same principal: a fresh upstream token is the same person's.
  const whole = caller && { ...caller, scopes: new Set(caller.scopes), ...(upstream && { upstream }) };
  const incoming = new Incoming(new Request(url, { method: "POST", headers }));
  incoming.params = stream.incoming.params;
  return { ...stream, incoming, extra, props, access: deserializeAccess({ ...stepUp, caller: whole }) };
}

/** Carries out a message that has arrived, and sends the result on the stream. */
export async function processForwarded(
  admitted: AdmittedRequest,
  server: McpServer,
  ctx: AgentContext,
  { head, body }: ForwardedMessage,
  stream: ResponseStream,
): Promise<void> {
  const world = new ForwardedWorld(admitted, server, ctx, stream);
  world.head = head;
  world.body = body;
  try {
    const { body: answer } = await run<Answer>(admitted.core.mcp, head, body, world, { spliced });
    await world.settled();
    // A client that has cancelled a call no longer waits for its result.
    if (world.cancelled) return;
    if (answer === undefined) return;
    await stream.room(answer);
    stream.send(answer);
  } catch (error) {
    logged("A message could not be answered", error);
  }
}

/** The world of a message that has arrived: its own messages go out on the open stream. */
class ForwardedWorld extends McpWorld {
  readonly #stream: ResponseStream;

  constructor(admitted: AdmittedRequest, server: McpServer, ctx: AgentContext, stream: ResponseStream) {
    super(admitted, server, ctx);
    this.#stream = stream;
  }

  override perform(effect: Effect) {
    return effect.kind === "listening" ? { json: "true" } : super.perform(effect);
  }

  override async send(message: string): Promise<void> {
    await this.#stream.room(message);
    this.#stream.send(message);
  }
}

/** A message to a stream: to be carried out there, or for its client. */
export type StreamMessage = { carried: ForwardedMessage } | { message: string };

/** A part of a message, as JSON. */
interface Chunk {
  /** The ID of all parts of the message. */
  of: string;
  text: string;
  first?: true;
  last: boolean;
}

/** Characters of a part; each has at most 3 bytes. */
const LENGTH = 256 * 1024;

/** The texts to send: the whole message, or its parts. */
function chunksOf(message: StreamMessage): string[] {
  const text = JSON.stringify(message);
  if (text.length <= LENGTH) return [text];
  const of = crypto.randomUUID();
  const count = Math.ceil(text.length / LENGTH);
  return Array.from({ length: count }, (_, at) => {
    const part = text.slice(at * LENGTH, (at + 1) * LENGTH);
    const chunk: Chunk = { of, text: part, ...(at === 0 && { first: true }), last: at === count - 1 };
    return JSON.stringify({ carried: chunk });
  });
}

/** A message that has been incomplete for this long stays so, in milliseconds: its sender has disappeared. */
const LOST_MS = 60_000;

/** The receiving end. */
export class Chunks {
  readonly #incomplete = new Map<string, { readonly text: string; readonly at: number }>();
  readonly #reserved = BUDGETS.buffered.reserve();
  #bytes = 0;

  /**
   * Takes a part; returns the message once it is complete. False if there is no room for incomplete messages: then all
   * of them are lost.
   */
  add(carried: unknown): StreamMessage | undefined | false {
    const chunk = carried as Chunk | ForwardedMessage;
    if (!("of" in chunk)) return { carried: chunk };
    for (const [of, { at }] of this.#incomplete) if (now() - at > LOST_MS) this.#forget(of);
    const begun = this.#incomplete.get(chunk.of);
    // A part without a beginning belongs to a lost message.
    if (begun === undefined && chunk.first !== true) return undefined;
    const text = (begun?.text ?? "") + chunk.text;
    this.#forget(chunk.of);
    if (chunk.last) return JSON.parse(text) as StreamMessage;
    const bytes = this.#bytes + bytesOf(text);
    if (!this.#reserved.resize(bytes)) {
      this.#incomplete.clear();
      this.#bytes = 0;
      this.#reserved.end();
      return false;
    }
    this.#bytes = bytes;
    this.#incomplete.set(chunk.of, { text, at: now() });
    return undefined;
  }

  #forget(of: string): void {
    const begun = this.#incomplete.get(of);
    if (!begun) return;
    this.#incomplete.delete(of);
    this.#bytes -= bytesOf(begun.text);
    this.#reserved.resize(this.#bytes);
  }
}
