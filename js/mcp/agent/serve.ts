/** An agent's endpoint for streamable HTTP, in the Worker: the guard, then the agent, wherever it runs. */
import { type EndpointOptions, type GuardedCore, type AdmittedRequest, admit, coreOrResponse } from "../endpoint.js";
import { headOf, serve, callerText, withUnread } from "../request.js";
import { respond, unserved } from "../../http/response.js";
import { type FetchHandler, contextOf } from "../../common/runtime.js";
import { judged, readBody } from "../../http/body.js";
import { limitsOf } from "../../common/callback.js";
import { ENDPOINT, type Endpoint, type Guard } from "../../auth/guard.js";
import { Incoming } from "../../http/incoming.js";
import { openPage, refusal, wantsPage } from "../../pages/endpoint.js";
import { propsOf, extraOf } from "../handler.js";
import type { Namespace } from "../../objects/namespace.js";
import { agentsOf } from "../../objects/objects.js";
import { Route } from "../../http/route.js";
import { run } from "../../boundary/interpreter.js";
import { McpServer } from "../server/mcp-server.js";
import { ObjectsWorld } from "../../boundary/effects/objects.js";
import type { Placement } from "../../boundary/wire.js";
import type { AgentContext } from "./base.js";
import { type Agent, type AgentClass, forwardToObject, withHeaders } from "./object-request.js";

export interface ServeOptions extends EndpointOptions {
  /** The binding of the agent's Durable Object, if the class cannot be found by its name. */
  binding?: string | undefined;
  /** `"sse"` is the same as `serveSSE`. */
  transport?: "streamable-http" | "sse" | undefined;
}

/** The result of `serve` and `serveSSE`: an object with `fetch`. */
export interface AgentHandler<Env> {
  fetch: FetchHandler<Env>;
  /** For what wraps the endpoint. */
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
    const made = core ?? coreOrResponse(options, env, incoming);
    if (made instanceof Response) return made;
    core = made;
    const access = await admit(core, incoming, "GET, POST, DELETE", env, ctx, guard);
    if (access instanceof Response) return refusal(incoming, access, guard, { path: incoming.path });
    // If the flow runs here, it holds the body until it has ended.
    let isHere = false;
    try {
      const props = propsOf(ctx, access.caller);
      const extra = extraOf(options, props, access.caller, incoming);
      const place = { objects: options.objects, agent: agentClass.name };
      const admitted: AdmittedRequest = { core, incoming, access, props, extra, env, place, limits };
      const agent = new agentClass(ctx, env);
      if (wantsPage(incoming)) return openPage(incoming, access, registryOf(agent), { path: incoming.path });
      if (wantsObject(agentClass, agent)) {
        extra.agent = agentClass.name;
        const placed = await placeOf(admitted, ctx, true);
        if (placed instanceof Response) return withHeaders(placed, access.headers);
        const agents = await findAgents(agentClass, ctx, env, options);
        if ("here" in placed) {
          isHere = true;
          // Streams that stay open run in the Worker: they must not keep the object awake.
          const response = await serve(admitted, registryOf(agent), ctx);
          const { ends } = placed.here;
          if (ends !== undefined && response.ok) await agents.getByName(`session:${ends}`).wicketEnd();
          return response;
        }
        const stub = agents.getByName(`session:${placed.object.name}`);
        const key = crypto.randomUUID();
        incoming.request.signal.addEventListener("abort", () => ctx.waitUntil(stub.wicketGone(key)));
        return await forwardToObject(stub, admitted, placed.object, key);
      }
      const server = await agent.wicketReady(props, access.caller, params, limits);
      isHere = true;
      return await serve(admitted, server, ctx);
    } catch (error) {
      isHere = false;
      return unserved(error, access.headers);
    } finally {
      if (!isHere) incoming.reservation?.end();
    }
  });
}

/** True for agents that run in their session's object. */
export function wantsObject({ placement }: Pick<AgentClass, "placement">, agent: Agent): boolean {
  return placement === "session" || agent.initialState !== undefined;
}

/** The objects of an agent's class. */
export function findAgents<Env>(
  agentClass: AgentClass<Env>,
  ctx: ExecutionContext,
  env: Env,
  { binding }: ServeOptions,
): Namespace<Agent> | Promise<Namespace<Agent>> {
  return agentsOf<Agent>(ctx, env, agentClass.name, binding);
}

/** The server of an agent that runs in an object, as far as it exists in the Worker. */
export function registryOf({ server, constructor: { name } }: Agent): McpServer {
  return server instanceof McpServer ? server : new McpServer({ name, version: "0.0.0" });
}

/**
 * The object of a request, if any, or the response if the request ends here. `judges`: its body is read, and requests
 * that do not need the agent are not for an object.
 */
export async function placeOf(
  admitted: AdmittedRequest,
  ctx: AgentContext,
  judges: boolean,
): Promise<Exclude<Placement, { answer: unknown }> | Response> {
  const { incoming, extra } = admitted;
  if (judges && incoming.method === "POST") incoming.body = judged(incoming, await readBody(incoming));
  const { body = "" } = incoming;
  const input = withUnread(headOf(incoming, {}, extra), body) + callerText(extra);
  const text = typeof body === "string" ? body : "";
  const placed = await run<Placement>(admitted.core.place, input, text, new ObjectsWorld(admitted, ctx));
  return "answer" in placed ? respond(placed.answer, []) : placed;
}
