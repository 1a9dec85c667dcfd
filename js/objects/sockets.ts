/**
 * WebSockets between Workers that wait for something and the object from which it comes. They do not keep the object
 * awake: it sleeps between messages.
 */
import type { RoleStub } from "./objects.js";
import { CONNECT_HEADER } from "./roles.js";

const TAGS_HEADER = "x-wicket-tags";
const RESUMES_HEADER = "x-wicket-resumes";

/** Where a stream continues. */
export interface ResumedStream {
  stream: string;
  after: number;
}

/**
 * In the Worker: waits at the object `name` under these tags. The socket delivers nothing until it is accepted, so
 * nothing is lost before there is a listener.
 */
export async function connect(
  namespace: DurableObjectNamespace<RoleStub>,
  name: string,
  tags: readonly string[],
  resumes?: ResumedStream,
): Promise<WebSocket> {
  const headers: Record<string, string> = {
    upgrade: "websocket",
    [CONNECT_HEADER]: name,
    [TAGS_HEADER]: JSON.stringify(tags),
  };
  if (resumes) headers[RESUMES_HEADER] = JSON.stringify(resumes);
  const response = await namespace.getByName(name).fetch("https://object/", { headers });
  if (!response.webSocket) throw new Error(`the object ${name} returned no socket`);
  return response.webSocket;
}

/** In the object: the tags of a request. */
export function tagsOf(request: Request): string[] {
  return JSON.parse(request.headers.get(TAGS_HEADER) ?? "[]") as string[];
}

/** In the object: the stream that continues, if one does. */
export function resumesOf(request: Request): ResumedStream | undefined {
  const resumes = request.headers.get(RESUMES_HEADER);
  return resumes === null ? undefined : (JSON.parse(resumes) as ResumedStream);
}

/** In the object: a new socket that waits under these tags. */
export function accept(ctx: DurableObjectState, tags: string[]): { socket: WebSocket; response: Response } {
  const { 0: outer, 1: socket } = new WebSocketPair();
  ctx.acceptWebSocket(socket, tags);
  return { socket, response: new Response(null, { status: 101, webSocket: outer }) };
}

/** In the object: the sockets that wait under a tag. */
export function open(ctx: DurableObjectState, tag?: string): WebSocket[] {
  return ctx.getWebSockets(tag).filter((socket) => socket.readyState === WebSocket.OPEN);
}
