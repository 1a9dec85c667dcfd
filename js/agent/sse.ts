/**
 * HTTP+SSE (2024-11-05), for old clients. The client opens a stream by GET and posts its messages beside it; a mailbox
 * carries the answers from wherever a message was handled to the Worker that holds the stream.
 */
import { type GuardedCore, type Passage, admit, answer, coreFor, respond } from "../endpoint.js";
import { logged } from "../errors.js";
import { Incoming } from "../incoming.js";
import { principalOf, propsOf } from "../handler.js";
import { openStream } from "../objects/mailbox.js";
import type { World } from "../run.js";
import type { McpServer } from "../server/mcp-server.js";
import { mayUse } from "../server/scopes.js";
import { type Lasting, ServerWorld } from "../server/world.js";
import { eventStream } from "../sse.js";
import type { Answer, Effect } from "../wire.js";
import type { AgentClass, ServeOptions } from "./agent.js";
import {
  type AgentHandler,
  agentHandler,
  carried,
  findAgents,
  place,
  unserved,
  wantsObject,
  withHeaders,
} from "./serve.js";

/** Where answers go: the stream of the session. */
export interface Mailbox {
  listening(): Promise<boolean> | boolean;
  deliver(message: string): Promise<boolean> | boolean;
}

/** See `McpAgent.serveSSE`. */
export function serveSse<Env>(agentClass: AgentClass<Env>, path: string, options: ServeOptions): AgentHandler<Env> {
  const messages = `${path}/message`;
  let core: GuardedCore | undefined;
  return agentHandler([path, messages], agentClass.name, async (request, env, ctx, guard) => {
    const incoming = new Incoming(request);
    const at = incoming.path;
    if (at !== path && at !== messages) return new Response(`Not found. The stream is ${path}.`, { status: 404 });
    core ??= coreFor(options);
    const decided = admit(core, incoming, at === path ? "GET" : "POST", env, ctx, guard);
    const pass = decided instanceof Promise ? await decided : decided;
    if (pass instanceof Response) return pass;
    try {
      const props = propsOf(ctx, pass.caller);
      const agent = new agentClass(ctx, env);
      const inObject = wantsObject(agentClass, agent);
      const told: Passage["told"] = {
        ...principalOf(props, pass.caller),
        transport: at === path ? "sse-stream" : "sse-messages",
      };
      const sessionId = at === path ? null : new URL(request.url).searchParams.get("sessionId");
      if (sessionId !== null) told.sessionId = sessionId;
      const object = await place(core, incoming, told);
      if (object instanceof Response) return withHeaders(object, pass.headers);
      told.place = object;
      const passage = { core, incoming, pass, told };
      const stub = findAgents(agentClass, ctx, env, options).getByName(`${inObject ? "session" : "stream"}:${object}`);
      if (at === path) return await open(passage, messages, () => openStream(stub));
      if (inObject) {
        const handover = { props, told, pass: carried(pass, incoming) };
        return withHeaders(await stub.wicketServe(request, handover), pass.headers);
      }
      const server = await agent.wicketReady(props);
      const mailbox: Mailbox = {
        listening: () => stub.wicketListening(),
        deliver: (message) => stub.wicketDeliver(message),
      };
      return withHeaders(await answerMessage(passage, server, mailbox, ctx), pass.headers);
    } catch (error) {
      return unserved(error, pass.headers);
    }
  });
}

/** Opens the stream; its first event says where to post. */
async function open(passage: Passage, messages: string, connect: () => Promise<WebSocket>): Promise<Response> {
  const opened = await answer(passage, {}, NO_WORLD);
  const id = opened.headers.find(([name]) => name === "mcp-session-id")?.[1];
  if (id === undefined) return respond(opened, passage.pass.headers);
  const socket = await connect();
  const stream = eventStream(() => socket.close(1000, "the client is gone"));
  socket.addEventListener("message", ({ data }) => stream.send("message", String(data)));
  socket.addEventListener("close", () => stream.close());
  stream.send("endpoint", `${messages}?sessionId=${id}`);
  const more: [string, string][] = [
    ["cache-control", "no-cache, no-transform"],
    ["x-accel-buffering", "no"],
  ];
  const headers = opened.headers.filter(([name]) => name !== "mcp-session-id");
  return new Response(stream.readable, {
    status: opened.status,
    headers: [...headers, ...more, ...passage.pass.headers],
  });
}

/** Handles a message: accepted as soon as its work has begun, and the answer goes out on the stream. */
export async function answerMessage(
  passage: Passage,
  server: McpServer,
  mailbox: Mailbox,
  ctx: Lasting,
): Promise<Response> {
  const accepted = new Response(null, { status: 202 });
  let begun: () => void = () => {};
  const working = new Promise<void>((resolve) => (begun = resolve));
  const world = new StreamWorld(passage, server, ctx, mailbox, begun);
  const answered = answer(passage, server.serverInfo, world).then(async (ended: Answer) => {
    await world.settled();
    if (ended.status !== 200 || ended.body === undefined) return respond(ended, []);
    await mailbox.deliver(ended.body);
    return accepted;
  });
  ctx.waitUntil(answered.catch((error: unknown) => logged("A message could not be answered", error)));
  return Promise.race([answered, working.then(() => accepted)]);
}

/** A server's registry and its client's stream. */
class StreamWorld extends ServerWorld {
  readonly #mailbox: Mailbox;
  readonly #begun: () => void;

  constructor(passage: Passage, server: McpServer, ctx: Lasting, mailbox: Mailbox, begun: () => void) {
    super(passage, server, ctx);
    this.#mailbox = mailbox;
    this.#begun = begun;
  }

  override perform(effect: Effect) {
    if (effect.kind === "listening") {
      return Promise.resolve(this.#mailbox.listening()).then((listening) => ({ json: String(listening) }));
    }
    // A call that lacks scopes is answered by status, not on the stream.
    const tool = effect.kind === "call" && this.server.tools.get(effect.name);
    if (tool && mayUse(tool, this.passage.pass)) this.#begun();
    return super.perform(effect);
  }

  override async send(message: string): Promise<void> {
    await this.#mailbox.deliver(message);
  }
}

const NO_WORLD: World = {
  perform: (effect) => Promise.reject(new Error(`opening a stream has no "${effect.kind}"`)),
  commit: () => Promise.reject(new Error("opening a stream writes nothing")),
};
