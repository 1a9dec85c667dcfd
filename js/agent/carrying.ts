/**
 * Calls over HTTP+SSE run in the request that holds their client's stream. The request that brings a message is answered
 * at once, and what runs on behind an answer gets half a minute from the runtime; the stream's own request lasts as long as
 * the stream, and a call may wait for a person there. On the way the message goes through the session's mailbox.
 */
import type { Passage } from "../endpoint.js";
import { logged } from "../errors.js";
import { withoutCredentials } from "../credentials.js";
import type { Caller } from "../guard.js";
import { Incoming } from "../incoming.js";
import { isJson } from "../json.js";
import { STREAM } from "../objects/mailbox.js";
import { run } from "../run.js";
import type { McpServer } from "../server/mcp-server.js";
import type { Reply } from "../server/reply.js";
import { ServerWorld } from "../server/world.js";
import type { Answer, Effect } from "../wire.js";
import type { Handover } from "./agent.js";
import type { AgentContext } from "./base.js";
import { type Said, partsOf } from "./parts.js";
import { carried, received } from "./serve.js";

/** A message on its way, as JSON. */
export interface CarriedMessage {
  /** As the core reads them. */
  readonly head: string;
  readonly body: string;
  /** The request that has brought it, without credentials. */
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly told: Passage["told"];
  readonly props: Record<string, unknown> | undefined;
  readonly pass: Omit<Handover["pass"], "caller"> & { caller?: Omit<Caller, "scopes"> & { scopes: string[] } };
}

/** Carries the message of `world` to its stream; false where it has to stay. */
export async function carry(world: ServerWorld, props: Record<string, unknown> | undefined): Promise<boolean> {
  const { passage, head, body } = world;
  // What is no JSON (functions in props) would not arrive.
  if (!isJson(props, false)) return false;
  const { caller, ...stepUp } = carried(passage.pass, passage.incoming);
  const message: CarriedMessage = {
    head,
    body,
    url: passage.incoming.request.url,
    headers: withoutCredentials(passage.incoming.headers),
    told: passage.told,
    props,
    pass: caller ? { ...stepUp, caller: { ...caller, scopes: [...caller.scopes] } } : stepUp,
  };
  return (await toStream(world, { carried: message })) === "true";
}

/** Gives `said` to whoever holds the stream of this session; `true` if somebody does. */
export async function toStream(world: ServerWorld, said: Said): Promise<string> {
  const mailbox = `mailbox:${world.passage.told.place ?? ""}`;
  let heard = "false";
  for (const message of partsOf(said)) {
    heard = await world.askObject(mailbox, "reach", { tag: STREAM, message });
    if (heard !== "true") break;
  }
  return heard;
}

/** What has been carried, where it arrives: the passage of a request of its own behind the stream's guard. */
export function arrived(stream: Passage, { url, headers, told, props, pass }: CarriedMessage): Passage {
  const { caller, ...stepUp } = pass;
  const upstream = stream.pass.caller?.upstream;
  // The session is its principal's, and so is the stream: a fresh upstream token is the same person's.
  const whole = caller && { ...caller, scopes: new Set(caller.scopes), ...(upstream && { upstream }) };
  const incoming = new Incoming(new Request(url, { method: "POST", headers }));
  incoming.params = stream.incoming.params;
  return { ...stream, incoming, told, props, pass: received({ ...stepUp, caller: whole }) };
}

/** Carries out a message that has been carried, and sends what comes of it on the stream. */
export async function carryOut(
  passage: Passage,
  server: McpServer,
  ctx: AgentContext,
  { head, body }: CarriedMessage,
  stream: Reply,
): Promise<void> {
  const world = new CarriedWorld(passage, server, ctx, stream);
  world.head = head;
  world.body = body;
  try {
    const ended = await run<Answer>(passage.core.mcp, head, body, world);
    await world.settled();
    // Who has cancelled a call no longer waits for its answer.
    if (world.cancelled) return;
    const answer = "done" in ended ? ended.done.body : ended.spliced;
    if (answer === undefined) return;
    await stream.room(answer);
    stream.send(answer);
  } catch (error) {
    logged("A message could not be answered", error);
  }
}

/** The world of a message that has been carried: what it says goes out on the stream, which is there. */
class CarriedWorld extends ServerWorld {
  readonly #stream: Reply;

  constructor(passage: Passage, server: McpServer, ctx: AgentContext, stream: Reply) {
    super(passage, server, ctx);
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
