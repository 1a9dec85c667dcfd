/** Clients that speak HTTP over a socket of their own, and may reset it at any moment. */
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { eventReader } from "../../../harness/schema/events.ts";
import { watch } from "../../../harness/schema/machine.ts";
import type { Exchange } from "../../../harness/schema/watch.ts";

/** Opens a connection and sends `request` on it. */
export async function send(port: number, request: Request): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => {}); // resets are what these tests are about
  const body = Buffer.from(await request.arrayBuffer());
  const { pathname, search, host } = new URL(request.url);
  const headers = [...request.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const length = request.method === "POST" ? `content-length: ${body.length}\r\n` : "";
  await once(socket, "connect");
  socket.write(`${request.method} ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n${headers}${length}\r\n`);
  socket.write(body);
  const header = (name: string) => request.headers.get(name);
  looking.set(socket, look(watch.asked({ url: request.url, header, body: body.toString() })));
  return socket;
}

/** Looks at what comes on each socket, as far as the test reads it. */
const looking = new WeakMap<Socket, (text: string) => void>();

/** Takes an answer apart as it comes: its head, then the events of a stream (their chunks' sizes are no part of them). */
function look(exchange: Exchange): (text: string) => void {
  const read = eventReader();
  let head: string | undefined = "";
  return (text) => {
    if (head !== undefined) {
      head += text;
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      [head, text] = [
        /content-type: text\/event-stream/i.test(head.slice(0, end)) ? undefined : "",
        head.slice(end + 4),
      ];
      if (head !== undefined) return;
    }
    for (const event of read(text.replace(/^[0-9A-Fa-f]+\r\n|\r\n(?:[0-9A-Fa-f]+\r\n)?/g, ""))) exchange.event(event);
  };
}

/** Goes away in the rudest way there is: a TCP reset. */
export async function reset(socket: Socket): Promise<void> {
  const closed = once(socket, "close");
  socket.resetAndDestroy();
  await closed;
}

/** What comes on a socket, as text, until `pattern` is in it. */
export async function read(socket: Socket, pattern: RegExp): Promise<RegExpExecArray> {
  let text = "";
  for (;;) {
    const found = pattern.exec(text);
    if (found) return found;
    const [chunk] = (await once(socket, "data", { signal: AbortSignal.timeout(60_000) })) as [Buffer];
    text += chunk.toString();
    looking.get(socket)?.(chunk.toString());
  }
}
