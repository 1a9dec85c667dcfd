/**
 * A mailbox: the Durable Object side of an event stream. The Worker that holds the client's connection keeps a WebSocket
 * to the object, which sleeps between messages; any isolate reaches the client through the object.
 */

/** The header that marks the Worker's own request for a stream; it never comes from outside. */
export const STREAM_HEADER = "x-wicket-stream";

/** Accepts the Worker's end of a stream. */
export function acceptStream(state: DurableObjectState): Response {
  const { 0: outer, 1: inner } = new WebSocketPair();
  // Hibernating: the object is not kept awake by an open stream.
  state.acceptWebSocket(inner);
  return new Response(null, { status: 101, webSocket: outer });
}

/** True while a client listens. */
export function isListening(state: DurableObjectState): boolean {
  return state.getWebSockets().some((socket) => socket.readyState === WebSocket.OPEN);
}

/** Sends a message to whoever listens; false if nobody does. */
export function deliver(state: DurableObjectState, message: string): boolean {
  let delivered = false;
  for (const socket of state.getWebSockets()) {
    if (socket.readyState !== WebSocket.OPEN) continue;
    socket.send(message);
    delivered = true;
  }
  return delivered;
}

/** The Worker's side: the socket on which an object's messages arrive. */
export async function openStream(stub: {
  fetch(url: string, init: RequestInit): Promise<Response>;
}): Promise<WebSocket> {
  const response = await stub.fetch("https://object/", { headers: { upgrade: "websocket", [STREAM_HEADER]: "1" } });
  if (!response.webSocket) throw new Error("the object gave no socket");
  response.webSocket.accept();
  return response.webSocket;
}
