/** One request to a server: passes its headers and body to Rust, and runs its flow. Nothing is decided here. */
import { McpWorld } from "../boundary/effects/index.js";
import { run } from "../boundary/interpreter.js";
import { wellFormed } from "../boundary/well-formed.js";
import type { Answer, McpInput } from "../boundary/wire.js";
import type { World } from "../boundary/world.js";
import { judged, readBody } from "../http/body.js";
import type { Body, Incoming } from "../http/incoming.js";
import { spliced, unserved } from "../http/response.js";
import type { AgentContext } from "./agent/base.js";
import type { AdmittedRequest } from "./endpoint.js";
import type { McpServer } from "./server/mcp-server.js";
import type { ServerWorld } from "./server/world.js";

/*
 * The head of a request, as Rust reads it (`Request` of `src/mcp/request.rs`): the text of an object up to the part
 * that {@link callerText} adds.
 */
export function headOf({ method, headers }: Incoming, server: object, extra: AdmittedRequest["extra"]): string {
  const contentType = headers.get("content-type") || undefined;
  const head: { [Member in keyof McpInput]: McpInput[Member] | undefined } = {
    method,
    server,
    endpoint: extra.endpoint,
    contentType,
    page: contentType === undefined && headers.has("origin") ? true : undefined,
    accept: headers.get("accept") ?? undefined,
    protocolVersion: headers.get("mcp-protocol-version") ?? undefined,
    mcpMethod: headers.get("mcp-method") ?? undefined,
    mcpName: headers.get("mcp-name") ?? undefined,
    sessionId: extra.sessionId ?? headers.get("mcp-session-id") ?? undefined,
    transport: extra.transport,
    agent: extra.agent,
    place: extra.place,
    kept: extra.sessions && true,
  };
  return wellFormed(JSON.stringify(head)).slice(0, -1);
}

/** The end of the head: the caller. */
export function callerText({ principal, client }: Pick<McpInput, "principal" | "client">): string {
  const who = principal === undefined ? "" : `,"principal":${JSON.stringify(principal)}`;
  return client === undefined ? `${who}}` : `${who},"client":${JSON.stringify(client)}}`;
}

/**
 * Answers one request to `server`: with plain JSON, or with a stream as soon as a handler sends something before its
 * result.
 */
export function serve(
  admitted: AdmittedRequest,
  server: McpServer,
  ctx: AgentContext,
  prepare?: (world: ServerWorld) => void,
): Promise<Response> {
  const world = new McpWorld(admitted, server, ctx);
  prepare?.(world);
  return new Promise((resolve) => {
    world.respond = resolve;
    void begin(world);
  });
}

/** Runs the request's flow once its body has been read. */
async function begin(world: ServerWorld): Promise<void> {
  const { admitted, server } = world;
  try {
    const head = headOf(admitted.incoming, server.serverInfo, admitted.extra);
    const body = await bodyOf(admitted.incoming);
    world.finish(step(admitted, head, body, world));
  } catch (error) {
    world.respond?.(unserved(error, admitted.access.headers));
  }
}

/** A world that gets the head and body that Rust reads. */
type ServingWorld = World & { head?: string; body?: string; hasObjects?(): Promise<boolean> };

/** Answers one request to the server described by `serverInfo`. */
export async function answer(admitted: AdmittedRequest, serverInfo: object, world: ServingWorld): Promise<Answer> {
  const { incoming, extra } = admitted;
  const head = headOf(incoming, serverInfo, extra);
  return step(admitted, head, await bodyOf(incoming), world);
}

/** Only a POST has a body. */
function bodyOf(incoming: Incoming): Promise<Body> | Body {
  return incoming.method === "POST" ? readBody(incoming) : "";
}

/** The head of a request whose body may be missing. */
export function withUnread(head: string, body: Body): string {
  return typeof body === "string" ? head : `${head},"unread":"${body.unread}"`;
}

async function step(
  { core, incoming, extra }: AdmittedRequest,
  head: string,
  read: Body,
  world: ServingWorld,
): Promise<Answer> {
  if (incoming.method !== "POST") {
    const lastEventId = incoming.headers.get("last-event-id");
    if (lastEventId !== null) head += `,"lastEventId":${JSON.stringify(lastEventId)}`;
    if ((await world.hasObjects?.()) === true) head += `,"streams":true`;
  }
  const body = judged(incoming, read);
  const who = callerText(extra);
  world.head = withUnread(head, body) + who;
  world.body = typeof body === "string" ? body : "";
  try {
    return await run(core.mcp, world.head, world.body, world, { spliced, stencils: core.stencils, who });
  } finally {
    incoming.reservation?.end();
  }
}
