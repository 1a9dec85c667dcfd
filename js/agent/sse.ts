/**
 * HTTP+SSE (2024-11-05), for old clients. The client opens a stream by GET and posts its messages beside it; a mailbox
 * carries the answers from wherever a message was handled to the Worker that holds the stream, and calls to be carried out
 * there (`carrying.ts`).
 */
import { limitsOf } from "../callback.js";
import { type GuardedCore, type Passage, admit, answer, coreOrUnset, respond, serve, unserved } from "../endpoint.js";
import { logged } from "../errors.js";
import type { Incoming } from "../incoming.js";
import { principalOf, propsOf } from "../handler.js";
import { objectsOf } from "../objects/objects.js";
import { openPage, refusal, wantsPage } from "../pages/endpoint.js";
import { Route, plainPath } from "../route.js";
import type { Outcome } from "../run.js";
import type { McpServer } from "../server/mcp-server.js";
import type { Reply } from "../server/reply.js";
import { mayUse } from "../server/scopes.js";
import { ServerWorld } from "../server/world.js";
import type { Answer, Effect } from "../wire.js";
import type { AgentClass, ServeOptions } from "./agent.js";
import type { AgentContext } from "./base.js";
import { type CarriedMessage, arrived, carry, carryOut, toStream } from "./carrying.js";
import { Parts } from "./parts.js";
import {
  type AgentHandler,
  agentHandler,
  carried,
  findAgents,
  handedOver,
  placeOf,
  registryOf,
  wantsObject,
  withHeaders,
} from "./serve.js";

/** See `McpAgent.serveSSE`. */
export function serveSse<Env>(agentClass: AgentClass<Env>, path: string, options: ServeOptions): AgentHandler<Env> {
  const route = new Route(`${agentClass.name}.serveSSE`, path);
  const below = new Route(`${agentClass.name}.serveSSE`, `${plainPath(path)}/message`);
  let core: GuardedCore | undefined;
  const limits = limitsOf(options, "McpAgent.serveSSE");
  return agentHandler([route, below], agentClass.name, async (incoming, env, ctx, guard) => {
    const { request } = incoming;
    // What a `*` matches may end like the path of messages, which is then meant.
    const forMessages = below.match(incoming.path);
    const params = forMessages ?? route.match(incoming.path);
    const isStream = forMessages === undefined;
    const messages = `${plainPath(incoming.path)}/message`;
    if (!params) return new Response(`Not found. The stream is ${path}.`, { status: 404 });
    incoming.params = params;
    const made = core ?? coreOrUnset(options, env, incoming);
    if (made instanceof Response) return made;
    core = made;
    const decided = admit(core, incoming, isStream ? "GET" : "POST", env, ctx, guard);
    const pass = decided instanceof Promise ? await decided : decided;
    if (pass instanceof Response) return refusal(incoming, pass, guard, { path: incoming.path, transport: "sse" });
    try {
      const props = propsOf(ctx, pass.caller);
      const agent = new agentClass(ctx, env);
      if (wantsPage(incoming))
        return openPage(incoming, pass, registryOf(agent), { path: incoming.path, transport: "sse" });
      const inObject = wantsObject(agentClass, agent);
      const told: Passage["told"] = {
        ...principalOf(props, pass.caller, isStream ? incoming : streamOf(incoming)),
        transport: isStream ? "sse-stream" : "sse-messages",
      };
      if (inObject) told.agent = agentClass.name;
      const sessionId = isStream ? null : new URL(request.url).searchParams.get("sessionId");
      if (sessionId !== null) told.sessionId = sessionId;
      const { objects } = options;
      const where = { objects, agent: agentClass.name };
      const passage: Passage = { core, incoming, pass, props, told, env, place: where, limits };
      const placed = await placeOf(passage, ctx, inObject && !isStream);
      if (placed instanceof Response) return withHeaders(placed, pass.headers);
      const place = "object" in placed ? placed.object : placed.at;
      if (place === undefined) throw new Error("HTTP+SSE has a place for each message");
      told.place = place;
      if (isStream) {
        await objectsOf(ctx, env, where); // says what is missing, before there is a stream
        const server = inObject ? registryOf(agent) : await agent.wicketReady(props, pass.caller, params, limits);
        const parts = new Parts();
        const carryOutHere = async (message: CarriedMessage, stream: Reply) => {
          const there = arrived(passage, message);
          const server = await new agentClass(ctx, env).wicketReady(message.props, there.pass.caller, params, limits);
          await carryOut(there, server, ctx, message, stream);
        };
        return await serve(passage, server, ctx, (world) => {
          world.sse = {
            messages,
            carryOut(message, stream) {
              const said = parts.take(message);
              if (said === false) stream.cut();
              if (!said) return;
              if ("message" in said) {
                stream.send(said.message);
                return;
              }
              const carried = carryOutHere(said.carried, stream);
              ctx.waitUntil(carried.catch((error: unknown) => logged("A message could not be carried out", error)));
            },
          };
        });
      }
      if (inObject && "object" in placed) {
        const { object, ...expiry } = placed;
        const agents = await findAgents(agentClass, ctx, env, options);
        const stub = agents.getByName(`session:${object}`);
        const [pass_, key] = [carried(pass, incoming), crypto.randomUUID()];
        const handover = { props, params, told, pass: pass_, body: incoming.body, objects, key, expiry, limits };
        return withHeaders(await stub.wicketServe(handedOver(request), handover), pass.headers);
      }
      if (inObject) return withHeaders(await answerMessage(passage, registryOf(agent), ctx), pass.headers);
      const server = await agent.wicketReady(props, pass.caller, params, limits);
      const answered = answerMessage(passage, server, ctx, (world) => carry(world, props));
      return withHeaders(await answered, pass.headers);
    } catch (error) {
      return unserved(error, pass.headers);
    }
  });
}

/** Where the stream of this message is. */
function streamOf({ params, path }: Incoming): Pick<Incoming, "params" | "path"> {
  return { params, path: path.replace(/\/message$/, "") };
}

/**
 * Handles a message: accepted as soon as its work has begun, and the answer goes out on the stream. A call is given to
 * `carry` first, if there is such a thing: what it takes is no longer our business.
 */
export async function answerMessage(
  passage: Passage,
  server: McpServer,
  ctx: AgentContext,
  carry?: (world: ServerWorld) => Promise<boolean>,
  prepare?: (world: ServerWorld) => void,
): Promise<Response> {
  const accepted = new Response(null, { status: 202 });
  let begun: () => void = () => {};
  const working = new Promise<void>((resolve) => (begun = resolve));
  let taken: () => void = () => {};
  const carried = new Promise<void>((resolve) => (taken = resolve));
  const world = new StreamWorld(passage, server, ctx, begun, async () => {
    if (!(await carry?.(world))) return false;
    taken();
    return true;
  });
  prepare?.(world);
  const answered = answer(passage, server.serverInfo, world).then(async (ended: Answer) => {
    await world.settled();
    if (ended.status !== 200 || ended.body === undefined) return respond(ended, []);
    // Who has cancelled a call no longer waits for its answer.
    if (!world.cancelled || ended.body.startsWith("[")) await world.send(ended.body);
    return accepted;
  });
  const over = Promise.race([answered, carried]);
  ctx.waitUntil(over.catch((error: unknown) => logged("A message could not be answered", error)));
  return Promise.race([answered, Promise.race([working, carried]).then(() => accepted)]);
}

/** What runs a handler. */
const RUNS: ReadonlySet<Effect["kind"]> = new Set(["call", "get", "read", "list", "complete"]);

/** A server's registry, and its client's stream. */
class StreamWorld extends ServerWorld {
  readonly #begun: () => void;
  readonly #carry: () => Promise<boolean>;
  #carried: Promise<boolean> | undefined;

  constructor(
    passage: Passage,
    server: McpServer,
    ctx: AgentContext,
    begun: () => void,
    carry: () => Promise<boolean>,
  ) {
    super(passage, server, ctx);
    this.#begun = begun;
    this.#carry = carry;
  }

  override perform(effect: Effect) {
    // A batch is one message with several calls, which go together, and with whatever else runs a handler.
    if (this.body.trimStart().startsWith("["))
      return RUNS.has(effect.kind) ? this.#perform(effect) : super.perform(effect);
    // A call that lacks scopes is answered by status, not on the stream.
    const tool = effect.kind === "call" && this.server.tools.get(effect.name);
    return tool && mayUse(tool, this.passage.pass) ? this.#perform(effect) : super.perform(effect);
  }

  async #perform(effect: Effect): Promise<Outcome> {
    // What has been carried away has no outcome here.
    if (await (this.#carried ??= this.#carry())) return new Promise(() => {});
    this.#begun();
    return super.perform(effect);
  }

  override async send(message: string): Promise<void> {
    await toStream(this, { message });
  }
}
