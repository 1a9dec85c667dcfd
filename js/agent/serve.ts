/** An agent's endpoint for streamable HTTP, in the Worker: guard, then the agent, wherever it lives. */
import {
  type FetchHandler,
  type GuardedCore,
  type Passage,
  admit,
  coreOrUnset,
  headOf,
  respond,
  serve,
  unserved,
  whoOf,
  withUnread,
} from "../endpoint.js";
import { judged, readBody } from "../body.js";
import { limitsOf } from "../callback.js";
import { withoutCredentials } from "../credentials.js";
import { type Caller, ENDPOINT, type Endpoint, type Guard, type Pass } from "../guard.js";
import { Incoming } from "../incoming.js";
import { openPage, refusal, wantsPage } from "../pages/endpoint.js";
import { propsOf, toldOf } from "../handler.js";
import type { Namespace } from "../objects/find.js";
import { agentsOf } from "../objects/objects.js";
import { Route } from "../route.js";
import { type Ended, run } from "../run.js";
import { contextOf } from "../runtime.js";
import { McpServer } from "../server/mcp-server.js";
import { ObjectsWorld } from "../server/objects-world.js";
import type { Placed } from "../wire.js";
import type { AgentContext } from "./base.js";
import type { AgentClass, Handover, McpAgent, ServeOptions } from "./agent.js";

/** What `serve` and `serveSSE` give: something with `fetch`. */
export interface AgentHandler<Env> {
  fetch: FetchHandler<Env>;
  /** For what is put around the endpoint. */
  readonly [ENDPOINT]: Endpoint<Env>;
}

/** A handler of requests for `routes`. */
export function agentHandler<Env>(
  routes: readonly Route[],
  agent: string,
  serve: (incoming: Incoming, env: Env, ctx: ExecutionContext, guard?: Guard<Env>) => Promise<Response>,
): AgentHandler<Env> {
  return {
    fetch: (request, env, ctx) => serve(new Incoming(request), env, contextOf(ctx)),
    [ENDPOINT]: { routes, agent, serve },
  };
}

/** See `McpAgent.serve`. */
export function serveHttp<Env>(agentClass: AgentClass<Env>, path: string, options: ServeOptions): AgentHandler<Env> {
  let core: GuardedCore | undefined;
  const route = new Route(`${agentClass.name}.serve`, path);
  const limits = limitsOf(options, "McpAgent.serve");
  return agentHandler([route], agentClass.name, async (incoming, env, ctx, guard) => {
    const params = route.match(incoming.path);
    if (!params) return new Response(`Not found. The MCP endpoint is ${path}.`, { status: 404 });
    incoming.params = params;
    const made = core ?? coreOrUnset(options, env, incoming);
    if (made instanceof Response) return made;
    core = made;
    const decided = admit(core, incoming, "GET, POST, DELETE", env, ctx, guard);
    const pass = decided instanceof Promise ? await decided : decided;
    if (pass instanceof Response) return refusal(incoming, pass, guard, { path: incoming.path });
    // Whose flow runs here holds the body until that has ended.
    let isHere = false;
    try {
      const props = propsOf(ctx, pass.caller);
      const told = toldOf(options, props, pass.caller, incoming);
      const place = { objects: options.objects, agent: agentClass.name };
      const passage: Passage = { core, incoming, pass, props, told, env, place, limits };
      const agent = new agentClass(ctx, env);
      if (wantsPage(incoming)) return openPage(incoming, pass, registryOf(agent), { path: incoming.path });
      if (wantsObject(agentClass, agent)) {
        told.agent = agentClass.name;
        const placed = await placeOf(passage, ctx, true);
        if (placed instanceof Response) return withHeaders(placed, pass.headers);
        const agents = await findAgents(agentClass, ctx, env, options);
        if ("here" in placed) {
          isHere = true;
          // Streams that stay open are the Worker's: they must not keep the object awake.
          const response = await serve(passage, registryOf(agent), ctx);
          if (placed.ends !== undefined && response.ok) await agents.getByName(`session:${placed.ends}`).wicketEnd();
          return response;
        }
        const { object, ...expiry } = placed;
        const stub = agents.getByName(`session:${object}`);
        const { objects } = options;
        const key = crypto.randomUUID();
        const told_ = { ...told, place: object };
        const { request, body } = incoming;
        const pass_ = carried(pass, incoming);
        const handover = { props, params, told: told_, pass: pass_, body, objects, key, expiry, limits };
        request.signal.addEventListener("abort", () => ctx.waitUntil(stub.wicketGone(key)));
        return withHeaders(await stub.wicketServe(handedOver(request), handover), pass.headers);
      }
      const server = await agent.wicketReady(props, pass.caller, params, limits);
      isHere = true;
      return await serve(passage, server, ctx);
    } catch (error) {
      isHere = false;
      return unserved(error, pass.headers);
    } finally {
      if (!isHere) incoming.holding?.end();
    }
  });
}

/** The head of a request as an object needs it: it knows who is calling, and a signal of somebody else's making cannot be passed. */
export function handedOver({ url, method, headers }: Request): Request {
  return new Request(url, { method, headers: withoutCredentials(headers) });
}

/** What the guard found, as it can be passed to an object: without functions. */
export function carried({ caller, stepUp }: Pass, incoming: Incoming): Handover["pass"] {
  const { upstream: _, ...plain } = caller ?? {};
  return { caller: caller && (plain as Caller), scopes: stepUp?.scopes, metadata: stepUp?.metadata(incoming) };
}

/** The same, in the object. */
export function received({ caller, scopes, metadata }: Handover["pass"]): Pass {
  return { headers: [], ...(caller && { caller }), ...(scopes && { stepUp: { scopes, metadata: () => metadata } }) };
}

/** True for agents that live in their session's object. */
export function wantsObject<Env>(agentClass: AgentClass<Env>, agent: McpAgent<Env>): boolean {
  return agentClass.placement === "session" || agent.initialState !== undefined;
}

/** The objects of an agent's class. */
export function findAgents<Env>(
  agentClass: AgentClass<Env>,
  ctx: ExecutionContext,
  env: Env,
  { binding }: ServeOptions,
): Namespace<McpAgent<Env>> | Promise<Namespace<McpAgent<Env>>> {
  return agentsOf<McpAgent<Env>>(ctx, env, agentClass.name, binding);
}

/** The server of an agent that lives in an object, as much of it as there is in the Worker. */
export function registryOf<Env>({ server, constructor: { name } }: McpAgent<Env>): McpServer {
  return server instanceof McpServer ? server : new McpServer({ name, version: "0.0.0" });
}

/**
 * The object that a request belongs to, if any, or the response where nothing goes on. `judges`: its body is read, and what
 * comes of that without the agent is no object's.
 */
export async function placeOf(
  passage: Passage,
  ctx: AgentContext,
  judges: boolean,
): Promise<Exclude<Placed, { answer: unknown }> | Response> {
  const { incoming, told } = passage;
  if (judges && incoming.method === "POST") incoming.body = judged(incoming, await readBody(incoming));
  const { body = "" } = incoming;
  const input = withUnread(headOf(incoming, {}, told), body) + whoOf(told);
  const text = typeof body === "string" ? body : "";
  const ended: Ended<Placed> = await run(passage.core.place, input, text, new ObjectsWorld(passage, ctx));
  if (!("done" in ended)) throw new Error("no place");
  return "answer" in ended.done ? respond(ended.done.answer, []) : ended.done;
}

/** A response with the guard's headers on it. */
export function withHeaders(response: Response, headers: [string, string][]): Response {
  const copy = new Response(response.body, response);
  for (const [name, value] of headers) copy.headers.set(name, value);
  return copy;
}
