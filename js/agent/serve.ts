/** An agent's endpoint for streamable HTTP, in the Worker: guard, then the agent, wherever it lives. */
import { type FetchHandler, type GuardedCore, broken, coreFor, guard, headOf, respond, serve } from "../endpoint.js";
import { WicketError } from "../errors.js";
import { Incoming } from "../incoming.js";
import { principalOf } from "../handler.js";
import { findObjects } from "../objects/find.js";
import { type Ended, type World, run } from "../run.js";
import type { Core, Placed } from "../wire.js";
import type { AgentClass, Handover, McpAgent, ServeOptions } from "./agent.js";

/** What `serve` and `serveSSE` give: something with `fetch`. */
export interface AgentHandler<Env> {
  fetch: FetchHandler<Env>;
}

/** See `McpAgent.serve`. */
export function serveHttp<Env>(agentClass: AgentClass<Env>, path: string, options: ServeOptions): AgentHandler<Env> {
  let core: GuardedCore | undefined;
  return {
    fetch: async (request, env, ctx) => {
      const incoming = new Incoming(request);
      if (incoming.path !== path) return new Response(`Not found. The MCP endpoint is ${path}.`, { status: 404 });
      core ??= coreFor(options);
      const decided = guard(core, incoming, "POST");
      const headers = decided instanceof Promise ? await decided : decided;
      if (headers instanceof Response) return headers;
      try {
        const props = propsOf(ctx);
        const told = principalOf(props);
        const agent = new agentClass(ctx, env);
        if (wantsObject(agentClass, agent)) {
          const object = await place(core, incoming, told);
          if (object instanceof Response) return withHeaders(object, headers);
          const stub = findAgents(agentClass, ctx, env, options).getByName(`session:${object}`);
          return withHeaders(await stub.wicketServe(request, { props, told: { ...told, place: object } }), headers);
        }
        const server = await agent.wicketReady(props);
        return await serve({ core, incoming, headers, told }, server, ctx);
      } catch (error) {
        return unserved(error, headers);
      }
    },
  };
}

/** What the app or the guard has put beside the request. */
export function propsOf(ctx: ExecutionContext): Record<string, unknown> | undefined {
  return (ctx as { props?: Record<string, unknown> }).props;
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
): DurableObjectNamespace<McpAgent<Env>> {
  return findObjects<McpAgent<Env>>(ctx, env, agentClass.name, binding);
}

/** The name of the object that a request belongs to, or the response where it belongs to none. */
export async function place(core: Core, incoming: Incoming, told: Handover["told"]): Promise<string | Response> {
  const input = JSON.stringify(headOf(incoming, {}, told));
  const ended: Ended<Placed> = await run(core.place, input, "", NO_WORLD);
  if (!("done" in ended)) throw new Error("no place");
  return "object" in ended.done ? ended.done.object : respond(ended.done.answer, []);
}

/** The response where nothing could be served. What is missing from the set-up is said in full. */
export function unserved(error: unknown, headers: [string, string][]): Response {
  if (error instanceof WicketError && error.code === "ERR_NO_OBJECT") {
    console.error(`[mcp-wicket] ${error.message}`);
    return respond(
      { status: 503, headers: [["content-type", "text/plain; charset=utf-8"]], body: error.message },
      headers,
    );
  }
  return broken(error, headers);
}

/** A response with the guard's headers on it. */
export function withHeaders(response: Response, headers: [string, string][]): Response {
  const copy = new Response(response.body, response);
  for (const [name, value] of headers) copy.headers.set(name, value);
  return copy;
}

const NO_WORLD: World = {
  perform: (effect) => Promise.reject(new Error(`placing has no "${effect.kind}"`)),
  commit: () => Promise.reject(new Error("placing writes nothing")),
};
