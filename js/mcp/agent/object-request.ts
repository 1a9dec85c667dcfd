/** What passes between the Worker and an agent in its session's object. */
import type { Caller, Access } from "../../auth/guard.js";
import type { Limits } from "../../common/callback.js";
import { withoutCredentials } from "../../http/credentials.js";
import type { Body, Incoming } from "../../http/incoming.js";
import type { Params } from "../../http/route.js";
import type { AdmittedRequest } from "../endpoint.js";
import type { McpServer } from "../server/mcp-server.js";
import type { AgentContext } from "./base.js";
import type { Expiry } from "./expiry.js";

/** An agent, as the Worker and our own code in its object see it. */
export interface Agent extends Rpc.DurableObjectBranded {
  server: McpServer | Promise<McpServer>;
  initialState: unknown;
  /** @internal */
  wicketReady(
    props: Record<string, unknown> | undefined,
    caller: Caller | undefined,
    params: Params,
    limits: Limits,
  ): Promise<McpServer>;
  /** @internal */
  wicketServe(request: Request, objectRequest: ObjectRequest): Promise<Response>;
  /** @internal */
  wicketEnd(): Promise<void>;
  /** @internal */
  wicketGone(key: string): void;
}

/** An agent class. */
export interface AgentClass<Env = unknown> {
  readonly name: string;
  placement?: "session";
  new (ctx: AgentContext, env: Env): Agent;
}

/** What the Worker passes to an agent in its object. */
export interface ObjectRequest {
  props: Record<string, unknown> | undefined;
  params: Params;
  told: AdmittedRequest["extra"];
  pass: { caller: Caller | undefined; scopes: readonly string[] | undefined; metadata: string | undefined };
  /** The request's body, after its checks. */
  body: Body | undefined;
  objects: string | undefined;
  /** The request's name while it lasts. */
  key: string;
  /** How long the object keeps its data. */
  expiry: Expiry;
  limits: Limits;
}

/** Makes the agent in its session's object answer the request, under this name. @internal */
export async function forwardToObject(
  agent: Pick<Agent, "wicketServe">,
  { incoming, props, extra, access, place: { objects }, limits }: AdmittedRequest,
  { name, ...expiry }: Expiry & { name: string },
  key: string,
): Promise<Response> {
  const { params, body, request } = incoming;
  const common = { props, params, body, objects, key, expiry, limits };
  const objectRequest: ObjectRequest = {
    ...common,
    told: { ...extra, place: name },
    pass: serializeAccess(access, incoming),
  };
  return withHeaders(await agent.wicketServe(withoutCaller(request), objectRequest), access.headers);
}

/** A response with the guard's headers. */
export function withHeaders(response: Response, headers: [string, string][]): Response {
  const copy = new Response(response.body, response);
  for (const [name, value] of headers) copy.headers.set(name, value);
  return copy;
}

/**
 * The head of a request as an object needs it: the caller is passed separately, and a foreign signal cannot be passed.
 */
function withoutCaller({ url, method, headers }: Request): Request {
  return new Request(url, { method, headers: withoutCredentials(headers) });
}

/** The guard's result without functions, so that it can be passed to an object. */
export function serializeAccess({ caller, stepUp }: Access, incoming: Incoming): ObjectRequest["pass"] {
  const { upstream: _, ...plain } = caller ?? {};
  return { caller: caller && (plain as Caller), scopes: stepUp?.scopes, metadata: stepUp?.metadata(incoming) };
}

/** The same, in the object. */
export function deserializeAccess({ caller, scopes, metadata }: ObjectRequest["pass"]): Access {
  return { headers: [], ...(caller && { caller }), ...(scopes && { stepUp: { scopes, metadata: () => metadata } }) };
}
