/**
 * HTTP+SSE (2024-11-05), for legacy clients. The client opens a stream with GET and posts its messages separately; a mailbox
 * forwards the responses to the Worker that holds the stream, and calls that are to run there (`forwarding.ts`).
 */
import { limitsOf } from "../../common/callback.js";
import { type GuardedCore, type AdmittedRequest, admit, coreOrResponse } from "../endpoint.js";
import { answer, serve } from "../request.js";
import { respond, unserved } from "../../http/response.js";
import { logged } from "../../common/errors.js";
import type { Incoming } from "../../http/incoming.js";
import { principalOf, propsOf } from "../handler.js";
import { objectsOf } from "../../objects/objects.js";
import { openPage, refusal, wantsPage } from "../../pages/endpoint.js";
import { Route, plainPath } from "../../http/route.js";
import type { Outcome } from "../../boundary/world.js";
import type { McpServer } from "../server/mcp-server.js";
import type { ResponseStream } from "../server/response-stream.js";
import { mayUse } from "../server/scopes.js";
import type { ServerWorld } from "../server/world.js";
import { McpWorld } from "../../boundary/effects/index.js";
import type { Answer, Effect } from "../../boundary/wire.js";
import { type AgentClass, forwardToObject, withHeaders } from "./object-request.js";
import {
  type ServeOptions,
  type AgentHandler,
  agentHandler,
  findAgents,
  placeOf,
  registryOf,
  wantsObject,
} from "./serve.js";
import type { AgentContext } from "./base.js";
import {
  type ForwardedMessage,
  admitForwarded,
  forwardMessage,
  processForwarded,
  sendToStream,
  Chunks,
} from "./forwarding.js";

/** See `McpAgent.serveSSE`. */
export function serveSse<Env>(agentClass: AgentClass<Env>, path: string, options: ServeOptions): AgentHandler<Env> {
  const route = new Route(`${agentClass.name}.serveSSE`, path);
  const below = new Route(`${agentClass.name}.serveSSE`, `${plainPath(path)}/message`);
  let core: GuardedCore | undefined;
  const limits = limitsOf(options, "McpAgent.serveSSE");
  return agentHandler([route, below], agentClass.name, async (incoming, env, ctx, guard) => {
    const { request } = incoming;
    // What a `*` matches may end like the path for messages, which then takes precedence.
    const forMessages = below.match(incoming.path);
    const params = forMessages ?? route.match(incoming.path);
    const isStream = forMessages === undefined;
    const messages = `${plainPath(incoming.path)}/message`;
    if (!params) return new Response(`Not found. The stream is ${path}.`, { status: 404 });
    incoming.params = params;
    const made = core ?? coreOrResponse(options, env, incoming);
    if (made instanceof Response) return made;
    core = made;
    const access = await admit(core, incoming, isStream ? "GET" : "POST", env, ctx, guard);
    if (access instanceof Response) return refusal(incoming, access, guard, { path: incoming.path, transport: "sse" });
    // Whose flow runs here holds the body until that has ended.
    let isHere = false;
    try {
      const props = propsOf(ctx, access.caller);
      const agent = new agentClass(ctx, env);
      if (wantsPage(incoming))
        return openPage(incoming, access, registryOf(agent), { path: incoming.path, transport: "sse" });
      const inObject = wantsObject(agentClass, agent);
      const extra: AdmittedRequest["extra"] = {
        ...principalOf(props, access.caller, isStream ? incoming : streamOf(incoming)),
        transport: isStream ? "sse-stream" : "sse-messages",
      };
      if (inObject) extra.agent = agentClass.name;
      const sessionId = isStream ? null : new URL(request.url).searchParams.get("sessionId");
      if (sessionId !== null) extra.sessionId = sessionId;
      const { objects } = options;
      const where = { objects, agent: agentClass.name };
      const admitted: AdmittedRequest = { core, incoming, access, props, extra, env, place: where, limits };
      const placed = await placeOf(admitted, ctx, inObject && !isStream);
      if (placed instanceof Response) return withHeaders(placed, access.headers);
      const place = "object" in placed ? placed.object.name : placed.here.at;
      if (place === undefined) throw new Error("HTTP+SSE has a place for each message");
      extra.place = place;
      if (isStream) {
        await objectsOf(ctx, env, where); // says what is missing, before there is a stream
        const server = inObject ? registryOf(agent) : await agent.wicketReady(props, access.caller, params, limits);
        const chunks = new Chunks();
        const processHere = async (message: ForwardedMessage, stream: ResponseStream) => {
          const there = admitForwarded(admitted, message);
          const server = await new agentClass(ctx, env).wicketReady(message.props, there.access.caller, params, limits);
          await processForwarded(there, server, ctx, message, stream);
        };
        isHere = true;
        return await serve(admitted, server, ctx, (world) => {
          world.sse = {
            messages,
            onForwarded(message, stream) {
              const complete = chunks.add(message);
              if (complete === false) stream.cut();
              if (!complete) return;
              if ("message" in complete) {
                stream.send(complete.message);
                return;
              }
              const carried = processHere(complete.carried, stream);
              ctx.waitUntil(carried.catch((error: unknown) => logged("A message could not be processed", error)));
            },
          };
        });
      }
      if (inObject && "object" in placed) {
        const agents = await findAgents(agentClass, ctx, env, options);
        const stub = agents.getByName(`session:${placed.object.name}`);
        return await forwardToObject(stub, admitted, placed.object, crypto.randomUUID());
      }
      const server = inObject ? registryOf(agent) : await agent.wicketReady(props, access.caller, params, limits);
      isHere = true;
      const answered = answerMessage(
        admitted,
        server,
        ctx,
        inObject ? undefined : (world) => forwardMessage(world, props),
      );
      return withHeaders(await answered, access.headers);
    } catch (error) {
      isHere = false;
      return unserved(error, access.headers);
    } finally {
      if (!isHere) incoming.reservation?.end();
    }
  });
}

/** The path and groups of this message's stream. */
function streamOf({ params, path }: Incoming): Pick<Incoming, "params" | "path"> {
  return { params, path: path.replace(/\/message$/, "") };
}

/**
 * Handles a message: accepted as soon as its work has begun, and the response goes out on the stream. If there is a
 * `carry`, a call is offered to it first: what it takes is not handled here.
 */
export async function answerMessage(
  admitted: AdmittedRequest,
  server: McpServer,
  ctx: AgentContext,
  forward?: (world: ServerWorld) => Promise<boolean>,
  prepare?: (world: ServerWorld) => void,
): Promise<Response> {
  const accepted = new Response(null, { status: 202 });
  let begun: () => void = () => {};
  const working = new Promise<void>((resolve) => (begun = resolve));
  let taken: () => void = () => {};
  const carried = new Promise<void>((resolve) => (taken = resolve));
  const world = new StreamWorld(admitted, server, ctx, begun, async () => {
    if (!(await forward?.(world))) return false;
    // Its flow has no end here.
    admitted.incoming.reservation?.end();
    taken();
    return true;
  });
  prepare?.(world);
  const answered = answer(admitted, server.serverInfo, world).then(async (ended: Answer) => {
    await world.settled();
    if (ended.status !== 200 || ended.body === undefined) return respond(ended, []);
    // A client that has cancelled a call no longer waits for its result.
    if (!world.cancelled || ended.body.startsWith("[")) await world.send(ended.body);
    return accepted;
  });
  const over = Promise.race([answered, carried]);
  ctx.waitUntil(over.catch((error: unknown) => logged("A message could not be answered", error)));
  return Promise.race([answered, Promise.race([working, carried]).then(() => accepted)]);
}

/** The effects that run a handler. */
const RUNS: ReadonlySet<Effect["kind"]> = new Set(["call", "get", "read", "list", "complete"]);

/** A server's registry, and its client's stream. */
class StreamWorld extends McpWorld {
  readonly #begun: () => void;
  readonly #forward: () => Promise<boolean>;
  #forwarded: Promise<boolean> | undefined;

  constructor(
    admitted: AdmittedRequest,
    server: McpServer,
    ctx: AgentContext,
    begun: () => void,
    forward: () => Promise<boolean>,
  ) {
    super(admitted, server, ctx);
    this.#begun = begun;
    this.#forward = forward;
  }

  override perform(effect: Effect) {
    // A batch is one message with several calls, which stay together, and with everything else that runs a handler.
    if (this.body.trimStart().startsWith("["))
      return RUNS.has(effect.kind) ? this.#perform(effect) : super.perform(effect);
    // A call that lacks scopes is answered by status, not on the stream.
    const tool = effect.kind === "call" && this.server.tools.get(effect.name);
    return tool && mayUse(tool, this.admitted.access) ? this.#perform(effect) : super.perform(effect);
  }

  async #perform(effect: Effect): Promise<Outcome> {
    // A message that was passed on has no outcome here.
    if (await (this.#forwarded ??= this.#forward())) return new Promise(() => {});
    this.#begun();
    return super.perform(effect);
  }

  override async send(message: string): Promise<void> {
    await sendToStream(this, { message });
  }
}
